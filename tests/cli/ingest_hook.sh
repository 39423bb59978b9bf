#!/bin/bash
# Webhooks from files: into the store, once; refused where a signature is
# wrong; shown without a store.
. "$(dirname "$0")/lib.sh"

export BOUNCE_STORE=$PWD/hook.db
NOW=2026-03-03T10:00:00Z

bounce_of() {
    cat <<END
{"notificationType":"Bounce","bounce":{"bounceType":"Permanent",
"bounceSubType":"General","feedbackId":"$2","timestamp":"2026-03-03T09:00:00Z",
"bouncedRecipients":[{"emailAddress":"$1",
"diagnosticCode":"smtp; 550 5.1.1 user unknown"}]},"mail":{"messageId":"m-$2"}}
END
}

counts_once() {
    bounce_of jo@example.org f1 >one.json
    status 0 "$BOUNCE" ingest hook --now $NOW --service ses one.json
    has "1 new events, 0 known" out
    status 0 "$BOUNCE" ingest hook --now $NOW --service ses one.json
    has "0 new events, 1 known" out
    status 1 "$BOUNCE" check --now $NOW jo@example.org
    has never out
    status 0 "$BOUNCE" why --now $NOW jo@example.org
    has user_unknown out
    status 0 "$BOUNCE" events --json
    has '"service":"ses"' out
    has '"service_verdict":"Permanent/General"' out
}

good_items_count() {
    echo '[{"event":"spamreport","email":"al@example.org","sg_event_id":"e1"},
        7,{"event":"bounce"},{"event":"open","email":"al@example.org"}]' >batch
    status 1 "$BOUNCE" ingest hook --now $NOW --service sendgrid --json batch
    has '"items":4,"new":1,"known":0,"passed":1,"unknown":0,"bad":2' out
    has "item 1: not an object" err
    has "item 2: no recipient" err
    status 1 "$BOUNCE" check --now $NOW al@example.org
    has complaint out
}

shows() {
    rm -f none.db
    BOUNCE_STORE=$PWD/none.db status 0 "$BOUNCE" ingest hook --now $NOW \
        --service ses --dry-run one.json
    has '"recipient":"jo@example.org"' out
    [ ! -e none.db ] || fail "--dry-run made a store"
}

refuses() {
    # HMAC-SHA-256 under "s3cret" of that time and "token".
    local at=1772532000
    local sum=256982f8ee24ff33c69eae27825e700da5b9417fe3e56b05473ca9138bb5b89b
    echo s3cret >key
    event='"event-data":{"event":"complained","id":"c1","recipient":"bo@example.org"}'
    echo "{\"signature\":{\"timestamp\":\"$at\",\"token\":\"token\",\"signature\":\"$sum\"},$event}" >signed
    echo "{\"signature\":{\"timestamp\":\"$at\",\"token\":\"tokem\",\"signature\":\"$sum\"},$event}" >wrong
    echo "{$event}" >absent
    for file in wrong absent; do
        status 1 "$BOUNCE" ingest hook --now $NOW --service mailgun --secret key $file
        has "refused: the signature is $([ $file = absent ] && echo missing || echo wrong)" err
        has "0 new events" out
    done
    status 1 "$BOUNCE" ingest hook --now 2026-03-03T10:05:01Z --service mailgun \
        --secret key signed
    has "signed too long ago" err
    status 0 "$BOUNCE" ingest hook --now $NOW --service mailgun --secret key signed
    has "1 new events" out
    # A whole request, with its headers.
    printf 'POST /x?secret=1 HTTP/1.1\r\nAuthorization: Basic dTpw\r\n\r\n{"RecordType":"Delivery","Recipient":"bo@example.org","MessageID":"1"}' >request
    echo u:p >basic
    status 0 "$BOUNCE" ingest hook --now $NOW --service postmark --basic basic request
    has "1 new events" out
    echo u:q >basic
    status 1 "$BOUNCE" ingest hook --now $NOW --service postmark --basic basic request
    has "Basic authentication is wrong" err
}

wrong_use() {
    status 2 "$BOUNCE" ingest hook one.json
    status 2 "$BOUNCE" ingest hook --service ses
    status 2 "$BOUNCE" ingest hook --service nobody one.json
    has "no such service" err
    status 2 "$BOUNCE" ingest hook --service postmark --secret key one.json
    has "signs nothing" err
    status 66 "$BOUNCE" ingest hook --service mailgun --secret missing one.json
    status 1 "$BOUNCE" ingest hook --service ses missing
    echo "{" >broken
    status 1 "$BOUNCE" ingest hook --now $NOW --service ses broken one.json
    has "broken: byte" err
    has "1 known" out
    status 0 "$BOUNCE" ingest hook --services
    equal 17 "$(wc -l <out)" "services"
}

counts_once
good_items_count
shows
refuses
wrong_use
finish
