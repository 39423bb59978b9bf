#!/bin/bash
# limits.sh PROGRAM: too much, too slow, malformed: others are served on.
# One store will do.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
. "$SOURCE/tests/serve/lib.sh"
trap '' PIPE # clients that are cut off while they speak

serve_config <<'END'
Loopback-Trusted: yes
Max-Body: 1M
Timeout: 2s
Max-Connections: 8000
END
printf 'Lmtp: 127.0.0.1:%d\nPolicy-Service: 127.0.0.1:%d\n' $((PORT + 1)) $((PORT + 2)) >>bounce.conf
serve_start
BASE=http://127.0.0.1:$PORT

# ---- Bodies
head -c 1048577 /dev/zero | tr '\0' x >large
http POST /v1/reports -H 'Content-Type: message/rfc822' --data-binary @large -H 'Expect:'
code 413 "a body that is too large"
http POST /v1/reports -H 'Content-Type: message/rfc822' -H 'Transfer-Encoding: chunked' --data-binary @large -H 'Expect:'
code 413 "a body that is too large, in chunks"
# 1 GiB, told beforehand and in chunks: the first is refused at once, the second
# is cut off.
got=$(head -c 1073741824 /dev/zero 2>/dev/null | curl -s -o body -D head -w '%{http_code}' --max-time 60 \
    -X POST -H 'Content-Type: message/rfc822' -H 'Content-Length: 1073741824' -H 'Expect:' -T - \
    "$BASE/v1/reports" 2>/dev/null)
case $got in
413 | 000) ;;
*) fail "a body of 1 GiB: $got" ;;
esac
got=$(head -c 1073741824 /dev/zero 2>/dev/null | curl -s -o body -D head -w '%{http_code}' --max-time 60 \
    -X POST -H 'Content-Type: message/rfc822' -H 'Transfer-Encoding: chunked' -H 'Expect:' -T - \
    "$BASE/v1/reports" 2>/dev/null)
case $got in
413 | 000) ;;
*) fail "a body of 1 GiB in chunks: $got" ;;
esac
head -c 100000000 /dev/zero | gzip -1 >bomb
http POST /v1/reports -H 'Content-Type: message/rfc822' -H 'Content-Encoding: gzip' --data-binary @bomb
code 413 "a body that is too large once it is unpacked"
# By LMTP, told beforehand and not.
lmtp=/dev/tcp/127.0.0.1/$((PORT + 1)) policy=/dev/tcp/127.0.0.1/$((PORT + 2))
exec 5<>"$lmtp"
printf 'LHLO x\r\nMAIL FROM:<> SIZE=1073741824\r\nQUIT\r\n' >&5
timeout 10 cat <&5 >answer
exec 5>&-
has '552 5.3.4' answer
exec 5<>"$lmtp"
{
    printf 'LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n'
    head -c 1073741824 /dev/zero | tr '\0' x
    printf '\r\n.\r\nQUIT\r\n'
} >&5
timeout 60 cat <&5 >answer
exec 5>&-
has '552 5.3.4' answer
has '221 ' answer
peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$serve_pid/status")
is_sanitized || [ "$peak" -lt 120000 ] || fail "$peak KiB were held"

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
# talk WHERE TEXT WANT: some of the answer
talk() {
    exec 5<>"$1"
    printf '%b' "$2" >&5 2>/dev/null
    timeout 5 cat <&5 >answer 2>/dev/null
    exec 5>&-
    has "$3" answer
}
raw 'GET\r\n\r\n'
raw 'GET /v1/check HTTP/9.9\r\n\r\n'
raw '\x00\x01\x02\x03\r\n\r\n'
raw 'POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'
raw 'POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n'
raw 'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'
raw 'GET /healthz HTTP/1.1\r\nHost x\r\n\r\n'
raw 'GET /v1/holds HTTP/1.1\r\nHost: x\r\nAuthorization: Basic \xff=:%%\r\n\r\n'
raw 'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nx'
raw 'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n[]'
printf '\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03' >half
http POST /v1/events -H 'Content-Type: application/json' -H 'Content-Encoding: gzip' --data-binary @half
code 400 "gzip that breaks off"
talk "$lmtp" '\x00\xff\r\nGET / HTTP/1.1\r\nDATA\r\nQUIT\r\n' '500 5.5.2'
talk "$lmtp" "LHLO x\r\nMAIL FROM:<a\r\nRCPT TO:\r\nBDAT 99999999999999999999\r\nQUIT\r\n" '501 5.5.4 BDAT'
talk "$lmtp" "$(head -c 20000 /dev/zero | tr '\0' x)\r\nQUIT\r\n" '500 5.5.2 line too long'
talk "$lmtp" "$(for _ in $(seq 30); do printf 'NONSENSE\\r\\n'; done)" '421 '
talk "$policy" 'GET / HTTP/1.1\nHost: x\n\n' 'action=DUNNO'
talk "$policy" 'recipient\n\n' 'action=DUNNO'
exec 5<>"$policy"
head -c 200000 /dev/zero 2>/dev/null | tr '\0' x 2>/dev/null >&5
timeout 5 cat <&5 >/dev/null
[ $? != 124 ] || fail "a question without an end is waited for"
exec 5>&-
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

# ---- Clients that stall, and some that send a byte now and then
# stall WHERE TEXT: says half of something, no more; its connection is in stalled.
stalled=()
stall() {
    local fd
    exec {fd}<>"$1"
    printf '%b' "$2" >&"$fd"
    stalled+=("$fd")
}
# trickle NAME WHERE TEXT: a byte each half second behind TEXT, until it is cut
# off or 15 seconds are over; how long it took.
trickle() {
    local began=$SECONDS
    exec 6<>"$2"
    printf '%b' "$3" >&6
    while [ $((SECONDS - began)) -lt 15 ] && printf a >&6; do
        sleep 0.5
    done 2>/dev/null
    echo $((SECONDS - began)) >"slow.$1"
}
# The others: one of each protocol, each within two seconds.
served_on() {
    local began took
    began=$(date +%s%N)
    http GET '/v1/check?address=a@example.org'
    code 200 "a call $1"
    talk "$policy" 'check a@example.org\ncheck\n' 'send'
    talk "$lmtp" 'LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n' '250 2.0.0 no report'
    took=$((($(date +%s%N) - began) / 1000000))
    [ "$took" -lt 6000 ] || fail "it took $took ms $1"
}
http=/dev/tcp/127.0.0.1/$PORT
message='LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n'
stall "$http" 'POST /v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\nContent-Length: 1000\r\n\r\nabc'
stall "$http" 'GET /v1/check?addr'
stall "$http" ''
stall "$lmtp" 'LHLO x\r\nMAIL'
stall "$lmtp" "${message}Subject: x\r\n"
stall "$policy" 'request=smtpd_access_policy\nrecipient=a'
trickle http "$http" 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ' &
slow=($!)
trickle body "$http" 'POST /v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Type: message/rfc822\r\nContent-Length: 1000\r\n\r\n' &
slow+=($!)
trickle command "$lmtp" 'LHLO ' &
slow+=($!)
trickle data "$lmtp" "$message" &
slow+=($!)
trickle chunk "$lmtp" 'LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nBDAT 1000 LAST\r\n' &
slow+=($!)
trickle policy "$policy" 'recipient=' &
slow+=($!)
served_on "while others stall"
for fd in "${stalled[@]}"; do
    timeout 15 cat <&"$fd" >/dev/null
    [ $? != 124 ] || fail "a client that stalls was not cut off"
    exec {fd}>&-
done
wait "${slow[@]}"
for file in slow.*; do
    [ "$(cat "$file")" -lt 14 ] || fail "${file#slow.}: a byte at a time holds a connection for ever"
done
# Who sends byte by byte without a pause is answered.
exec 6<>"$http"
while read -r -N 1 byte; do
    printf '%s' "$byte" >&6 2>/dev/null
done <<<$'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r'
timeout 5 cat <&6 >answer
exec 6>&-
has '{"status":"ok"}' answer

# ---- 2,000 idle connections of each protocol
ulimit -n 8192 2>/dev/null
if [ "$(ulimit -n)" -ge 8192 ]; then
    idle=()
    for where in "$http" "$lmtp" "$policy"; do
        for _ in $(seq 2000); do
            exec {one}<>"$where" || break
            idle+=("$one")
        done
    done
    equal 6000 ${#idle[@]} "connections"
    served_on "beside 6,000 idle connections"
    for one in "${idle[@]}"; do
        exec {one}>&-
    done
fi
http GET /metrics
code 200 "it lives"
serve_stop
exit $((failures > 0))
