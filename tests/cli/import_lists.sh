#!/bin/bash
# Suppression lists of other systems: whose they are, and what their rows mean.
. "$(dirname "$0")/lib.sh"
export BOUNCE_STORE=$work/store.db

# imports WANT FILE [OPTION...]: "system/list causes" of a dry run.
imports() {
    local want=$1 file=$2
    shift 2
    "$BOUNCE" import --dry-run --json --now 2026-06-01 "$@" "$file" >out 2>err
    equal "$want" "$(jq -r '"\(.system)/\(.list) " + ([.by_cause | to_entries[] |
        select(.value > 0) | "\(.key) \(.value)"] | join(", ")) +
        ([.passed_over | to_entries[] | "; \(.value) \(.key)"] | join("")) +
        (if .bad > 0 then "; \(.bad) bad" else "" end)' <out)" "$file"
}

cat >mailgun.csv <<'END'
address,code,error,created_at
ann@example.org,550,"5.1.1 <ann@example.org>: user unknown","Fri, 13 Mar 2026 10:00:00 GMT"
bob@example.org,550,"mailbox ""bob"" is
disabled","Fri, 13 Mar 2026 10:00:00 GMT"
END
imports "mailgun/bounces hard 2" mailgun.csv
cat >mailgun.json <<'END'
{"items":[{"address":"ann@example.org","code":"550","error":"5.1.1 user unknown",
 "created_at":"Fri, 13 Mar 2026 10:00:00 UTC"}],"paging":{"next":"https://example.net/?a=b@c"}}
END
imports "mailgun/bounces hard 1" mailgun.json
printf 'address,created_at\nann@example.org,"Fri, 13 Mar 2026 10:00:00 GMT"\n' >complaints.csv
imports "mailgun/complaints complaint 1" complaints.csv
cp complaints.csv unsubscribes.csv
imports "mailgun/unsubscribes unsubscribe 1" unsubscribes.csv
imports "mailgun/complaints complaint 1" unsubscribes.csv --from mailgun/complaints
cat >tags.json <<'END'
{"items":[
 {"address":"ann@example.org","tags":["*"],"created_at":"Fri, 13 Mar 2026 10:00:00 UTC"},
 {"address":"bob@example.org","tags":["news","offers"],"created_at":"Fri, 13 Mar 2026 10:00:00 UTC"}]}
END
imports "mailgun/unsubscribes unsubscribe 3" tags.json

printf 'status,reason,email,created\n%s\n%s\n' \
    '5.1.1,"550 5.1.1 user unknown",ann@example.org,1773396000' \
    '5.7.1,"550 5.7.1 blocked: listed on a spam block list",bob@example.org,1773396000' >suppression_bounces.csv
imports "sendgrid/bounces hard 2" suppression_bounces.csv
cp suppression_bounces.csv suppression_blocks.csv
imports "sendgrid/blocks ; 2 a block, not a suppression of the address" suppression_blocks.csv
cp suppression_bounces.csv list.csv
imports "sendgrid/bounces hard 1; 1 a block, not a suppression of the address" list.csv
imports "sendgrid/bounces hard 1; 1 a block, not a suppression of the address" \
    suppression_bounces.csv --skip-blocks
printf 'reason,email,created\n"Mail domain mentioned in email address is unknown",ann@example.invalid,1773396000\n' >inv.csv
imports "sendgrid/invalid-emails hard 1" inv.csv
printf 'email,created,ip\nann@example.org,1773396000,192.0.2.1\n' >s.csv
imports "sendgrid/spam-reports complaint 1" s.csv
printf 'email,created\nann@example.org,1773396000\n' >s.csv
imports "sendgrid/unsubscribes unsubscribe 1" s.csv
echo '[{"email":"ann@example.org","group_id":7,"group_name":"News","created_at":1773396000}]' >groups.json
imports "sendgrid/group-unsubscribes unsubscribe 1" groups.json

cat >ses.json <<'END'
{
    "SuppressedDestinationSummaries": [
        {"EmailAddress": "ann@example.org", "Reason": "BOUNCE",
         "LastUpdateTime": "2026-03-13T10:00:00.101000+00:00"},
        {"EmailAddress": "bob@example.org", "Reason": "COMPLAINT", "LastUpdateTime": 1773396000.077},
        {"EmailAddress": "cy@example.org", "Reason": "OTHER", "LastUpdateTime": 1773396000}
    ]
}
END
imports "ses/suppressions hard 1, complaint 1; 1 bad" ses.json
has "ses.json:6: the reason is neither BOUNCE nor COMPLAINT" err
printf 'ann@example.org,BOUNCE\nbob@example.org,COMPLAINT\n' >ses.csv
imports "ses/suppressions hard 1, complaint 1" ses.csv

cat >postmark.json <<'END'
{"Suppressions":[
 {"EmailAddress":"a@example.org","SuppressionReason":"HardBounce","Origin":"Recipient","CreatedAt":"2026-03-13T10:00:00-05:00"},
 {"EmailAddress":"b@example.org","SuppressionReason":"SpamComplaint","Origin":"Recipient","CreatedAt":"2026-03-13T10:00:00-05:00"},
 {"EmailAddress":"c@example.org","SuppressionReason":"ManualSuppression","Origin":"Recipient","CreatedAt":"2026-03-13T10:00:00-05:00"},
 {"EmailAddress":"d@example.org","SuppressionReason":"ManualSuppression","Origin":"Customer","CreatedAt":"2026-03-13T10:00:00-05:00"}]}
END
imports "postmark/suppressions hard 1, complaint 1, unsubscribe 1, manual 1" postmark.json
cat >postmark.csv <<'END'
Email;Type;Details;BouncedAt;Inactive
a@example.org;HardBounce;550 5.1.1 user unknown;2026-03-13T10:00:00Z;true
b@example.org;Transient;450 4.2.1 try later;2026-03-13T10:00:00Z;false
c@example.org;SpamComplaint;;2026-03-13T10:00:00Z;true
END
imports "postmark/bounces hard 1, complaint 1; 1 a bounce that suppressed nothing there" postmark.csv

cat >sparkpost.json <<'END'
{"results":[
 {"recipient":"a@example.org","type":"transactional","source":"Bounce Rule","description":"550: 5.1.1 user unknown","created":"2026-03-13T10:00:00+00:00"},
 {"recipient":"b@example.org","type":"non_transactional","source":"Spam Complaint","created":"2026-03-13T10:00:00+00:00"},
 {"recipient":"c@example.org","type":"non_transactional","source":"List Unsubscribe","created":"2026-03-13T10:00:00+00:00"},
 {"recipient":"d@example.org","type":"non_transactional","source":"Manually Added","created":"2026-03-13T10:00:00+00:00"}],
 "links":[{"href":"/x","rel":"next"}],"total_count":4}
END
imports "sparkpost/suppressions hard 1, complaint 1, unsubscribe 1, manual 1" sparkpost.json
printf 'recipient,transactional,non_transactional,description\na@example.org,false,true,x\nb@example.org,false,false,x\n' >sp.csv
imports "sparkpost/suppressions manual 1; 1 not suppressed there" sp.csv

printf 'Email Address,First Name,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE\na@example.org,A,2026-03-13 10:00:00,Spring\n' >cleaned.csv
imports "mailchimp/cleaned hard 1" cleaned.csv
printf 'Email Address,First Name,UNSUB_TIME,UNSUB_REASON\na@example.org,A,2026-03-13 10:00:00,"No longer interested"\n' >unsub.csv
imports "mailchimp/unsubscribed unsubscribe 1" unsub.csv
printf 'Email Address,MEMBER_RATING\na@example.org,3\n' >subscribed.csv
imports "mailchimp/members ; 1 neither cleaned nor unsubscribed" subscribed.csv

cat >brevo.json <<'END'
{"contacts":[
 {"email":"a@example.org","reason":{"code":"hardBounce","message":"Hard bounce"},"blockedAt":"2026-03-13T10:00:00Z"},
 {"email":"b@example.org","reason":{"code":"contactFlaggedAsSpam","message":""},"blockedAt":"2026-03-13T10:00:00Z"},
 {"email":"c@example.org","reason":{"code":"unsubscribedViaEmail","message":""},"blockedAt":"2026-03-13T10:00:00Z"},
 {"email":"d@example.org","reason":{"code":"adminBlocked","message":""},"blockedAt":"2026-03-13T10:00:00Z"}],"count":4}
END
imports "brevo/blocklist hard 1, complaint 1, unsubscribe 1, manual 1" brevo.json

cat >marketo.csv <<'END'
Email Address,Email Invalid,Email Invalid Cause,Email Suspended,Email Suspended At,Email Suspended Cause,Unsubscribed,Black Listed
a@example.org,true,550 5.1.1 user unknown,false,,,false,false
b@example.org,false,,true,2026-05-31 18:00:00,554 spam,false,false
c@example.org,false,,true,2026-03-13 10:00:00,554 spam,false,false
d@example.org,true,550 5.1.1 user unknown,false,,,true,true
e@example.org,false,,false,,,false,false
END
imports "marketo/leads hard 2, unsubscribe 1, manual 2; 1 a suspension that is over; 1 mail may be sent there" marketo.csv

printf '# never\na@example.org\n\nnobody\nB@Example.ORG\n"""c d""@example.org"\n' >plain.txt
imports "plain/addresses manual 3; 1 bad" plain.txt
has "plain.txt:4: " err
printf 'E-mail;Name\na@example.org;J\xfcrgen\n;x\n' >people.csv
imports "plain/addresses manual 1; 1 bad" people.csv
imports "plain/unsubscribes unsubscribe 1; 1 bad" people.csv --from plain/unsubscribes
imports "mailchimp/cleaned hard 1; 1 bad" people.csv --from mailchimp/cleaned
printf 'name,town\nAnn,Bath\n' >none.csv
imports "null/null ; 1 bad" none.csv
has "no column with addresses was recognised" err
printf '\xff\xfea\0' >wide.csv
imports "null/null ; 1 bad" wide.csv
has "wide.csv:1: the file is UTF-16" err
[ ! -e store.db ] || fail "a dry run made a store"

# Tables of nobody we know, whose columns tell who is suppressed and who is not.
cat >log.csv <<'END'
st_text,ts,sub,frm,email,tag,mid,link
Hard bounce,2026-03-13 10:00:00,Hello,news@example.com,a@example.org,,<1@example.com>,
Delivered,2026-03-13 10:00:00,Hello,news@example.com,b@example.org,,<2@example.com>,
Soft bounce,2026-03-13 10:00:00,Hello,news@example.com,c@example.org,,<3@example.com>,
Unsubscribed,2026-03-13 10:00:00,Hello,news@example.com,d@example.org,,<4@example.com>,
Spam complaint,2026-03-13 10:00:00,Hello,news@example.com,e@example.org,,<5@example.com>,
Blocked,2026-03-13 10:00:00,Hello,news@example.com,f@example.org,,<6@example.com>,
Purple,2026-03-13 10:00:00,Hello,news@example.com,g@example.org,,<7@example.com>,
END
imports "plain/table hard 1, complaint 1, unsubscribe 1; 2 mail may be sent there; 1 a block, not a suppression of the address; 1 bad" log.csv
has "log.csv:8: its status tells neither that mail may be sent there nor that it may not" err
imports "plain/addresses manual 7" log.csv --from plain/addresses
printf 'event,email\npurple,a@example.org\ndelivered,b@example.org\nbounce,c@example.org\n' >log2.csv
imports "plain/table hard 1; 1 mail may be sent there; 1 bad" log2.csv
cat >subscribers.csv <<'END'
uuid,email,name,status,created_at
1,a@example.org,A,enabled,2026-03-13T10:00:00Z
2,b@example.org,B,blocklisted,2026-03-13T10:00:00Z
END
imports "plain/table manual 1; 1 mail may be sent there" subscribers.csv
cat >crm.csv <<'END'
Name,Email,Email Opt Out,Email Hard Bounced
A,a@example.org,0,0
B,b@example.org,1,0
C,c@example.org,0,1
D,d@example.org,1,TRUE
E,e@example.org,,
END
imports "plain/table hard 2, unsubscribe 2; 2 mail may be sent there" crm.csv
cat >reasons.csv <<'END'
Email,Reason,Timestamp
a@example.org,Hard bounced,2026-03-13T10:00:00Z
b@example.org,Marked as spam,2026-03-13T10:00:00Z
c@example.org,"550 5.1.1 this account is not active",2026-03-13T10:00:00Z
END
imports "plain/table hard 2, complaint 1" reasons.csv
printf 'email,created,status\na@example.org,1773396000,active\n' >new.csv
imports "plain/table ; 1 mail may be sent there" new.csv
printf 'Email address,Suppression reason,Last update\na@example.org,BOUNCE,2026-03-13T10:00:00Z\n' >console.csv
imports "ses/suppressions hard 1" console.csv

# Usage and files that are not there.
status 2 "$BOUNCE" import
status 2 "$BOUNCE" import --from nobody plain.txt
has "--from nobody is not among marketo" err
status 1 "$BOUNCE" import missing.csv
has "missing.csv: No such file" err

# For real: what bad lines leave is imported; again changes nothing.
status 1 "$BOUNCE" import plain.txt mailgun.csv
has "mailgun.csv: mailgun, bounces" out
has "         2  imported: hard" out
status 1 "$BOUNCE" import plain.txt mailgun.csv
has "         2  known already" out
hasnt imported out
equal 5 "$(sqlite3 store.db 'select count(*) from state')" "states"
equal 5 "$(sqlite3 store.db 'select count(*) from change')" "changes"
equal "user_unknown|import mailgun/bounces" "$(sqlite3 store.db "select category,
    substr(text, instr(text, 'import'), 22) from state where address like 'ann@%'")" "the cause"

# Unsubscribes hold in their scope, and in no other.
status 0 "$BOUNCE" import --scope shop unsubscribes.csv
status 0 "$BOUNCE" import tags.json
equal "|ann@example.org news|bob@example.org offers|bob@example.org shop|ann@example.org" \
    "$(echo $(sqlite3 store.db "select scope,address from state where text like '%unsubscribe%' order by 1,2"))" \
    "scopes"

# What a terminal must not get.
printf 'a\033[31m@example.org\n' >evil.txt
status 1 "$BOUNCE" import evil.txt
LC_ALL=C grep -q $'\033' out err && fail "a control character got out"
mv evil.txt $'\033[31m.txt'
status 1 "$BOUNCE" import $'\033[31m.txt'
LC_ALL=C grep -q $'\033' out err && fail "a control character got out of a name"
finish
