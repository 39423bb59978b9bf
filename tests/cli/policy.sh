#!/bin/bash
# Policies shown, checked and tried; stored replies read again; tokens.
. "$(dirname "$0")/lib.sh"

# full ADDRESS: five full mailboxes over three weeks.
full() {
    for i in 1 5 10 15 20; do
        dsn "$1" "$1.$i" "452 4.2.2 mailbox full" "$(date -u -d "2026-03-$i 10:00" -R)"
        echo
    done
}

show_and_check() {
    status 0 "$BOUNCE" policy show
    equal 46 "$(grep -c . out)" "entries"
    has $'mailbox_full\tAfter 5 messages over 14 days without a delivery. Ends after 90 days.\tfull\tdefault:' out
    status 0 "$BOUNCE" policy show mailgun --json
    json_lines out
    equal '["category","does","counter","origin","never_suppresses"]' \
        "$(jq -c keys_unsorted <out | sort -u)" "keys"
    has '"origin":"mailgun:' out
    BOUNCE_POLICY=strict status 0 "$BOUNCE" policy show
    has strict: out
    status 0 "$BOUNCE" policy show --policy marketo --table
    has "Email Suspended" out
    status 0 "$BOUNCE" policy show --csv
    has "category,does,counter,origin,never_suppresses" out
    printf 'Policy: shop\n\nEntry: mailbox_full\nExpires: 30d\n' >shop.policy
    status 0 "$BOUNCE" policy check shop.policy mailgun marketo,shop.policy
    equal "" "$(cat out err)" "silence"
    status 0 "$BOUNCE" policy show marketo,shop.policy
    has shop.policy:3 out
    has marketo: out
    printf '\n\nEntry: mailbox_full\nExpires: 30 days\n' >>shop.policy
    status 65 "$BOUNCE" policy check shop.policy
    has "shop.policy:" err
    has "30 days" err
    printf 'Entry: spam_detected\nSuppress: store\n' >bad.policy
    status 65 "$BOUNCE" policy check bad.policy
    has "bad.policy:1: spam_detected never suppresses" err
    status 66 "$BOUNCE" policy check missing.policy
    status 2 "$BOUNCE" policy
    status 2 "$BOUNCE" policy check
    status 2 "$BOUNCE" policy try
    status 2 "$BOUNCE" policy burn
}

try_others() {
    full ann@example.org | csplit -qz - '/^From: MAILER/' '{*}'
    status 0 "$BOUNCE" ingest --now 2026-04-01 xx*
    for i in 1 2 3; do
        dsn bob@example.org "b$i" "452 4.2.2 mailbox full" "Tue, 1$i Mar 2026 10:00:00 +0000" >b$i.eml
    done
    dsn cy@example.org c1 "550 5.7.1 message refused as spam" "Tue, 31 Mar 2026 23:00:00 +0000" >c.eml
    status 0 "$BOUNCE" ingest --now 2026-04-01 b?.eml c.eml
    sql "select * from state order by key, scope" >before
    # The same policy makes of it what life did.
    status 0 "$BOUNCE" policy try --now 2026-04-01 default
    equal "" "$(cat out)" "the same policy"
    status 0 "$BOUNCE" policy try --now 2026-04-01 mailgun
    equal $'ann@example.org\t-\tsuppressed\tactive' "$(cut -f 1-4 out)" "mailgun"
    status 0 "$BOUNCE" policy try --now 2026-04-01 --json marketo
    equal '{"suppressed to active":1,"active to suspended":1}' \
        "$(tail -n 1 out | jq -c '.changes | to_entries | sort_by(.key) | reverse | from_entries')" \
        "counts"
    equal "cy@example.org active suspended 2026-04-01T23:00:00Z spam_detected marketo:spam_detected" \
        "$(jq -r 'select(.address == "cy@example.org") |
            "\(.address) \(.was) \(.becomes) \(.until) \(.category) \(.entry)"' <out)" "a row"
    printf 'Policy: shop\n\nCounter: full\nMessages: 3\nSpan: 1d\n' >shop.policy
    status 0 "$BOUNCE" policy try --now 2026-04-01 --table shop.policy
    has "bob@example.org" out
    has "3 addresses looked at, 1 would differ" out
    has "1  from active to suppressed" out
    status 65 "$BOUNCE" policy try before
    sql "select * from state order by key, scope" >after
    cmp -s before after || fail "policy try changed something"
}

reclassify() {
    dsn ann@example.org m1 "550 5.0.0 der kasten ist randvoll" >1.eml
    dsn bob@example.org m2 >2.eml
    status 0 "$BOUNCE" ingest --now 2026-03-14 1.eml 2.eml
    status 0 "$BOUNCE" reclassify --now 2026-03-15
    equal "" "$(cat out)" "the same rules"
    mkdir rules
    printf 'Rule: own.gone\nCategory: user_unknown\nPhrase: kasten ist randvoll\nSource: own\nExample: 550 kasten ist randvoll\n' >rules/own
    sql "select * from state order by key, scope" >before
    status 0 "$BOUNCE" reclassify --now 2026-03-15 --dry-run --rules rules --json
    equal "ann@example.org user_unknown own.gone" \
        "$(jq -r '"\(.address) \(.becomes) \(.rule)"' <out)" "a dry run"
    sql "select * from state order by key, scope" >after
    cmp -s before after || fail "a dry run changed something"
    status 0 "$BOUNCE" reclassify --now 2026-03-15 --rules rules --table
    has "2 events read again, 1 have another category" out
    status 1 "$BOUNCE" check --now 2026-03-15 ann@example.org
    status 0 "$BOUNCE" reclassify --now 2026-03-15 --rules rules --csv
    equal 1 "$(wc -l <out)" "once more"
    status 2 "$BOUNCE" reclassify everything
}

tokens() {
    local address
    [ -z "${BOUNCE_TEST_POSTGRESQL:-}" ] || return 0
    status 0 "$BOUNCE" verp key k1
    grep -qE '^k1:[0-9a-f]{64}$' out || fail "no key"
    cp out keys
    "$BOUNCE" verp key k1 >again
    cmp -s keys again && fail "the same key twice"
    status 0 "$BOUNCE" verp sign bounces@example.com ann@example.org --key keys --now 2026-03-01
    address=$(cat out)
    status 0 "$BOUNCE" verp verify "$address" --key keys --now 2026-03-02
    equal $'genuine\tann@example.org\t-\tk1\t2026-03-01T00:00:00Z' "$(cat out)" "verdict"
    status 1 "$BOUNCE" verp verify "$address" --key keys --now 2026-04-02
    has "expired" out
    status 0 "$BOUNCE" verp verify "$address" --key keys --now 2026-04-02 --max-age 60d
    status 1 "$BOUNCE" verp verify "${address/ann/bob}" --key keys --now 2026-03-02
    has "forged" out
    status 1 "$BOUNCE" verp verify bounces@example.com --key keys
    equal $'no token\t-\t-\t-\t-' "$(cat out)" "no token"
    # A new key signs, the old one still verifies.
    { "$BOUNCE" verp key k2 && cat keys; } >both
    status 0 "$BOUNCE" verp sign b@example.com ann@example.org --id 17 --key both --now 2026-03-01
    grep -q -- "+k2-" out || fail "the first key does not sign"
    status 0 "$BOUNCE" verp verify "$(cat out)" "$address" --key both --now 2026-03-02 --json
    equal "k2 17|k1 null" "$(jq -r '"\(.key) \(.id)"' <out | paste -sd '|')" "two keys"
    status 1 "$BOUNCE" verp verify "$("$BOUNCE" verp sign b@example.com a@example.org --key both)" --key keys
    has "unknown key" out
    printf 'a@example.org\nnobody\nb@example.org\n' |
        "$BOUNCE" verp sign b@example.com - --key keys >out 2>err
    equal "3 1" "$(wc -l <out) $(grep -c '^$' out)" "a line for each"
    has "nobody" err
    status 2 "$BOUNCE" verp sign b@example.com a@example.org
    has "--key FILE is missing" err
    status 2 "$BOUNCE" verp sign b@example.com
    status 2 "$BOUNCE" verp key "K 1"
    status 2 "$BOUNCE" verp verify x@example.com --key keys --max-age long
    printf '# keys\nk1:short\n' >bad
    status 65 "$BOUNCE" verp verify x@example.com --key bad
    has "bad:2: a secret has 16 bytes or more" err
    : >empty
    status 65 "$BOUNCE" verp verify x@example.com --key empty
    status 66 "$BOUNCE" verp verify x@example.com --key missing
}

stories show_and_check try_others reclassify tokens
finish
