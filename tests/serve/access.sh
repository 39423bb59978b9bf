#!/bin/bash
# access.sh PROGRAM: who may do what: every role at every other role's
# endpoints, scopes, wrong tokens, proxies, pages of other sites; webhooks
# without what they must have.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
. "$SOURCE/tests/serve/lib.sh"

printf 'sesame\n' >url-secret
printf 'user:pass word\n' >basic
printf 'signing-key-1\nsigning-key-2\n' >keys
serve_config <<END
Local-Is-Admin: no

Hook: main
Service: postmark
Url-Secret-File: $work/url-secret

Hook: basic
Service: postmark
Basic-Auth-File: $work/basic

Hook: signed
Service: generic
Secret-File: $work/keys

Hook: open
Service: generic

Hook: amazon
Service: ses
Topics: arn:aws:sns:eu-west-1:000000000000:bounces

Hook: mail
Service: mailgun
Secret-File: $work/keys
END
token() {
    "$BOUNCE" token add "$@"
}
check=$(token c --roles check)
ingest=$(token i --roles ingest)
read=$(token r --roles read)
admin=$(token a --roles admin)
token old --roles check >/dev/null
"$BOUNCE" token revoke old
"$BOUNCE" token revoke nobody 2>/dev/null && fail "a token of nobody is revoked"
token c 2>/dev/null && fail "two tokens of one name"
news=$(token n --roles check,ingest,read,admin --scope news)
brief=$(token b --roles admin --expires 1s)
serve_start

# as TOKEN FUNCTION ARGUMENT...
as() {
    local token=$1 function=$2
    shift 2
    "$function" "$@" -H "Authorization: Bearer $token"
}

# Each endpoint, and who may use it.
rows=0
while read -r method path roles type data; do
    rows=$((rows + 1))
    for role in check ingest read admin; do
        args=(-H "Content-Type: $type" --data-binary "$data")
        [ "$method" = POST ] || args=()
        as "${!role}" http "$method" "$path" "${args[@]}"
        case ,$roles,admin,any, in
        *",$role,"* | ,any,*) [ "$CODE" = 200 ] || fail "$role: $method $path: $CODE $(cat body)" ;;
        *) code 403 "$role: $method $path" ;;
        esac
    done
    args=(-H "Content-Type: $type" --data-binary "$data")
    [ "$method" = POST ] || args=()
    http "$method" "$path" "${args[@]}"
    code 401 "nobody: $method $path"
done <<'END'
GET /v1/check?address=a@example.org check,read - -
POST /v1/check check,read application/json {"address":"a@example.org"}
GET /v1/explain?q=550 any - -
POST /v1/classify any application/json {"reply":"550"}
POST /v1/reports ingest message/rfc822 x
GET /v1/events read - -
POST /v1/events ingest application/json []
POST /v1/sent ingest text/csv message_id,recipient
GET /v1/recipients read - -
POST /v1/recipients/lookup read application/json {"address":"a@example.org"}
POST /v1/recipients/suppress admin application/json {"address":"a@example.org"}
POST /v1/recipients/release admin application/json {"address":"a@example.org"}
GET /v1/suppressions read - -
POST /v1/suppressions admin text/csv email
GET /v1/changes read - -
GET /v1/holds read - -
GET /v1/incidents read - -
GET /v1/stats read - -
GET /v1/unknown read - -
GET /metrics read - -
POST /v1/hooks/generic/open ingest application/json []
END
# All of the document but what is for anybody.
equal "$(jq '[.paths[][] | select(.security == null)] | length + 1' "$SOURCE/docs/openapi.json")" \
    "$rows" "endpoints that were tried"
http GET /healthz
code 200 "healthz for anybody"
"$BOUNCE" token list >tokens
sql 'select distinct who, action from audit order by 1, 2' | tr '|' ' ' >audit
equal $'a import\na release\na suppress\nlocal token add\nlocal token revoke' "$(cat audit)" "the audit"
sql "select detail from audit where who = 'local' order by seq" >audit
equal $'c: check\ni: ingest\nr: read\na: admin\nold: check\nold\nn: check,ingest,read,admin; scope news' \
    "$(head -n 7 audit)" "what was done with tokens"
grep -qx 'b: admin; until 20.*Z' audit || fail "no line of a token that expires"
equal 8 "$(wc -l <audit)" "lines"
sqlite=$BOUNCE_STORE
if [ -f "$sqlite" ]; then
    sqlite3 "$sqlite" .dump >dump
    hasnt "$admin" dump
fi

# ---- Basic with the token as the password, and what is no token
http GET '/v1/check?address=a@example.org' -u "anybody:$check"
code 200 "a token by Basic"
http GET '/v1/check?address=a@example.org' -H "Authorization: bearer   $check"
code 200 "the scheme in any case"
sleep 1.2
http GET /v1/holds -H "Authorization: Bearer $brief"
code 401 "a token that has expired"

# ---- A token bound to a scope
lines /v1/events $'{"recipient":"a1@example.org","kind":"unsubscribe","scope":"news"}\n{"recipient":"a2@example.org","kind":"unsubscribe","scope":"shop"}' -H "Authorization: Bearer $admin"
value .new 2
as "$news" http GET /v1/events
value '[.items[].event.scope]|unique' '["news"]'
as "$news" http GET '/v1/events?scope=shop'
code 403 "events of another scope"
as "$news" http GET /v1/recipients
value '[.items[].scope]|unique' '["news"]'
as "$news" http GET /v1/changes
value '[.items[].scope]|unique' '["news"]'
as "$news" json POST /v1/recipients/lookup '{"address":"a2@example.org"}'
value '[.answer.may,.states,.changes,.events]' '["send",[],[],[]]'
as "$news" json POST /v1/recipients/lookup '{"address":"a2@example.org","scope":"shop"}'
code 403 "lookup in another scope"
as "$news" http GET '/v1/check?address=a1@example.org'
value .may never
as "$news" http GET '/v1/check?address=a1@example.org&scope=shop'
code 403 "check in another scope"
as "$news" json POST /v1/check '{"address":"a1@example.org","scope":"shop"}'
code 403 "check in another scope, in the body"
as "$news" lines /v1/check '{"address":"a1@example.org","scope":"shop"}'
value '.error.line' 1
as "$news" json POST /v1/recipients/suppress '{"address":"a3@example.org"}'
value '.new' 1
as "$admin" http GET '/v1/check?address=a3@example.org'
value .may send
as "$admin" http GET '/v1/check?address=a3@example.org&scope=news'
value .may never
as "$news" json POST /v1/recipients/suppress '{"address":"a3@example.org","scope":"shop"}'
code 403 "suppress in another scope"
as "$news" json POST /v1/events '{"recipient":"a4@example.org","kind":"unsubscribe","scope":"shop"}'
code 422 "an event of another scope"
as "$news" json POST /v1/events '{"recipient":"a4@example.org","kind":"unsubscribe"}'
value .new 1
as "$news" http POST '/v1/suppressions?from=mailgun' -H 'Content-Type: text/csv' --data-binary $'address,code,error,created_at\nm1@example.org,550,no such user,2026-10-01\n'
code 422 "what would hold everywhere"
for path in /v1/holds /v1/incidents /metrics '/v1/stats?by=provider' '/v1/stats?reputation=yes'; do
    as "$news" http GET "$path"
    code 403 "$path with a token bound to a scope"
done
as "$news" http GET '/v1/stats?by=day'
code 200 "rates of the scope"

# ---- Webhooks
bounce='{"RecordType":"Bounce","Type":"HardBounce","Email":"h1@example.org","Details":"550 5.1.1 no such user","ID":42,"MessageID":"m1","BouncedAt":"2026-11-20T10:00:00Z"}'
json POST /v1/hooks/postmark/main "$bounce"
code 401 "a hook without its secret"
json POST '/v1/hooks/postmark/main?secret=simsim' "$bounce"
code 403 "a hook with a wrong secret"
json POST '/v1/hooks/postmark/main?secret=sesame' "$bounce"
value '[.items,.new]' '[1,1]'
json POST '/v1/hooks/postmark/main?secret=sesame' "$bounce"
value '[.new,.known]' '[0,1]'
json POST /v1/hooks/postmark/basic "$bounce"
code 401 "a hook without its password"
json POST /v1/hooks/postmark/basic "$bounce" -u 'user:other'
code 403 "a hook with a wrong password"
json POST /v1/hooks/postmark/basic "$bounce" -u 'user:pass word'
code 200 "a hook with its password"
json POST '/v1/hooks/postmark/main?secret=sesame' '{"RecordType'
code 400 "a hook that is no JSON"
json POST /v1/hooks/postmark/nobody "$bounce"
code 404 "a hook of no account"
http GET /v1/hooks/postmark/main
code 200 "whether the URL is there"
json POST /v1/hooks/generic/open '[]'
code 401 "a hook that demands nothing, without a token"
own='{"recipient":"h2@example.org","kind":"bounce","reply":"550 5.1.1 no such user"}'
sign() {
    printf '%s' "$1" | openssl dgst -sha256 -hmac "$2" | sed 's/.* //'
}
json POST /v1/hooks/generic/signed "$own"
code 401 "a hook without its signature"
json POST /v1/hooks/generic/signed "$own" -H "X-Signature: $(sign "$own" other)"
code 403 "a hook with a wrong signature"
for key in signing-key-1 signing-key-2; do
    json POST /v1/hooks/generic/signed "$own" -H "X-Signature: $(sign "$own" $key)"
    code 200 "a hook signed with $key"
done
mailgun() {
    local time=$1 token=0123456789abcdef0123456789abcdef0123456789abcdef01
    printf '{"signature":{"timestamp":"%s","token":"%s","signature":"%s"},"event-data":{"event":"failed","severity":"permanent","id":"x1","timestamp":%s.1,"recipient":"h3@example.org","delivery-status":{"code":550,"message":"5.1.1 no such user"},"message":{"headers":{"message-id":"m2@example.org"}}}}' \
        "$time" "$token" "$(sign "$time$token" signing-key-1)" "$time"
}
json POST /v1/hooks/mailgun/mail "$(mailgun "$(($(date +%s) - 301))")"
code 403 "a signature of more than 5 minutes ago"
json POST /v1/hooks/mailgun/mail "$(mailgun "$(date +%s)")"
value .new 1
json POST /v1/hooks/ses/amazon '{"Type":"SubscriptionConfirmation","TopicArn":"arn:aws:sns:eu-west-1:000000000000:bounces","SubscribeURL":"https://evil.example/","Token":"x","Message":"x","MessageId":"x","Timestamp":"2026-11-20T10:00:00.000Z","SignatureVersion":"1","Signature":"eA==","SigningCertURL":"https://evil.example/x.pem"}'
case $CODE in
401 | 403 | 503) ;;
*) fail "a confirmation that nobody signed: $CODE" ;;
esac
hasnt "evil.example" body

# ---- Wrong tokens: ten in a minute are too many, and only from there
for _ in 1 2 3 4 5 6 7 8 9 10; do
    http GET /v1/holds -H 'Authorization: Bearer bounce_no' -H 'X-Forwarded-For: 192.0.2.9'
    [ "$CODE" = 401 ] || break
done
http GET /v1/holds -H 'Authorization: Bearer bounce_no' -H 'X-Forwarded-For: 192.0.2.9'
code 429 "an eleventh wrong token"
http GET /v1/holds -H 'Authorization: Bearer bounce_no' -H 'X-Forwarded-For: 192.0.2.10'
code 401 "a first wrong token from elsewhere"
"$BOUNCE" token revoke r
sleep 6
as "$read" http GET /v1/holds
code 401 "a token that was revoked"
serve_stop

# ---- Who is on this machine, when asked for
sed -i 's/^Local-Is-Admin: no/Loopback-Trusted: yes/' bounce.conf
serve_start
http GET /v1/holds
code 200 "the same user on the unix socket"
BASE=http://127.0.0.1:$PORT
http GET /v1/holds
code 200 "loopback"
http GET /v1/holds -H 'X-Forwarded-For: 192.0.2.1'
code 401 "loopback that speaks for another"
http GET /v1/holds -H 'Origin: http://evil.example'
code 401 "a page of another site"
http GET /v1/holds -H 'Host: evil.example'
code 401 "a name that was made to point here"
http GET /v1/holds -H "Origin: http://127.0.0.1:$PORT"
code 200 "a page of its own"
serve_stop
sed -i '/^Loopback-Trusted/d' bounce.conf
serve_start
http GET /v1/holds
code 401 "loopback, when nobody asked for it"
serve_stop
exit $((failures > 0))
