#!/bin/bash
# The JSON of the contract: keys, order, types; the same on every run.
. "$(dirname "$0")/lib.sh"

status 0 "$BOUNCE" read --json --labels sisimai,sparkpost "$EXAMPLES"
json_lines out
keys='["schema","event_id","source","offset","kind","recipient","recipient_from","original_recipient","action","permanent","expired","status","reply_code","stage","diagnostic","category","class","confidence","provider","gateway","evidence","signals","advice","labels","reporting_mta","remote_mta","format","written_by","queue_id","service","service_verdict","verified","message_id","report_id","sender","scope","campaign","feedback_id","feedback_type","subject","sent_at","occurred_at","warnings"]'
equal "$keys" "$(jq -c keys_unsorted <out | sort -u)" "keys"
equal '["by","rule","text"]' "$(jq -c '.evidence|keys_unsorted' <out | sort -u)" "evidence"
equal '["block_list","lookup_url","removal_url","sender_ip","url","new_address","limit","suppressed_for","person_left"]' \
    "$(jq -c '.signals|keys_unsorted' <out | sort -u)" "signals"
equal '["do","who","retry_by","retry_after_s","remedy"]' \
    "$(jq -c '.advice|keys_unsorted' <out | sort -u)" "advice"
equal '["sisimai","sparkpost"]' "$(jq -c '.labels|keys_unsorted' <out | sort -u)" "labels"
equal '["label","code","class"]' \
    "$(jq -c '.labels[]|select(.!=null)|keys_unsorted' <out | sort -u)" "a label"
jq -e -s 'all(
    .schema == 1 and (.event_id | test("^[0-9a-f]{32}$")) and
    (.offset | type == "number") and
    (.kind | IN("bounce","delay","delivery","feedback","unsubscribe","auto_reply","challenge","none")) and
    (.class | IN("hard","soft","block","admin","event","undetermined",null)) and
    (.permanent | IN(true,false,null)) and (.expired | IN(true,false)) and
    (.confidence | . == null or (. >= 0 and . <= 1)) and
    (.evidence.by | IN("rule","block_list","status","reply_code","service","format","none")) and
    (.advice.do | IN("suppress","suspend","hold","retry","split","fix","review","nothing")) and
    (.advice.who | IN("sender","recipient","receiver","nobody")) and
    (.advice.retry_by | IN("mta","sender","none")) and
    (.warnings | type == "array") and
    ([.sent_at, .occurred_at] | all(. == null or test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$"))))' \
    <out >/dev/null || fail "a value is not of the contract"
grep -qE '"confidence":(0|1)\.[0-9]{2},' out || fail "confidence has not two decimals"

# Same input, same output, whatever the number of threads.
cp out first
for jobs in 1 2 4; do
    "$BOUNCE" read --json --labels sisimai,sparkpost --jobs $jobs "$EXAMPLES" >again
    cmp -s first again || fail "another output with --jobs $jobs"
done

# An event's labels are null where a system has none.
status 0 "$BOUNCE" read --json "$EXAMPLES/postfix-unknown.eml"
equal '{}' "$(jq -c .labels <out)" "labels not asked for"

# Bytes that are no text never reach the JSON as they are.
printf 'From: a@example.org\nSubject: x\n\n550 5.1.1 \033[31m\x9b\xff\xfe <b@example.org> \xe2\x80\xa8 unknown user\n' >odd.eml
status 0 "$BOUNCE" read --json odd.eml
json_lines out
LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' out && fail "raw control characters in JSON"
iconv -f UTF-8 -t UTF-8 out >/dev/null 2>&1 || fail "JSON is not UTF-8"
finish
