#!/bin/bash
# The preset mailgun acts as Mailgun does: one hard bounce stops an address, 605
# at the next mail, unsubscribe 606, complaint 607; a temporary failure is given
# up after 8 hours, 602, and suppresses nobody.
. "$(dirname "$0")/lib.sh"
export BOUNCE_POLICY=mailgun

# ingest TIME: the report on standard input.
ingest() {
    "$BOUNCE" ingest --campaign spring --now "$1" - >out 2>err || fail "ingest: $(cat err)"
}

# answer WANT TIME ADDRESS: may, reason and label of check.
answer() {
    equal "$1" "$("$BOUNCE" check --json --now "$2" "$3" |
        jq -r '"\(.may) \(.reason) \(.label)"')" "$3 at $2"
}

hard_bounce() {
    status 0 "$BOUNCE" suppress --now 2026-03-01 somebody@example.org
    answer "send active null" 2026-03-02T09:00:00Z ann@example.org
    dsn ann@example.org m1 "550 5.1.1 user unknown" "Mon, 02 Mar 2026 10:00:00 +0000" |
        ingest 2026-03-02T10:01:00Z
    answer "never hard 605" 2026-03-02T10:02:00Z ann@example.org
    answer "never hard 605" 2027-03-02T10:02:00Z ann@example.org
    equal "605" "$("$BOUNCE" why --json --now 2026-03-03 ann@example.org |
        jq -r '.why' | grep -o 605)" "why"
    # A delivery report lifts no suppression.
    dsn ann@example.org m2 "250 2.0.0 delivered" "Tue, 03 Mar 2026 10:00:00 +0000" "" delivered |
        ingest 2026-03-03T10:01:00Z
    answer "never hard 605" 2026-03-03T11:00:00Z ann@example.org
    # Deleted from the list by hand, it gets mail again; the old failure, told once
    # more, changes nothing; a new one stops it again.
    status 0 "$BOUNCE" release --now 2026-03-04 ann@example.org
    answer "send active null" 2026-03-04T01:00:00Z ann@example.org
    dsn ann@example.org m1 "550 5.1.1 user unknown" "Mon, 02 Mar 2026 10:00:00 +0000" |
        sed 's/<report\./<again./' | ingest 2026-03-05T10:01:00Z
    answer "send active null" 2026-03-05T11:00:00Z ann@example.org
    dsn ann@example.org m3 "550 5.1.1 user unknown" "Fri, 06 Mar 2026 10:00:00 +0000" |
        ingest 2026-03-06T10:01:00Z
    answer "never hard 605" 2026-03-06T11:00:00Z ann@example.org
}

temporary_failure() {
    local text="451 4.3.0 try again later" sent="Mon, 02 Mar 2026 10:00:00 +0000"
    dsn bob@example.org m1 "$text" "Mon, 02 Mar 2026 17:30:00 +0000" "" delayed "$sent" |
        ingest 2026-03-02T17:31:00Z
    equal "0" "$("$BOUNCE" why --json --now 2026-03-02T18:00:00Z bob@example.org |
        jq '[.changes[] | select(.label == "602")] | length')" "7.5 hours"
    dsn bob@example.org m1 "$text" "Mon, 02 Mar 2026 18:05:00 +0000" "" delayed "$sent" |
        sed 's/<report\./<second./' | ingest 2026-03-02T18:06:00Z
    equal "gave-up 602" "$("$BOUNCE" why --json --now 2026-03-02T19:00:00Z bob@example.org |
        jq -r '.changes[] | select(.label == "602") | "\(.reason) \(.label)"')" "8 hours"
    # This mail is not to be tried again; the next one is.
    equal "bob@example.org never gave-up" "$("$BOUNCE" due --campaign spring \
        --now 2026-03-02T19:00:00Z --json | jq -r '"\(.address) \(.try) \(.reason)"')" "due"
    answer "send active null" 2026-03-02T19:00:00Z bob@example.org
    # However often: never suppressed.
    for i in 2 3 4 5 6 7 8 9; do
        dsn bob@example.org "m$i" "452 4.2.2 mailbox full" "Tue, 1$i Mar 2026 10:00:00 +0000" |
            ingest 2026-03-1${i}T10:01:00Z
    done
    answer "send active null" 2026-03-20T00:00:00Z bob@example.org
    # The bounce after all those tries is called 602 too.
    dsn bob@example.org m20 "451 4.4.7 delivery time expired, giving up" >late.eml
    equal "602" "$("$BOUNCE" read --json --labels mailgun late.eml |
        jq -r .labels.mailgun.code)" "the label"
}

# What is not the address's fault stops it not: Mailgun's own list would.
blocked() {
    dsn cy@example.org m1 "550 5.7.1 message refused as spam" | ingest 2026-03-13T10:01:00Z
    answer "send active null" 2026-03-14T00:00:00Z cy@example.org
}

people() {
    {
        printf 'From: fbl@example.net\nTo: abuse@example.com\nSubject: complaint\n'
        printf 'Date: Mon, 02 Mar 2026 10:00:00 +0000\nMIME-Version: 1.0\n'
        printf 'Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\n'
        printf 'A complaint.\n--b\nContent-Type: message/feedback-report\n\n'
        printf 'Feedback-Type: abuse\nUser-Agent: X/1\nVersion: 1\nOriginal-Rcpt-To: dora@example.org\n\n'
        printf -- '--b\nContent-Type: text/rfc822-headers\n\nTo: dora@example.org\nMessage-ID: <m1@example.com>\n\n--b--\n'
    } | ingest 2026-03-02T10:01:00Z
    answer "never complaint 607" 2026-03-02T11:00:00Z dora@example.org
    printf 'address,tags,created_at\nemil@example.org,*,"Mon, 02 Mar 2026 10:00:00 GMT"\n' >unsubscribes.csv
    status 0 "$BOUNCE" import --now 2026-03-02T11:00:00Z unsubscribes.csv
    answer "never unsubscribe 606" 2026-03-02T12:00:00Z emil@example.org
    status 1 "$BOUNCE" release --now 2026-03-03 dora@example.org emil@example.org
    answer "never complaint 607" 2026-03-03T12:00:00Z dora@example.org
}

stories hard_bounce temporary_failure blocked people
finish
