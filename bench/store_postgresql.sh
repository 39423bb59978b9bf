#!/bin/sh
# store_postgresql.sh PROGRAM [OPTION...]: a program of the build folder that takes
# a store behind its options (bench_store_ledger, bench_store_ask,
# bench_store_postgresql) against a PostgreSQL server of its own with fsync on, and
# the memory that a server for this should have (docs/store.md).
# BOUNCE_POSTGRESQL_OPTIONS: other options of postgres(1).
set -eu
program=$1
shift
BOUNCE_POSTGRESQL_FSYNC=on
: "${BOUNCE_POSTGRESQL_OPTIONS=-c shared_buffers=1GB -c max_wal_size=8GB \
-c checkpoint_timeout=15min -c wal_buffers=64MB}"
export BOUNCE_POSTGRESQL_FSYNC BOUNCE_POSTGRESQL_OPTIONS
# shellcheck disable=SC2016 # the inner shell expands it
exec "$(dirname "$0")/../tests/store/postgresql.sh" sh -c \
    'exec "$0" "$@" "$BOUNCE_TEST_STORE"' "$program" "$@"
