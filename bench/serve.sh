#!/bin/bash
# serve.sh BUILD_DIR [SECONDS]: how much the daemon does over loopback, with a
# SQLite store, daemon on one core, client on another: single checks, checks of
# lists, webhooks with ten events each.
set -eu
cd "$(dirname "$0")/.."
bounce=$PWD/$1/bounce seconds=${2:-5}
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null; rm -rf "$work"' EXIT
cc -O2 -std=c11 -D_GNU_SOURCE -o "$work/load" bench/load.c
cd "$work"
port=$((20000 + RANDOM % 30000))
printf 'sesame\n' >secret
cat >bounce.conf <<END
Serve: bench
Store: $work/bounce.db
Http: 127.0.0.1:$port
Loopback-Trusted: yes

Hook: bench
Service: sendgrid
Url-Secret-File: $work/secret
END
seq 1 100000 | sed 's/.*/u&@example.org/' | "$bounce" suppress --store bounce.db - >/dev/null
taskset -c 0 "$bounce" serve --config bounce.conf 2>log &
pid=$!
for _ in $(seq 100); do
    ! grep -q ' ready' log || break
    sleep 0.1
done

# request FILE METHOD PATH TYPE: standard input is the body.
request() {
    cat >body
    {
        printf '%s %s HTTP/1.1\r\nHost: localhost\r\n' "$2" "$3"
        [ "$2" = GET ] || printf 'Content-Type: %s\r\nContent-Length: %s\r\n' "$4" "$(wc -c <body)"
        printf '\r\n'
        cat body
    } >"$1"
}
load() {
    taskset -c 1 ./load "$port" "$@"
}
resident() {
    awk '/^VmRSS/ { print $2 " KiB resident" }' "/proc/$pid/status"
}

printf '' | request check GET '/v1/check?address=u@@@@@@@@@example.org&brief=yes' -
echo "single check, 16 connections:"
load 16 "$seconds" check
seq 1 10000 | awk 'BEGIN { srand(7) } { printf "u%d@example.org\n", rand() * 200000 }' |
    request list POST /v1/check text/plain
sed -i 's/^Content-Type/Accept: text\/plain\r\nContent-Type/' list
echo "lists of 10,000 addresses, 2 connections (times 10,000):"
load 2 "$seconds" list
for i in 1 2 3 4 5 6 7 8 9 10; do
    printf '{"email":"w@@@@@@@@@example.net","event":"bounce","type":"bounce","status":"5.1.1","reason":"550 5.1.1 no such user","sg_event_id":"e@@@@@@@@","sg_message_id":"m@@@@@@@@","timestamp":1780000000},'
done | sed 's/^/[/; s/,$/]/' | request hook POST '/v1/hooks/sendgrid/bench?secret=sesame' application/json
echo "webhooks of 10 events, 64 connections (times 10):"
resident
load 64 "$seconds" hook
resident
kill -TERM "$pid"
wait "$pid"
pid=
