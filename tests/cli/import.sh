#!/bin/bash
# bounce rules import and lint: other programs' patterns as rules.
. "$(dirname "$0")/lib.sh"

cat >patterns <<'END'
<bounce-category-patterns>
  # a comment
  /spam/ spam-related
  /(mail|account) (is )?over quota/ quota-issues
  /^550 5\.1\.1/ bad-mailbox
  /user unknown|no mailbox here/ bad-mailbox
  /quota .{0,20} exceeded/ quota-issues
  /[0-9]+ recipients? .*refused by \S+ \(policy\)/ policy-related
  /a(?!b)/ other
  /x/ nonsense
</bounce-category-patterns>
END
status 0 "$BOUNCE" rules import --from powermta patterns
cp out imported
has 'Phrase: (mail|account) (is |)over quota' imported
has 'Code: 550 5.1.1' imported
has 'Phrase: user unknown' imported
has 'Phrase: no mailbox here' imported
has 'Phrase: quota _ exceeded' imported
has 'Phrase: {n} recipient(s|) * refused by * \(policy\)' imported
has 'line 9: not imported: a look-ahead' imported
has 'line 10: not imported: an unknown label' imported
has '# 7 rules, 2 patterns not imported' imported
status 0 "$BOUNCE" rules test --rules imported

cat >rules.toml <<'END'
[rules]
InvalidRecipient = [
  "^550 5\\.1\\.1 .*user unknown", # a comment
  'mailbox .{0,20} not found',
]
QuotaIssues = ["over quota", "dis[ck] full"]
END
status 0 "$BOUNCE" rules import --from kumomta rules.toml
cp out imported
has 'Phrase: user unknown' imported
has 'Phrase: mailbox _ not found' imported
has 'Category: mailbox_full' imported
has 'not imported: a class of characters' imported
status 0 "$BOUNCE" rules test --rules imported

printf '# x\nunknown recipient address,reject,recipient,Unknown\nnonsense\n' >bounces.txt
status 0 "$BOUNCE" rules import --from zonemta bounces.txt
has 'Phrase: unknown recipient address' out
has 'line 3: not imported' out

status 2 "$BOUNCE" rules import patterns
status 2 "$BOUNCE" rules import --from nobody patterns
status 66 "$BOUNCE" rules import --from zonemta missing

# What lint finds.
cat >own <<'END'
Rule: own.short
Category: policy_rejected
Phrase: zorg
Example: 550 zorg
Example: 551 zorg

Rule: own.sender
Category: user_unknown
Phrase: sender floop unknown
Example: 550 sender floop unknown

Rule: own.double
Category: policy_rejected
Phrase: zorg
Phrase: quux blat flub
Example: 550 quux blat flub
Example: 550 QUUX blat flub
END
status 1 "$BOUNCE" rules lint --rules own
has 'own:1: own.short: so short a phrase' out
has 'own:7: own.sender: a hard category' out
has 'own:7: own.sender: one example is not enough' out
has 'own.double: the same example twice' out
has 'own.double: the phrase stands in another rule too: zorg' out

cat >fine <<'END'
Rule: own.fine
Category: policy_rejected
Phrase: quux blat flub
Example: 550 quux blat flub
Example: 554 5.7.1 we quux blat flub here
END
status 0 "$BOUNCE" rules lint --rules fine
has '1 rules, 0 findings' out

finish
