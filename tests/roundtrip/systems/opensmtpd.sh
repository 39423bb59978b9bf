#!/bin/bash
# Inside the chamber: OpenSMTPD.
# shellcheck source=tests/roundtrip/common.sh
. /make/common.sh
install_packages opensmtpd <<'DEBCONF'
opensmtpd opensmtpd/mailname string mail.example.com
opensmtpd opensmtpd/root_address string
DEBCONF
start_network

cat >/etc/smtpd.conf <<'CONF'
queue ttl 20s
bounce warn-interval 1s
action out relay src 192.0.2.1 helo mail.example.com
match from any for any action out
CONF
smtpd
sleep 1
send_all
queue_left() {
    smtpctl schedule all
    [ -n "$(smtpctl show queue)" ]
} >/dev/null 2>&1
settle 60 queue_left
