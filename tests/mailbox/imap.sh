#!/bin/bash
# bounce ingest imap(s)://: reports among other mail, what becomes of them, what
# is left alone, and what may go wrong. The store is SQLite: what another one
# changes is the driver's.
# shellcheck source=tests/mailbox/lib.sh
. "$(dirname "$0")/lib.sh"
start_dovecot "protocol imap {" "  mail_max_userip_connections = 100" "}"
MAILBOX=imap://%s@127.0.0.1:$imap

keeps

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
# Dovecot makes UIDVALIDITY out of the time; a session that is about to end may
# write the old one once more.
for _ in 1 2 3 4 5; do
    rm -rf "$boxes/.index-odd"
    find "$boxes/odd" -name 'dovecot*' -delete
    sleep 1.1
    status 0 "$BOUNCE" ingest --store folder.db "imap://odd@127.0.0.1:$imap/B%C3%BCndel"
    ! grep -q "^7 messages" out || break
done
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

giants
lost "$imap" 40 700 1700 2500 3000 3500 4800
# All connections break, all the time.
rm -f lost.db*
cut_off "$imap" 2500
ingest_lost "$cut"
equal 75 $? "every connection breaks"
uncut
breaks "$imap" "message 3: left out"

killed 0.02 0.05 0.08 0.1 0.13 0.16 0.2
ingest many.db many --after delete
survived

# ---- Thousands need some dozens of commands, not one each, and each is read once:
# the server counts bytes that came from us, and bodies that it sent.
mkdir -p "$boxes/large/cur" "$boxes/large/new" "$boxes/large/tmp"
letter_of ann | sed 's/$/\r/' >one
yes "$(cat one)" | head -n $((2000 * $(wc -l <one))) |
    split -l "$(wc -l <one)" -a 5 --additional-suffix=:2,S - \
        "$boxes/large/cur/17000."
bounce_to zoe | put large 1700009999.9999.x ""
own_boxes
ingest large.db large --jobs 2
has "2001 messages, 1 of them reports" out
for _ in $(seq 100); do
    asked=$(sed -n 's/.*imap(large).* in=\([0-9]*\) .*/\1/p' dovecot.log)
    [ -z "$asked" ] || break
    sleep 0.1
done
[ "${asked:-9999}" -lt 2000 ] || fail "2,001 messages take ${asked:-?} bytes of commands"
grep -q 'imap(large).* body_count=2001 ' dovecot.log || fail "bodies: $(tail -n 1 dovecot.log)"

finish
