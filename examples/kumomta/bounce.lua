-- SPDX-License-Identifier: MIT
-- KumoMTA asks Bounce before it takes a message, and posts its log to it.
-- docs/with-kumomta.md says how. Untried: it follows KumoMTA's documentation.
local kumo = require 'kumo'
local log_hooks = require 'policy-extras.log_hooks'

local mod = {
  url = 'http://127.0.0.1:8025',
  check_token = nil, -- of a token that may check
  hook_name = 'main', -- of the stanza Hook
  hook_token = nil, -- what its Bearer-File holds
  fail_closed = false, -- refuse for now when Bounce does not answer
}

local function post(path, token, body)
  local client = kumo.http.build_client { timeout = '3s' }
  local request = client:post(mod.url .. path)

  request:header('Content-Type', 'application/json')
  if token then
    request:header('Authorization', 'Bearer ' .. token)
  end
  request:body(body)
  return request:send()
end

local function ask(msg)
  local question = {
    address = tostring(msg:recipient()),
    from = msg:sender().domain,
    campaign = msg:get_meta 'campaign',
    scope = msg:get_meta 'scope',
  }
  local response = post('/v1/check', mod.check_token, kumo.serde.json_encode(question))

  if response:status_code() ~= 200 then
    error('Bounce answered ' .. response:status_code())
  end
  return kumo.serde.json_parse(response:text())
end

-- Refuses the message when mail must not go there (550), or not now (450).
function mod.check(msg)
  local fine, answer = pcall(ask, msg)

  if not fine then
    kumo.log_error('bounce: ' .. tostring(answer))
    if mod.fail_closed then
      kumo.reject(451, '4.3.0 cannot say whether mail may go there')
    end
    return
  end
  if answer.may == 'never' then
    kumo.reject(550, '5.7.1 not sent: ' .. (answer.why or answer.reason))
  elseif answer.may == 'later' then
    kumo.reject(450, '4.7.1 not sent: ' .. (answer.why or answer.reason))
  end
end

-- Each log record goes to Bounce as a message of KumoMTA's own queue: it is kept
-- and tried again until Bounce has answered 200.
function mod.configure_log_hook()
  log_hooks:new {
    name = 'bounce',
    log_parameters = {
      headers = { 'Subject', 'Message-ID' },
      meta = { 'campaign', 'scope' },
    },
    constructor = function()
      local connection = {}

      function connection:send(message)
        local response =
          post('/v1/hooks/kumomta/' .. mod.hook_name, mod.hook_token, message:get_data())

        if response:status_code() == 200 then
          return 'taken'
        end
        kumo.reject(451, 'Bounce answered ' .. response:status_code())
      end
      return connection
    end,
  }
end

return mod
