#!/bin/bash
# bounce ingest, killed (kill -9) again and again: what a run said to be stored is
# stored, the runs after it do the rest, and in the end all is as if nothing had
# happened: each event once, each failure counted once.
. "$(dirname "$0")/lib.sh"

kills=50
[ "$BOUNCE_FULL" = 0 ] || kills=1000
messages=20000 # long enough for some kills to come in between

# Each failure is told twice; every address has failures of several messages.
make_mbox() {
    local part=$work/part
    dsn uNNN@example.org mNNN "452 4.2.2 mailbox full" >"$part"
    awk -v n=$messages -v part="$part" 'BEGIN {
        while ((getline line < part) > 0) lines[++count] = line
        for (i = 0; i < n; i++) {
            print "From MAILER-DAEMON Fri Mar 13 10:00:00 2026"
            for (l = 1; l <= count; l++) {
                line = lines[l]
                gsub(/uNNN/, "u" int(i / 2) % 500, line)
                gsub(/report\.mNNN/, "report." i, line)
                gsub(/mNNN/, "m" int(i / 2), line)
                print line
            }
            print ""
        }
    }'
}

# dump: all that must not depend on how often it was killed. Keys of failures are
# salted in each store.
dump() {
    sql "select id, counts, kind, category from event order by id"
    sql "select address, scope, standing, category, text from state
        order by address, scope" | sed 's/^\(failure.*\)\t[0-9a-f]*$/\1/'
    sql "select what, detail, sum(n) from tally where dim = 'all'
        group by what, detail order by what, detail"
}

killed() {
    local partial=0 before=0 now pid ended span=150 ms again=
    make_mbox >mbox
    for ((i = 0; i < kills; i++)); do
        # Done: begin once more at the beginning, in a store that knows it all.
        "$BOUNCE" ingest --now 2026-03-14 $again mbox >out 2>err &
        pid=$!
        ms=$((RANDOM % span))
        sleep "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
        kill -9 $pid 2>/dev/null
        wait $pid 2>/dev/null
        ended=$?
        now=$(sql "select count(*) from event" 2>/dev/null || echo 0)
        [ $ended != 0 ] || again=--again
        # However slow the machine is, some are to come after something was stored.
        [ $partial -gt 0 ] || [ $span -gt 4000 ] || [ "${now:-0}" -gt "$before" ] ||
            span=$((span * 3 / 2))
        [ $partial = 0 ] || span=150
        [ "${now:-0}" -ge "$before" ] || fail "$before events were there, now $now"
        before=${now:-0}
        [ "$before" = 0 ] || [ "$before" = $messages ] || partial=$((partial + 1))
    done
    [ $partial -gt 0 ] || fail "no kill found a store half filled"
    status 0 "$BOUNCE" ingest --now 2026-03-14 --again mbox
    equal $messages "$(sql "select count(*) from event")" "events"
    dump >killed.txt
    case $BOUNCE_STORE in
    *.db) equal ok "$(sqlite3 bounce.db 'pragma integrity_check')" "integrity" ;;
    esac
    mv killed.txt mbox "$work"
}

in_peace() {
    mv "$work/mbox" "$work/killed.txt" .
    status 0 "$BOUNCE" ingest --now 2026-03-14 mbox
    dump >peace.txt
    cmp -s killed.txt peace.txt ||
        fail "not as in peace: $(diff killed.txt peace.txt | head -n 5)"
    equal $((messages / 2)) "$(sql "select sum(counts) from event")" "failures"
}

stories killed in_peace
finish
