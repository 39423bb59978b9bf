#!/bin/bash
# bulk.sh PROGRAM: bodies that go to the writer in portions: counts, items and
# results are those of the whole.
# One store will do.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
. "$SOURCE/tests/serve/lib.sh"

serve_config </dev/null
serve_start
failure_report >report.eml

# ---- events
seq 0 6999 | awk '{ if ($1 == 6500) print "{\"recipient\""; else printf "{\"recipient\":\"p%d@example.org\",\"kind\":\"delivery\",\"event_id\":\"p%d\",\"campaign\":\"a campaign of some length\"}\n", $1, $1 }' >many
http POST '/v1/events?results=yes' -H 'Content-Type: application/x-ndjson' --data-binary @many
value '[.items,.new,.bad,.errors[0].item]' '[7000,6999,1,6500]'
value '[.results[0].item,.results[0].address,.results[6998].item,.results[6998].address]' '[0,"p0@example.org",6999,"p6999@example.org"]'
equal "$(seq 0 6999 | grep -vx 6500 | cksum)" "$(jq '.results[].item' body | cksum)" "items in order"
http POST /v1/events -H 'Content-Type: application/x-ndjson' --data-binary @many
value '[.items,.new,.known,.bad]' '[7000,0,6999,1]'
# A line that is longer than a portion.
{
    printf '{"recipient":"long@example.org","kind":"delivery","event_id":"long","note":"'
    head -c 700000 /dev/zero | tr '\0' x
    printf '"}\n{"recipient":"behind@example.org","kind":"delivery"}\n{"recipient":"x"}'
} >many
http POST /v1/events -H 'Content-Type: application/x-ndjson' --data-binary @many
value '[.items,.new,.bad,.errors[0].item]' '[3,2,1,2]'

# ---- reports
for i in $(seq 1500); do
    printf 'From MAILER-DAEMON Sun Nov 22 03:44:39 2026\n'
    sed "s/gone@/box$i@/" report.eml
    echo
done >box
http POST '/v1/reports?results=yes' -H 'Content-Type: application/mbox' --data-binary @box
value '[.items,.new,.results[0].address,.results[1499].address]' '[1500,1500,"box1@example.org","box1500@example.org"]'

# ---- the sent log
{
    echo message_id,recipient
    seq 2500 | sed 's/.*/<s&@x>,sent&@example.org/'
    echo '<t@x>,nobody'
} >many
http POST /v1/sent -H 'Content-Type: text/csv' --data-binary @many
value '[.items,.stored,.bad,.errors[0].item]' '[2501,2500,1,2502]'

# ---- suppressions
{
    echo address,code,error,created_at
    seq 2500 | sed 's/.*/many&@example.org,550,no such user,2026-10-01/'
    echo nobody,550,x,2026-10-01
} >many
http POST '/v1/suppressions?from=mailgun' -H 'Content-Type: text/csv' --data-binary @many
value '[.items,.new,.bad,.errors[0].item]' '[2501,2500,1,2502]'
serve_stop
exit $((failures > 0))
