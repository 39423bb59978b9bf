#!/bin/bash
# explain, codes, labels, rules.
. "$(dirname "$0")/lib.sh"

status 0 "$BOUNCE" explain 550 5.7.26
has "Similar codes" out
has "X.7.23 (SPF validation failed)" out
for words in "550: " "5.7.26: " "Why it happens" "What mends it" "Hard or soft" \
    "(block)" "What providers mean by it" "google: "; do
    has "$words" out
done
status 0 "$BOUNCE" explain --provider google 550 5.7.26
hasnt "yahoo: " out
status 0 "$BOUNCE" explain --json 550 5.7.26
json_lines out
jq -e '.codes | map(.code) | contains(["550"])' <out >/dev/null || fail "codes of explain --json"
jq -e '.providers | length > 0' <out >/dev/null || fail "providers of explain --json"
status 0 "$BOUNCE" explain 421
has "421: " out
status 0 "$BOUNCE" explain X.1.1
status 0 "$BOUNCE" explain 5.1.1
has "5.1.1: " out
status 0 "$BOUNCE" explain 605
has "605: Suppressed: previously bounced (Mailgun)" out
hasnt "(Mailgun) (Mailgun" out
status 0 "$BOUNCE" explain --service mailgun 605
has "605 at mailgun" out
status 0 "$BOUNCE" explain 559
has "No table names this code" out
status 0 "$BOUNCE" explain 550 5.1.1 no such user
has "(hard)" out
status 0 "$BOUNCE" explain "$EXAMPLES/exim-several-recipients.eml"
has "event 3 of 3" out
has "What happened" out
status 0 "$BOUNCE" explain --json "$EXAMPLES/exim-several-recipients.eml"
json_lines out
equal 3 "$(wc -l <out)" "events of explain --json"

status 0 "$BOUNCE" codes
cp out text
status 0 "$BOUNCE" codes --json
json_lines out
equal "$(wc -l <text)" "$(wc -l <out)" "codes as text and as JSON"
jq -e -s 'any(.code == "X.1.1") and any(.code == "550") and all(.title != null or .meaning != null)' \
    <out >/dev/null || fail "codes"

status 0 "$BOUNCE" labels
has sisimai out
for system in $(cat out); do
    status 0 "$BOUNCE" labels "$system"
    equal 46 "$(wc -l <out)" "labels of $system"
done
status 0 "$BOUNCE" labels --json sisimai
json_lines out

status 0 "$BOUNCE" rules list
rule=$(head -n 1 out | cut -f 1)
status 0 "$BOUNCE" rules show "$rule"
has "example" out
status 0 "$BOUNCE" rules show --json "$rule"
json_lines out
status 0 "$BOUNCE" rules why 550 5.1.1 User unknown
has "verdict: user_unknown, hard" out
status 0 "$BOUNCE" rules why --json 550 5.1.1 User unknown
json_lines out

# A user's own rules come first, and are tested alone.
mkdir rules
cat >rules/mine <<'END'
Rule: mine.gone-fishing
Category: mailbox_disabled
Phrase: gone fishing for good
Example: 550 5.1.1 User unknown: gone fishing for good
END
status 0 "$BOUNCE" rules test --rules rules
has "1 rules, 1 examples" out
status 0 "$BOUNCE" classify --rules rules '550 5.1.1 User unknown: gone fishing for good'
equal mailbox_disabled "$(cut -f 1 out)" "a user's rule"
status 0 "$BOUNCE" rules why --rules rules 550 5.1.1 User unknown: gone fishing for good
has "mine.gone-fishing" out
cat >>rules/mine <<'END'

Rule: mine.never
Category: mailbox_full
Phrase: gone fishing
Weight: weak
Example: 550 5.1.1 gone fishing for good
END
status 1 "$BOUNCE" rules test --rules rules
has "mine.never" out
has "rules/mine:" out
has "decided by" out
finish
