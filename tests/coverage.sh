#!/bin/sh
# coverage.sh BUILD_DIR: how many lines of each module the tests ran, after they
# ran there.
set -eu
cd "$(dirname "$0")/.."
objects=$1/CMakeFiles
for module in base mime report classify engine cli; do
    find "$objects/bounce_objects.dir/src/$module" "$objects/bounce.dir/src/$module" \
        -name '*.gcda' 2>/dev/null | xargs -r gcov -n 2>/dev/null |
        awk -v module="$module" '
            /^File / { own = index($0, "/src/" module "/") && /\.c.$/ }
            /^Lines executed:/ && own {
                split($0, part, /[:% ]+/)
                lines += part[5]
                run += part[3] * part[5] / 100
                own = 0
            }
            END { if (lines) printf "%-10s %5.1f %% of %d lines\n", module, 100 * run / lines, lines }'
done
