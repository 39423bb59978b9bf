#!/bin/bash
# postgresql.sh COMMAND...: runs a command with a PostgreSQL server of its own,
# whose URL it finds in BOUNCE_TEST_STORE and BOUNCE_TEST_POSTGRESQL. The server
# lies in a temporary folder, listens on a Unix socket there and nowhere else,
# and ends with this script, however that ends. Exit status 77, and a line that
# says why, where no server can be had.
#
# As root the command also gets a folder that holds 48 MB for a tablespace, in
# BOUNCE_TEST_POSTGRESQL_SMALL, where the machine lets us mount one.
#
# BOUNCE_POSTGRESQL_FSYNC=on    for what is about durability or its price; off
#                               otherwise, since nobody pulls the plug here
# BOUNCE_POSTGRESQL_OPTIONS     more options of postgres(1)
set -u

skip() {
    echo "skipped: $*"
    exit 77
}

# What is mounted here is gone when the last process of this one is.
if [ "$(id -u)" = 0 ] && [ -z "${BOUNCE_POSTGRESQL_MOUNTS:-}" ] &&
    unshare --mount true 2>/dev/null; then
    export BOUNCE_POSTGRESQL_MOUNTS=private
    exec unshare --mount "$0" "$@"
fi

bin=
for folder in /usr/lib/postgresql/*/bin; do
    # The newest one: 15 comes after 9.6 and before 100.
    if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
        bin=$(printf '%s\n' ${bin:+"$bin"} "$folder" | sort -V | tail -n 1)
    fi
done
[ -n "$bin" ] || skip "the package postgresql is not installed"
command -v setpriv >/dev/null || skip "there is no setpriv (util-linux)"

work=$(mktemp -d "${TMPDIR:-/tmp}/bounce-pg.XXXXXX") || exit 1
# A socket's name holds 107 bytes.
if [ ${#work} -gt 80 ]; then
    rmdir "$work"
    work=$(mktemp -d /tmp/bounce-pg.XXXXXX) || exit 1
fi
server=
command=

# shellcheck disable=SC2317 # called by trap
clean_up() {
    trap '' INT TERM HUP
    [ -z "$command" ] || kill "$command" 2>/dev/null
    if [ -n "$server" ]; then
        # Fast, then immediate shutdown, then nothing more to hope for.
        for signal in INT QUIT KILL; do
            kill -s "$signal" "$server" 2>/dev/null
            for _ in $(seq 100); do
                kill -0 "$server" 2>/dev/null || break 2
                sleep 0.05
            done
        done
        wait "$server" 2>/dev/null
    fi
    [ -z "${BOUNCE_TEST_POSTGRESQL_SMALL:-}" ] ||
        umount "$BOUNCE_TEST_POSTGRESQL_SMALL"
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

# The server refuses to run as root.
as_server=(setpriv --pdeathsig QUIT)
if [ "$(id -u)" = 0 ]; then
    user=nobody
    ! id -u postgres >/dev/null 2>&1 || user=postgres
    as_server=(setpriv --reuid "$user" --regid "$(id -g "$user")"
        --clear-groups --pdeathsig QUIT)
    chown "$user" "$work"
    if [ -n "${BOUNCE_POSTGRESQL_MOUNTS:-}" ] && mkdir "$work/small" &&
        mount -t tmpfs -o "size=48m,uid=$user" tmpfs "$work/small" 2>/dev/null
    then
        export BOUNCE_TEST_POSTGRESQL_SMALL=$work/small
    fi
fi

# Text that is compared without COLLATE "C" shall be in another order than
# bytes are: ICU does that on every machine. Not all servers have it.
make_cluster() {
    (cd "$work" && LC_ALL=C.UTF-8 timeout 120 "${as_server[@]}" \
        "$bin/initdb" -D "$work/data" -U bounce -A trust -E UTF8 --no-sync \
        --locale=C.UTF-8 "$@") >"$work/log" 2>&1
}
make_cluster --locale-provider=icu --icu-locale=en ||
    { rm -rf "$work/data" && make_cluster; } || {
    cat "$work/log" >&2
    skip "initdb fails"
}

# shellcheck disable=SC2086 # options are words
(cd "$work" && exec "${as_server[@]}" "$bin/postgres" -D "$work/data" \
    -k "$work" -c listen_addresses= \
    -c "fsync=${BOUNCE_POSTGRESQL_FSYNC:-off}" \
    -c logging_collector=off -c max_connections=40 \
    ${BOUNCE_POSTGRESQL_OPTIONS:-}) >"$work/log" 2>&1 &
server=$!
for _ in $(seq 300); do
    "$bin/pg_isready" -q -h "$work" -U bounce -d postgres && break
    kill -0 "$server" 2>/dev/null || {
        cat "$work/log" >&2
        server=
        skip "the server does not start"
    }
    sleep 0.1
done

url_host=${work//%/%25}
url_host=${url_host//\//%2F}
BOUNCE_TEST_STORE="postgresql://bounce@$url_host/postgres"
BOUNCE_TEST_POSTGRESQL=$BOUNCE_TEST_STORE
BOUNCE_TEST_POSTGRESQL_PID=$server
export BOUNCE_TEST_STORE BOUNCE_TEST_POSTGRESQL BOUNCE_TEST_POSTGRESQL_PID
# In the background, so that a signal is heard while it runs.
"$@" <&0 &
command=$!
status=0
wait "$command" || status=$?
command=
if [ $status != 0 ] && [ $status != 77 ]; then
    echo "-- the end of the server's log" >&2
    tail -n 30 "$work/log" >&2
fi
exit $status
