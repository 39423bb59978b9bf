#!/bin/bash
# Inside the chamber: Exim.
# shellcheck source=tests/roundtrip/common.sh
. /make/common.sh
install_packages exim4-daemon-light </dev/null
start_network

cat >/etc/exim4/exim4.conf <<'CONF'
primary_hostname = mail.example.com
qualify_domain = example.com
local_interfaces = 192.0.2.1
trusted_users = root
ignore_bounce_errors_after = 0s
delay_warning = 1s:1h
delay_warning_condition = true
host_lookup =
dns_ipv4_lookup = *
disable_ipv6 = true
begin routers
out:
  driver = dnslookup
  transport = remote
  self = fail
begin transports
remote:
  driver = smtp
  interface = 192.0.2.1
  connect_timeout = 3s
  command_timeout = 3s
  hosts_try_fastopen =
begin retry
* * F,10s,2s
CONF
send_all
queue_left() {
    exim4 -q || true
    [ "$(exim4 -bpc)" != 0 ]
}
settle 60 queue_left
