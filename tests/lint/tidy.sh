#!/bin/sh
# tidy.sh BUILD_DIR: clang-tidy over the sources, with the checks of
# .clang-tidy. A file that passed is passed over until it, a header, the checks
# or the flags change.
set -eu
cd "$(dirname "$0")/../.."
build=$1
stamps=$build/tidy
mkdir -p "$stamps"
state=$(cat .clang-tidy "$build/compile_commands.json" $(find include src -name '*.h' | sort) |
    cksum | tr ' ' -)

# The analyzer gives up on a function after so many states: a fifth of the time
# for the few functions that need more.
nodes="--extra-arg=-Xclang --extra-arg=-analyzer-config
    --extra-arg=-Xclang --extra-arg=max-nodes=40000"

check() {
    for file; do
        stamp=$stamps/$(echo "$file" | tr / _).$(cksum <"$file" | tr ' ' -).$state
        [ -e "$stamp" ] && continue
        # shellcheck disable=SC2086 # words are meant to split
        clang-tidy --quiet -p "$build" --warnings-as-errors='*' $nodes "$file" \
            2>"$stamp.err" || {
            cat "$stamp.err" >&2
            exit 1
        }
        rm -f "$stamp.err"
        : >"$stamp"
    done
}

if [ "${2:-}" = --files ]; then
    shift 2
    check "$@"
    exit
fi
find src -name '*.c' | sort |
    xargs -P "$(nproc)" -n 6 sh "$0" "$build" --files
