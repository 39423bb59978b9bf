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

# dsn RECIPIENT MESSAGE_ID [REPLY [DATE [TO [ACTION [SENT]]]]]: a delivery status
# notification about mail <MESSAGE_ID@example.com>.
dsn() {
    local reply=${3:-550 5.1.1 <$1>: user unknown}
    local date=${4:-Fri, 13 Mar 2026 10:00:00 +0000}
    cat <<END
From: MAILER-DAEMON@mx.example.net
To: ${5:-bounces@example.com}
Subject: Undelivered Mail Returned to Sender
Date: $date
Message-ID: <report.$2.${6:-failed}@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Your message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; $1
Action: ${6:-failed}
Status: $(cut -d ' ' -f 2 <<<"$reply")
Diagnostic-Code: smtp; $reply

--b
Content-Type: text/rfc822-headers

From: news@example.com
To: $1
Subject: News
Message-ID: <$2@example.com>
Date: ${7:-$date}

--b--
END
}

finish() {
    [ $failures = 0 ] && echo "all fine"
    exit $((failures > 0))
}
