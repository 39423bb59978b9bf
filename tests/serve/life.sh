#!/bin/bash
# life.sh PROGRAM: configuration, TLS, reload, stop.
# One store will do.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
. "$SOURCE/tests/serve/lib.sh"

# ---- The configuration is checked, and its flaws named with their lines
check() {
    printf '%b' "$1" >try.conf
    status "$2" "$BOUNCE" config check try.conf
    has "$3" err
}
check 'Serve: x\nHttp: 127.0.0.1:1\nOdd: 1\n' 78 'try.conf:3: Odd is no field here'
check 'Serve: x\nHttp: nowhere\n' 78 'try.conf:2'
check 'Serve: x\nPolicy: /nowhere\n' 78 '/nowhere'
check 'Serve: x\nVerp-Key: /nowhere\n' 78 '/nowhere'
check 'Serve: x\nTls-Cert: /nowhere\n' 78 'go together'
check 'Serve: x\nTls-Cert: /nowhere\nTls-Key: /nowhere\n' 78 '/nowhere'
check 'Hook: a\nService: nobody\n' 78 'no such service'
check 'Hook: a\nService: postmark\nSecret-File: /nowhere\n' 78 '/nowhere'
check 'Hook: a\nService: ses\n' 78 'topics'
check 'Serve: x\nRequire-Signed-Hooks: yes\n\nHook: a\nService: postmark\n' 78 'Require-Signed-Hooks'
check 'Log: /x\nFormat: odd\n' 78 'no format odd'
printf 'Serve: x\nHttp: 127.0.0.1:1\n' >try.conf
status 0 "$BOUNCE" config check try.conf
has 'try.conf: fine' out
status 66 "$BOUNCE" config check nowhere
status 2 "$BOUNCE" config check
status 2 "$BOUNCE" config
printf 'Serve: x\nStore: %s/x.db\n' "$work" >try.conf
status 78 "$BOUNCE" serve --config try.conf
status 78 "$BOUNCE" serve --store x.db
has 'nothing to serve' err
status 2 "$BOUNCE" serve extra
status 71 timeout 20 "$BOUNCE" serve --store x.db --listen unix:/nowhere/at/all
has 'error' err

# ---- TLS by a certificate of our own
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj "/CN=$1" -addext subjectAltName=IP:127.0.0.1 \
        -keyout key.pem -out cert.pem 2>/dev/null || exit 1
}
certificate first
cp cert.pem first.pem
printf 'one\n' >url-secret
serve_config <<END
Loopback-Trusted: yes
Policy: $work/policy
Tls-Cert: $work/cert.pem
Tls-Key: $work/key.pem
Lmtp: unix:$work/lmtp

Hook: main
Service: postmark
Url-Secret-File: $work/url-secret
END
printf 'Category: mailbox_full\nPolicy: ignore\n' >policy
"$BOUNCE" policy check policy >/dev/null 2>&1 || : >policy
serve_start
BASE=https://127.0.0.1:$PORT
http GET /v1/holds --cacert first.pem
code 200 "TLS"
! curl -s -o /dev/null --max-time 5 "http://127.0.0.1:$PORT/healthz" || fail "plain HTTP where TLS is"
BASE=unix
http GET /healthz
code 200 "the unix socket has no TLS"

# ---- Reload: certificate, secret; nobody is turned away meanwhile
# A client that stays: over_old TEXT sends a request on its connection.
coproc OLD { openssl s_client -quiet -connect "127.0.0.1:$PORT" -CAfile first.pem 2>/dev/null; }
# shellcheck disable=SC2153 # bash sets OLD_PID
old_pid=$OLD_PID
over_old() {
    local line
    printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n' >&"${OLD[1]}"
    while read -r -t 10 line <&"${OLD[0]}"; do
        [ "$line" != '{"status":"ok"}' ] || return 0
    done
    fail "no answer $1"
}
over_old "before the reload"
(
    for _ in $(seq 40); do
        curl -sf -o /dev/null --max-time 10 --unix-socket "$SOCKET" http://localhost/healthz || echo lost
        sleep 0.02
    done
) >steady &
steady=$!
certificate second
printf 'two\n' >url-secret
kill -HUP "$serve_pid"
log_has 'reload result=done'
log_has 'tls result=renewed'
wait "$steady"
equal '' "$(cat steady)" "calls during the reload"
over_old "on a connection under the old certificate"
BASE=https://127.0.0.1:$PORT
http GET /v1/holds --cacert cert.pem
code 200 "the new certificate"
over_old "beside the new certificate"
kill "$old_pid"
! curl -s -o /dev/null --max-time 5 --cacert first.pem "https://127.0.0.1:$PORT/healthz" ||
    fail "the old certificate is still there"
BASE=unix
json POST '/v1/hooks/postmark/main?secret=one' '[]'
code 403 "the old secret"
json POST '/v1/hooks/postmark/main?secret=two' '[]'
code 200 "the new secret"
# What is wrong changes nothing.
echo none >cert.pem
echo 'Nonsense' >policy
kill -HUP "$serve_pid"
log_has 'reload result="kept what was there"'
: >policy
kill -HUP "$serve_pid"
log_has ' error tls '
BASE=https://127.0.0.1:$PORT
certificate third
http GET /v1/holds -k
code 200 "the certificate that was good"
BASE=unix

# ---- Stop: what was begun is finished, sockets are taken away
seq 1 20000 | sed 's/.*/{"recipient":"u&@example.org","kind":"delivery","event_id":"d&"}/' >many
lines /v1/events @many --max-time 60 &
call=$!
sleep 0.2
serve_stop
wait "$call"
[ ! -e "$SOCKET" ] || fail "the socket is still there"
[ ! -e lmtp ] || fail "the socket of LMTP is still there"
stored=$("$BOUNCE" events --json | wc -l)
case $stored in
0 | 20000) ;;
*) fail "$stored of 20000 events were stored" ;;
esac
# A socket that was left behind gives way, one that lives does not.
serve_start
kill -KILL "$serve_pid"
wait "$serve_pid" 2>/dev/null
[ -e "$SOCKET" ] || fail "kill -9 took the socket away"
serve_start
status 71 timeout 20 "$BOUNCE" serve --config bounce.conf
http GET /healthz
code 200 "the first one lives on"
serve_stop
exit $((failures > 0))
