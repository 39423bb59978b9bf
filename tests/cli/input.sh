#!/bin/bash
# Where messages come from: files, folders, Maildirs, mboxes, standard input.
. "$(dirname "$0")/lib.sh"

one=$EXAMPLES/postfix-unknown.eml two=$EXAMPLES/exim-full.eml
recipients() {
    jq -r .recipient <out | xargs
}

# mbox, by file and by pipe; offsets lead to the "From " lines.
{
    echo 'From MAILER-DAEMON Sat Nov 21 23:05:25 2026'
    sed 's/^>*From />&/' "$one"
    echo
    echo 'From MAILER-DAEMON Sat Nov 21 23:05:26 2026'
    cat "$two"
} >box
status 0 "$BOUNCE" read --json box
equal "unknown@example.org full@example.org" "$(recipients)" "recipients of an mbox"
second=$(sed -n 2p out | jq .offset)
equal "From MAILER-DAEMON Sat Nov 21 23:05:26 2026" \
    "$(tail -c +$((second + 1)) box | head -n 1)" "the offset of a message"
"$BOUNCE" read --json - <box | jq -c 'del(.source)' >piped
jq -c 'del(.source)' <out | cmp -s - piped || fail "an mbox in a pipe reads otherwise"
"$BOUNCE" read --json - <"$one" >out
equal '"-" 0' "$(jq -c '.source,.offset' <out | xargs -d '\n')" "source of standard input"
equal unknown@example.org "$(recipients)" "recipient from standard input"

# A pipe that comes in drops.
(while IFS= read -r -n 997 -d '' part || [ -n "$part" ]; do printf '%s' "$part"; done <box) |
    "$BOUNCE" read --json - | jq -c 'del(.source)' | cmp -s - piped || fail "input in drops"

# Folders in the order of names, Maildirs by new and cur.
mkdir -p tree/b tree/a tree/.hidden mail/new mail/cur mail/tmp
cp "$one" tree/b/1.eml
cp "$two" tree/a/2.eml
cp "$one" tree/z.eml
cp "$one" tree/.hidden/x.eml
cp "$one" tree/.dot.eml
cp "$one" mail/new/1
cp "$two" mail/cur/2:2,S
cp "$one" mail/tmp/3
ln -s ../tree tree/loop
ln -s ../../mail/cur/2:2,S tree/b/link.eml
mkfifo tree/pipe
status 0 "$BOUNCE" read --json tree mail
equal "tree/a/2.eml tree/b/1.eml tree/b/link.eml tree/z.eml mail/new/1 mail/cur/2:2,S" \
    "$(jq -r .source <out | xargs)" "files of folders"
status 1 "$BOUNCE" read --json tree/none tree/z.eml
ln -s nowhere tree/broken
status 1 "$BOUNCE" read --json tree
has "tree/broken" err
equal 4 "$(wc -l <out)" "the rest of the folder"

# Nothing at all is a message that is no report.
status 0 "$BOUNCE" read --json /dev/null
equal none "$(jq -r .kind <out)" "an empty file"
printf 'Subject: hello\n\nhello\n' >plain.eml
status 0 "$BOUNCE" read --json plain.eml
equal '["none",null,null]' "$(jq -c '[.kind,.category,.class]' <out)" "ordinary mail"

# Names with odd characters.
cp "$one" "$(printf 'a\nb\033[31m.eml')"
status 0 "$BOUNCE" read a*.eml
LC_ALL=C grep -q $'\033' out && fail "an escape character reaches the output"
equal 1 "$(wc -l <out)" "lines for a name with a line end"
finish
