#!/bin/bash
# out.sh PROGRAM RECEIVER: webhooks of ours: signed, in order, each at least once
# whatever fails or dies; dead letters; what people do about them.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
. "$SOURCE/tests/serve/lib.sh"
RECEIVER=$2
receiver_pid=
# What the environment says of proxies is none of its business.
export http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9
curl() {
    env -u http_proxy -u https_proxy curl "$@"
}
trap 'serve_kill; receiver_stop; rm -rf "$work"' EXIT

receiver_start() {
    rm -f port
    "$RECEIVER" &
    receiver_pid=$!
    for _ in $(seq 100); do
        [ ! -s port ] || return
        sleep 0.05
    done
    fail "the receiver does not start"
}
receiver_stop() {
    [ -z "$receiver_pid" ] || kill "$receiver_pid" 2>/dev/null
    [ -z "$receiver_pid" ] || wait "$receiver_pid" 2>/dev/null
    receiver_pid=
}

# Waits until COMMAND holds, at most 20 seconds.
await() {
    for _ in $(seq 200); do
        "$@" && return
        sleep 0.1
    done
    fail "in vain: $*"
}
requests() {
    [ "$(wc -l <requests)" -ge "$1" ]
}
# All changes that were taken, one a line: seq, address, what, becomes.
taken() {
    local n
    cut -d ' ' -f 1 requests | while read -r n; do
        jq -r '.data.changes[] | [.seq, .address, .what, .becomes] | @tsv' "$n.body"
    done
}
has_taken() {
    taken | grep -q "	$1@example.org	"
}
suppress() {
    json POST /v1/recipients/suppress "{\"address\":\"$1@example.org\"}"
    code 200 "suppress $1"
}
state_is() {
    [ "$("$BOUNCE" out list | cut -f 2)" = "$1" ]
}
metric() {
    http GET /metrics
    grep -qxF "$1" body || fail "no $1: $(grep bounce_out body)"
}

# ---- What may be configured, with line numbers
secret=$(head -c 32 /dev/urandom | base64 -w 0)
second=$(head -c 24 /dev/urandom | base64 -w 0)
echo "whsec_$secret" >secret
check() {
    printf 'Out: shop\nSecret-File: secret\n%b\n' "$1" >try.conf
    status 78 "$BOUNCE" config check try.conf
    has "$2" err
}
check 'Url: http://hooks.example.org/' 'try.conf:3: Url wants https'
check 'Url: ftp://hooks.example.org/' 'try.conf:3: Url wants https'
check 'Url: https://u:p@hooks.example.org/' 'try.conf:3: Url has a user'
check 'Url: https://hooks.example.org/\nEvents: state,weather' 'try.conf:4: Events wants state'
check 'Url: https://hooks.example.org/\nMax-Attempts: 0' 'try.conf:4: Max-Attempts wants'
check 'Url: https://hooks.example.org/\nRetry: 2h' 'try.conf:4: Retry wants'
check 'Url: https://hooks.example.org/\nTimeout: 1h' 'try.conf:4: Timeout wants'
check 'Url: https://hooks.example.org/\nOdd: 1' 'try.conf:4: Odd is no field'
check 'Url: https://hooks.example.org/\nCa-File: /nowhere' '/nowhere'
printf 'Out: a b\nSecret-File: secret\nUrl: https://hooks.example.org/\n' >try.conf
status 78 "$BOUNCE" config check try.conf
has 'try.conf:1: Out wants letters' err
printf 'Out: shop\nSecret-File: try.conf\nUrl: https://hooks.example.org/\n' >try.conf
status 78 "$BOUNCE" config check try.conf
has 'whsec_' err
printf 'Out: shop\nSecret-File: secret\nUrl: http://hooks.example.org/\nAllow-Http: yes\nEvents: hold, suppressed\nTimeout: 20s\nRetry: 1s\nRetry-Max: 1m\nGive-Up: 1h\nMax-Attempts: 9\nProxy: http://proxy.example.org:3128\n' >try.conf
status 0 "$BOUNCE" config check try.conf

# ---- In order and signed; what was before it began is not told
: >requests
receiver_start
url=http://127.0.0.1:$(cat port)/in
out_conf() {
    sed -i '/^Out:/,$d' bounce.conf
    printf 'Out: shop\nUrl: %s\nSecret-File: %s\nRetry: 1s\nRetry-Max: 2s\n%s\n' \
        "$url" "$work/secret" "$1" >>bounce.conf
}
serve_config <<<""
"$BOUNCE" suppress before@example.org >/dev/null
out_conf ""
serve_start
for i in 1 2 3; do
    suppress "u$i"
done
json POST /v1/recipients/release '{"address":"u2@example.org"}'
await has_taken u3
await eval '[ "$(taken | wc -l)" = 4 ]'
equal "u1 suppressed,u2 suppressed,u3 suppressed,u2 active," \
    "$(taken | awk '{ sub("@.*", "", $2); printf "%s %s,", $2, $4 }')" "changes in order"
equal "" "$(taken | sort -n | uniq -d)" "told twice"

# signed FILE.head FILE.body SECRET: as anybody can verify it
signed() {
    local id time
    id=$(sed -n 's/\r$//; s/^webhook-id: //p' "$1")
    time=$(sed -n 's/\r$//; s/^webhook-timestamp: //p' "$1")
    { printf '%s.%s.' "$id" "$time" && cat "$2"; } |
        openssl dgst -sha256 -mac HMAC -binary \
            -macopt "hexkey:$(base64 -d <<<"$3" | od -An -v -tx1 | tr -d ' \n')" | base64 -w 0
}
sent_signatures() {
    sed -n 's/\r$//; s/^webhook-signature: //p' "$1"
}
equal "v1,$(signed 1.head 1.body "$secret")" "$(sent_signatures 1.head)" "the signature"
[ $(($(date +%s) - $(sed -n 's/\r$//; s/^webhook-timestamp: //p' 1.head))) -le 60 ] || fail "the time"
has 'Content-Type: application/json' 1.head
equal bounce.changes "$(jq -r .type 1.body)" "type"
equal shop "$(jq -r .data.out 1.body)" "the webhook's name"
metric 'bounce_out_pending{out="shop"} 0'
metric 'bounce_out_failures{out="shop"} 0'

# ---- Two secrets, other events: at a reload
printf 'whsec_%s\nwhsec_%s\n' "$secret" "$second" >secret
out_conf "Events: released"
kill -HUP "$serve_pid"
log_has 'reload result=done'
: >requests
suppress u4
json POST /v1/recipients/release '{"address":"u4@example.org"}'
await has_taken u4
equal "active" "$(taken | cut -f 4)" "released alone"
n=$(cut -d ' ' -f 1 requests)
equal "v1,$(signed "$n.head" "$n.body" "$secret") v1,$(signed "$n.head" "$n.body" "$second")" \
    "$(sent_signatures "$n.head")" "both sign"
# What is wrong in it changes nothing.
echo "nonsense" >secret
kill -HUP "$serve_pid"
log_has 'kept what was there'
echo "whsec_$secret" >secret
out_conf ""
kill -HUP "$serve_pid"
await eval '[ "$(grep -c "reload result=done" log)" = 3 ]'

# ---- A receiver that fails: again and again, the same batch, then the rest
: >requests
echo '0 500' >answer
suppress u5
await requests 2
suppress u6
await state_is failing
rm answer
await has_taken u6
equal 1 "$(grep "$(head -n 1 requests | cut -d ' ' -f 2)" requests | cut -d ' ' -f 2 | uniq | wc -l)" "one id"
ids=$(cut -d ' ' -f 2 requests | uniq | wc -l)
equal 2 "$ids" "the failed batch, then the next"
equal "u5,u6," "$(taken | awk '{ sub("@.*", "", $2); print $2 }' | uniq | tr '\n' ,)" "order behind failures"
await state_is fine

# ---- Retry-After is waited for
: >requests
echo '0 429 Retry-After: 3' >answer
suppress u7
await requests 1
rm answer
begun=$SECONDS
await requests 2
[ $((SECONDS - begun)) -ge 2 ] || fail "Retry-After was not waited for"

# ---- kill -9 between request and answer: it comes again, under its id
: >requests
echo '3000 200' >answer
suppress u8
await requests 1
kill -KILL "$serve_pid"
wait "$serve_pid" 2>/dev/null
rm answer
serve_start
await requests 2
equal 1 "$(cut -d ' ' -f 2 requests | sort -u | wc -l)" "the id after a crash"

# Killed again and again while changes come in: each arrives, in order.
: >requests
rounds=3
[ "$BOUNCE_FULL" = 0 ] || [ "$BOUNCE_FULL" = OFF ] || rounds=30
for round in $(seq $rounds); do
    for i in $(seq 40); do
        echo "{\"recipient\":\"k$round-$i@example.org\",\"kind\":\"bounce\",\"reply\":\"550 5.1.1 no such user\",\"event_id\":\"k$round-$i\"}"
    done >batch
    lines /v1/events @batch
    code 200 "events"
    sleep "0.$((RANDOM % 6))"
    kill -KILL "$serve_pid"
    wait "$serve_pid" 2>/dev/null
    serve_start
done 2>/dev/null
arrived() {
    [ "$(taken | awk '$4 == "suppressed" { print $2 }' | grep -c '^k')" -ge $((40 * rounds)) ] &&
        [ "$(taken | awk '$4 == "suppressed" { print $2 }' | grep '^k' | sort -u | wc -l)" = $((40 * rounds)) ]
}
await arrived
equal "$(taken | cut -f 1 | sort -n | uniq)" "$(taken | cut -f 1 | awk '$1 > top { print; top = $1 }')" "order"
[ "$(cut -d ' ' -f 1 requests | while read -r n; do jq '.data.changes | length' "$n.body"; done | sort -n | tail -n 1)" -le 100 ] ||
    fail "a batch of more than 100"

# ---- Given up: a dead letter; what comes behind goes out
out_conf "Max-Attempts: 2"
kill -HUP "$serve_pid"
log_has 'reload result=done'
: >requests
echo '0 400' >answer
suppress u9
await eval '[ "$("$BOUNCE" out dead | wc -l)" = 1 ]'
log_has 'given up'
metric 'bounce_out_dead_letters{out="shop"} 1'
rm answer
suppress u10
await has_taken u10
equal "shop 1 2 no answered 400" "$("$BOUNCE" out dead shop | awk -F '\t' '{ print $2, $3, $5, $6, $7 }')" "the letter"
equal 1 "$("$BOUNCE" out dead --json | jq '.last - .first + 1')" "its changes"
: >requests
status 2 "$BOUNCE" out retry 7
status 2 "$BOUNCE" out retry
status 2 "$BOUNCE" out
status 2 "$BOUNCE" out retry --all shop
status 0 "$BOUNCE" out retry shop
await has_taken u9
await eval '[ "$("$BOUNCE" out dead | wc -l)" = 0 ]'
# Of a person who was forgotten meanwhile nothing is sent.
echo '0 400' >answer
suppress u11
await eval '[ "$("$BOUNCE" out dead | wc -l)" = 1 ]'
rm answer
: >requests
"$BOUNCE" forget u11@example.org >/dev/null
status 0 "$BOUNCE" out retry "$("$BOUNCE" out dead | cut -f 1)"
await eval '[ "$("$BOUNCE" out dead | wc -l)" = 0 ]'
! has_taken u11 || fail "what was forgotten was sent"
echo '0 400' >answer
suppress u12
await eval '[ "$("$BOUNCE" out dead | wc -l)" = 1 ]'
status 0 "$BOUNCE" out drop --all
has '1 dead letter dropped' out
equal 0 "$("$BOUNCE" out dead | wc -l)" "dropped"
rm answer

# ---- 410: it stops until somebody says otherwise, also after a restart
: >requests
echo '0 410' >answer
suppress u13
await state_is stopped
log_has 'result="stopped'
metric 'bounce_out_stopped{out="shop"} 1'
rm answer
serve_stop
serve_start
suppress u14
sleep 1.5
equal 1 "$(wc -l <requests)" "requests to one that is gone"
status 2 "$BOUNCE" out resume nobody
status 0 "$BOUNCE" out resume shop
await has_taken u14
equal "u13,u14," "$(taken | awk '{ sub("@.*", "", $2); print $2 }' | uniq | tr '\n' ,)" "nothing was lost"

# ---- Stopping waits for nobody
echo '20000 200' >answer
: >requests
suppress u15
await requests 1
begun=$SECONDS
serve_stop
[ $((SECONDS - begun)) -le 5 ] || fail "stopping took $((SECONDS - begun)) s"
receiver_stop
rm answer
receiver_start
url=http://127.0.0.1:$(cat port)/in

# ---- A new store; with hashed addresses only hashes leave
head -c 32 /dev/urandom | base64 >key
: >requests
rm -f bounce.db*
if [ -n "${BOUNCE_TEST_POSTGRESQL:-}" ]; then
    psql -qX "$BOUNCE_TEST_POSTGRESQL" -c 'drop database serve' -c 'create database serve'
fi
sed -i "/^Serve:/a Address-Key: $work/key" bounce.conf
out_conf ""
serve_start
# An incident: eight days of deliveries at Gmail, then an hour of blocks.
jq -nc --argjson now "$(date +%s)" '
    def event($at; $id): {recipient:"i\($id)@gmail.com", event_id:"i\($id)",
        occurred_at:($at|todate)};
    (range(1920) | event($now - 3600 - (1920 - .) * 360; .) + {kind:"delivery"}),
    (range(60) | event($now - 3600 + . * 60; . + 2000) +
        if . % 4 == 0 then {kind:"delivery"}
        else {kind:"bounce", reply:"550 5.7.1 Our system has detected an unusual rate of unsolicited mail originating from your IP address. blocked"} end)' \
    >history
: >requests
lines /v1/events @history
code 200 "a history"
incident() {
    cut -d ' ' -f 1 requests | while read -r n; do
        jq -r '.data.changes[] | select(.what == "incident") | [.outcome, .reason] | join(": ")' "$n.body"
    done | grep -qx 'opened: block provider google'
}
await incident
: >requests
json POST /v1/events '{"recipient":"secret-name@example.org","kind":"bounce","reply":"550 5.1.1 <secret-name@example.org>: no such user","event_id":"h1"}'
code 200 "an event"
await requests 1
n=$(cut -d ' ' -f 1 requests | head -n 1)
hasnt secret-name "$n.body"
jq -e '.data.changes[0].address | test("^[0-9a-f]{32}@example.org$")' "$n.body" >/dev/null ||
    fail "no hash: $(cat "$n.body")"
export BOUNCE_ADDRESS_KEY=$work/key
status 0 "$BOUNCE" out list --json
has '"url":"http://127.0.0.1' out
serve_stop
status 0 "$BOUNCE" out remove shop
status 2 "$BOUNCE" out remove shop

# ---- A certificate must be trusted: the daemon itself is at the other end
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x \
    -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null || exit 1
sed -i "/^Serve:/a Loopback-Trusted: yes\nTls-Cert: $work/cert.pem\nTls-Key: $work/key.pem" bounce.conf
url=https://127.0.0.1:$PORT/v1/check
out_conf "Ca-File: $work/cert.pem"
printf '\nOut: stranger\nUrl: %s\nSecret-File: %s/secret\n' "$url" "$work" >>bounce.conf
printf '\nOut: far\nUrl: http://hooks.example.org/in\nAllow-Http: yes\nProxy: http://127.0.0.1:%s\nSecret-File: %s/secret\n' \
    "$(cat port)" "$work" >>bounce.conf
: >requests
serve_start
suppress u16
await eval '[ "$("$BOUNCE" out list | grep -c failing)" = 2 ]'
[ "$("$BOUNCE" out list --json | jq -r 'select(.name == "shop").error')" = "answered 400" ] ||
    fail "a trusted certificate: $("$BOUNCE" out list)"
"$BOUNCE" out list --json | jq -r 'select(.name == "stranger").error' | grep -qi certificate ||
    fail "a certificate of nobody's: $("$BOUNCE" out list)"
await requests 1
has 'POST http://hooks.example.org/in' "$(cut -d ' ' -f 1 requests | head -n 1).head"
serve_stop
exit $((failures > 0))
