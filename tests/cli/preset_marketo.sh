#!/bin/bash
# The preset marketo acts as Marketo does: a spam block suspends for 24 hours and
# frees itself, a hard bounce makes invalid until somebody unchecks that, an
# address can be both, all else is soft and sets nothing.
. "$(dirname "$0")/lib.sh"
export BOUNCE_POLICY=marketo

ingest() {
    "$BOUNCE" ingest --now "$1" - >out 2>err || fail "ingest: $(cat err)"
}

answer() {
    equal "$1" "$("$BOUNCE" check --json --now "$2" "$3" | jq -r '"\(.may) \(.until)"')" "$3 at $2"
}

# marks WANT TIME: Marketo's columns, side by side.
marks() {
    equal "$1" "$("$BOUNCE" list --json --columns marketo --now "$2" | jq -r '[.[]] |
        map(if . == null then "-" else tostring | sub(" \\(.*"; "") end) | join("|")')" "columns at $2"
}

spam_block() {
    dsn ann@example.org m1 "550 5.7.1 message refused as spam" "Mon, 02 Mar 2026 10:00:00 +0000" |
        ingest 2026-03-02T10:01:00Z
    answer "later 2026-03-03T10:00:00Z" 2026-03-02T11:00:00Z ann@example.org
    answer "later 2026-03-03T10:00:00Z" 2026-03-03T09:59:59Z ann@example.org
    answer "send null" 2026-03-03T10:00:00Z ann@example.org
    # Again and again: suspended each time, never more.
    for i in 4 5 6 7 8; do
        dsn ann@example.org "m$i" "550 5.7.1 message refused as spam" \
            "Mon, 0$i Mar 2026 10:00:00 +0000" | ingest 2026-03-0${i}T10:01:00Z
    done
    answer "later 2026-03-09T10:00:00Z" 2026-03-08T11:00:00Z ann@example.org
    answer "send null" 2026-03-09T10:00:00Z ann@example.org
}

hard_bounce() {
    dsn bob@example.org m1 "550 5.1.1 user unknown" "Mon, 02 Mar 2026 10:00:00 +0000" |
        ingest 2026-03-02T10:01:00Z
    answer "never null" 2026-03-02T11:00:00Z bob@example.org
    answer "never null" 2027-03-02T11:00:00Z bob@example.org
    equal "Email Invalid" "$("$BOUNCE" check --json --now 2026-03-03 bob@example.org |
        jq -r .label)" "label"
    # Unchecked by hand: valid again. Importing the lead anew lifts nothing and sets
    # nothing, be it before or after.
    printf 'Email Address,Email Invalid,Email Invalid Cause,Email Suspended,Unsubscribed\n%s\n' \
        'bob@example.org,false,,false,false' >leads.csv
    status 0 "$BOUNCE" import --now 2026-03-03 leads.csv
    answer "never null" 2026-03-03T11:00:00Z bob@example.org
    status 0 "$BOUNCE" release --now 2026-03-04 bob@example.org
    answer "send null" 2026-03-04T01:00:00Z bob@example.org
    status 0 "$BOUNCE" import --now 2026-03-05 leads.csv
    answer "send null" 2026-03-05T01:00:00Z bob@example.org
    # A list with the mark set: stopped; released; the same list again lifts nothing
    # and stops nobody.
    sed -i 's/false,,/true,550 5.1.1 user unknown,/' leads.csv
    status 0 "$BOUNCE" import --now 2026-03-06 leads.csv
    answer "never null" 2026-03-06T01:00:00Z bob@example.org
    status 0 "$BOUNCE" import --now 2026-03-07 leads.csv
    answer "never null" 2026-03-07T01:00:00Z bob@example.org
    status 0 "$BOUNCE" release --now 2026-03-08 bob@example.org
    status 0 "$BOUNCE" import --now 2026-03-09 leads.csv
    has "released since and stay so" out
    answer "send null" 2026-03-09T01:00:00Z bob@example.org
}

both() {
    dsn cy@example.org m1 "550 5.7.1 message refused as spam" "Mon, 02 Mar 2026 10:00:00 +0000" |
        ingest 2026-03-02T10:01:00Z
    dsn cy@example.org m2 "550 5.1.1 user unknown" "Mon, 02 Mar 2026 12:00:00 +0000" |
        ingest 2026-03-02T12:01:00Z
    marks "cy@example.org|true|user_unknown|true|2026-03-02T10:00:00Z|spam_detected" 2026-03-02T13:00:00Z
    # The suspension ends by itself, the mark of the hard bounce stays.
    answer "never null" 2026-03-04T00:00:00Z cy@example.org
    status 0 "$BOUNCE" release --now 2026-03-04 cy@example.org
    answer "send null" 2026-03-04T01:00:00Z cy@example.org
}

soft() {
    for i in 1 2 3 4 5 6 7 8; do
        dsn dora@example.org "m$i" "452 4.2.2 mailbox full" "Mon, 0$i Mar 2026 10:00:00 +0000" |
            ingest 2026-03-0${i}T10:01:00Z
    done
    answer "send null" 2026-03-09T00:00:00Z dora@example.org
    equal "" "$("$BOUNCE" list --now 2026-03-09)" "the list"
}

stories spam_block hard_bounce both soft
finish
