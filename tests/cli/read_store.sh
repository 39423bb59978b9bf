#!/bin/bash
# The verbs that read the store, over what a mail server's log told: check, why,
# list, events, due, holds, review, stats, export.
. "$(dirname "$0")/lib.sh"

NOW=2026-03-20T00:00:00Z

# line DAY RECIPIENT DSN STATUS REASON: of Postfix's log, in March 2026.
line() {
    local id=${2%@*}$1
    printf '2026-03-%02dT10:00:00+00:00 mx1 postfix/cleanup[1]: A0%s0: message-id=<%s@example.com>\n' \
        "$1" "$id" "$id"
    printf '2026-03-%02dT10:00:00+00:00 mx1 postfix/qmgr[1]: A0%s0: from=<news@example.com>, size=9, nrcpt=1 (queue active)\n' \
        "$1" "$id"
    printf '2026-03-%02dT10:00:05+00:00 mx1 postfix/smtp[1]: A0%s0: to=<%s>, relay=mx.%s[192.0.2.1]:25, delay=5, delays=0/0/5/0, dsn=%s, status=%s (%s)\n' \
        "$1" "$id" "$2" "${2#*@}" "$3" "$4" "$5"
}

said() {
    echo "host mx.example.net[192.0.2.1] said: $* (in reply to RCPT TO command)"
}

fill() {
    {
        line 1 ann@example.org 5.1.1 bounced "$(said 550 5.1.1 User unknown)"
        line 2 bob@example.net 2.0.0 sent "250 2.0.0 ok"
        line 3 cyril@example.net 5.1.1 bounced "$(said 550 5.1.1 No such user here)"
        line 4 dora@example.net 5.7.1 bounced "$(said 550 5.7.1 Message refused as spam)"
        line 5 eva@example.com 4.2.2 deferred "$(said 452 4.2.2 Mailbox full)"
        line 6 fritz@example.com 5.0.0 bounced "$(said 550 5.0.0 Something went wrong)"
    } >mail.log
    status 0 "$BOUNCE" ingest log --format postfix --now $NOW mail.log
}

listed() {
    fill
    status 0 "$BOUNCE" list --now $NOW
    equal "ann@example.org suppressed user_unknown hard|cyril@example.net suppressed user_unknown hard" \
        "$(grep suppressed out | cut -f 1,2,5,6 | tr '\t' ' ' | sort | paste -sd '|')" "list"
    status 0 "$BOUNCE" list --now $NOW --csv
    equal "address,state,scope,until,since,category,class,provider,cause,domain,campaign,confidence,entry,event_id,cursor,rule" \
        "$(head -n 1 out | tr -d '\r')" "titles of CSV"
    status 0 "$BOUNCE" list --now $NOW --json --domain example.net
    json_lines out
    equal cyril@example.net "$(jq -r .address <out)" "list --domain"
    equal '["suppressed","hard","hard"]' "$(jq -c '[.state,.class,.cause]' <out)" "members"
    status 0 "$BOUNCE" list --now $NOW --category mailbox_full,spam_detected
    equal "" "$(cat out)" "list of what suppresses nobody"
    status 0 "$BOUNCE" list --now $NOW --state active --columns address
    has bob@example.net out
    has dora@example.net out
    hasnt ann@example.org out
    # Pages of one row give what one page gives.
    status 0 "$BOUNCE" list --now $NOW --state active,suspended,suppressed --columns address
    sort out >all
    : >pages
    cursor=
    for _ in 1 2 3 4 5 6 7 8 9; do
        status 0 "$BOUNCE" list --now $NOW --state active,suspended,suppressed \
            --columns address,cursor --limit 1 ${cursor:+--cursor "$cursor"}
        [ -s out ] || break
        cut -f 1 out >>pages
        cursor=$(cut -f 2 out)
    done
    sort pages | cmp -s - all || fail "pages: $(paste -sd ' ' pages)"
    status 0 "$BOUNCE" list --now $NOW --columns marketo --csv
    equal "Email Address,Email Invalid,Email Invalid Cause,Email Suspended,Email Suspended At,Email Suspended Cause" \
        "$(head -n 1 out | tr -d '\r')" "Marketo's columns"
    has "ann@example.org,yes,user_unknown" out
    status 2 "$BOUNCE" list --columns address,colour
    has "there is no column colour" err
    status 2 "$BOUNCE" list --since someday
    status 2 "$BOUNCE" list --state blocked
    has "no such state: blocked" err
    status 2 "$BOUNCE" list --cursor nonsense
    status 0 "$BOUNCE" list --now $NOW --table
    has "address" out
}

why_so() {
    fill
    status 0 "$BOUNCE" why --now $NOW ann@example.org
    for words in "ann@example.org: do not send" "everywhere: suppressed since 2026-03-01" \
        "lifted by bounce release ann@example.org" "550 5.1.1 User unknown" \
        "-> suppressed: at-once, default:user_unknown" "from $PWD/mail.log" \
        "Nothing says that the person has left"; do
        has "$words" out
    done
    # Is someone gone because of a 550? No.
    status 0 "$BOUNCE" why --now $NOW dora@example.net
    has "dora@example.net: send" out
    has "the address is not to blame and is kept" out
    has "a code alone never means that" out
    status 0 "$BOUNCE" why --now $NOW --json ann@example.org
    json_lines out
    equal '["never",1,1,"user_unknown"]' \
        "$(jq -c '[.may, (.states | length), (.events | length), .events[0].category]' <out)" "why --json"
    equal '["active","suppressed","at-once"]' \
        "$(jq -c '.changes[0] | [.was, .becomes, .reason]' <out)" "its change"
    status 0 "$BOUNCE" why --now $NOW nobody@example.org
    has "Nothing is known of this address" out
    status 2 "$BOUNCE" why --now $NOW nobody
    has "nobody" err
    status 2 "$BOUNCE" why
}

told() {
    fill
    status 0 "$BOUNCE" events --now $NOW --json
    json_lines out
    equal 6 "$(wc -l <out)" "events"
    "$BOUNCE" read --json "$EXAMPLES/postfix-full.eml" >read.json
    equal "$(jq -r keys_unsorted[] <read.json | paste -sd ' ')" \
        "$(head -n 1 out | jq -r keys_unsorted[] | paste -sd ' ')" "keys as in read --json"
    equal "bounce,delay,delivery" "$(jq -r .kind <out | sort -u | paste -sd ,)" "kinds"
    status 0 "$BOUNCE" events --now $NOW --json --labels mailgun,marketo --address ann@example.org
    equal '["mailgun","marketo"]' "$(jq -c '.labels | keys' <out)" "events --labels"
    status 2 "$BOUNCE" events --json --labels nobody
    status 0 "$BOUNCE" events --now $NOW --class block --columns recipient,category,diagnostic
    equal "dora@example.net	spam_detected" "$(cut -f 1,2 out)" "events --class"
    status 0 "$BOUNCE" events --now $NOW --kind delay --columns recipient
    equal eva@example.com "$(cat out)" "events --kind"
    status 0 "$BOUNCE" events --now $NOW --since 2026-03-03 --until 2026-03-05 --columns recipient
    equal "cyril@example.net dora@example.net" "$(sort out | paste -sd ' ')" "events in time"
    status 0 "$BOUNCE" events --now $NOW --address ANN@example.org --columns category
    equal user_unknown "$(cat out)" "events --address"
    status 0 "$BOUNCE" events --now $NOW --newest --limit 2 --columns recipient
    equal "fritz@example.com eva@example.com" "$(paste -sd ' ' out)" "events --newest"
    status 0 "$BOUNCE" events --now $NOW --csv --columns diagnostic
    # A report without a recipient is for a person to look at.
    printf 'From: Mail Delivery Subsystem <MAILER-DAEMON@example.net>\nTo: x@example.com\nSubject: Undelivered Mail Returned to Sender\nMessage-ID: <r1@example.net>\n\nYour message could not be delivered.\n\n550 5.1.1 User unknown\n' >lost.eml
    status 0 "$BOUNCE" ingest --now $NOW lost.eml
    status 0 "$BOUNCE" review --now $NOW --json
    equal null "$(jq -c .recipient <out)" "review"
    has lost.eml out
}

due() {
    {
        line 1 ann@example.org 4.2.2 deferred "$(said 452 4.2.2 Mailbox full)"
        line 1 bob@example.net 2.0.0 sent "250 ok"
        line 1 cyril@example.net 5.1.1 bounced "$(said 550 5.1.1 No such user here)"
    } >mail.log
    cat >sent.csv <<'END'
message_id,recipient,campaign,sender_domain,ip,time
<ann1@example.com>,ann@example.org,spring,example.com,192.0.2.9,2026-03-01T10:00:00Z
<bob1@example.com>,bob@example.net,spring,example.com,192.0.2.9,2026-03-01T10:00:00Z
<cyril1@example.com>,cyril@example.net,spring,example.com,192.0.2.9,2026-03-01T10:00:00Z
END
    status 0 "$BOUNCE" ingest sent --now $NOW sent.csv
    status 0 "$BOUNCE" ingest log --format postfix --now 2026-03-01T11:00:00Z mail.log
    status 0 "$BOUNCE" due --campaign spring --now 2026-03-02T10:00:00Z
    cut -f 1,2 out >got
    grep -q '^ann@example.org	\(now\|later\)$' got || fail "due: $(cat out)"
    hasnt bob@example.net got
    status 0 "$BOUNCE" due --campaign autumn --now $NOW
    equal "" "$(cat out)" "due of a campaign that was not"
    status 2 "$BOUNCE" due
    has "which campaign" err
    # The route's facts came from the sent log; with them rates can be told.
    status 0 "$BOUNCE" events --now $NOW --campaign spring --ip 192.0.2.9 --columns recipient
    equal 3 "$(wc -l <out)" "events of the campaign"
    status 0 "$BOUNCE" stats --now $NOW --by campaign --json
    equal '["spring",3,1,1,0.333333]' \
        "$(jq -c '[.value,.sent,.bounced,.hard,.bounce_rate]' <out)" "stats by campaign"
    status 0 "$BOUNCE" stats --now $NOW --by campaign --table
    has "warning: spring: bounces are 33.33 %, more than 2 %" out
    has "█" out
    status 0 "$BOUNCE" stats --now $NOW --by ip --reputation --json
    equal '["192.0.2.9",3]' "$(jq -c '[.value,.sent]' <out)" "reputation"
    jq -e '.reputation < 100 and .moved_by != null' <out >/dev/null || fail "reputation"
    status 0 "$BOUNCE" stats --now $NOW --by day --provider nowhere
    status 2 "$BOUNCE" stats --by colour
    status 2 "$BOUNCE" stats --reputation --by day
}

held() {
    {
        line 1 dora@example.net 5.7.1 bounced "$(said 550 5.7.1 Message refused as spam)"
        line 2 eva@example.com 4.7.1 deferred "$(said 450 4.7.1 Too many messages, slow down)"
    } >mail.log
    printf 'message_id,recipient,campaign,sender_domain\n<dora1@example.com>,dora@example.net,spring,example.com\n' >sent.csv
    status 0 "$BOUNCE" ingest sent --now 2026-03-01T10:00:00Z sent.csv
    status 0 "$BOUNCE" ingest log --format postfix --now 2026-03-02T10:00:00Z mail.log
    status 0 "$BOUNCE" holds --now 2026-03-02T10:00:00Z --json
    json_lines out
    jq -e -s 'any(.category == "spam_detected" and .by_hand)' <out >/dev/null ||
        fail "a hold for content: $(cat out)"
    status 3 "$BOUNCE" check --now 2026-03-02T10:01:00Z --campaign spring dora@example.net
    has later out
    status 0 "$BOUNCE" check --now 2026-03-02T10:01:00Z --campaign autumn dora@example.net
    status 2 "$BOUNCE" holds --end
    has "say --all" err
    status 0 "$BOUNCE" holds --end --category spam_detected --reason "content mended" \
        --now 2026-03-02T11:00:00Z
    has "1 hold ended" out
    status 0 "$BOUNCE" holds --now 2026-03-02T11:00:00Z --json
    jq -e -s 'all(.category != "spam_detected")' <out >/dev/null || fail "it goes on"
    status 0 "$BOUNCE" holds --now 2026-03-02T11:00:00Z --ended --json
    jq -e -s 'any(.category == "spam_detected" and (.open | not))' <out >/dev/null ||
        fail "it is not shown among the ended"
}

exported() {
    fill
    for format in csv json; do
        status 0 "$BOUNCE" export --now $NOW --format $format
        cp out suppressions.$format
    done
    has ann@example.org suppressions.csv
    hasnt dora@example.net suppressions.csv
    status 0 "$BOUNCE" export --now $NOW --format plain
    equal "ann@example.org cyril@example.net" "$(sort out | paste -sd ' ')" "export plain"
    status 0 "$BOUNCE" export --now $NOW --format mailgun
    equal "address,code,error,created_at" "$(head -n 1 out | tr -d '\r')" "export mailgun"
    status 0 "$BOUNCE" export --now $NOW --format email
    equal email "$(head -n 1 out | tr -d '\r')" "export email"
    status 2 "$BOUNCE" export --format rtf
    # Another store takes them back.
    for format in csv json; do
        export BOUNCE_STORE=$PWD/other-$format.db
        status 0 "$BOUNCE" import --now $NOW suppressions.$format
        status 0 "$BOUNCE" list --now $NOW --columns address
        equal "ann@example.org cyril@example.net" "$(sort out | paste -sd ' ')" "taken back from $format"
    done
}

missing() {
    for verb in list events review holds stats export "why a@example.org" "due --campaign x"; do
        # shellcheck disable=SC2086 # words are meant to split
        "$BOUNCE" $verb --store nowhere/x.db >out 2>err
        case $? in
        0 | 66) ;;
        *) fail "$verb without a store: $?" ;;
        esac
    done
    echo "this is no database, whatever its name says" >text.db
    status 65 "$BOUNCE" list --store text.db
    has text.db err
}

stories listed why_so told due held exported missing
finish
