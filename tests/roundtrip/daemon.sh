# Sourced by the scripts daemon-*.sh inside the chamber: bounce serve beside a
# real mail server. What the mail server bounces comes in by LMTP, its log is
# followed, and it asks before it takes mail.
# shellcheck shell=bash
# shellcheck source=tests/roundtrip/common.sh
. /make/common.sh

export BOUNCE_STORE=/var/lib/bounce.db BOUNCE_POLICY=mailgun
BOUNCE=/make/bounce
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# daemon FORMAT LOG [MORE]: more lines of the stanza Serve
daemon() {
    touch "$2"
    chmod 666 "$2"
    cat >/etc/bounce.conf <<CONF
Serve: test
Store: $BOUNCE_STORE
Policy: mailgun
Http: unix:/run/bounce-http
Lmtp: 127.0.0.1:2424
Policy-Service: 127.0.0.1:10032
${3:-Hostname: mail.example.com}

Log: $2
Format: $1
CONF
    "$BOUNCE" config check /etc/bounce.conf || fail "config check"
    "$BOUNCE" serve --config /etc/bounce.conf >/result/serve.log 2>&1 &
    serve=$!
    await 10 grep -q ready /result/serve.log || fail "the daemon does not start"
}

# await SECONDS COMMAND...
await() {
    local end=$((SECONDS + $1))
    shift
    while ! "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.3
    done
}

# api PATH [CURL OPTION...]
api() {
    local path=$1
    shift
    curl -s --max-time 10 --unix-socket /run/bounce-http "$@" "http://localhost$path"
}

# smtp RECIPIENT: sends a mail by SMTP and prints the answer to RCPT; a reply of
# several lines as one.
smtp() {
    local line reply
    exec 3<>/dev/tcp/192.0.2.1/25
    answer() {
        reply=
        while IFS= read -r -t 20 line <&3; do
            line=${line%$'\r'}
            reply="$reply${reply:+ }${line:4}"
            [ "${line:3:1}" = - ] || break
        done
        reply="${line:0:3} $reply"
    }
    say() {
        printf '%s\r\n' "$1" >&3
        answer
    }
    answer
    say "EHLO list.example.com"
    say "MAIL FROM:<bounces@back.example.com>"
    say "RCPT TO:<$1>"
    echo "$reply"
    if [ "${reply:0:1}" = 2 ]; then
        say DATA
        message mail-$RANDOM | sed 's/$/\r/' >&3
        say .
    fi
    say QUIT
    exec 3>&-
}

# counted ADDRESS: failures of it that count, and events that told of them.
counted() {
    "$BOUNCE" events --address "$1" --kind bounce --columns counts |
        awk '{ n++; c += $1 == "yes" } END { print c + 0, n + 0 }'
}
told_twice() {
    [ "$(counted "$1")" = "1 2" ]
}
says() {
    [ "$("$BOUNCE" check "$1" | cut -f 2)" = "$2" ]
}
is_label() {
    "$BOUNCE" events --address "$1" --json --labels mailgun |
        jq -r '.labels.mailgun.code // empty' | grep -qx "$2"
}

# The story: REFUSED is an address whose server refuses it.
story() {
    local refused=someone@unknown.example.org full=someone@full.example.org

    case $(smtp $refused) in
    250*) ;;
    *) fail "the first mail to $refused is not taken" ;;
    esac
    await 40 says $refused never || fail "$refused: $("$BOUNCE" check $refused)"
    # The log and the report tell of one failure.
    await 40 told_twice $refused || fail "it counts $(counted $refused), not 1 of 2"
    case $(smtp $refused) in
    550*"not sent"*605*) ;;
    *) fail "the next mail is not refused: $(smtp $refused)" ;;
    esac
    api "/v1/check?address=$refused" | jq -e '.may == "never" and .label == "605"' >/dev/null ||
        fail "the API says: $(api "/v1/check?address=$refused")"
    "$BOUNCE" why $refused | grep -q "suppressed: at-once" || fail "why"
    "$BOUNCE" release $refused >/dev/null
    sleep 1.2 # holds and states are asked for anew
    case $(smtp $refused) in
    250*) ;;
    *) fail "released, and still refused" ;;
    esac

    # Refused for now, tried again, given up.
    smtp $full >/dev/null
    smtp someone@no-records.example.org >/dev/null
    smtp someone@refused.example.org >/dev/null
    await 20 is_label someone@no-records.example.org 498 || fail "no label 498"
    await 60 gave_up $full || fail "$full is not given up"
    is_label $full 602 || fail "no label 602"
    await 40 is_label someone@refused.example.org 499 || fail "no label 499"
    [ "$("$BOUNCE" events --address $full --kind delay --columns kind | wc -l)" -ge 1 ] ||
        fail "no deferral was seen"
}
gave_up() {
    "$BOUNCE" events --address "$1" --json | jq -e -s 'any(.expired)' >/dev/null
}

# A report by a pipe into a store of its own (docs/with-postfix.md, with-exim.md):
# put off while there is no store, taken once there is. LOG shows what is put off.
PIPE_STORE=/var/lib/pipe/bounce.db
pipes() {
    mkdir -p ${PIPE_STORE%/*}
    chown nobody ${PIPE_STORE%/*}
    sendmail -i -f news@example.com someone@pipe.example.com <<'END'
From: MAILER-DAEMON@mx.example.net
Subject: Undelivered mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ann@piped.example.org
Action: failed
Status: 5.1.1

--b--
END
    await 20 grep -q "someone@pipe.example.com.*$2" "$1" || fail "without a store it is not put off"
    [ ! -e $PIPE_STORE ] || fail "a store was made"
    su nobody -s /bin/sh -c "$BOUNCE ingest --store $PIPE_STORE /dev/null" >/dev/null ||
        fail "no store for the pipe"
    await 40 piped || fail "the report does not come through the pipe"
}
piped() {
    [ "$("$BOUNCE" events --store $PIPE_STORE --columns recipient 2>/dev/null)" = ann@piped.example.org ]
}

verdict() {
    kill -TERM "$serve"
    wait "$serve" || fail "the daemon ended with $?"
    if [ $failures = 0 ]; then
        echo "all fine"
    else
        echo "$failures failures"
        cat /result/serve.log
        "$BOUNCE" events --table || true
    fi
}
