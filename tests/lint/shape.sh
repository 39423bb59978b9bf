#!/bin/sh
# The shape of the tree: arrows between modules point one way, files and lines
# keep their bounds, every C file says its licence.
set -eu
cd "$(dirname "$0")/../.."
status=0

fail() {
    echo "$*" >&2
    status=1
}

# A module includes itself and modules to its left only.
left=
for module in base mime report classify policy engine store ingest serve cli; do
    left="$left $module"
    [ -d "src/$module" ] || continue
    for used in $(find "src/$module" -name '*.[ch]' \
        -exec grep -ho '^#include "[a-z]*/' {} + |
        sed 's/#include "//; s,/,,' | sort -u); do
        case " $left " in
        *" $used "*) ;;
        *) fail "src/$module includes from $used, which stands to its right" ;;
        esac
    done
done

for file in $(find include src tools tests fuzz bench -name '*.[ch]'); do
    lines=$(wc -l <"$file")
    case $file in
    *_tables.c) ;; # tables of characters have their own length
    *) [ "$lines" -le 800 ] || fail "$file has $lines lines" ;;
    esac
    head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT' ||
        [ "${file#tests/install}" != "$file" ] || fail "$file names no licence"
done

# Functions of more than 80 lines, counted from "{" to "}" in column 0.
long=$(find src tools tests fuzz -name '*.c' -exec awk '
    FNR == 1 { start = 0 }
    /^\{$/ { start = FNR }
    /^\}$/ && start && FNR - start > 81 {
        print FILENAME ":" start ": a function of " FNR - start - 1 " lines"
    }
    /^\}/ { start = 0 }' {} +)
[ -z "$long" ] || fail "$long"

# No work is left lying about, nothing of the makers' own machines either.
grep -rnE '(^ *|/)\*.*\b(TO''DO|FIX''ME|XX''X)\b' --include='*.[ch]' \
    include src tools tests fuzz && fail "unfinished work"
exit $status
