#!/bin/bash
# Reports and the sent log into the store: once, again, on from where it stood.
. "$(dirname "$0")/lib.sh"

NOW=2026-05-01T00:00:00Z

# as_mbox: the message of standard input, as it stands in an mbox.
as_mbox() {
    echo "From MAILER-DAEMON Fri Mar 13 10:00:00 2026"
    cat
    echo
}

# value KEY: of the summary.
value() {
    jq -r "$1" <out
}

ingest() {
    status 0 "$BOUNCE" ingest --now $NOW --json "$@"
}

once() {
    mkdir in
    dsn ann@example.org m1 >in/1.eml
    dsn bob@example.org m2 "452 4.2.2 mailbox full" >in/2.eml
    printf 'From: a@example.org\nSubject: hello\n\nhello\n' >in/3.eml
    ingest in
    equal "3 2 2 0" "$(value '"\(.messages) \(.reports) \(.new) \(.known)"')" "first run"
    equal '{"counted":1,"suppressed":1}' "$(jq -c .changes <out)" "changes"
    equal '{"user_unknown":1,"mailbox_full":1}' "$(jq -c '.categories' <out)" "categories"
    sql "select * from state order by key, scope" >before
    ingest in
    equal "0 2" "$(value '"\(.new) \(.known)"')" "second run"
    sql "select * from state order by key, scope" >after
    cmp -s before after || fail "reading again changed a state"
    # The same failure in other words counts once.
    dsn bob@example.org m2 "452 4.2.2 mailbox full" "Sat, 14 Mar 2026 10:00:00 +0000" |
        sed 's/report\.m2/again/' >in/4.eml
    ingest in
    equal "1 1" "$(value '"\(.new) \(.repeated)"')" "a failure told again"
    status 1 "$BOUNCE" check --now $NOW ann@example.org
    status 0 "$BOUNCE" check --now $NOW bob@example.org
    # For people.
    status 0 "$BOUNCE" ingest --now $NOW in
    has "4 messages, 3 of them reports" out
    has "3  events were known already" out
}

options() {
    dsn ann@example.org m1 "550 5.7.1 message refused as spam" >1.eml
    ingest --scope shop --campaign spring --ip 192.0.2.1 --from example.com 1.eml
    equal "shop|spring|192.0.2.1|example.com" \
        "$(sql "select scope, campaign, ip, sender_domain from event")" "the route"
    dsn bob@example.org m2 "550 5.1.1 user unknown" "Mon, 05 Jan 2026 10:00:00 +0000" >2.eml
    ingest --since 2026-02-01 2.eml
    equal "0 1" "$(value '"\(.new) \(.older)"')" "--since a date"
    ingest --since 30d 2.eml
    equal "0 1" "$(value '"\(.new) \(.older)"')" "--since a span"
    ingest --since 2026-01-01 2.eml
    equal 1 "$(value .new)" "--since before it"
    ingest --engaged 2026-03-01 --again 2.eml
    status 2 "$BOUNCE" ingest --engaged often 2.eml
    dsn cy@example.org m3 >3.eml
    ingest --keep-raw 30 3.eml
    equal 1 "$(sql "select count(*) from raw")" "raw reports"
    mkdir rules
    printf 'Rule: own.unknown\nCategory: mailbox_full\nPhrase: kiste voll\nSource: own\nExample: 550 kiste voll\n' >rules/own
    dsn dora@example.org m4 "550 5.0.0 kiste voll" >4.eml
    ingest --rules rules 4.eml
    equal '{"mailbox_full":1}' "$(jq -c '.categories' <out)" "own rules"
    status 2 "$BOUNCE" ingest
    status 2 "$BOUNCE" ingest --since soon 1.eml
    status 2 "$BOUNCE" ingest --verp-max-age long 1.eml
    status 66 "$BOUNCE" ingest --verp-key missing 1.eml
    status 66 "$BOUNCE" ingest --policy missing 1.eml
    status 65 "$BOUNCE" ingest --policy 1.eml 1.eml
}

sources() {
    mkdir -p maildir/new maildir/cur maildir/tmp
    dsn a@example.org m1 >maildir/new/1
    dsn b@example.org m2 >maildir/cur/2:2,S
    dsn c@example.org m3 >maildir/tmp/3
    ingest maildir
    equal 2 "$(value .new)" "Maildir"
    mv maildir/new/1 maildir/cur/1:2,S
    ingest maildir
    equal "0 2" "$(value '"\(.new) \(.known)"')" "a message that was moved"
    dsn d@example.org m4 | "$BOUNCE" ingest --now $NOW --json - >out
    equal 1 "$(value .new)" "standard input"
    for i in $(seq 300); do dsn "u$i@example.org" "n$i" | as_mbox; done >mbox
    ingest --jobs 3 mbox
    equal "300 300" "$(value '"\(.messages) \(.new)"')" "several threads"
    # What cannot be read is named, the rest is stored.
    dsn e@example.org m5 >5.eml
    status 1 "$BOUNCE" ingest --now $NOW missing.eml 5.eml
    has "missing.eml: No such file" err
    has "1  events are new" out
}

growing_mbox() {
    for i in 1 2 3; do dsn "u$i@example.org" "m$i" | as_mbox; done >mbox
    ingest mbox
    equal "3 3" "$(value '"\(.messages) \(.new)"')" "first"
    ingest mbox
    equal "1 0 1" "$(value '"\(.messages) \(.new) \(.known)"')" "again: the last one only"
    dsn u4@example.org m4 | as_mbox >>mbox
    (cd / && "$BOUNCE" ingest --now $NOW --json "$OLDPWD/mbox") >out
    equal "2 1 1" "$(value '"\(.messages) \(.new) \(.known)"')" "it grew"
    # A message that was not whole when it was read.
    dsn u5@example.org m5 | as_mbox | head -n 12 >>mbox
    ingest mbox
    equal 0 "$(value .new)" "half a message"
    dsn u5@example.org m5 | as_mbox | tail -n +13 >>mbox
    ingest mbox
    equal 1 "$(value .new)" "the other half"
    # Another mbox in its place, and one with messages taken out.
    for i in 6 7; do dsn "u$i@example.org" "m$i" | as_mbox; done >mbox
    ingest mbox
    equal "2 2" "$(value '"\(.messages) \(.new)"')" "another one"
    for i in 1 2 3 8; do dsn "u$i@example.org" "m$i" | as_mbox; done >mbox
    ingest mbox
    equal "4 1" "$(value '"\(.messages) \(.new)"')" "longer than the one before"
    ingest --again mbox
    equal "4 0" "$(value '"\(.messages) \(.new)"')" "--again"
    : >mbox
    ingest mbox
    equal 0 "$(value .new)" "an empty one"
}

tokens() {
    local address
    "$BOUNCE" verp key k1 >keys
    "$BOUNCE" verp key k2 >other
    sign() {
        "$BOUNCE" verp sign bounces@example.com "$1" --key "${2:-keys}" --now "${3:-2026-03-13}"
    }
    verified() {
        sql "select verified from event where body like '%\"$1\"%'"
    }
    dsn a@example.org m1 "" "" "$(sign a@example.org)" >1.eml
    dsn b@example.org m2 "" "" "Bounces <$(sign a@example.org)>" >2.eml
    dsn c@example.org m3 "" "" "$(sign c@example.org other)" >3.eml
    dsn d@example.org m4 "" "" "$(sign d@example.org keys 2025-01-01)" >4.eml
    dsn e@example.org m5 "" "" "$(sign e@example.org | sed 's/+k1-./+k1-0/')" >5.eml
    dsn f@example.org m6 >6.eml
    { echo "Delivered-To: $(sign g@example.org)" && dsn g@example.org m7; } >7.eml
    { echo "X-Original-To:" && echo " $(sign h@example.org)" && dsn h@example.org m8; } >8.eml
    ingest --verp-key keys --verp-max-age 60d [1-8].eml
    equal "4 3" "$(value '"\(.token_genuine) \(.token_bad)"')" "tokens"
    equal "1 0 0 0 -1 1 1" "$(echo $(for r in a c d e f g h; do
        verified $r@example.org | sort -u; done))" "verified"
    # The token names whom the mail was sent to, whatever mailbox it came to.
    equal 0 "$(sql "select count(*) from state where address = 'b@example.org'")" \
        "a forwarded mailbox"
    # A genuine token of one recipient does not vouch for another.
    dsn v1@example.org m9 "" "" "$(sign mine@example.org)" |
        sed '/^Final-Recipient/{i Final-Recipient: rfc822; v0@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\n
}' >9.eml
    printf 'Policy: own\nRequire-Verified: yes\n' >verified
    ingest --policy strict,verified --verp-key keys --verp-max-age 60d 9.eml
    status 0 "$BOUNCE" check --now $NOW v0@example.org v1@example.org mine@example.org
}

sent_log() {
    cat >sent.csv <<END
Message-ID,Email,List,Campaign,IP,Sender,Date
<m1@example.com>,ann@example.org,shop,spring,192.0.2.1,Shop <shop@example.com>,2026-03-13T09:00:00Z
m2@example.com,bob@example.org,,,,,
,cy@example.org,,,,,
m4@example.com,nobody,,,,,
m5@example.com,dora@example.org,,,,,never
END
    status 1 "$BOUNCE" ingest sent --now $NOW --campaign other sent.csv
    has "sent.csv:4: no message id" err
    has "sent.csv:5: " err
    has "sent.csv:6: the time cannot be read" err
    has "5 lines: 2 new, 0 known, 3 bad" out
    equal "shop|spring|192.0.2.1|example.com|1773392400" \
        "$(sql "select scope, campaign, ip, sender_domain, at from sent where scope = 'shop'")" "a line"
    equal "other|1777593600" "$(sql "select campaign, at from sent where scope is null")" "options"
    # A report learns its route from it, and is verified by it.
    dsn ann@example.org m1 >1.eml
    ingest 1.eml
    equal "shop|spring|192.0.2.1|example.com|1" \
        "$(sql "select scope, campaign, ip, sender_domain, verified from event")" "the event"
    # Again, and on from where it stood.
    for i in $(seq 20); do
        echo "{\"message_id\":\"n$i@example.com\",\"recipient\":\"u$i@example.org\",\"time\":1773392400}"
    done >sent.json
    status 0 "$BOUNCE" ingest sent --now $NOW sent.json
    has "20 lines: 20 new, 0 known" out
    echo '{"message_id":"n21@example.com","recipient":"u21@example.org","campaign":"x"}' >>sent.json
    status 0 "$BOUNCE" ingest sent --now $NOW --json sent.json
    equal "2 1 1" "$(value '"\(.lines) \(.new) \(.known)"')" "it grew"
    echo '{"message_id":"n22@example.com","recip' >>sent.json
    status 1 "$BOUNCE" ingest sent --now $NOW sent.json
    has "sent.json:22: a string does not end" err
    truncate -s -1 sent.json
    echo 'ient":"u22@example.org"}' >>sent.json
    status 0 "$BOUNCE" ingest sent --now $NOW --json sent.json
    equal 1 "$(value .new)" "the line is whole now"
    status 0 "$BOUNCE" ingest sent --now $NOW --again --json sent.json
    equal "22 0" "$(value '"\(.lines) \(.new)"')" "--again"
    printf 'message_id,recipient\nx1@example.com,x1@example.org\n' >sent.json
    status 0 "$BOUNCE" ingest sent --now $NOW --json sent.json
    equal "1 1" "$(value '"\(.lines) \(.new)"')" "another file of that name"
    # Without titles, from standard input.
    printf '<y1@example.com>,y1@example.org,shop,c1,192.0.2.2,example.com,2026-03-13\n' |
        "$BOUNCE" ingest sent --now $NOW - >out
    has "1 lines: 1 new" out
    equal "c1|1773360000" "$(sql "select campaign, at from sent where ip = '192.0.2.2'")" "columns in order"
    status 2 "$BOUNCE" ingest sent
    status 1 "$BOUNCE" ingest sent missing
}

# A store that takes nothing: a clear error, the right status, nothing lost.
refused() {
    [ -z "${BOUNCE_TEST_POSTGRESQL:-}" ] || return 0
    dsn ann@example.org m1 >1.eml
    status 66 "$BOUNCE" ingest --store "$PWD/no/such/folder/x.db" 1.eml
    [ -s err ] || fail "no word about a folder that is not there"
    printf 'something else entirely, and long enough to be looked at\n' >other.db
    status 65 "$BOUNCE" ingest --store other.db 1.eml
    grep -q "something else" other.db || fail "a foreign file was changed"
    ingest 1.eml
    dsn bob@example.org m2 >2.eml
    # Locked by another program for longer than we wait.
    mkfifo hold
    (
        echo "begin exclusive; select 1;"
        cat hold
    ) | sqlite3 bounce.db >locked &
    for _ in $(seq 100); do
        [ ! -s locked ] || break
        sleep 0.05
    done
    # Standard input: a mail system that pipes reports tries again at 75.
    "$BOUNCE" ingest --now $NOW - <2.eml >out 2>err
    equal 75 $? "a locked store"
    has "locked" err
    echo >hold
    wait
    ingest 2.eml
    equal 1 "$(value .new)" "after the lock"
    if [ "$(id -u)" != 0 ]; then
        chmod a-w bounce.db .
        status 73 "$BOUNCE" ingest --now $NOW 2.eml
        chmod u+w bounce.db .
    fi
}

# Interrupted: what was taken is stored, the program ends by the signal, and the
# next run does the rest.
interrupted() {
    local pid new
    for i in $(seq 40); do dsn "u$i@example.org" "m$i" | as_mbox; done >part
    for i in $(seq 200); do sed "s/@example/@x$i.example/" part; done >mbox
    "$BOUNCE" ingest --now $NOW --json mbox >first 2>err &
    pid=$!
    sleep 0.15
    kill -TERM $pid
    wait $pid
    case $? in
    143 | 0) ;;
    *) fail "ended otherwise: $(cat err)" ;;
    esac
    new=$(jq .new first)
    ingest mbox
    equal $((8000 - new)) "$(value .new)" "the rest"
    equal 8000 "$(sql 'select count(*) from event')" "events"
    equal 8000 "$(sql "select count(*) from state where scope = ''")" "states"
}

# Old events fold into what came of them; raw reports go after their days.
retention() {
    local text
    for i in 1 2 3; do
        dsn ann@example.org "m$i" "452 4.2.2 mailbox full" "Fri, 1$i Mar 2026 10:00:00 +0000" >$i.eml
    done
    status 0 "$BOUNCE" ingest --now 2026-03-14 --keep-raw 10 [1-3].eml
    text=$(sql "select text from state")
    dsn bob@example.org m4 >4.eml
    status 0 "$BOUNCE" ingest --now 2026-03-20 --keep-events 30 4.eml
    equal "4|3" "$(sql "select count(*), (select count(*) from raw) from event")" "not yet"
    status 0 "$BOUNCE" ingest --now 2026-05-01 --keep-events 30 4.eml
    equal "0|0" "$(sql "select count(*), (select count(*) from raw) from event")" "folded"
    equal "$text" "$(sql "select text from state where address = 'ann@example.org'")" "the state"
    # They are known still.
    status 0 "$BOUNCE" ingest --now 2026-05-02 --json [1-4].eml
    equal "0 4" "$(value '"\(.new) \(.known)"')" "known"
}

hashed() {
    printf 'a key of more than sixteen bytes\n' >key
    dsn Ann.Lee@example.org m1 >1.eml
    status 2 "$BOUNCE" ingest --hash-addresses 1.eml
    has "--hash-addresses wants a key" err
    ingest --hash-addresses --address-key key 1.eml
    BOUNCE_ADDRESS_KEY=key status 1 "$BOUNCE" check --now $NOW ann.lee@example.org
    status 65 "$BOUNCE" ingest 1.eml
    printf 'another key of sixteen bytes\n' >key2
    status 65 "$BOUNCE" ingest --address-key key2 1.eml
    printf 'short\n' >key3
    status 65 "$BOUNCE" ingest --address-key key3 1.eml
    has "a key has 16 bytes or more" err
    # Not in the names of files either, nor in lists and the sent log.
    mkdir box-Ann.Lee@example.org
    for i in 2 3; do dsn ann.lee@example.org m$i | as_mbox; done >box-Ann.Lee@example.org/mbox
    ingest --address-key key box-Ann.Lee@example.org/mbox
    ingest --address-key key box-Ann.Lee@example.org/mbox
    equal "1 1" "$(value '"\(.messages) \(.known)"')" "the position"
    printf 'message_id,recipient\nann.lee.4@example.com,Ann.Lee@example.org\n' >Ann.Lee@example.org.csv
    status 0 "$BOUNCE" ingest sent --address-key key Ann.Lee@example.org.csv
    echo Ann.Lee@example.org >ann.lee@example.org.txt
    status 0 "$BOUNCE" import --address-key key ann.lee@example.org.txt
    status 0 "$BOUNCE" suppress --address-key key --reason "Ann.Lee@example.org wrote" Ann.Lee@example.org
    status 0 "$BOUNCE" release --address-key key --reason "ann.lee@example.org again" ann.lee@example.org
    case $BOUNCE_STORE in
    *.db) strings bounce.db* >strings ;;
    *) pg_dump --inserts "$BOUNCE_STORE" >strings ;;
    esac
    ! grep -i "ann.lee" strings || fail "an address in clear"
    status 0 "$BOUNCE" list --address-key key --state active
    ! grep -i "ann.lee" out || fail "an address in clear in a list"
}

stories once options sources growing_mbox tokens sent_log refused interrupted retention hashed
finish
