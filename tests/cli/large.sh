#!/bin/bash
# Input of any size in little memory.
. "$(dirname "$0")/lib.sh"

# limited KIB COMMAND...: fails when it needs more. Half a page table, the
# program, libc and stacks take some 10 MiB of address space of their own.
limited() {
    local kib=$1
    shift
    (
        ulimit -v "$kib"
        exec "$@"
    )
}
LIMIT=$((32 * 1024))

mib() {
    awk -v bytes="$1" 'BEGIN { print int(bytes / 1048576) }'
}

# An mbox of 64 MB (1 GB in the long form).
{
    for file in "$EXAMPLES"/*.eml; do
        echo 'From MAILER-DAEMON Sat Nov 21 23:05:25 2026'
        sed 's/^>*From />&/' "$file"
        echo
    done
} >once
size=$(wc -c <once)
copies=$((64000000 / size + 1))
[ "$BOUNCE_FULL" = 1 ] && copies=$((1000000000 / size + 1))
for _ in $(seq 100); do cat once; done >hundred
mbox() {
    local left=$copies
    while [ "$left" -ge 100 ]; do
        cat hundred
        left=$((left - 100))
    done
    while [ "$left" -gt 0 ]; do
        cat once
        left=$((left - 1))
    done
}
events=$("$BOUNCE" read once | wc -l)
equal $((events * copies)) "$(mbox | limited $LIMIT "$BOUNCE" read - | wc -l)" \
    "events of an mbox of $(mib $((size * copies))) MiB"
mbox >large
equal $((events * copies)) "$(limited $LIMIT "$BOUNCE" read --json large | wc -l)" \
    "events of a large mbox file"
rm large

# Small files that give much, as many as are read at a time.
mkdir many
for _ in $(seq 450); do
    printf 'From a Sat Nov 21 23:05:25 2026\n\nx\n\n'
done >many/0
for i in $(seq 64); do cp many/0 many/$i; done
[ "$(limited $LIMIT "$BOUNCE" read --json many | tee out | wc -c)" -gt 20000000 ] ||
    fail "the files give less than the limit"
equal $((450 * 65)) "$(wc -l <out)" "messages of small files"

# A message of 100 MB gives its events, and a warning that names the limit.
{
    sed '/^Content-Type: message\/rfc822/q' "$EXAMPLES/postfix-unknown.eml"
    printf '\nSubject: large\n\n'
    head -c 100000000 /dev/zero | tr '\0' 'y' | fold -w 76
} >message
limited $LIMIT "$BOUNCE" read --json - <message >out || fail "a message of 100 MB"
equal '["bounce","unknown@example.org"]' "$(jq -c '[.kind,.recipient]' <out)" "its event"
jq -r '.warnings[].text' <out | grep -qi 'limit\|max_message' || fail "no warning names the limit: $(jq -c .warnings <out)"
limited $LIMIT "$BOUNCE" read --json message >again
jq -c 'del(.source)' <out | cmp -s - <(jq -c 'del(.source)' <again) || fail "file and pipe differ"

# Inside an mbox too, and what follows it is found.
{
    echo 'From a@example.org Sat Nov 21 23:05:25 2026'
    cat message
    echo
    cat once
} >box
equal $((events + 1)) "$(limited $LIMIT "$BOUNCE" read box | wc -l)" "events behind a large message"
rm message box

# Noise is one message that is no report.
head -c 100000000 /dev/urandom | limited $((2 * LIMIT)) "$BOUNCE" read --json - >out
equal 0 "${PIPESTATUS[1]}" "exit status for noise"
equal '["none"]' "$(jq -c -s 'map(.kind)' <out)" "noise"
head -c 50000000 /dev/zero | limited $((2 * LIMIT)) "$BOUNCE" read --json - >out ||
    fail "zeros"
equal '["none"]' "$(jq -c -s 'map(.kind)' <out)" "zeros"
finish
