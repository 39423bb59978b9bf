#!/bin/bash
# One store will do.
# Amazon SNS at the daemon: what is fetched because of a request, and what not.
# A proxy that is not there stands for a network that is down; that the fetching
# itself is right shows tests/ingest/test_sns.c.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
# shellcheck source=tests/serve/lib.sh
. "$(dirname "$0")/lib.sh"
export https_proxy=http://127.0.0.1:1
topic=arn:aws:sns:eu-west-1:000000000000:bounces
serve_config <<CONF

Hook: amazon
Service: ses
Topics: $topic
CONF
serve_start

# notice TOPIC CERTIFICATE [TYPE]: the answer's status goes to CODE.
notice() {
    http POST /v1/hooks/ses/amazon -H 'Content-Type: text/plain' -d \
        "{\"Type\":\"${3:-Notification}\",\"TopicArn\":\"$1\",\"Message\":\"{}\",
        \"MessageId\":\"m\",\"Timestamp\":\"2026-11-20T10:00:00.000Z\",
        \"SubscribeURL\":\"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=$1&Token=t\",
        \"Token\":\"t\",\"SignatureVersion\":\"2\",\"Signature\":\"eA==\",
        \"SigningCertURL\":\"$2\"}"
}
own=https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0

notice "${topic}2" $own.pem
equal 403 "$CODE" "a topic of others"
notice "$topic" https://sns.eu-west-1.amazonaws.com.example.org/SimpleNotificationService-0.pem
equal 403 "$CODE" "a certificate of others"
hasnt hook-certificate log
for type in Notification SubscriptionConfirmation; do
    notice "$topic" "$own-$type.pem" $type
    equal 503 "$CODE" "$type whose certificate cannot be had"
    log_has "$own-$type.pem"
done
equal 2 "$(grep -c hook-certificate log)" "two were tried"
hasnt hook-confirm log
# Not again at once: Amazon repeats what it has to say.
notice "$topic" $own-Notification.pem
equal 503 "$CODE" "the same again"
equal 2 "$(grep -c hook-certificate log)" "none is tried again at once"
# Without the module it says what is missing.
serve_stop
mkdir modules
cp "$(dirname "$BOUNCE")"/modules/bounce-{http,crypto}.so modules/
export BOUNCE_MODULES=$work/modules
serve_start
notice "$topic" $own.pem
equal 503 "$CODE" "without the module"
log_has "this needs the module curl"
serve_stop
finish
