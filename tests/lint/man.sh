#!/bin/sh
# Manual pages without flaws, each verb and option described.
# man.sh PROGRAM
set -eu
cd "$(dirname "$0")/../.."
status=0
mandoc -Tlint -Wwarning man/*.[1-8] || status=1

# Options that --help names must stand in the verb's page, or in bounce(1), which
# has those that all verbs with a store share.
for verb in read classify explain ingest "ingest sent" import suppress release \
    forget reclassify policy verp check why list events due holds review stats \
    export incidents out; do
    case $verb in
    release | forget | reclassify) name=suppress ;;
    why) name=check ;;
    events | due | holds | review | stats | export) name=list ;;
    *) name=${verb%% *} ;;
    esac
    page=$(mandoc -Tutf8 "man/bounce-$name.1" man/bounce.1 |
        sed "s/.$(printf "\\b")//g")
    # shellcheck disable=SC2086 # the verb may be two words
    for option in $("$1" $verb --help | grep -o '^  --[a-z-]*' |
        grep -v help); do
        echo "$page" | grep -qe "$option" || {
            echo "bounce-$name(1) does not tell of $option of $verb" >&2
            status=1
        }
    done
done

# Fields of the configuration stand in bounce.conf(5).
for field in $(sed -n 's/^    {"\([A-Z][A-Za-z-]*\)", [A-Z_]*, AT.*/\1/p' \
    src/serve/config.c); do
    grep -qw -- "$field" man/bounce.conf.5 || {
        echo "bounce.conf(5) does not tell of $field" >&2
        status=1
    }
done
exit $status
