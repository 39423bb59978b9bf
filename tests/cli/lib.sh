# Sourced by the tests of the program. Each is called with the program's path
# and runs in an empty folder of its own.
set -u
shopt -s lastpipe # so that "x | f" can set variables
BOUNCE=$1
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
EXAMPLES=$SOURCE/examples/bounces
BOUNCE_FULL=${BOUNCE_FULL:-0}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() {
    echo "FAILED: $*" >&2
    failures=$((failures + 1))
}

# status WANT COMMAND...: its exit status; output goes to out and err.
status() {
    local want=$1 got=0
    shift
    "$@" >out 2>err </dev/null || got=$?
    [ "$got" = "$want" ] || {
        fail "exit status $got, not $want: $*"
        head -n 3 err >&2
    }
}

# has TEXT FILE, hasnt TEXT FILE
has() {
    grep -qF -- "$1" "$2" || fail "\"$1\" is not in $2: $(head -c 300 "$2")"
}
hasnt() {
    ! grep -qF -- "$1" "$2" || fail "\"$1\" is in $2"
}

# equal WANT GOT WHAT
equal() {
    [ "$1" = "$2" ] || fail "$3: \"$2\", not \"$1\""
}

# Each line of FILE is a JSON object: its keys in the order of the contract.
json_lines() {
    jq -e -c 'type == "object"' <"$1" >/dev/null || fail "$1 is no NDJSON"
}

# stories FUNCTION...: each with a folder and a store of its own, which
# BOUNCE_STORE names: SQLite, or PostgreSQL where tests/store/postgresql.sh runs
# the test.
stories() {
    local story
    for story; do
        mkdir "$work/$story"
        cd "$work/$story" || exit 1
        export BOUNCE_STORE=$work/$story/bounce.db
        if [ -n "${BOUNCE_TEST_POSTGRESQL:-}" ]; then
            psql -qX "$BOUNCE_TEST_POSTGRESQL" -c "create database \"$story\"" ||
                exit 1
            BOUNCE_STORE=${BOUNCE_TEST_POSTGRESQL%/*}/$story
        fi
        "$story"
    done
}

# sql QUERY: rows of the story's store, "|" between columns.
sql() {
    case $BOUNCE_STORE in
    postgresql://*) psql -qXAt "$BOUNCE_STORE" -c "$1" ;;
    *) sqlite3 "$BOUNCE_STORE" "$1" ;;
    esac
}

finish() {
    [ $failures = 0 ] && echo "all fine"
    exit $((failures > 0))
}
