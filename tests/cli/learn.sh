#!/bin/bash
# bounce learn: what no rule knows comes out as rules that can be loaded.
. "$(dirname "$0")/lib.sh"

# Fifty replies that differ in what varies only, one that is known, one seen
# once, two as NDJSON.
{
    for i in $(seq 50); do
        echo "550 5.7.1 zorg {blat} (x|y) <a$i@example.org> from 192.0.2.$i (q1w2e3r4t$i) at https://x.example/$i"
    done
    echo '550 5.1.1 User unknown'
    echo '550 seldom gnarled'
    echo '{"id":3,"reply":"450 floop is gnarled","host":"mx.example.org"}'
    echo '{"reply":"450 floop is gnarled"}'
} >replies
status 0 "$BOUNCE" learn replies
cp out learned
has '# 53 of 54 replies' learned
has 'Seen 50 times' learned
has 'Phrase: zorg \{blat} \(x\|y\) {addr} from {ip}' learned
has 'Code: 550 5.7.1' learned
has 'Seen 2 times' learned
hasnt 'seldom' learned
hasnt 'User unknown' learned
equal 2 "$(grep -c '^Rule:' learned)" "rules"

# What it writes can be loaded, and decides what it was made from.
status 0 "$BOUNCE" rules test --rules learned
status 0 "$BOUNCE" classify --json --rules learned \
    '550 5.7.1 zorg {blat} (x|y) <b@example.net> from 192.0.2.99 (a9b8c7d6) at https://y.example/'
equal learned.1 "$(jq -r .evidence.rule <out)" "the rule that decides"

status 0 "$BOUNCE" learn --least 1 replies
has 'seldom gnarled' out

# Standard input; a bad line and a missing file are named, the rest is done.
printf '450 floop is gnarled\n{bad\n450 floop is gnarled\n' |
    "$BOUNCE" learn - missing >out 2>err
equal 1 $? "exit status"
has 'Seen 2 times' out
has 'line 2' err
has 'missing: No such file' err

# The same input gives the same output.
"$BOUNCE" learn replies >again
cmp -s learned again || fail "two runs differ"

# Nothing to learn.
echo '550 5.1.1 User unknown' >known
status 0 "$BOUNCE" learn known
has '# 0 of 1 replies' out

finish
