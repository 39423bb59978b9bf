#!/bin/bash
# Both stores answer alike: all examples through ingest, check, why, list, events,
# due, holds, review, stats and export, row for row. Rows of the same second stand
# in an order of each store's own. BOUNCE_ALIKE_MORE names more reports to take.
. "$(dirname "$0")/lib.sh"

NOW=2027-01-01T00:00:00Z

# answers: what the store in BOUNCE_STORE says to everything.
answers() {
    local address
    # One by one: what a hold becomes may depend on which events, out of their
    # order, come together.
    # shellcheck disable=SC2086 # words are meant to split
    find "$EXAMPLES" ${BOUNCE_ALIKE_MORE:-} -type f | sort | while read -r file; do
        "$BOUNCE" ingest --json --now $NOW --campaign spring --ip 192.0.2.9 \
            --from example.com "$file"
    done
    "$BOUNCE" ingest log --format postfix --now $NOW "$SOURCE/examples/mail.log"
    "$BOUNCE" ingest --json --now $NOW "$EXAMPLES" # again: nothing is new
    "$BOUNCE" list --now $NOW --json --state active,suspended,suppressed |
        jq -c 'del(.cursor)' | sort
    "$BOUNCE" list --now $NOW --columns address --state active,suspended,suppressed |
        sort -u >addresses
    "$BOUNCE" check --now $NOW --json - <addresses
    "$BOUNCE" check --now 2026-11-23 --campaign spring --ip 192.0.2.9 --from example.com - <addresses
    head -n 40 addresses | while read -r address; do
        "$BOUNCE" why --now $NOW --json "$address" | jq -c 'del(.changes[].seq)'
    done
    "$BOUNCE" events --now $NOW --json
    "$BOUNCE" review --now $NOW --json
    "$BOUNCE" due --now $NOW --campaign spring --json | jq -c 'del(.cursor)' | sort
    "$BOUNCE" holds --now $NOW --ended --json
    for by in day class category provider domain campaign scope ip from; do
        "$BOUNCE" stats --now $NOW --by $by --json
    done
    "$BOUNCE" export --now $NOW --format json | sort
}

alike() {
    local mine=$BOUNCE_STORE
    export BOUNCE_STORE=$PWD/beside.db
    answers >beside 2>beside.err
    [ "$(wc -l <beside)" -gt 200 ] || fail "only $(wc -l <beside) lines"
    [ ! -s beside.err ] || fail "said: $(head -n 3 beside.err)"
    export BOUNCE_STORE=$mine
    answers >here 2>here.err
    cmp -s beside here || fail "they differ: $(diff beside here | head -n 6)"
    cmp -s beside.err here.err || fail "said: $(head -n 3 here.err)"
}

stories alike
finish
