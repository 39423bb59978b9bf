#!/bin/bash
# A folder gives what its files give one by one, whatever they are and however
# many threads read them.
. "$(dirname "$0")/lib.sh"

one=$EXAMPLES/postfix-unknown.eml two=$EXAMPLES/exim-full.eml
separator='From MAILER-DAEMON Sat Nov 21 23:05:25 2026'
filler() { # BYTES
    yes 'a line of the message that came back' | head -c "$1"
}
mbox() { # MESSAGES
    for _ in $(seq "$1"); do
        echo "$separator"
        cat "$one"
        echo
    done
}

mkdir -p tree/below
for i in $(seq 10 90); do # more than threads take at a time
    cp "$one" "tree/$i.eml"
done
size=$(stat -c %s "$two")
# Sizes around what is read at once, and of whole sectors.
for bytes in 0 512 4096 65535 65536 65537 262144; do
    { cat "$two" && filler 300000; } | head -c $bytes >"tree/below/$bytes"
done
[ "$size" -lt 65535 ] || fail "the example does not fit"
mbox 3 >tree/20-mbox
mbox 200 >tree/21-mbox
{ mbox 2 && filler 70000; } >tree/below/30-mbox
{ echo "$separator" && cat "$one"; } | head -c 512 >tree/below/31-mbox
mbox 200 >tree/below/32-mbox
ln -s nowhere tree/15-broken
ln -s nowhere tree/below/40-broken
ln -s ../20-mbox tree/below/50-link
chmod 0 tree/16.eml # root reads it all the same
mkfifo tree/pipe

: >want && : >want-errors
find tree/[!b]* tree/below ! -type d ! -type p | LC_ALL=C sort >files
while read -r file; do
    "$BOUNCE" read --json "$file" >>want 2>>want-errors
done <files
[ "$(wc -l <want)" -gt 450 ] || fail "too few events"
for jobs in 1 2 3; do
    status 1 "$BOUNCE" read --json --jobs $jobs tree
    cmp out want || fail "another output of a folder with --jobs $jobs"
    cmp err want-errors || fail "other complaints with --jobs $jobs"
done
"$BOUNCE" read tree >text 2>err
"$BOUNCE" read --jobs 3 tree 2>err | cmp - text || fail "other lines with --jobs"
"$BOUNCE" read --trace tree >text 2>err
"$BOUNCE" read --trace --jobs 3 tree 2>err | cmp - text ||
    fail "other traces with --jobs"

# What vanishes is named, what comes is not missed.
cp -r tree gone
while [ ! -e stop ]; do
    rm -f gone/50.eml
    cp "$one" gone/50.eml
done 2>/dev/null &
for _ in 1 2 3; do
    "$BOUNCE" read --json --jobs 2 gone >out 2>err
    [ $(($(jq -r .source <out | grep -c '^gone/[0-9]*\.eml$') + \
        $(grep -c 'gone/[0-9]*\.eml' err))) -ge 80 ] || fail "a file is missing"
done
touch stop
wait
finish
