#!/bin/sh
# Manual pages without flaws, each verb and option described.
# man.sh PROGRAM
set -eu
cd "$(dirname "$0")/../.."
status=0
mandoc -Tlint -Wwarning man/*.[1-8] || status=1

# Options that --help names must stand in the page; --help itself in bounce(1).
for verb in read classify explain; do
    page=$(mandoc -Tutf8 "man/bounce-$verb.1" | sed "s/.$(printf "\\b")//g")
    for option in $("$1" "$verb" --help | grep -o '^  --[a-z]*' |
        grep -v help); do
        echo "$page" | grep -qe "$option" || {
            echo "bounce-$verb(1) does not tell of $option" >&2
            status=1
        }
    done
done
exit $status
