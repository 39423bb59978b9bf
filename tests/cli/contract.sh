#!/bin/bash
# Exit statuses, --help, --version, wrong usage, unreadable input.
. "$(dirname "$0")/lib.sh"

status 0 "$BOUNCE" --version
has "bounce 0." out
status 0 "$BOUNCE" --help
for verb in read classify explain codes labels rules; do
    has "  $verb" out
done
for verb in read classify explain codes labels rules; do
    status 0 "$BOUNCE" "$verb" --help
    has "usage: bounce $verb" out
    equal "" "$(cat err)" "standard error of $verb --help"
    status 2 "$BOUNCE" "$verb" --no-such-option
    has "--no-such-option" err
    equal "" "$(cat out)" "output of wrong usage"
    awk 'length > 90' out | grep -q . && fail "--help of $verb is too wide"
    status 0 "$BOUNCE" "$verb" --help
done

status 2 "$BOUNCE"
status 2 "$BOUNCE" nonsense
status 2 "$BOUNCE" read
status 2 "$BOUNCE" read --jobs
status 2 "$BOUNCE" read --jobs 0 x
status 2 "$BOUNCE" read --jobs many x
status 2 "$BOUNCE" read --json=yes x
status 2 "$BOUNCE" read --labels nosuchsystem x
status 2 "$BOUNCE" classify --stage nosuchstage x
status 2 "$BOUNCE" explain
status 2 "$BOUNCE" codes x
status 2 "$BOUNCE" labels a b
status 2 "$BOUNCE" labels nosuchsystem
status 2 "$BOUNCE" rules
status 2 "$BOUNCE" rules nonsense
status 2 "$BOUNCE" rules show
status 1 "$BOUNCE" rules show no.such.rule
status 66 "$BOUNCE" read --rules nosuchfolder x

# What cannot be read is named, the rest is done.
good=$EXAMPLES/postfix-unknown.eml
status 1 "$BOUNCE" read --json missing.eml "$good"
has "missing.eml" err
equal 1 "$(wc -l <out)" "events of the readable file"
status 0 "$BOUNCE" read --json "$good"
equal "" "$(cat err)" "standard error"
status 0 "$BOUNCE" read --json -- "$good"
status 0 "$BOUNCE" read "--labels=sisimai" --json "$good"

# Rules that cannot be read.
mkdir rules
printf 'Rule: a.b\nCategory: nonsense\nPhrase: x y z\nExample: x y z\n' >rules/one
status 65 "$BOUNCE" read --rules rules "$good"
has "rules/one:" err

# Output that cannot be written.
"$BOUNCE" read --json "$good" >/dev/full 2>err
equal 74 $? "exit status for a full disk"
has "No space left" err
(trap '' PIPE; "$BOUNCE" codes 2>err; echo $? >code) | true
hasnt "Broken pipe" err
"$BOUNCE" read --json "$EXAMPLES" "$EXAMPLES" "$EXAMPLES" "$EXAMPLES" | head -n 1 >/dev/null
case ${PIPESTATUS[0]} in
0 | 141) ;;
*) fail "a closed pipe ends with ${PIPESTATUS[0]}" ;;
esac
finish
