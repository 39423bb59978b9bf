#!/bin/bash
# bounce ingest log: on from where it stopped, through rotations, unpacked,
# followed.
. "$(dirname "$0")/lib.sh"

NOW=2026-03-20T00:00:00Z

# line NUMBER: a bounce of Postfix's log.
line() {
    printf '2026-03-01T10:%02d:%02d+00:00 mx1 postfix/smtp[1]: B%05d: to=<r%d@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=5, delays=0/0/5/0, dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command))\n' \
        $(($1 / 60 % 60)) $(($1 % 60)) "$1" "$1"
}
lines() {
    local i
    for ((i = $1; i <= $2; i++)); do line "$i"; done
}
ingest() {
    status 0 "$BOUNCE" ingest log --format postfix --now $NOW --json "$@"
}
events() {
    sql "select count(*) from event"
}

goes_on() {
    lines 1 20 >mail.log
    ingest mail.log
    equal '[20,20,0]' "$(jq -c '[.lines,.new,.known]' <out)" "first run"
    ingest mail.log
    equal '[0,0]' "$(jq -c '[.lines,.new]' <out)" "nothing is new"
    jq -e '.bytes_skipped > 0' <out >/dev/null || fail "it read all again"
    lines 21 25 >>mail.log
    ingest mail.log
    equal '[5,5]' "$(jq -c '[.lines,.new]' <out)" "what was added"
    ingest --again mail.log
    equal '[25,0,25]' "$(jq -c '[.lines,.new,.known]' <out)" "--again"
    # Half a line is read once it is whole.
    line 26 | head -c 100 >>mail.log
    ingest mail.log
    line 26 | tail -c +101 >>mail.log
    ingest mail.log
    equal 26 "$(events)" "a line in two halves"
    # Rotated: first the rest of the old file, then the new one.
    lines 27 28 >>mail.log
    mv mail.log mail.log.1
    lines 29 31 >mail.log
    ingest mail.log
    equal 31 "$(events)" "rotation"
    # Cut and written anew (copytruncate).
    lines 32 33 >mail.log
    ingest mail.log
    equal 33 "$(events)" "a new beginning"
}

packed() {
    lines 1 10 | gzip >mail.log.1.gz
    ingest mail.log.1.gz
    equal 10 "$(events)" "unpacked"
    lines 11 12 >plain
    ingest - <plain
    lines 11 12 | "$BOUNCE" ingest log --format postfix --now $NOW - >out 2>err ||
        fail "standard input"
    equal 12 "$(events)" "standard input"
    head -c 60 mail.log.1.gz >broken.gz
    status 1 "$BOUNCE" ingest log --format postfix --now $NOW broken.gz
    has "cannot unpack it" err
    status 1 "$BOUNCE" ingest log --format postfix --now $NOW none.log
    has "none.log: No such file" err
    status 2 "$BOUNCE" ingest log mail.log
    has "which log?" err
    status 2 "$BOUNCE" ingest log --format qmail mail.log
    has "there is no format qmail" err
    status 2 "$BOUNCE" ingest log --format exim
    status 2 "$BOUNCE" ingest log --format exim --follow a b
}

# wait_for NUMBER: of events, ten seconds at most.
wait_for() {
    local i
    for ((i = 0; i < 100; i++)); do
        [ "$(events 2>/dev/null)" = "$1" ] && return
        sleep 0.1
    done
    fail "$(events) events, not $1: $2"
}

followed() {
    lines 1 3 >mail.log
    "$BOUNCE" ingest log --format postfix --follow mail.log >followed 2>&1 &
    local pid=$!
    wait_for 3 "what was there"
    lines 4 5 >>mail.log
    wait_for 5 "what was added"
    mv mail.log mail.log.1
    lines 6 6 >>mail.log.1
    lines 7 8 >mail.log
    wait_for 8 "rotation"
    kill -TERM $pid
    wait $pid
    equal 143 $? "ended by the signal"
    has "8  new" followed
    ingest mail.log
    equal 0 "$(jq -r .new <out)" "it knows where it stopped"
}

other_formats() {
    printf '2026-03-01 01:02:04 1tAbCd-000001-Ab ** c@example.net R=dnslookup T=remote_smtp H=mx.example.net [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<c@example.net>: 550 5.1.1 no such user here\n' >exim.log
    status 0 "$BOUNCE" ingest log --format exim --now $NOW exim.log
    printf '{"type":"Bounce","id":"1","sender":"a@example.org","recipient":"k@example.net","timestamp":1772359324,"created":1772359300,"response":{"code":550,"enhanced_code":{"class":5,"subject":1,"detail":1},"content":"no such user"},"peer_address":{"name":"mx.example.net","addr":"192.0.2.1"}}\n' >kumo.log
    status 0 "$BOUNCE" ingest log --format kumomta --now $NOW kumo.log
    status 1 "$BOUNCE" check --now $NOW c@example.net
    status 1 "$BOUNCE" check --now $NOW k@example.net
}

stories goes_on packed followed other_formats
finish
