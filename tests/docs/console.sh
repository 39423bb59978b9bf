#!/bin/bash
# console.sh PROGRAM FILE...: runs what stands behind "$ " in the examples of
# README and manual pages, and compares the output with what stands below. "..."
# stands for any text in a line; alone in a line, for any lines.
set -u
cd "$(dirname "$0")/../.." || exit 1
PATH=$(dirname "$1"):$PATH
shift
failures=0 commands=0

# The examples of a file: "```console" blocks, or literal displays of mdoc.
examples() {
    case $1 in
    *.md) sed -n '/^```console$/,/^```$/{/^```/d;p}' "$1" ;;
    *) sed -n '/^\.Bd -literal/,/^\.Ed/{/^\.[BE]d/d;s/\\e/\\/g;s/\\&//g;p}' "$1" ;;
    esac
}

# matches GOT_INDEX WANT_INDEX: the rest of got[] is what the rest of want[] says.
matches() {
    local g=$1 w=$2 pattern
    while [ "$w" -lt ${#want[@]} ]; do
        if [ "${want[w]}" = ... ]; then
            while [ "$g" -le ${#got[@]} ]; do
                matches "$g" $((w + 1)) && return 0
                g=$((g + 1))
            done
            return 1
        fi
        [ "$g" -lt ${#got[@]} ] || return 1
        pattern=$(printf '%s' "${want[w]}" | sed 's/[][\\*?]/\\&/g; s/\.\.\./*/g')
        # shellcheck disable=SC2053 # the right side is a pattern
        [[ ${got[g]} == $pattern ]] || return 1
        g=$((g + 1)) w=$((w + 1))
    done
    [ "$g" -eq ${#got[@]} ]
}

check() {
    [ -n "$command" ] || return
    commands=$((commands + 1))
    mapfile -t got < <(bash -c "$command" 2>&1)
    if ! matches 0 0; then
        echo "$file: $command" >&2
        printf 'want: %s\n' "${want[@]}" >&2
        printf 'got:  %s\n' "${got[@]}" >&2
        failures=$((failures + 1))
    fi
}

# Each file has a store of its own.
stores=$(mktemp -d)
trap 'rm -rf "$stores"' EXIT

for file; do
    BOUNCE_STORE=$stores/$(basename "$file").db
    export BOUNCE_STORE
    command=
    want=()
    while IFS= read -r line; do
        if [ "${line#\$ }" != "$line" ]; then
            check
            command=${line#\$ }
            want=()
        else
            want+=("$line")
        fi
    done < <(examples "$file")
    check
done
echo "$commands commands, $failures failures"
[ $failures = 0 ] && [ $commands -gt 0 ]
