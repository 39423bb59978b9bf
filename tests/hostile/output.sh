#!/bin/bash
# What hostile mail makes the program print: valid JSON, nothing that steers a
# terminal, no lines or fields of its own; within bounded memory.
#
# usage: output.sh BOUNCE HOSTILE
hostile=$2
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"

# plain FILE: neither control characters nor what turns the writing round.
plain() {
    LC_ALL=C grep -q '[^[:print:][:space:]]' <(LC_ALL=C tr -d '\200-\377' <"$1") &&
        fail "control characters in $1"
    LC_ALL=C grep -qP '\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]' "$1" &&
        fail "C1 controls or bidi overrides in $1"
    LC_ALL=C grep -q $'\r' "$1" && fail "CR in $1"
}

# Each family, a little larger than what is read of a message.
for family in multiparts messages parts boundaries alike long_field folds \
    fields words comments params base64 quoted html brackets line addresses \
    ats transcript recipients same_recipient diagnostic cr nul junk; do
    "$hostile" -o $family 9000000 >mail.eml
    (
        ulimit -v 400000
        timeout 60 "$BOUNCE" read --json mail.eml >json 2>err
    ) || fail "$family: $(head -n 1 err)"
    jq -e -c .schema json >schemas || fail "$family: no JSON"
    equal 1 "$(sort -u schemas)" "schema of $family"
    [ "$(wc -l <json)" -le 10000 ] || fail "$family: more than 10000 events"
    timeout 60 "$BOUNCE" read mail.eml >text 2>err || fail "$family as text"
    plain text
    equal 9 "$(awk -F '\t' '{print NF}' text | sort -u)" "fields of $family"
    equal "$(wc -l <json)" "$(wc -l <text)" "lines of $family"
done

# A million recipients in one report; a hundred thousand parts.
"$hostile" -o recipients 66000000 >mail.eml
status 0 timeout 60 "$BOUNCE" read --json mail.eml
equal 10000 "$(wc -l <out)" "events of a million recipients"
jq -r '.warnings[]?.id // .warnings[]?' out 2>/dev/null | sort -u >warnings
has "too-many-events" warnings
"$hostile" -o parts 700100 >mail.eml
status 0 timeout 60 "$BOUNCE" read --json mail.eml
has "parts-limit" out
has '"recipient":"a@example.org"' out

# Whatever stands in a field stays in it.
{
    printf 'From: MAILER-DAEMON@example.com\nReturn-Path: <>\n'
    printf 'Subject: Undelivered Mail\nMIME-Version: 1.0\n'
    printf 'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n'
    printf -- '--b\nContent-Type: message/delivery-status\n\n'
    printf 'Reporting-MTA: dns; mail.example.com\n\n'
    printf 'Final-Recipient: rfc822; "a\\"},{\\"x\\":1}"@example.org\nAction: failed\n'
    printf 'Status: 5.1.1\nDiagnostic-Code: smtp; 550 "},{"kind":"none" \\u0000 \\ \033[2J\n\n'
    printf 'Final-Recipient: rfc822; \xd0\xb0nn@ex\xd0\xb0mple.org\nAction: failed\n'
    printf 'Status: 5.1.1\nDiagnostic-Code: smtp; 550 no\x00such\x7fuser\xff\n\n'
    printf 'Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1\n\n'
    printf 'Final-Recipient: rfc822; =1+1@example.org\nAction: failed\nStatus: 5.1.1\n\n'
    printf -- '--b\nContent-Type: message/rfc822\n\nFrom: a@example.com\n'
    printf 'Message-ID: <i\033]0;x\007@example.com>\n'
    printf 'Subject: =?utf-8?Q?a=0Ab=09c=0D=1B[31m=C2=9B=E2=80=AE?=\n\nx\n--b--\n'
} >evil.eml
status 0 "$BOUNCE" read --json evil.eml
json_lines out
equal 4 "$(wc -l <out)" "events"
LC_ALL=C grep -q '[[:cntrl:]]' out && fail "control characters in JSON"
equal 4 "$(jq -r .recipient out | sort -u | wc -l)" "recipients told apart"
equal 1 "$(jq -r .recipient out | grep -c '^ann@example.org$')" "look-alikes"
equal "bounce" "$(jq -r .kind out | sort -u)" "kinds"
equal '=1+1@example.org' "$(jq -r .recipient out | tail -n 1)" "formula"
status 0 "$BOUNCE" read evil.eml
plain out
equal 4 "$(wc -l <out)" "lines of text"
equal 9 "$(awk -F '\t' '{print NF}' out | sort -u)" "fields of text"
for verb in "read --table" "read --trace" explain; do
    # shellcheck disable=SC2086 # words are meant to split
    status 0 "$BOUNCE" $verb evil.eml
    plain out
    plain err
done
finish
