#!/bin/bash
# Inside the chamber: Sendmail.
# shellcheck source=tests/roundtrip/common.sh
. /make/common.sh
install_packages sendmail-bin sendmail-cf sensible-mda </dev/null
start_network

cat >/etc/mail/round.mc <<'CONF'
include(`/usr/share/sendmail/cf/m4/cf.m4')
OSTYPE(`debian')
define(`confDOMAIN_NAME', `mail.example.com')
define(`confTO_QUEUEWARN', `1s')
define(`confTO_QUEUERETURN', `10s')
define(`confTO_INITIAL', `3s')
define(`confTO_CONNECT', `3s')
define(`confTO_COMMAND', `3s')
define(`confTO_HOSTSTATUS', `0s')
define(`confDONT_PROBE_INTERFACES', `True')
define(`confTRUSTED_USER', `smmta')
CLIENT_OPTIONS(`Family=inet, Addr=192.0.2.1')
MAILER(smtp)
CONF
m4 /etc/mail/round.mc >/etc/mail/sendmail.cf
sendmail() {
    command sendmail -Am -odb "$@"
}
send_all
queue_left() {
    command sendmail -Am -q || true
    ! command sendmail -Am -bp | grep -q 'is empty'
}
settle 60 queue_left
