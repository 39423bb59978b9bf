#!/bin/bash
# Inside the chamber: bounce serve beside Postfix.
# shellcheck source=tests/roundtrip/daemon.sh
. /make/daemon.sh
install_packages postfix <<<'postfix postfix/main_mailer_type select No configuration'
start_network
daemon postfix /var/log/postfix.log "Holds-File: /run/bounce-holds
Holds-Ip: 192.0.2.1"

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
transport_maps = inline:{ back.example.com=lmtp:inet:127.0.0.1:2424, pipe.example.com=bounce-pipe: }
bounce-pipe_destination_recipient_limit = 1
smtpd_recipient_restrictions =
    check_policy_service inet:127.0.0.1:10032,
    check_recipient_access regexp:/run/bounce-holds,
    check_recipient_mx_access regexp:/run/bounce-holds,
    permit_mynetworks, reject
lmtp_bind_address = 127.0.0.1
maillog_file = /var/log/postfix.log
maillog_file_prefixes = /var
CONF
sed -i 's/^\([a-z]* *[a-z]* *[-ny]* *[-ny]* *\)y /\1n /' /etc/postfix/master.cf
cat >>/etc/postfix/master.cf <<CONF
bounce-pipe unix  -  n  n  -  4  pipe
    flags=Rq user=nobody null_sender=
    argv=$BOUNCE ingest --pipe --store $PIPE_STORE -
CONF
postfix start 2>/dev/null
await 10 bash -c ': </dev/tcp/192.0.2.1/25' 2>/dev/null

# A route that rests, in files that Postfix reads.
holds() {
    local held=someone@full.example.org
    event='{"recipient":"'$held'","kind":"bounce","event_id":"held","ip":"192.0.2.1",
        "reply":"421 4.7.0 Too many connections, slow down"}'
    await 10 test -s /run/bounce-holds || fail "no file of holds"
    api /v1/events -H 'Content-Type: application/json' --data-binary "$event" >/dev/null
    await 10 grep -q full /run/bounce-holds || fail "the hold is not in the file"
    postmap -q $held regexp:/run/bounce-holds | grep -q '^450 4.7.1 mail to full.example.org waits until' ||
        fail "postmap: $(cat /run/bounce-holds)"
    postfix reload 2>/dev/null
    sleep 1
    # Another IP is not at fault: of what the policy service is asked nothing
    # says over which one mail will leave.
    case $(smtp $held) in
    450*"4.7.1"*"mail to full.example.org waits"*) ;;
    *) fail "a hold, and the mail is taken: $(smtp $held)" ;;
    esac
    # In the queue the same by a transport.
    "$BOUNCE" holds --format postfix-transport --ip 192.0.2.1 --output /run/bounce-transport ||
        fail "holds --format"
    postconf -e "transport_maps = regexp:/run/bounce-transport inline:{ back.example.com=lmtp:inet:127.0.0.1:2424 }"
    postfix reload 2>/dev/null
    message waits | sendmail -i -f bounces@back.example.com $held
    await 15 grep -q "to=<$held>.*relay=none.*dsn=4.7.1, status=deferred (mail to full.example.org waits" \
        /var/log/postfix.log || fail "the transport: $(grep "$held" /var/log/postfix.log | tail -n 2)"
}

{
    story
    pipes /var/log/postfix.log 'relay=bounce-pipe.*status=deferred'
    holds
    verdict
} >/result/verdict 2>&1
cp /var/log/postfix.log /result/
postfix stop 2>/dev/null
