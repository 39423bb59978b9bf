#!/bin/bash
# What people do: suppress, release, forget; and what stays of it.
. "$(dirname "$0")/lib.sh"

# says WANT COMMAND...: its output.
says() {
    local want=$1
    shift
    "$@" >out 2>err </dev/null
    equal "$want" "$(cat out)" "$*"
}

suppress_and_release() {
    export T=2026-03-01T10:00:00Z
    says $'Ann@example.org\tsuppressed\tsuppressed' \
        "$BOUNCE" suppress --now $T --reason "asked us" Ann@example.org
    status 1 "$BOUNCE" check --now $T ANN@EXAMPLE.ORG
    has never out
    # Once more: nothing changes.
    says $'ann@example.org\tnothing\tsuppressed' \
        "$BOUNCE" suppress --now 2026-03-02 ann@example.org
    says $'ann@example.org\treleased\tactive' \
        "$BOUNCE" release --now 2026-03-03 --reason "her wish" ann@example.org
    status 0 "$BOUNCE" check --now 2026-03-03T01:00 ann@example.org
    says $'ann@example.org\tnothing\tactive' \
        "$BOUNCE" release --now 2026-03-04 ann@example.org
    says $'nobody@example.org\tnothing\tactive' \
        "$BOUNCE" release --now 2026-03-04 nobody@example.org
    status 0 "$BOUNCE" why --now 2026-03-05 ann@example.org
    # What was done by hand stands below its own line.
    equal "suppress|-> suppressed: by-hand, by hand|suppress|release|-> active: released, release|release" \
        "$(sed -n 's/^ *[0-9TZ:-]*  \(suppress\|release\)  .*/\1/p; s/^ *\(->.*\)/\1/p' out | paste -sd '|')" \
        "acts and their changes"
    hasnt "Changes without" out
    has "asked us" out
    has "her wish" out
    equal "suppressed asked us|released her wish" \
        "$(sql "select outcome || ' ' || reason || coalesce(' ' || rule, '') from change order by seq" |
            sed 's/by-hand //; s/release[a-z-]* her/her/' | paste -sd '|')" "changes"
}

for_a_time() {
    says $'a@example.org\tsuppressed\tsuppressed' \
        "$BOUNCE" suppress --now 2026-03-01 --until 30d a@example.org
    says $'b@example.org\tsuppressed\tsuppressed' \
        "$BOUNCE" suppress --now 2026-03-01 --until 2026-03-05 b@example.org
    says $'a@example.org\tnever\nb@example.org\tsend' \
        bash -c '"$0" check --now 2026-03-06 a@example.org b@example.org | cut -f 1,2' "$BOUNCE"
    status 0 "$BOUNCE" check --now 2026-04-01 a@example.org
    status 2 "$BOUNCE" suppress --now 2026-03-01 --until 2026-02-01 a@example.org
    has "--until wants a time to come" err
    status 2 "$BOUNCE" suppress --until soon a@example.org
    status 2 "$BOUNCE" suppress --now yesterday a@example.org
    has "--now wants RFC 3339" err
}

scopes_and_consent() {
    says $'a@example.org\tsuppressed\tsuppressed' "$BOUNCE" suppress \
        --now 2026-03-01 --scope shop --cause unsubscribe a@example.org
    status 0 "$BOUNCE" check --now 2026-03-02 a@example.org
    status 1 "$BOUNCE" check --now 2026-03-02 --scope shop a@example.org
    status 0 "$BOUNCE" check --now 2026-03-02 --scope news a@example.org
    status 1 "$BOUNCE" release --now 2026-03-03 --scope shop a@example.org
    has "released only with --consent" err
    has $'a@example.org\tconsent\tsuppressed' out
    status 1 "$BOUNCE" check --now 2026-03-03 --scope shop a@example.org
    says $'a@example.org\treleased\tactive' "$BOUNCE" release --now 2026-03-04 \
        --scope shop --consent "signed up again on the fair" a@example.org
    status 0 "$BOUNCE" check --now 2026-03-04T01:00 --scope shop a@example.org
    status 0 "$BOUNCE" why --now 2026-03-05 --scope shop a@example.org
    has "signed up again on the fair" out
    status 0 "$BOUNCE" suppress --now 2026-03-01 --cause complaint c@example.org
    status 1 "$BOUNCE" release --now 2026-03-03 c@example.org
    status 2 "$BOUNCE" suppress --cause suspension a@example.org
    has "--cause is hard" err
}

many() {
    printf '# list\n\na@example.org\nno address\n<B@Example.ORG>\n' >list
    "$BOUNCE" suppress --now 2026-03-01 --json - <list >out 2>err
    equal 1 $? "status"
    has "no address" err
    equal '{"address":"a@example.org","outcome":"suppressed","changed":true,"state":"suppressed"}' \
        "$(head -n 1 out)" "JSON"
    equal 2 "$(sql 'select count(*) from state')" "states"
    "$BOUNCE" release --now 2026-03-02 - <list >out 2>err
    equal 2 "$(grep -c released out)" "released"
    status 2 "$BOUNCE" suppress
    status 2 "$BOUNCE" release
    status 2 "$BOUNCE" release --dry-run a@example.org
    status 2 "$BOUNCE" release --where state=suppressed a@example.org
    status 2 "$BOUNCE" forget
}

where() {
    printf 'address,code,error,created_at\n' >bounces.csv
    for i in 1 2 3; do
        printf 'u%d@example.org,550,5.1.1 user unknown,2026-03-0%dT10:00:00Z\n' $i $i >>bounces.csv
    done
    printf 'f@example.net,552,5.2.2 mailbox full,2026-03-02T10:00:00Z\n' >>bounces.csv
    status 0 "$BOUNCE" import --now 2026-03-10 bounces.csv
    status 0 "$BOUNCE" suppress --now 2026-03-10 --cause complaint c@example.org
    status 0 "$BOUNCE" release --now 2026-03-11 --dry-run \
        --where 'category=user_unknown,since=2026-03-02'
    equal "u2@example.org u3@example.org" "$(cut -f 1 out | sort | paste -sd ' ')" "dry run"
    equal "released" "$(cut -f 7 out | sort -u)" "outcome"
    status 1 "$BOUNCE" check --now 2026-03-11 u3@example.org
    status 0 "$BOUNCE" release --now 2026-03-11 --reason "a mistake of theirs" \
        --where 'category=user_unknown,since=2026-03-02'
    status 0 "$BOUNCE" check --now 2026-03-11T01:00 u3@example.org u2@example.org
    status 1 "$BOUNCE" check --now 2026-03-11 u1@example.org
    status 0 "$BOUNCE" release --now 2026-03-12 --json --where 'class=soft|hard'
    equal "f@example.net u1@example.org" \
        "$(jq -r .address <out | sort | paste -sd ' ')" "several classes"
    status 0 "$BOUNCE" release --now 2026-03-12 --table --where 'domain=example.org'
    has "1 complained or unsubscribed: only with --consent" out
    status 0 "$BOUNCE" release --now 2026-03-12 --csv --consent "by letter" \
        --where 'domain=example.org'
    has ",released" out
    status 0 "$BOUNCE" check --now 2026-03-12T01:00 c@example.org
    status 2 "$BOUNCE" release --where 'colour=red'
    has "no condition FIELD=VALUE: colour=red" err
    # Importing the list again lifts nothing, and stops nobody again.
    status 0 "$BOUNCE" import --now 2026-03-13 bounces.csv
    has "known addresses were released since and stay so" out
    status 0 "$BOUNCE" check --now 2026-03-13 u1@example.org u3@example.org
}

forget() {
    status 0 "$BOUNCE" suppress --now 2026-03-01 --cause complaint ann@example.org
    status 0 "$BOUNCE" suppress --now 2026-03-01 --scope shop bob@example.org
    says $'Ann@example.org\tforgotten\ncy@example.org\tunknown' \
        "$BOUNCE" forget --now 2026-03-02 Ann@example.org cy@example.org
    says '{"address":"cy@example.org","outcome":"unknown","changed":false}' \
        "$BOUNCE" forget --now 2026-03-02 --json cy@example.org
    case $BOUNCE_STORE in
    *.db)
        sqlite3 "$BOUNCE_STORE" .dump >dump
        hasnt "ann@" dump
        ;;
    esac
    # She still gets no mail, and a release with consent still works.
    status 1 "$BOUNCE" check --now 2026-03-03 ann@example.org
    status 1 "$BOUNCE" release --now 2026-03-03 ann@example.org
    status 0 "$BOUNCE" release --now 2026-03-04 --consent "a letter" ann@example.org
    status 0 "$BOUNCE" check --now 2026-03-04T01:00 ann@example.org
}

nothing_there() {
    [ -z "${BOUNCE_TEST_POSTGRESQL:-}" ] || return 0
    status 66 "$BOUNCE" release a@example.org
    status 66 "$BOUNCE" forget a@example.org
    [ ! -e bounce.db ] || fail "a store was made for nothing"
    # Without a name the store lies in the state folder.
    env -u BOUNCE_STORE XDG_STATE_HOME="$PWD/state" "$BOUNCE" suppress a@example.org >out 2>err
    [ -s state/bounce/bounce.db ] || fail "no store in the state folder"
    env -u BOUNCE_STORE -u XDG_STATE_HOME HOME="$PWD" "$BOUNCE" suppress a@example.org >out 2>err
    [ -s .local/state/bounce/bounce.db ] || fail "no store in ~/.local/state"
    equal "drwx------" "$(stat -c %A .local/state/bounce)" "its rights"
    status 66 env -u BOUNCE_STORE -u XDG_STATE_HOME -u HOME "$BOUNCE" suppress a@example.org
    has "name one with --store" err
}

stories suppress_and_release for_a_time scopes_and_consent many where forget nothing_there
finish
