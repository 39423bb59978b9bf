#!/bin/bash
# backup.sh PROGRAM: docs/backup.md, under a daemon that takes events meanwhile.
# What was acknowledged before a backup is in it; with what came in since it
# answers as the original does.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
. "$SOURCE/tests/serve/lib.sh"

printf 'whsec_%s\n' "$(head -c 32 /dev/urandom | base64 -w 0)" >secret
serve_config <<END

Out: shop
Url: http://127.0.0.1:9/nobody
Secret-File: $work/secret
END
events() {
    seq "$1" "$2" | sed 's/.*/{"recipient":"u&@example.org","kind":"bounce","reply":"550 5.1.1 no such user","event_id":"e&","occurred_at":"2026-03-01T10:00:00Z"}/'
}
post() {
    events "$1" "$2" >part
    lines /v1/events @part
    code 200 "events $1 to $2"
}
# What a store says of everybody.
answers() {
    seq 1 3000 | sed 's/.*/u&@example.org/' |
        "$BOUNCE" check --store "$1" --now 2026-03-02 - | cut -f 1-4 | cksum
    "$BOUNCE" list --store "$1" --now 2026-03-02 | sort | cksum
    "$BOUNCE" events --store "$1" --columns recipient,kind,category,class,status | sort | cksum
}

# backup NAME: the ways of docs/backup.md; prints the store that it makes.
backup() {
    case $BOUNCE_STORE in
    postgresql://*)
        pg_dump --format=custom --file="$1.dump" "$BOUNCE_STORE" >&2
        psql -qX "$BOUNCE_TEST_POSTGRESQL" -c "create database \"$1\"" >&2
        pg_restore --no-owner --dbname="${BOUNCE_TEST_POSTGRESQL%/*}/$1" "$1.dump" >&2
        echo "${BOUNCE_TEST_POSTGRESQL%/*}/$1"
        ;;
    *)
        case $1 in
        first) sqlite3 "$BOUNCE_STORE" ".backup $work/$1.db" >&2 ;;
        *) sqlite3 "$BOUNCE_STORE" "VACUUM INTO '$work/$1.db'" >&2 ;;
        esac
        [ "$(sqlite3 "$work/$1.db" 'PRAGMA integrity_check')" = ok ] || fail "$1 is damaged"
        chmod 600 "$work/$1.db"
        echo "$work/$1.db"
        ;;
    esac
}

serve_start
post 1 1000
"$BOUNCE" token add shop --roles check >token
(
    events 1001 2000 >more
    split -l 20 more part.
    for part in part.*; do
        curl -sf -o /dev/null --max-time 30 --unix-socket "$SOCKET" \
            -H 'Content-Type: application/x-ndjson' --data-binary "@$part" http://localhost/v1/events ||
            echo failed
    done
) >busy &
busy=$!
sleep 0.2
first=$(backup first)
sleep 0.2
second=$(backup second)
wait "$busy"
equal '' "$(cat busy)" "requests during a backup"
post 2001 3000
serve_stop

original=$BOUNCE_STORE
want=$(answers "$original")
for copy in "$first" "$second"; do
    known=$("$BOUNCE" events --store "$copy" --columns recipient | sort -u | wc -l)
    [ "$known" -ge 1000 ] && [ "$known" -le 2000 ] || fail "$copy knows $known addresses"
    equal 1000 "$(seq 1 1000 | sed 's/.*/u&@example.org/' |
        "$BOUNCE" check --store "$copy" --now 2026-03-02 - | grep -c never)" "acknowledged, and in the backup"
    sed -i "s|^Store:.*|Store: $copy|" bounce.conf
    serve_start
    http GET /v1/check?address=u1@example.org --oauth2-bearer "$(cat token)"
    code 200 "a token after the restore"
    value .may never
    events 1 3000 >all
    lines /v1/events @all
    value '.new + .known' 3000
    value .known "$known"
    serve_stop
    equal "$want" "$(answers "$copy")" "answers of $copy"
    equal shop "$("$BOUNCE" out list --store "$copy" | cut -f 1)" "webhooks in the backup"
done
finish
