// SPDX-License-Identifier: MIT
// Asks Bounce (bounce serve) before mail is taken, and tells it what became of
// mail that was sent. docs/with-haraka.md says how to set it up; the settings are
// in config/bounce.ini.
'use strict'

const http = require('node:http')

exports.register = function () {
  this.load_bounce_ini()
  // Before plugins that take recipients: theirs is the last word.
  this.register_hook('rcpt', 'ask', -100)
  this.register_hook('delivered', 'tell_delivered')
  this.register_hook('deferred', 'tell_deferred')
  this.register_hook('bounce', 'tell_bounce')
}

exports.load_bounce_ini = function () {
  this.cfg = this.config.get('bounce.ini', { booleans: ['-main.fail_closed'] }, () =>
    this.load_bounce_ini()
  )
}

// Haraka 3.3 made a property of what was a function.
function text_of(address) {
  return typeof address.address === 'function' ? address.address() : address.address
}

function request_options(main, path, body) {
  const options = {
    method: 'POST',
    path,
    headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
  }

  if (main.token) options.headers.Authorization = `Bearer ${main.token}`
  if (main.socket) options.socketPath = main.socket
  else Object.assign(options, { host: main.host || '127.0.0.1', port: main.port || 8025 })
  return options
}

// done(error, answer), once: the answer to a POST, as JSON.
function post(plugin, path, value, done) {
  const main = plugin.cfg.main
  const body = JSON.stringify(value)
  let called = false
  const finish = (error, answer) => {
    if (!called) done(error, answer)
    called = true
  }
  const request = http.request(request_options(main, path, body), (response) => {
    let got = ''
    response.setEncoding('utf8')
    response.on('data', (piece) => (got += piece))
    response.on('error', finish)
    response.on('end', () => {
      if (response.statusCode !== 200) {
        finish(new Error(`answered ${response.statusCode}`))
        return
      }
      try {
        finish(null, JSON.parse(got))
      } catch (error) {
        finish(error)
      }
    })
  })

  request.setTimeout(Number(main.timeout_ms || 3000), () =>
    request.destroy(new Error('no answer in time'))
  )
  request.on('error', finish)
  request.end(body)
}

exports.ask = function (next, connection, params) {
  const sender = connection.transaction.mail_from
  const question = { address: text_of(params[0]) }

  if (sender && sender.host) question.from = sender.host
  if (this.cfg.main.scope) question.scope = this.cfg.main.scope
  post(this, '/v1/check', question, (error, answer) => {
    if (error) {
      connection.logerror(this, error.message)
      if (this.cfg.main.fail_closed) next(DENYSOFT, 'cannot say whether mail may go there')
      else next()
      return
    }
    const why = `not sent: ${answer.why || answer.reason}`
    if (answer.may === 'never') next(DENY, why)
    else if (answer.may === 'later') next(DENYSOFT, why)
    else next()
  })
}

// What the other server said of this recipient, else of the mail.
function reply_to(recipient, otherwise) {
  const parts = [
    recipient.dsn_smtp_code || recipient.dsn_code,
    recipient.dsn_smtp_extc || recipient.dsn_status,
    recipient.dsn_smtp_response || recipient.dsn_msg,
  ].filter((part) => part)

  return parts.length > 1 ? parts.join(' ') : String(otherwise)
}

// An event for each recipient. Mail never waits for it, nor fails with it.
function tell(plugin, kind, hmail, recipients, reply) {
  for (const recipient of recipients) {
    const event = {
      kind,
      recipient: text_of(recipient),
      sender: text_of(hmail.todo.mail_from) || undefined,
      queue_id: hmail.todo.uuid,
      reply: kind === 'delivery' ? String(reply) : reply_to(recipient, reply),
    }
    post(plugin, '/v1/events', event, (error) => {
      if (error) plugin.logerror(`${hmail.todo.uuid}: ${error.message}`)
    })
  }
}

exports.tell_delivered = function (next, hmail, params) {
  tell(this, 'delivery', hmail, params[6], params[2])
  next()
}

exports.tell_deferred = function (next, hmail, params) {
  tell(this, 'delay', hmail, params.fail_recips || hmail.todo.rcpt_to, params.err)
  next()
}

exports.tell_bounce = function (next, hmail, error) {
  tell(this, 'bounce', hmail, error.bounced_rcpt || hmail.todo.rcpt_to, error.message)
  next()
}
