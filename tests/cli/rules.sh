#!/bin/bash
# Every built-in rule decides its own examples, in all dresses.
. "$(dirname "$0")/lib.sh"
status 0 "$BOUNCE" rules test
[ $failures = 0 ] || cat out
tail -n 1 out
finish
