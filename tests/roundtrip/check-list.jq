# Compares events with a list "ID FIELD VALUE": the report ID.1.eml must give one
# event, whose FIELD is VALUE. No other reports may have come.

[$wants | split("\n")[] | select(test("^#|^\\s*$") | not)
 | capture("^(?<id>\\S+)\\s+(?<field>\\S+)\\s+(?<value>.*?)\\s*$")] as $rows
| ($rows | map(.id) | unique) as $ids
| [ ($ids[] as $id
     | [$events[] | select(.source | endswith("/\($id).1.eml"))]
     | if length != 1 then {bad: "\($id): \(length) events"}
       else
           .[0] as $event | $rows[] | select(.id == $id)
           | (if .value == "null" then null else .value end) as $want
           | (if $event[.field] == null then null
              else $event[.field] | tostring end) as $got
           | if $got == $want then {good: 1}
             else {bad: "\($id) \(.field): \($got), not \($want)"} end
       end),
    ($events[].source | split("/")[-1] | sub("\\.1\\.eml$"; "") as $id
     | select($ids | index($id) == null) | {bad: "\($id): nobody expected it"})
  ]
| (.[] | .bad // empty),
  "\($system): \($ids | length) mailboxes, \($events | length) reports, \(
      map(.good // 0) | add) fields right, \(map(select(.bad)) | length) wrong"
