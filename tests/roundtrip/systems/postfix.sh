#!/bin/bash
# Inside the chamber: Postfix.
# shellcheck source=tests/roundtrip/common.sh
. /make/common.sh
install_packages postfix <<<'postfix postfix/main_mailer_type select No configuration'
start_network

cat >/etc/postfix/main.cf <<'CONF'
compatibility_level = 3.6
myhostname = mail.example.com
mydomain = example.com
myorigin = example.com
mydestination = localhost
inet_interfaces = 192.0.2.1
inet_protocols = ipv4
smtp_bind_address = 192.0.2.1
alias_maps =
alias_database =
notify_classes =
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
maximal_queue_lifetime = 10s
bounce_queue_lifetime = 60s
delay_warning_time = 1s
smtp_connect_timeout = 3s
smtp_helo_timeout = 3s
default_destination_concurrency_failed_cohort_limit = 0
maillog_file = /var/log/postfix.log
maillog_file_prefixes = /var
CONF
sed -i 's/^\([a-z]* *[a-z]* *[-ny]* *[-ny]* *\)y /\1n /' /etc/postfix/master.cf
postfix start 2>/dev/null
send_all
queue_left() {
    ! mailq | grep -q 'queue is empty'
}
settle 60 queue_left
postfix stop 2>/dev/null
