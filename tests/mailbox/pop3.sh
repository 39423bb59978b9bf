#!/bin/bash
# bounce ingest pop3(s)://: as imap.sh. What was read is known by unique ids.
# shellcheck source=tests/mailbox/lib.sh
. "$(dirname "$0")/lib.sh"
# POP3 has no flags: the server's habit to mark what is retrieved is off.
start_dovecot "protocol pop3 {" "  pop3_no_flag_updates = yes" \
    "  mail_max_userip_connections = 100" "}"
MAILBOX=pop3://%s@127.0.0.1:$pop3

# ids STORE: how many are remembered.
ids() {
    sqlite3 "$1" 'SELECT count(*) FROM mailbox_uidl'
}

ids_kept() {
    equal 7 "$(ids keep.db)" "keep: ids"
}
keeps ids_kept
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

giants
lost "$pop3" 40 600 1000 1500 2600 3000
breaks "$pop3" "left out"

killed 0.02 0.06 0.1 0.14 0.18
# The server may still hold the mailbox for the one that was killed.
for _ in $(seq 20); do
    ingest many.db many --after delete
    [ "$got" = 75 ] || break
    sleep 0.2
done
survived
finish
