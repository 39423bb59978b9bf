#!/bin/bash
# The preset mailchimp acts as Mailchimp does: a hard bounce cleans at once, 7
# soft bounces do, or 15 of a contact who was active.
. "$(dirname "$0")/lib.sh"
export BOUNCE_POLICY=mailchimp

# soft ADDRESS NUMBER [OPTION...]: the campaign of that day finds the mailbox full.
soft() {
    local day
    day=$(date -u -d "2026-03-01 + $2 days" +%Y-%m-%d)
    dsn "$1" "m$2" "452 4.2.2 mailbox full" "$(date -u -d "$day 10:00" -R)" |
        "$BOUNCE" ingest --now "${day}T10:01:00Z" "${@:3}" - >out 2>err || fail "ingest: $(cat err)"
}

# after WANT NUMBER ADDRESS: may and label the evening of that day.
after() {
    equal "$1" "$("$BOUNCE" check --json \
        --now "$(date -u -d "2026-03-01 + $2 days" +%Y-%m-%dT20:00:00Z)" "$3" |
        jq -r '"\(.may) \(.label)"')" "$3 after $2"
}

seven() {
    for i in 1 2 3 4 5 6; do soft ann@example.org $i; done
    after "send null" 6 ann@example.org
    # The sixth, told twice, is one.
    soft ann@example.org 6 --again
    dsn ann@example.org m6 "452 4.2.2 mailbox full" "Sat, 07 Mar 2026 11:00:00 +0000" |
        sed 's/<report\./<again./' | "$BOUNCE" ingest --now 2026-03-07T11:01:00Z - >out 2>&1
    after "send null" 6 ann@example.org
    soft ann@example.org 7
    after "never cleaned" 7 ann@example.org
    after "never cleaned" 300 ann@example.org
}

fifteen() {
    for i in $(seq 14); do soft bob@example.org "$i" --engaged 2026-02-20; done
    after "send null" 14 bob@example.org
    soft bob@example.org 15 --engaged 2026-02-20
    after "never cleaned" 15 bob@example.org
}

# A delivery begins counting anew.
anew() {
    for i in 1 2 3 4 5 6; do soft cy@example.org $i; done
    dsn cy@example.org d1 "250 2.0.0 delivered" "Sat, 07 Mar 2026 12:00:00 +0000" "" delivered |
        "$BOUNCE" ingest --now 2026-03-07T12:01:00Z - >out 2>&1
    for i in 7 8 9 10 11 12; do soft cy@example.org $i; done
    after "send null" 12 cy@example.org
    soft cy@example.org 13
    after "never cleaned" 13 cy@example.org
}

at_once() {
    dsn dora@example.org m1 "550 5.1.1 user unknown" "Mon, 02 Mar 2026 10:00:00 +0000" |
        "$BOUNCE" ingest --now 2026-03-02T10:01:00Z - >out 2>&1
    after "never cleaned" 1 dora@example.org
    # The sender's own trouble cleans nobody.
    for i in $(seq 9); do
        dsn emil@example.org "s$i" "550 5.7.1 message refused as spam" "Tue, 0$i Mar 2026 10:00:00 +0000" |
            "$BOUNCE" ingest --now "2026-03-0${i}T10:01:00Z" - >out 2>&1
    done
    after "send null" 10 emil@example.org
}

stories seven fifteen anew at_once
finish
