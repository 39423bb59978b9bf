#!/bin/sh
# run.sh FUZZER SECONDS SEEDS: runs one fuzzer from the inputs of the cases, the
# examples and the knowledge. What it finds interesting stays in the build tree
# for the next run; what crashes it is left there as crash-*.
set -eu
fuzzer=$1 seconds=$2 seeds=$3
source=$(cd "$(dirname "$0")/.." && pwd)
name=${fuzzer##*/}
corpus=$(dirname "$fuzzer")/corpus/$name
mkdir -p "$corpus/found" "$corpus/cases"
"$seeds" "$corpus/cases" "$source"/tests/cases/*.md
more=$source/examples/bounces

# Bodies of webhooks, with the service and no header in front.
webhooks() {
    rm -rf "$corpus/cases" "$corpus/bodies"
    mkdir -p "$corpus/cases"
    for file in "$source"/tests/ingest/webhook/*.md; do
        service=$(basename "$file" .md)
        mkdir -p "$corpus/bodies/$service"
        "$seeds" "$corpus/bodies/$service" "$file"
        for body in "$corpus/bodies/$service"/*; do
            { printf '%s 0\n\n' "$service" && cat "$body"; } \
                >"$corpus/cases/$service-${body##*/}"
        done
    done
}

case $name in
fuzz_webhook) webhooks ;;
fuzz_rules | fuzz_stanza) more="$source/data/rules $source/data/providers" ;;
fuzz_policy) more=$source/data/policy ;;
fuzz_rows) more=$source/tests/cli ;; # CSV and JSON stand in them
esac
# shellcheck disable=SC2086 # words are meant to split
exec "$fuzzer" -max_total_time="$seconds" -max_len=16384 -timeout=20 \
    -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$corpus/crash-" "$corpus/found" "$corpus/cases" $more
