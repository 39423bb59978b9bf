#!/bin/bash
# What a terminal shows: tables, colours, the summary; nothing that steers it.
. "$(dirname "$0")/lib.sh"

# on_terminal COMMAND: with a terminal of 120 columns as output.
on_terminal() {
    TERM=xterm COLUMNS=120 script -qec "stty cols 120; $*" /dev/null </dev/null | tr -d '\r' >out
}

on_terminal "$BOUNCE" read "$EXAMPLES"
has $'\033[31mhard\033[0m' out
has "recipient" out
grep -q ' messages, .* events: ' out || fail "no summary"
sed 's/\x1b\[[0-9;]*[mK]//g' out | awk 'length > 124 { exit 1 }' || fail "lines are too wide"
on_terminal env NO_COLOR=1 "$BOUNCE" read "$EXAMPLES"
hasnt $'\033[3' out
has "hard" out
on_terminal env TERM=dumb "$BOUNCE" read "$EXAMPLES"
hasnt $'\033[3' out
on_terminal "$BOUNCE" read --json "$EXAMPLES/postfix-unknown.eml"
json_lines out
on_terminal "$BOUNCE" classify "'550 5.1.1 User unknown'"
has "category" out

# Off a terminal: neither colours nor a summary.
status 0 "$BOUNCE" read "$EXAMPLES"
hasnt $'\033' out
hasnt "messages," out
equal 9 "$(awk -F '\t' '{print NF}' out | sort -u)" "fields of text output"
status 0 "$BOUNCE" read --table "$EXAMPLES"
hasnt $'\033' out
has "messages," out

# Mail must not steer the terminal.
{
    printf 'From: MAILER-DAEMON@example.org\nSubject: Undelivered Mail\n'
    printf 'X-Failed-Recipients: a@example.org\n\n'
    printf '<a@example.org>: 550 5.1.1 \033]0;title\007 \033[2J \xc2\x9b31m \xe2\x80\xae user unknown\n'
} >evil.eml
for verb in "read" "read --table" "explain" "read --trace"; do
    # shellcheck disable=SC2086
    status 0 "$BOUNCE" $verb evil.eml
    LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' out && fail "bounce $verb lets control characters through"
    LC_ALL=C grep -q $'\xc2\x9b\|\xe2\x80\xae' out && fail "bounce $verb lets C1 or direction marks through"
done
status 0 "$BOUNCE" classify $'550 5.1.1 \033[2J user unknown'
LC_ALL=C grep -q $'\033' out && fail "bounce classify lets escapes through"
status 1 "$BOUNCE" read $'no\033[2J.eml'
LC_ALL=C grep -q $'\033' err && fail "messages let escapes through"
finish
