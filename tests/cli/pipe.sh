#!/bin/bash
# bounce ingest --pipe, as a mail server calls it: 0 when the report is stored or
# the message is none, 75 (EX_TEMPFAIL) whatever goes wrong, so that the mail
# server keeps it.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
unset BOUNCE_STORE BOUNCE_POLICY BOUNCE_ADDRESS_KEY
report() {
    cat <<'END'
From: MAILER-DAEMON@mx.example.net
To: news-return@lists.example.com
Subject: Undelivered mail
Date: Fri, 20 Nov 2026 10:00:00 +0000
Message-ID: <r1@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It could not be delivered.

From here on it is for machines.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ann@example.org
Action: failed
Status: 5.1.1

--b--
END
}
report >report
stored() {
    "$BOUNCE" events --store "$1" --columns recipient | tr '\n' ' '
}
# pipe WANT WHAT [OPTION...]: the report, and the exit status.
pipe() {
    local want=$1 what=$2 got=0
    shift 2
    "$BOUNCE" ingest --pipe "$@" - <report >out 2>err || got=$?
    [ "$got" = "$want" ] || fail "$what: exit status $got, not $want: $(cat err)"
    [ ! -s out ] || fail "$what: it says $(cat out)"
    [ "$want" = 0 ] || [ -s err ] || fail "$what: it does not say why"
}

pipe 75 "no store" --store s.db
[ ! -e s.db ] || fail "a store was made"
status 0 "$BOUNCE" ingest --store s.db /dev/null
pipe 0 "a report" --store s.db
equal "ann@example.org " "$(stored s.db)" "stored"
pipe 0 "the same again" --store s.db
equal "ann@example.org " "$(stored s.db)" "stored once"
BOUNCE_STORE=s.db pipe 0 "the store in the environment"

# As mail servers write it: a line of its own before, and no mbox.
status 0 "$BOUNCE" ingest --store from.db /dev/null
{
    echo "From MAILER-DAEMON Fri Nov 20 10:00:00 2026"
    cat report
} >with-from
"$BOUNCE" ingest --store from.db --pipe <with-from || fail "From: exit status $?"
equal "ann@example.org " "$(stored from.db)" "with a From line"

# What is no report is taken, and gone.
printf 'From: ann@example.org\nSubject: Lunch\n\nAt noon?\n' >letter
"$BOUNCE" ingest --store s.db --pipe - <letter >out 2>err || fail "a letter: $?"
equal "ann@example.org " "$(stored s.db)" "a letter is not stored"

# Whatever is wrong.
pipe 75 "an unknown option" --store s.db --shop
pipe 75 "an option without its value" --store s.db --now
pipe 75 "a wrong time" --store s.db --now yesterday
pipe 75 "no such policy" --store s.db --policy none
pipe 75 "no such rules" --store s.db --rules none
pipe 75 "no such key" --store s.db --address-key none
pipe 75 "no such tokens" --store s.db --verp-key none
pipe 75 "another source" --store s.db report
pipe 75 "no such folder" --store none/s.db
echo "this is no database, and longer than a header of one would be" >text.db
pipe 75 "no store at all" --store text.db
BOUNCE_MODULES=$work pipe 75 "no module" --store postgresql:///none?host=/none
has bounce-postgresql.so err
pipe 75 "no server" --store "postgresql:///none?host=$work"
status 75 "$BOUNCE" ingest --pipe --store s.db -
has "there is no message" err
status 75 "$BOUNCE" ingest sent --pipe --store s.db -
"$BOUNCE" ingest --pipe --store s.db - <&- >out 2>err
equal 75 $? "standard input is closed"
"$BOUNCE" ingest --pipe --store s.db - <. >out 2>err
equal 75 $? "standard input is a folder"

# Locked, read-only, full.
mkfifo hold
sqlite3 s.db <hold >/dev/null &
exec 8>hold
echo 'BEGIN EXCLUSIVE; SELECT 1;' >&8
sleep 0.5
pipe 75 "locked" --store s.db
exec 8>&-
wait
pipe 0 "no more locked" --store s.db
status 0 "$BOUNCE" ingest --store full.db /dev/null
(
    trap '' XFSZ
    ulimit -f 1
    "$BOUNCE" ingest --pipe --store full.db - <report >out 2>err
)
equal 75 $? "the disk is full: $(cat err)"
pipe 0 "no more full" --store full.db
if [ "$(id -u)" != 0 ]; then
    chmod a-w s.db
    sed 's/ann@/bob@/; s/r1@/r2@/' report >report2
    "$BOUNCE" ingest --pipe --store s.db - <report2 >out 2>err
    equal 75 $? "read-only"
    chmod u+w s.db
fi

# Told to end while the message still comes: it is stored, or stays.
status 0 "$BOUNCE" ingest --store term.db /dev/null
{
    head -n 8 report
    sleep 1
    tail -n +9 report
} | "$BOUNCE" ingest --pipe --store term.db - 2>err &
pid=$!
sleep 0.5
kill -TERM $pid
wait $pid
got=$?
case "$got $(stored term.db)" in
"0 ann@example.org " | "75 "*) ;;
*) fail "SIGTERM: exit status $got, stored: $(stored term.db)" ;;
esac
finish
