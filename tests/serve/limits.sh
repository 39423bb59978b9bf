#!/bin/bash
# limits.sh PROGRAM: too much, too slow, malformed: others are served on.
# One store will do.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
. "$SOURCE/tests/serve/lib.sh"

serve_config <<'END'
Loopback-Trusted: yes
Max-Body: 1M
Timeout: 2s
Max-Connections: 4000
END
serve_start
BASE=http://127.0.0.1:$PORT

# ---- Bodies
head -c 1048577 /dev/zero | tr '\0' x >large
http POST /v1/reports -H 'Content-Type: message/rfc822' --data-binary @large -H 'Expect:'
code 413 "a body that is too large"
http POST /v1/reports -H 'Content-Type: message/rfc822' -H 'Transfer-Encoding: chunked' --data-binary @large -H 'Expect:'
code 413 "a body that is too large, in chunks"
head -c 1073741824 /dev/zero | curl -sS -o body -D head -w '%{http_code}' --max-time 60 \
    -X POST -H 'Content-Type: message/rfc822' -H 'Transfer-Encoding: chunked' -H 'Expect:' -T - \
    "$BASE/v1/reports" >code 2>/dev/null
case $(cat code) in
413 | 000) ;;
*) fail "a body of 1 GiB: $(cat code)" ;;
esac
head -c 100000000 /dev/zero | gzip -1 >bomb
http POST /v1/reports -H 'Content-Type: message/rfc822' -H 'Content-Encoding: gzip' --data-binary @bomb
code 413 "a body that is too large once it is unpacked"
resident=$(awk '/^VmRSS/ { print $2 }' /proc/$serve_pid/status)
[ -n "${ASAN_OPTIONS:-}" ] || [ "$resident" -lt 400000 ] || fail "$resident KiB are held"

# ---- Headers
value=$(head -c 60000 /dev/zero | tr '\0' a)
got=$(curl -s -o /dev/null -w '%{http_code}' --max-time 10 -H "X-Long: $value" "$BASE/healthz")
case $got in
4?? | 000) ;;
*) fail "a header of 60000 bytes: $got" ;;
esac
got=$(curl -s -o /dev/null -w '%{http_code}' --max-time 10 "$BASE/healthz?$value")
case $got in
4?? | 000) ;;
*) fail "a query of 60000 bytes: $got" ;;
esac

# ---- Malformed: whatever comes back, it is no crash and no success
raw() {
    exec 5<>"/dev/tcp/127.0.0.1/$PORT"
    printf '%b' "$1" >&5
    timeout 5 head -n 1 <&5 >first
    exec 5>&-
    ! grep -q ' 200 ' first || fail "$1: $(cat first)"
}
raw 'GET\r\n\r\n'
raw 'GET /v1/check HTTP/9.9\r\n\r\n'
raw '\x00\x01\x02\x03\r\n\r\n'
raw 'POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'
raw 'POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n'
raw 'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'
for path in '/v1/recipients?cursor=%00%ff' '/v1/events?cursor=999999999999999999999' '/v1/changes?cursor=-1' '/v1/recipients?since=9999999999999999999' \
    '/v1/stats?by=%27%3B--' '/v1/check?address=%00' '/v1/check?address=a%40b%0d%0a.c'; do
    http GET "$path"
    case $CODE in
    200 | 400 | 422) ;;
    *) fail "$path: $CODE $(cat body)" ;;
    esac
done
for data in '' '{' '[' 'null' '7' '"x"' '[[[[[[[[[[' '{"recipient":{"a":1},"kind":[]}' '{"kind":"bounce","kind":"bounce"}' \
    $'\xff\xfe' '{"recipient":"a@b.c","kind":"bounce","reply":"\ud800"}'; do
    for path in /v1/events /v1/check /v1/classify /v1/recipients/suppress /v1/recipients/lookup; do
        json POST $path "$data"
        case $CODE in
        200 | 400 | 413 | 422) ;;
        *) fail "$path $data: $CODE $(cat body)" ;;
        esac
    done
done
printf '[%.0s' $(seq 100000) >deep
http POST /v1/events -H 'Content-Type: application/json' --data-binary @deep
code 413 "100000 brackets"

# ---- Clients that stall, and one that sends a byte now and then
stall() {
    exec {slow}<>"/dev/tcp/127.0.0.1/$PORT"
    printf '%s' "$1" >&"$slow"
}
stall 'POST /v1/reports HTTP/1.1
Host: localhost
Content-Type: message/rfc822
Content-Length: 1000

abc'
stalled=$slow
(
    trap '' PIPE
    exec 6<>"/dev/tcp/127.0.0.1/$PORT"
    began=$SECONDS
    printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ' >&6
    while [ $((SECONDS - began)) -lt 15 ] && printf a >&6; do
        sleep 0.5
    done 2>/dev/null
    echo $((SECONDS - began)) >slow
) &
slow_pid=$!
began=$(date +%s%N)
http GET '/v1/check?address=a@example.org'
code 200 "a call while others stall"
took=$((($(date +%s%N) - began) / 1000000))
[ "$took" -lt 2000 ] || fail "it took $took ms while others stall"
timeout 15 cat <&"$stalled" >/dev/null
[ $? != 124 ] || fail "a client that stalls was not cut off"
wait "$slow_pid"
[ "$(cat slow)" -lt 14 ] || fail "a byte at a time holds a connection for ever"

# ---- 2,000 idle connections
ulimit -n 4096 2>/dev/null
if [ "$(ulimit -n)" -ge 4096 ]; then
    idle=()
    for _ in $(seq 2000); do
        exec {one}<>"/dev/tcp/127.0.0.1/$PORT" || break
        idle+=("$one")
    done
    equal 2000 ${#idle[@]} "connections"
    began=$(date +%s%N)
    http GET '/v1/check?address=a@example.org'
    code 200 "a call beside 2,000 idle connections"
    took=$((($(date +%s%N) - began) / 1000000))
    [ "$took" -lt 2000 ] || fail "it took $took ms beside 2,000 idle connections"
    for one in "${idle[@]}"; do
        exec {one}>&-
    done
fi
http GET /metrics
code 200 "it lives"
serve_stop
exit $((failures > 0))
