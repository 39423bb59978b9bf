#!/bin/bash
# check.sh SYSTEM BOUNCE TABLE RESULT: what Bounce reads in the reports of
# RESULT against what the sink did (RESULT/sink.log, by TABLE). Prints what
# differs, and how many fields agree.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
system=$1 bounce=$2 table=$3 result=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ls "$result"/*.eml >/dev/null
"$bounce" read --json "$result"/*.eml >"$work/events"
# What happens in mailboxes is no row of the table.
if [ -e "$here/systems/$system.wants" ]; then
    jq -nr --arg system "$system" --slurpfile events "$work/events" \
        --rawfile wants "$here/systems/$system.wants" \
        -f "$here/check-list.jq" >"$work/verdict"
    cat "$work/verdict"
    grep -q ' 0 wrong$' "$work/verdict"
    exit
fi
jq -nR 'reduce inputs as $line ({}; .[input_filename | split("/")[-1]] += [$line])
    | map_values(join(" ") | gsub("\\s+"; " "))' "$result"/*.eml >"$work/texts"
jq -nr --arg system "$system" --rawfile table "$table" \
    --rawfile wants "$here/wants" --rawfile log "$result/sink.log" \
    --slurpfile texts "$work/texts" --slurpfile events "$work/events" \
    -f "$here/check.jq" >"$work/verdict"
cat "$work/verdict"
grep -q ' 0 wrong$' "$work/verdict"
