#!/bin/bash
# crash.sh PROGRAM RECEIVER MIXED: kill -9 under mixed load: webhooks, mail by LMTP, a
# log that is followed. What was acknowledged is there, what stands in the log
# too, and what comes again counts once.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
. "$SOURCE/tests/serve/lib.sh"
mixed=$3

rounds=50
! is_sanitized || rounds=10
[ "$BOUNCE_FULL" = 0 ] || [ "$BOUNCE_FULL" = OFF ] || rounds=1000
printf 'sesame\n' >url-secret
: >mail.log
serve_config <<END
Lmtp: unix:$work/lmtp

Hook: main
Service: sendgrid
Url-Secret-File: $work/url-secret

Log: $work/mail.log
Format: postfix
END

# Two of each kind, whatever comes of them; a log has one writer. Their ids tell
# kind, round and sender apart.
load() {
    "$mixed" hook "$SOCKET" "h$1a" >>hook.a &
    "$mixed" hook "$SOCKET" "h$1b" >>hook.b &
    "$mixed" lmtp lmtp "m$1a" >>lmtp.a &
    "$mixed" lmtp lmtp "m$1b" >>lmtp.b &
}
for round in $(seq $rounds); do
    serve_start
    "$mixed" log mail.log "l$round" &
    logger=$!
    load "$round"
    sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
    kill -KILL "$serve_pid" "$logger"
    wait 2>/dev/null
    serve_pid=
done
ids() { # WHAT FILE...
    sed -n "s/^$1 //p" "${@:2}" | sort
}
ids acked hook.? lmtp.? >acked
ids tried hook.? >tried.hook
ids tried lmtp.? >tried.lmtp
sed -n 's/.* to=<u\([^@]*\)@.*/\1/p' mail.log | sort >logged
for kind in h m; do
    [ "$(grep -c ^$kind acked)" -ge "$rounds" ] || fail "$(grep -c ^$kind acked) of $kind were acknowledged"
done
[ "$(wc -l <logged)" -ge "$rounds" ] || fail "$(wc -l <logged) lines stand in the log"

# The log is followed to its end; of the rest nothing comes again yet.
serve_start
stored() {
    "$BOUNCE" events --kind bounce --json | jq -r .recipient | sed 's/^u//; s/@example.org$//' | sort
}
for _ in $(seq 60); do
    stored >before
    [ "$(comm -23 logged before | wc -l)" != 0 ] || break
    sleep 0.5
done
equal '' "$(comm -23 logged before | head -n 3)" "in the log, and not in the store"
equal '' "$(comm -23 acked before | head -n 3)" "acknowledged, and not in the store"
equal '' "$(uniq -d before | head -n 3)" "twice in the store"

# All of it again, whether it was acknowledged or not.
"$mixed" hook "$SOCKET" - <tried.hook >/dev/null || fail "webhooks are not taken again"
"$mixed" lmtp lmtp - <tried.lmtp >/dev/null || fail "mail is not taken again"
stored >after
sort tried.hook tried.lmtp logged >all
equal "$(cksum <all)" "$(cksum <after)" "each counts once"
http GET '/v1/stats?by=category'
equal "$(wc -l <all)" "$(jq '[.items[].hard] | add' body)" "failures that are counted"
echo "$rounds rounds: $(wc -l <all) events, $(wc -l <acked) acknowledged, $(wc -l <logged) logged"
serve_stop
exit $((failures > 0))
