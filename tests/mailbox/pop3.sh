#!/bin/bash
# bounce ingest pop3(s)://: as imap.sh. What was read is known by unique ids.
# shellcheck source=tests/mailbox/lib.sh
. "$(dirname "$0")/lib.sh"
# POP3 has no flags: the server's habit to mark what is retrieved is off.
start_dovecot "protocol pop3 {" "  pop3_no_flag_updates = yes" \
    "  mail_max_userip_connections = 100" "}"
all="ann@example.org:1 cyd@example.org:1 gus@example.org:1"

# ingest STORE BOX [OPTION...]
ingest() {
    local store=$1 box=$2
    shift 2
    "$BOUNCE" ingest --store "$store" "$@" "pop3://$box@127.0.0.1:$pop3" \
        >out 2>err
    got=$?
}
# ids STORE: how many are remembered.
ids() {
    sqlite3 "$1" 'SELECT count(*) FROM mailbox_uidl'
}

# ---- Nothing is touched unless it is asked for.
mixed keep
before=$(others keep && reports keep)
ingest keep.db keep
equal 0 "$got" "keep: $(cat err)"
has "7 messages, 4 of them reports" out
equal "$all" "$(known keep.db)" "keep: events"
equal "$before" "$(others keep && reports keep)" "keep: the mailbox"
equal 7 "$(ids keep.db)" "keep: ids"
ingest keep.db keep
has "0 messages" out
bounce_to hal | put keep 1700000008.8.x ""
own_boxes
ingest keep.db keep
has "1 messages, 1 of them reports" out
ingest keep.db keep --again
has "8 messages" out
has "5  events were known already" out
equal "$all hal@example.org:1" "$(known keep.db)" "again: events"
# What is gone from the server is forgotten.
rm "$boxes"/keep/*/1700000001.1.x*
ingest keep.db keep
equal 7 "$(ids keep.db)" "an id of what is gone"

# ---- After.
mixed gone
before=$(others gone)
ingest gone.db gone --after delete
equal 0 "$got" "delete: $(cat err)"
equal "$all" "$(known gone.db)" "delete: events"
equal "$before" "$(others gone)" "delete: other mail"
equal "" "$(reports gone)" "delete: reports are left"
equal 4 "$(ids gone.db)" "delete: ids"
ingest gone.db gone --after delete --and-replies --again
equal 3 "$(others gone | wc -l)" "and-replies: the auto-reply is gone"
for after in seen move=Old; do
    ingest gone.db gone --after $after
    equal 2 "$got" "--after $after"
done

# ---- Passwords, TLS, hosts.
BOUNCE_PASSWORD=wrong ingest keep.db keep
equal 77 "$got" "a wrong password"
has "Authentication failed" err
status 0 "$BOUNCE" ingest --store tls.db --ca-file ca.pem "pop3s://keep@127.0.0.1:$pop3s"
has "7 messages" out
status 0 "$BOUNCE" ingest --store tls.db --ca-file ca.pem "pop3://keep@localhost:$pop3"
grep -q 'pop3.*user=<keep>.*TLS' dovecot.log || fail "STLS was not used"
status 78 "$BOUNCE" ingest --store tls.db "pop3s://keep@127.0.0.1:$pop3s"
status 2 "$BOUNCE" ingest --store tls.db "pop3://keep@127.0.0.1:$pop3/INBOX"
status 75 "$BOUNCE" ingest --store tls.db pop3://keep@127.0.0.1:1

# ---- Giants.
{
    bounce_to big | sed '/^--b--/,$d'
    printf -- '--b\nContent-Type: message/rfc822\n\nSubject: Issue\n\n'
    head -c 9000000 /dev/zero | tr '\0' 'x' | fold -w 76
    printf '\n--b--\n'
} | put giant 1700000001.1.x ""
letter_of ann | put giant 1700000002.2.x ""
own_boxes
ingest giant.db giant --after delete
has "2 messages, 1 of them reports" out
equal "big@example.org:1" "$(known giant.db)" "a giant report"
equal 1 "$(find "$boxes/giant" -type f -name '17*' | wc -l)" "a giant is deleted"

# ---- Connections that are lost.
mixed lost
for bytes in 40 600 1000 1500 2600 3000; do
    rm -f lost.db*
    cut_off "$pop3" "$bytes,0"
    "$BOUNCE" ingest --store lost.db "pop3://lost@127.0.0.1:$cut" >out 2>err
    got=$?
    uncut
    case $got in
    0) ;;
    75)
        "$BOUNCE" ingest --store lost.db "pop3://lost@127.0.0.1:$pop3" >out 2>err ||
            fail "after $bytes bytes, later: $?"
        ;;
    *) fail "cut after $bytes bytes: exit status $got: $(cat err)" ;;
    esac
    equal "$all" "$(known lost.db)" "cut after $bytes bytes"
done
cut_off "$pop3" '=<cyd@'
rm -f lost.db*
before=$(others lost)
"$BOUNCE" ingest --store lost.db --after delete "pop3://lost@127.0.0.1:$cut" >out 2>err
equal 1 $? "one message breaks connections: $(cat err)"
has "left out" err
equal "ann@example.org:1 gus@example.org:1" "$(known lost.db)" "the others"
equal "$before" "$(others lost)" "what is no report"
equal "F " "$(reports lost)" "the one that was left out"
uncut

# ---- Killed while it works.
for i in $(seq 1000 1149); do
    if [ $((i % 3)) = 0 ]; then
        letter_of "p$i"
    else
        bounce_to "b$i"
    fi | put many "170000$i.$i.x" ""
done
own_boxes
before=$(others many)
for delay in 0.02 0.06 0.1 0.14 0.18; do
    "$BOUNCE" ingest --store many.db --after delete "pop3://many@127.0.0.1:$pop3" \
        >out 2>err &
    pid=$!
    sleep $delay
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
done
# The server may still hold the mailbox for the one that was killed.
for _ in $(seq 20); do
    ingest many.db many --after delete
    [ "$got" = 75 ] || break
    sleep 0.2
done
equal 0 "$got" "after kills: $(cat err)"
equal 100 "$(known many.db | tr ' ' '\n' | grep -c ':1$')" "each report once"
equal "$before" "$(others many)" "kills: other mail"
equal "" "$(reports many)" "kills: reports are left"
finish
