#!/bin/bash
# Inside the chamber: bounce serve beside Postfix.
# shellcheck source=tests/roundtrip/daemon.sh
. /make/daemon.sh
install_packages postfix <<<'postfix postfix/main_mailer_type select No configuration'
start_network
daemon postfix /var/log/postfix.log

cat >/etc/postfix/main.cf <<'CONF'
compatibility_level = 3.6
myhostname = mail.example.com
mydomain = example.com
myorigin = example.com
mydestination = localhost
mynetworks = 192.0.2.0/24
inet_interfaces = 192.0.2.1
inet_protocols = ipv4
smtp_bind_address = 192.0.2.1
alias_maps =
alias_database =
notify_classes =
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
maximal_queue_lifetime = 6s
bounce_queue_lifetime = 60s
delay_warning_time = 0
smtp_connect_timeout = 3s
smtp_helo_timeout = 3s
default_destination_concurrency_failed_cohort_limit = 0
transport_maps = inline:{ back.example.com=lmtp:inet:127.0.0.1:2424 }
smtpd_recipient_restrictions =
    check_policy_service inet:127.0.0.1:10032, permit_mynetworks, reject
lmtp_bind_address = 127.0.0.1
maillog_file = /var/log/postfix.log
maillog_file_prefixes = /var
CONF
sed -i 's/^\([a-z]* *[a-z]* *[-ny]* *[-ny]* *\)y /\1n /' /etc/postfix/master.cf
postfix start 2>/dev/null
await 10 bash -c ': </dev/tcp/192.0.2.1/25' 2>/dev/null
{
    story
    verdict
} >/result/verdict 2>&1
cp /var/log/postfix.log /result/
postfix stop 2>/dev/null
