#!/bin/sh
# store.sh BOUNCE DIR: what the stores do, for bench/run: lines of NAME, "ours"
# and FIGURE with tabs between. BOUNCE is the program in its build folder, DIR
# is for files.
#
#   ingest-sqlite, ingest-postgresql   events/s by the clock, durable, one writer,
#                                      in batches as large as those of files
#   ingest-sqlite-cpu                  events/s of processor time
#   check-batches                      addresses/s of processor time, 5,000 at once
#   check-one-ms                       one address, the store opened for it
#
# PostgreSQL is a server of its own (bench/store_postgresql.sh); where none is
# installed a line on standard error says so.
set -eu
build=$(cd "$(dirname "$1")" && pwd) out=$2
cd "$(dirname "$0")/.."
events=200000 addresses=100000 batch=20000

cmake --build "$build" --target bench_store_ledger bench_store_ask \
    >"$out/store-build.log" 2>&1 || {
    tail -n 20 "$out/store-build.log" >&2
    exit 1
}
note() { printf '%s\tours\t%s\n' "$1" "$2"; }
# The last line of store_ledger: "N events, X/s by the clock, Y/s of our time".
clock() { tail -n 1 "$1" | sed 's|.* events, \([0-9]*\)/s by the clock.*|\1|'; }

rm -f "$out"/store.db*
"$build/bench_store_ledger" -a $addresses -n $events -b $batch "$out/store.db" \
    >"$out/store.txt"
note ingest-sqlite "$(clock "$out/store.txt")"
note ingest-sqlite-cpu \
    "$(tail -n 1 "$out/store.txt" | sed 's|.* \([0-9]*\)/s of our time|\1|')"

status=0
bench/store_postgresql.sh "$build/bench_store_ledger" \
    -a $addresses -n $events -b $batch >"$out/store.txt" 2>"$out/store.log" || status=$?
case $status in
0) note ingest-postgresql "$(clock "$out/store.txt")" ;;
77) echo "ingest-postgresql is left out: $(grep '^skipped' "$out/store.txt")" >&2 ;;
*)
    cat "$out/store.log" >&2
    exit 1
    ;;
esac

rm -f "$out"/store.db*
"$build/bench_store_ask" -c -n $addresses "$out/store.db" >"$out/store.txt"
note check-batches "$(sed -n \
    's|.*at once:.* by processor time \([0-9]*\)/s.*|\1|p' "$out/store.txt")"
note check-one-ms "$(sed -n \
    's|^check of one address, with opening *\([0-9.]*\) ms.*|\1|p' \
    "$out/store.txt")"
rm -f "$out"/store.db*
