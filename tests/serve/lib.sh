# Sourced by the tests of the daemon, behind tests/cli/lib.sh. Sockets lie in the
# folder of the test, ports are random ones on loopback.
trap 'serve_kill; rm -rf "$work"' EXIT
SOCKET=$work/http
PORT=
serve_pid=

# Whether the program looks after its own memory: then it is slower, and larger.
is_sanitized() {
    grep -aq __asan_init "$BOUNCE"
}

serve_kill() {
    [ -z "$serve_pid" ] || kill -KILL "$serve_pid" 2>/dev/null
    serve_pid=
}

# What holds in all tests; standard input goes behind it. Of PostgreSQL a
# database for each test.
serve_config() {
    local store=$work/bounce.db
    if [ -n "${BOUNCE_TEST_POSTGRESQL:-}" ]; then
        store=${BOUNCE_TEST_POSTGRESQL%/*}/serve
        psql -qX "$BOUNCE_TEST_POSTGRESQL" -c 'create database serve' || exit 1
    fi
    export BOUNCE_STORE=$store
    # Below those that the system gives to clients.
    while :; do
        PORT=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null || break
    done
    {
        echo "Serve: test"
        echo "Store: $store"
        echo "Http: unix:$SOCKET"
        echo "Http: 127.0.0.1:$PORT"
        cat
    } >bounce.conf
}

# Waits until the log has TEXT, at most 20 seconds.
log_has() {
    for _ in $(seq 200); do
        grep -qF -- "$1" log && return
        sleep 0.1
    done
    fail "\"$1\" is not in the log: $(tail -n 5 log)"
    return 1
}

serve_start() {
    : >log
    "$BOUNCE" serve --config bounce.conf 2>>log &
    serve_pid=$!
    log_has " ready" || exit 1
}

# It ends by itself, and says so with 0.
serve_stop() {
    local got=0 pid=$serve_pid
    kill -TERM "$pid"
    for _ in $(seq 300); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null && fail "it did not stop"
    wait "$pid" || got=$?
    serve_pid=
    equal 0 "$got" "exit status of the daemon"
    if grep -q "Sanitizer" log; then
        fail "a sanitizer spoke"
        grep -A 20 Sanitizer log >&2
    fi
}

# A delivery report: there is no gone@example.org.
failure_report() {
    cat <<'END'
From: MAILER-DAEMON@mx.example.net
To: news@example.com
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It failed.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Sun, 1 Nov 2026 10:00:00 +0000

Final-Recipient: rfc822; gone@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b--
END
}

# A request by curl; the answer is in body and head, its status in CODE, its
# type in TYPE. BASE: where to.
BASE=unix
http() {
    local url=http://localhost$2 method=$1 path=${2%%\?*}
    local to=(--unix-socket "$SOCKET")
    shift 2
    if [ "$BASE" != unix ]; then
        url=$BASE${url#http://localhost}
        to=()
    fi
    : >body
    CODE=$(curl -sS -X "$method" --max-time 30 -o body -D head -w '%{http_code}' \
        "${to[@]}" "$@" "$url") || CODE=000
    TYPE=$(sed -n 's/\r$//; s/^[Cc]ontent-[Tt]ype: //p' head | tail -n 1)
    if [ "$CODE" = 000 ]; then
        fail "$method $path: no answer"
        return
    fi
    echo "$method $path $CODE ${TYPE%%;*}" >>"$work/visited"
    [ "$method" != HEAD ] || return
    if ! jq -s -r --slurpfile documents "$SOURCE/docs/openapi.json" --arg method "$method" \
        --arg path "$path" --arg code "$CODE" --arg type "$TYPE" \
        -f "$SOURCE/tests/serve/openapi.jq" \
        <(case $TYPE in *json*) cat body ;; *) echo '""' ;; esac) >wrong 2>&1 ||
        [ -s wrong ]; then
        fail "$method $path ($CODE) is not as the document says: $(head -n 3 wrong) $(head -c 300 body)"
    fi
}

json() {
    local method=$1 path=$2 data=$3
    shift 3
    http "$method" "$path" -H 'Content-Type: application/json' \
        --data-binary "$data" "$@"
}
lines() {
    local path=$1 data=$2
    shift 2
    http POST "$path" -H 'Content-Type: application/x-ndjson' \
        --data-binary "$data" "$@"
}

# code WANT WHAT
code() {
    [ "$1" = "$CODE" ] || fail "$2: status $CODE, not $1: $(head -c 300 body)"
}
# value FILTER WANT: of the answer
value() {
    local got
    got=$(jq -c -r "$1" <body 2>&1) || got="$got (jq)"
    [ "$got" = "$2" ] || fail "$1 is \"$got\", not \"$2\": $(head -c 400 body)"
}
