#!/bin/bash
# serve.sh BUILD_DIR [SECONDS]: how much the daemon does over loopback, with a
# SQLite store, the daemon on one core, the client on another: single checks,
# checks of lists, webhooks. Rates by the clock, and by the CPU time of the
# daemon, which other work on the machine disturbs less.
#
# serve.sh BUILD_DIR memory [MILLIONS]: how its memory grows with the events, once
# a million of them have warmed it up.
set -eu
cd "$(dirname "$0")/.."
bounce=$PWD/$1/bounce seconds=${2:-5}
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null; rm -rf "$work"' EXIT
cc -O2 -std=c11 -D_GNU_SOURCE -o "$work/load" bench/load.c
cd "$work"
port=$((20000 + RANDOM % 12000))
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
# hooks FILE EVENTS: a webhook of so many events that are all new.
hooks() {
    for ((i = 0; i < $2; i++)); do
        printf '{"email":"w@@@@@@@@@example.net","event":"bounce","type":"bounce","status":"5.1.1","reason":"550 5.1.1 no such user","sg_event_id":"e@@@@@@@@","sg_message_id":"m@@@@@@@@","timestamp":1780000000},'
    done | sed 's/^/[/; s/,$/]/' | request "$1" POST '/v1/hooks/sendgrid/bench?secret=sesame' application/json
}
cpu() { # hundredths of a second
    awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 100 / hz) }' "/proc/$pid/stat"
}
memory() { # NAME: KiB
    awk -v name="$1:" '$1 == name { print $2 }' "/proc/$pid/status"
}

if [ "${2:-}" = memory ]; then
    hooks hook 100
    first=100000000
    # Some events more, at most; what they took is in "sent".
    some() {
        local answers
        answers=$(taskset -c 1 ./load "$port" 32 10 hook $first | tee /dev/stderr | sed 's/ answers.*//')
        first=$((first + 300 * (answers + 100)))
        sent=$((sent + 100 * answers))
    }
    sent=0
    while [ $sent -lt 1000000 ]; do some; done 2>/dev/null
    before=$(memory VmRSS) private=$(memory RssAnon)
    echo "warm: $sent events, $before KiB resident, of these $private private"
    sent=0
    while [ $sent -lt $((${3:-1} * 1000000)) ]; do
        some
        echo "$sent more: $(memory VmRSS) KiB resident, $(memory RssAnon) private"
    done 2>/dev/null
    awk -v grown=$(($(memory VmRSS) - before)) -v sent=$sent 'BEGIN {
        printf "grown by %d KiB: %.0f KiB for each million\n", grown, grown * 1e6 / sent }'
    exit
fi

# Half of the addresses that are asked for are known.
seq 1 100000 | awk '{ printf "{\"recipient\":\"u%08d@example.org\",\"kind\":\"bounce\",\"reply\":\"550 5.1.1 no such user\"}\n", 2 * $1 }' |
    curl -sSf -o /dev/null -H 'Content-Type: application/x-ndjson' --data-binary @- "http://127.0.0.1:$port/v1/events"

# load WHAT TIMES CONNECTIONS FILE: a request counts so often. No number comes
# twice.
first=1
load() {
    local before after
    before=$(cpu)
    taskset -c 1 ./load "$port" "$3" "$seconds" "$4" $first >answers
    after=$(cpu)
    first=$((first + 100000000 / 7))
    awk -v what="$1" -v times="$2" -v seconds="$seconds" -v used=$((after - before)) '{
        printf "%-34s %9.0f/s, %9.0f for each CPU second; %s\n", what, $1 * times / seconds,
            $1 * times * 100 / used, substr($0, index($0, "p50")) }' answers
}
printf '' | request check GET '/v1/check?address=u@@@@@@@@@example.org&brief=yes' -
load "checks, 16 connections" 1 16 check
seq 1 10000 | awk 'BEGIN { srand(7) } { printf "u%08d@example.org\n", rand() * 200000 }' |
    request list POST /v1/check text/plain
sed -i 's/^Content-Type/Accept: text\/plain\r\nContent-Type/' list
load "addresses, 10,000 a list, 2 conn." 10000 2 list
for shape in "10 64" "10 256" "100 64"; do
    read -r events connections <<<"$shape"
    hooks hook "$events"
    load "events, $events a webhook, $connections conn." "$events" "$connections" hook
done
kill -TERM "$pid"
wait "$pid"
pid=
