#!/bin/bash
# Inside the chamber: bounce serve beside Exim.
# shellcheck source=tests/roundtrip/daemon.sh
. /make/daemon.sh
install_packages exim4-daemon-light </dev/null
start_network
daemon exim /var/log/exim4/mainlog

cat >/etc/exim4/exim4.conf <<'CONF'
primary_hostname = mail.example.com
qualify_domain = example.com
local_interfaces = 192.0.2.1
trusted_users = root
ignore_bounce_errors_after = 0s
delay_warning =
host_lookup =
dns_ipv4_lookup = *
disable_ipv6 = true
log_selector = +queue_time
acl_smtp_rcpt = acl_rcpt
begin acl
acl_rcpt:
  warn
    set acl_m_may = ${readsocket{inet:127.0.0.1:10032}{check $local_part@$domain\n}{5s}{\n}{send}}
  deny
    condition = ${if match{$acl_m_may}{\N^never \N}}
    message = ${sg{$acl_m_may}{\N^never \N}{}}
  defer
    condition = ${if match{$acl_m_may}{\N^later \N}}
    message = ${sg{$acl_m_may}{\N^later \N}{}}
  accept
begin routers
pipe:
  driver = accept
  domains = pipe.example.com
  transport = bounce_pipe
back:
  driver = manualroute
  domains = back.example.com
  transport = lmtp
  route_list = back.example.com 127.0.0.1
  self = send
out:
  driver = dnslookup
  transport = remote
  self = fail
  cannot_route_message = Host or domain name not found: $domain has no mail host
begin transports
bounce_pipe:
  driver = pipe
  command = /make/bounce ingest --pipe --store /var/lib/pipe/bounce.db -
  user = nobody
  return_path_add
  temp_errors = *
  timeout_defer
  freeze_signal
  freeze_exec_fail
lmtp:
  driver = smtp
  protocol = lmtp
  port = 2424
  allow_localhost
remote:
  driver = smtp
  interface = 192.0.2.1
  connect_timeout = 3s
  command_timeout = 3s
  hosts_try_fastopen =
begin retry
pipe.example.com * F,60s,1s
* * F,6s,1s
CONF
exim4 -bd -q1s >/dev/null 2>&1 &
await 10 bash -c ': </dev/tcp/192.0.2.1/25' 2>/dev/null
runner() {
    while sleep 1; do exim4 -q || true; done
}
runner >/dev/null 2>&1 &
{
    story
    pipes /var/log/exim4/mainlog 'T=bounce_pipe defer'
    verdict
} >/result/verdict 2>&1
cp /var/log/exim4/mainlog /result/
