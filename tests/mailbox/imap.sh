#!/bin/bash
# bounce ingest imap(s)://: reports among other mail, what becomes of them, what
# is left alone, and what may go wrong. The store is SQLite: what another one
# changes is the driver's.
# shellcheck source=tests/mailbox/lib.sh
. "$(dirname "$0")/lib.sh"
start_dovecot "protocol imap {" "  mail_max_userip_connections = 100" "}"

# ingest STORE BOX [OPTION...]: its exit status in got, what it says in out, err
ingest() {
    local store=$1 box=$2
    shift 2
    "$BOUNCE" ingest --store "$store" "$@" "imap://$box@127.0.0.1:$imap" \
        >out 2>err
    got=$?
}
all="ann@example.org:1 cyd@example.org:1 gus@example.org:1"

# ---- Nothing is touched unless it is asked for.
mixed keep
before=$(others keep && reports keep)
ingest keep.db keep
equal 0 "$got" "keep: $(cat err)"
has "7 messages, 4 of them reports" out
has "4  events are new" out
equal "$all" "$(known keep.db)" "keep: events"
equal "$before" "$(others keep && reports keep)" "keep: the mailbox"
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

# ---- After: only reports, never the auto-reply unless it is asked for.
for after in seen delete move=Old; do
    box=${after%%=*}
    mixed "$box"
    before=$(others "$box")
    mkdir -p "$boxes/$box/.Old/new" "$boxes/$box/.Old/cur" "$boxes/$box/.Old/tmp"
    own_boxes
    ingest "$box.db" "$box" --after "$after"
    equal 0 "$got" "$after: $(cat err)"
    equal "$all" "$(known "$box.db")" "$after: events"
    equal "$before" "$(others "$box")" "$after: other mail"
    ingest "$box.db" "$box" --after "$after" --again --json
    equal 0 "$(jq .new out)" "$after: again"
    equal "$before" "$(others "$box")" "$after: other mail, again"
done
equal "FS S S " "$(reports seen)" "seen: flags"
equal "" "$(reports delete)" "delete: reports are left"
equal "" "$(reports move)" "move: reports are left"
equal 3 "$(find "$boxes/move/.Old" -type f -name '1*' | wc -l)" "move: in Old"
ingest delete.db delete --after delete --and-replies --again
equal 0 "$got" "and-replies: $(cat err)"
equal 3 "$(others delete | wc -l)" "and-replies: the auto-reply is gone"

# ---- What makes no sense is said before anything is done.
mixed odd
ingest odd.db odd --after move=None
equal 73 "$got" "no folder to move to"
has "there is no folder None" err
equal "- F S " "$(reports odd)" "a failed run touches nothing"
ingest odd.db odd --after eat
equal 2 "$got" "--after eat"
status 66 "$BOUNCE" ingest --store odd.db "imap://odd@127.0.0.1:$imap/None"
has "imap://odd@127.0.0.1:$imap/None" err
status 2 "$BOUNCE" ingest --store odd.db "imap://odd:secret@127.0.0.1:$imap/"
hasnt secret err
status 2 "$BOUNCE" ingest --store odd.db "imap://127.0.0.1:$imap/"

# ---- Passwords.
BOUNCE_PASSWORD=wrong ingest odd.db odd
equal 77 "$got" "a wrong password"
has "Authentication failed" err
hasnt wrong err
echo secret >password
BOUNCE_PASSWORD=wrong ingest odd.db odd --password-file password
equal 0 "$got" "--password-file"
printf 'machine 127.0.0.1 login odd password secret\n' >.netrc
chmod 600 .netrc
BOUNCE_PASSWORD='' ingest odd.db odd --again
equal 0 "$got" "~/.netrc: $(cat err)"
rm .netrc
BOUNCE_PASSWORD='' ingest odd.db odd
equal 77 "$got" "no password"
status 75 "$BOUNCE" ingest --store odd.db imap://odd@127.0.0.1:1/
status 75 "$BOUNCE" ingest --store odd.db imaps://odd@nowhere.invalid/

# ---- TLS.
status 0 "$BOUNCE" ingest --store tls.db --ca-file ca.pem "imaps://odd@127.0.0.1:$imaps/"
has "3 bounce" out
status 0 "$BOUNCE" ingest --store tls.db --ca-file ca.pem --again "imap://odd@localhost:$imap/"
grep -q 'user=<odd>.*TLS' dovecot.log || fail "STARTTLS was not used"
status 78 "$BOUNCE" ingest --store tls.db "imaps://odd@127.0.0.1:$imaps/"
has "certificate" err

# ---- Folders have names in every script, and numbers that change.
mixed "odd/.B&APw-ndel" # Bündel
status 0 "$BOUNCE" ingest --store folder.db "imap://odd@127.0.0.1:$imap/B%C3%BCndel"
has "7 messages" out
status 0 "$BOUNCE" ingest --store folder.db "imap://odd@127.0.0.1:$imap/B%c3%bcndel"
has "0 messages" out
rm -r "$boxes/.index-odd"
find "$boxes/odd" -name 'dovecot*' -delete
sleep 1.1 # Dovecot makes UIDVALIDITY out of the time
status 0 "$BOUNCE" ingest --store folder.db "imap://odd@127.0.0.1:$imap/B%C3%BCndel"
has "7 messages" out
has "4  events were known already" out

# ---- With hashed addresses the user's name, often an address, is in no clear.
mixed jo@example.org
head -c 32 /dev/urandom | base64 >key
for _ in 1 2; do
    status 0 "$BOUNCE" ingest --store hashed.db --address-key key \
        "imap://jo%40example.org@127.0.0.1:$imap/"
done
has "0 messages" out
! grep -q 'jo@example' hashed.db || fail "an address in clear"
equal 1 "$(sqlite3 hashed.db 'SELECT count(*) FROM position')" "one position"

# ---- Giants: their beginnings and ends are read.
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

# ---- Connections that are lost: whatever came, all is there in the end, once.
mixed lost
for bytes in 40 700 1700 2500 3000 3500 4800; do
    rm -f lost.db*
    cut_off "$imap" "$bytes,0"
    "$BOUNCE" ingest --store lost.db "imap://lost@127.0.0.1:$cut" >out 2>err
    got=$?
    uncut
    case $got in
    0) ;;
    75) # before it was logged in: later
        "$BOUNCE" ingest --store lost.db "imap://lost@127.0.0.1:$imap" >out 2>err ||
            fail "after $bytes bytes, later: $?"
        ;;
    *) fail "cut after $bytes bytes: exit status $got: $(cat err)" ;;
    esac
    equal "$all" "$(known lost.db)" "cut after $bytes bytes"
done
# All connections break, all the time.
rm -f lost.db*
cut_off "$imap" 2500
"$BOUNCE" ingest --store lost.db "imap://lost@127.0.0.1:$cut" >out 2>err
equal 75 $? "every connection breaks"
uncut
# One message breaks them: others are read.
cut_off "$imap" '=<cyd@'
rm -f lost.db*
before=$(others lost)
"$BOUNCE" ingest --store lost.db --after delete "imap://lost@127.0.0.1:$cut" >out 2>err
equal 1 $? "one message breaks connections: $(cat err)"
has "message 3: left out" err
equal "ann@example.org:1 gus@example.org:1" "$(known lost.db)" "the others"
equal "$before" "$(others lost)" "what is no report"
equal "F " "$(reports lost)" "the one that was left out"
uncut

# ---- Killed while it works, again and again: nothing is lost or counted twice.
for i in $(seq 1000 1149); do
    if [ $((i % 3)) = 0 ]; then
        letter_of "p$i"
    else
        bounce_to "b$i"
    fi | put many "170000$i.$i.x" ""
done
own_boxes
before=$(others many)
for delay in 0.02 0.05 0.08 0.1 0.13 0.16 0.2; do
    "$BOUNCE" ingest --store many.db --after delete "imap://many@127.0.0.1:$imap" \
        >out 2>err &
    pid=$!
    sleep $delay
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
done
ingest many.db many --after delete
equal 0 "$got" "after kills: $(cat err)"
equal 100 "$(known many.db | tr ' ' '\n' | grep -c ':1$')" "each report once"
equal "$before" "$(others many)" "kills: other mail"
equal "" "$(reports many)" "kills: reports are left"

# ---- Thousands are quick.
mkdir -p "$boxes/large/cur" "$boxes/large/new" "$boxes/large/tmp"
letter_of ann | sed 's/$/\r/' >one
yes "$(cat one)" | head -n $((2000 * $(wc -l <one))) |
    split -l "$(wc -l <one)" -a 5 --additional-suffix=:2,S - \
        "$boxes/large/cur/17000."
bounce_to zoe | put large 1700009999.9999.x ""
own_boxes
start=$(date +%s%N)
ingest large.db large --jobs 2
took=$((($(date +%s%N) - start) / 1000000))
has "2001 messages, 1 of them reports" out
[ $took -lt 20000 ] || fail "2,001 messages take $took ms"

finish
