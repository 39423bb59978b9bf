#!/bin/bash
# Every built-in rule decides its own examples, in all dresses.
. "$(dirname "$0")/lib.sh"
status 0 "$BOUNCE" rules test
[ $failures = 0 ] || cat out
tail -n 1 out
# Without a rule, at least one of its examples would change its category, its
# remedy or how sure the verdict is.
"$BOUNCE" rules lint >out
hasnt "decides all its examples alike" out

finish
