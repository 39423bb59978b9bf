#!/bin/bash
# api.sh PROGRAM: every endpoint, each answer against docs/openapi.json.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
. "$SOURCE/tests/serve/lib.sh"

printf 'sesame\n' >url-secret
serve_config <<END
Keep-Raw-Days: 1

Hook: main
Service: generic
Url-Secret-File: $work/url-secret
END
serve_start

# ---- health
http GET /healthz
code 200 healthz
http GET /readyz
value .status ready
http GET /v1/openapi.json
equal "$(jq -cS . "$SOURCE/docs/openapi.json")" "$(jq -cS . body)" "the document"
http GET /nothing
code 404 "an address that is none"
http POST /healthz -d x
code 405 "a method that is none"
has 'Allow: GET' head
http HEAD /healthz -I
code 200 HEAD

# ---- knowledge
http GET '/v1/explain?q=5.7.26'
value '.codes[0].code' X.7.26
http GET '/v1/explain?q=550+5.1.1+no+such+user&labels=sisimai'
value '.event.labels.sisimai.label' userunknown
http GET /v1/explain
code 400 "explain without a question"
http GET '/v1/explain?q=1&labels=nobody'
code 400 "an unknown taxonomy"
json POST /v1/classify '{"id":[7],"reply":"550 5.1.1 no such user"}'
value '[.id,.category]' '[[7],"user_unknown"]'
lines /v1/classify $'{"reply":"452 4.2.2 over quota"}\n{"reply":\n\n{"reply":"550 5.1.1 no such user"}'
equal '["mailbox_full",null,"user_unknown"]' "$(jq -sc '[.[].category]' body)" "classify of lines"
equal 2 "$(jq -s '.[1].error.line' body)" "the line that is bad"
http POST /v1/classify -H 'Content-Type: text/plain' --data-binary $'452 4.2.2 over quota\n'
value .category mailbox_full
json POST /v1/classify '{"reply":"1"'
code 400 "JSON that is none"
http POST /v1/classify -H 'Content-Type: image/png' -d x
code 415 "a type that is none"
json POST '/v1/classify?stage=nowhere' '{"reply":"1"}'
code 400 "a stage that is none"

# ---- reports
cp "$EXAMPLES"/../bounces/*.eml . 2>/dev/null
failure_report >report.eml
sed 's/gone@/left@/' report.eml >second.eml
http POST '/v1/reports?results=yes' -H 'Content-Type: message/rfc822' --data-binary @report.eml
value '[.new,.results[0].state]' '[1,"suppressed"]'
http POST /v1/reports -H 'Content-Type: message/rfc822' --data-binary @report.eml
value '[.new,.known]' '[0,1]'
http POST /v1/reports -F a=@report.eml -F b=@second.eml
value '[.items,.new,.known]' '[2,1,1]'
{
    echo "From MAILER-DAEMON Sun Nov 22 03:44:39 2026"
    sed 's/gone@/third@/' report.eml
    echo
    echo "From MAILER-DAEMON Sun Nov 22 03:44:40 2026"
    sed 's/gone@/fourth@/' report.eml
} >box
http POST /v1/reports -H 'Content-Type: application/mbox' --data-binary @box
value '[.items,.new]' '[2,2]'
sed '1,/^$/d' second.eml | sed 's/left@/fifth@/' >headless
http POST /v1/reports -H 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"' --data-binary @headless
value .new 1
http POST /v1/reports -H 'Content-Type: message/rfc822' --data-binary $'Subject: hello\n\nno report'
value '[.items,.new,.passed]' '[1,0,1]'
http POST /v1/reports -H 'Content-Type: multipart/form-data; boundary=q' --data-binary $'--q\r\n\r\nx'
code 400 "a form that ends early"
http POST /v1/reports -H 'Content-Type: message/rfc822' --data-binary ''
code 400 "no message"

# ---- own events
lines '/v1/events?results=yes' '{"recipient":"one@example.org","kind":"bounce","reply":"550 5.1.1 no such user","event_id":"e1"}
{"recipient":
{"recipient":"nobody","kind":"bounce"}
{"recipient":"two@example.org","kind":"complaint","event_id":"e2","scope":"news"}
{"recipient":"three@example.org","kind":"odd"}'
value '[.items,.new,.unknown,.bad]' '[5,2,1,2]'
value '[.errors[].item]' '[1,2]'
value '[.results[].state]' '["suppressed","suppressed"]'
json POST /v1/events '{"recipient":"one@example.org","kind":"bounce","reply":"550 5.1.1 no such user","event_id":"e1"}'
value '[.new,.known]' '[0,1]'
json POST /v1/events '[{"recipient":"four@example.org","kind":"delivery"},{"recipient":"four@example.org"}]'
value '[.new,.bad]' '[1,1]'
json POST /v1/events '{"recipient":"x"}'
code 422 "nothing good in it"
value '.errors[0].item' 0
json POST /v1/events '{"recipient"'
code 400 "JSON that is none"
http POST /v1/events -d a=b
code 415 "a form"
printf '{"recipient":"zip@example.org","kind":"bounce","reply":"550 5.1.1 no such user"}' | gzip >packed
http POST /v1/events -H 'Content-Type: application/json' -H 'Content-Encoding: gzip' --data-binary @packed
value .new 1
http POST /v1/events -H 'Content-Type: application/json' -H 'Content-Encoding: gzip' --data-binary xxxx
code 400 "gzip that is none"
http POST /v1/events -H 'Content-Type: application/json' -H 'Content-Encoding: br' --data-binary xxxx
code 415 "another packing"
http GET '/v1/events?limit=3'
value '.items|length' 3
next=$(jq -r .next body)
http GET "/v1/events?limit=1000&cursor=$next"
value '[.items[0].seq,.next]' '[4,null]'
http GET '/v1/events?scope=news&class=event'
value '[.items[].event.recipient]' '["two@example.org"]'
http GET '/v1/events?class=odd'
code 422 "a class that is none"
http GET '/v1/events?limit=0'
code 400 "a limit that is none"
http GET '/v1/events?since=yesterday'
code 400 "a time that is none"
http GET '/v1/events?state=active'
code 400 "a parameter of others"
http GET '/v1/events?review=yes'
code 200 review

# ---- sent
http POST '/v1/sent?campaign=spring' -H 'Content-Type: text/csv' --data-binary $'message_id,recipient,time\n<a@x>,five@example.org,2026-11-01T10:00:00Z\n<b@x>,nobody,2026-11-01T10:00:00Z\n<c@x>,six@example.org,2026-11-01T10:00:00Z\n'
value '[.items,.stored,.bad,.errors[0].item]' '[3,2,1,3]'
lines /v1/sent '{"message_id":"<d@x>","recipient":"five@example.org"}'
value '[.stored,.bad]' '[1,0]'

# ---- check
http GET '/v1/check?address=one@example.org'
value '[.may,.category]' '["never","user_unknown"]'
http GET '/v1/check?address=free@example.org&brief=yes'
value . '{"address":"free@example.org","may":"send","until":null,"reason":"active"}'
http GET '/v1/check?address=nobody'
value '[.may,.reason]' '["never","no-address"]'
http GET /v1/check
code 400 "check without an address"
json POST /v1/check '{"address":"two@example.org","scope":"news"}'
value .may never
json POST /v1/check '{"addr":1}'
code 400 "a question without an address"
lines /v1/check $'{"address":"one@example.org"}\n"free@example.org"\n{"address":7}\n{"address":"gone@example.org"}'
equal '["never","send",null,"never"]' "$(jq -sc '[.[].may]' body)" "check of lines"
equal 3 "$(jq -s '.[2].error.line' body)" "the line that is bad"
http POST /v1/check -H 'Content-Type: text/plain' -H 'Accept: text/plain' --data-binary $'one@example.org\n# none\n\nfree@example.org'
equal $'one@example.org\tnever\t-\tsuppressed
free@example.org\tsend\t-\tactive' "$(sed 's/user-unknown\|hard/suppressed/' body)" "check of a list"
seq 1 3000 | sed 's/.*/u&@example.org/' >list
http POST '/v1/check?brief=yes' -H 'Content-Type: text/plain' --data-binary @list --compressed
equal 3000 "$(wc -l <body)" "answers to a long list"

# ---- suppress, release, lookup
json POST /v1/recipients/suppress '{"addresses":["s1@example.org","s2@example.org","nobody"],"reason":"asked by phone","until":"30d"}'
value '[.new,.bad,.results[0].outcome]' '[2,1,"suppressed"]'
json POST /v1/recipients/suppress '{"address":"s3@example.org","cause":"complaint"}'
value .new 1
json POST /v1/recipients/release '{"address":"s1@example.org"}'
value '.results[0].outcome' released
json POST /v1/recipients/release '{"address":"s3@example.org"}'
value '.results[0].outcome' consent
json POST /v1/recipients/release '{"address":"s3@example.org","consent":"form of 3 May"}'
value '.results[0].state' active
for bad in '{}' '[]' '{"address":7}' '{"addresses":[]}' '{"addresses":[7]}' '{"address":"a@b.c","until":"then"}' \
    '{"address":"a@b.c","cause":"odd"}' '{"address":"a@b.c","reason":7}' '{"address":""}' '{'; do
    json POST /v1/recipients/suppress "$bad"
    code 400 "suppress $bad"
done
http POST /v1/recipients/suppress -H 'Content-Type: text/plain' -d x
code 415 "suppress in text"
json POST /v1/recipients/lookup '{"address":"s3@example.org"}'
value '[.answer.may,(.changes|length),[.events[].act]]' '["send",3,["release","release","suppress"]]'
json POST /v1/recipients/lookup '{"address":"nobody"}'
code 422 "lookup of no address"
json POST /v1/recipients/lookup '{}'
code 400 "lookup of nothing"
http GET '/v1/recipients?category=user_unknown&limit=2'
value '.items|length' 2
next=$(jq -r .next body)
http GET "/v1/recipients?category=user_unknown&cursor=$next&newest=no"
code 200 "the next page"
http GET '/v1/recipients?cursor=odd'
code 422 "a cursor that is none"
http GET '/v1/suppressions?address=s2@example.org'
value '.items[0].cause' manual
http POST '/v1/suppressions?from=mailgun' -H 'Content-Type: text/csv' --data-binary $'address,code,error,created_at\nm1@example.org,550,no such user,2026-10-01\nnobody,550,x,2026-10-01\n'
value '[.items,.new,.bad]' '[2,1,1]'
http POST '/v1/suppressions?from=odd' -H 'Content-Type: text/csv' -d x
code 400 "a list of nobody"
http GET /v1/holds
code 200 holds
json POST /v1/events '{"recipient":"blocked@example.org","kind":"bounce","reply":"550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus","ip":"192.0.2.1"}'
http GET '/v1/holds?ended=yes'
code 200 "holds that ended too"
http GET /v1/incidents
code 200 incidents
value '[.items[]|[.what,.dimension,.value,.category,.open]]' '[["hold","ip","192.0.2.1","ip_blocklisted",true]]'
"$BOUNCE" incidents --json >out
equal "$(jq -cS '.items[]' body)" "$(jq -cS . out)" "what the program says"
id=$(jq -r '.items[0].id' body)
"$BOUNCE" incidents --json "$id" >out
equal "$(jq -cS '.items[]' body)" "$(jq -cS 'del(.hours, .events, .holds)' out)" "its story"
http GET "/v1/incidents?id=$id&kind=hold&ip=192.0.2.1&class=block"
value '.items|length' 1
http GET '/v1/incidents?state=closed'
value '.items' '[]'
http GET '/v1/incidents?state=all&limit=1&newest=yes&since=1d'
next=$(jq -r .next body)
http GET "/v1/incidents?state=all&cursor=$next"
value '.items' '[]'
http GET '/v1/incidents?state=odd'
code 400 "a state that is none"
http GET '/v1/incidents?kind=weather'
code 422 "a kind that is none"
http GET '/v1/incidents?cursor=odd'
code 422 "a cursor that is none"
http GET '/v1/incidents?domain=example.org'
code 400 "incidents know no domain"
http GET /metrics
grep -qx 'bounce_incidents_open 1' body || fail "no metric of incidents"
http GET '/v1/stats?by=category'
code 200 stats
http GET '/v1/stats?reputation=yes&by=campaign'
code 200 reputation
http GET '/v1/stats?by=odd'
code 400 "rates by nothing"
lines /v1/events '{"recipient":"q1@example.org","kind":"bounce","reply":"550 zork blimp 17"}
{"recipient":"q2@example.org","kind":"bounce","reply":"550 zork blimp 23"}'
http GET /v1/unknown
value '[.items[0].count,.next]' '[2,null]'

# ---- changes: pages, then a stream that goes on
http GET '/v1/changes?limit=2'
value '.next' 2
http GET '/v1/changes?limit=1000'
last=$(jq -r .next body)
http GET "/v1/changes?cursor=$last"
value '[(.items|length),.next]' "[0,\"$last\"]"
feed() {
    timeout 20 curl -sN --unix-socket "$SOCKET" -H 'Accept: text/event-stream' "$@" >stream &
    feed_pid=$!
}
feed -H "Last-Event-ID: $((last - 1))" http://localhost/v1/changes
json POST /v1/recipients/suppress '{"address":"stream@example.org"}'
for _ in $(seq 100); do
    [ "$(grep -c '^id: ' stream)" -ge 2 ] && break
    sleep 0.1
done
kill "$feed_pid"
wait "$feed_pid" 2>/dev/null
equal "id: $last,id: $((last + 1))," "$(grep '^id: ' stream | tr '\n' ',')" "ids of the stream"
equal stream@example.org "$(sed -n 's/^data: //p' stream | tail -n 1 | jq -r .address)" "the newest change"
http GET '/v1/changes?cursor=x' -H 'Accept: text/event-stream'
code 400 "a cursor that is none"

# ---- webhooks
http GET /v1/hooks/generic/main
code 200 "whether the URL is there"
json POST '/v1/hooks/generic/main?secret=sesame' '[{"recipient":"h1@example.org","kind":"opened"},{"recipient":"nobody","kind":"bounce"},{"recipient":"h2@example.org","kind":"bounce"},{"recipient":"h3@","kind":"bounce"}]'
value '[.items,.new,.bad,[.errors[].item]]' '[4,1,2,[1,3]]'
json POST '/v1/hooks/generic/main' '[]'
code 401 "a webhook without its secret"

# ---- the rest
http GET /metrics
has 'bounce_events_total{kind="bounce",class="hard",category="user_unknown"' body
has 'bounce_store_up 1' body
http GET '/v1/explain?q=5.7.26' --compressed -H 'X-Request-Id: my-own-1'
has 'X-Request-Id: my-own-1' head
http GET /healthz -H 'X-Request-Id: not/mine'
hasnt 'not/mine' head
curl -s -o /dev/null -D head --max-time 1 --unix-socket "$SOCKET" -H 'Accept: text/event-stream' http://localhost/v1/changes
grep -q '^Content-Type: text/event-stream' head && echo "GET /v1/changes 200 text/event-stream" >>visited
equal '' "$(jq -n -R -r --slurpfile documents "$SOURCE/docs/openapi.json" -f "$SOURCE/tests/serve/visited.jq" visited)" "what no test asked for"

# ---- a database that is gone for a while
if [ -n "${BOUNCE_TEST_POSTGRESQL:-}" ]; then
    door() {
        psql -qAtX "$BOUNCE_TEST_POSTGRESQL" -c "alter database serve allow_connections $1" \
            -c "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'serve'" >/dev/null
    }
    door false
    http GET '/v1/check?address=s1@example.org'
    code 503 "a check without its database"
    has 'Retry-After: ' head
    json POST /v1/events '{"recipient":"away@example.org","kind":"delivery","event_id":"away"}'
    code 503 "an event without its database"
    has 'Retry-After: ' head
    http GET /readyz
    code 503 "not ready"
    http GET /healthz
    code 200 "alive all the same"
    http GET /metrics
    has 'bounce_store_up 0' body
    door true
    http GET '/v1/check?address=s2@example.org'
    value .may never
    json POST /v1/events '{"recipient":"away@example.org","kind":"delivery","event_id":"away"}'
    value .new 1
fi
serve_stop
"$BOUNCE" why s3@example.org >out
has 'form of 3 May' out
hasnt @example.org log
exit $((failures > 0))
