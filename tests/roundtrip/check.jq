# Compares events with what the sink did; see check.sh. What a system writes
# differently, or leaves out, stands in the file wants.

def lines: split("\n") | map(select(test("^#|^\\s*$") | not));

# "550-5.1.1 one|550 5.1.1 two" in its parts; of "drop" only the stage counts.
def row:
    capture("^(?<id>\\S+)\\s+(?<stage>\\S+)\\s+(?<reply>.*)$")
    | .said = (.stage != "dns" and (.reply | test("^[0-9]")))
    | .texts = if .said then
            [.reply | split("|")[] | capture("^[0-9]{3}[- ]?(?<t>.*)$").t]
        else [] end
    | .code = if .said then (.reply[0:3] | tonumber) else null end
    | .status = ([.texts[] | capture("^#?(?<s>[245]\\.[0-9]+\\.[0-9]+)").s][0])
    | .stage = ({end: "end-of-data", size: "mail"}[.stage] // .stage);

def unescape:
    if test("\\\\x") then gsub("\\\\xC3\\\\xA4"; "ä") | gsub("\\\\xC3\\\\xB6"; "ö")
        | gsub("\\\\xEE"; "\uFFFD") | gsub("\\\\xE9"; "\uFFFD")
        | gsub("\\\\x5C"; "\\")
    else . end;

# The words of a reply, whatever stands around and between them.
def words: ascii_downcase | gsub("[0-9]{3}-?(?=[0-9]\\.)"; " ") | gsub("#[0-9.]+"; " ")
    | gsub("\\s+"; " ");
def sample($address): sub("#?[245]\\.[0-9]+\\.[0-9]+ ?"; "")
    | gsub("\\{address\\}"; $address) | unescape | words
    | sub("^ "; "") | sub(" $"; "");

# What the event of row . must say, before wants are looked at.
def expected($last):
    .id as $id
    | (if .stage == "mail" then "back-\($id)@back.example.com"
       else "someone@\($id).example.org" end) as $address
    | {kind: (if $last then "bounce" else "delay" end),
       recipient: "someone@\(.id).example.org",
       message_id: "<\(.id)@news.example.com>",
       subject: "Issue for \(.id)",
       written_by: $system,
       reply_code: .code, status: .status,
       stage: (if .stage == "dns" then null else .stage end),
       remote_mta: (if .stage == "dns" then null
                    else "mx.\(.id).example.org" end),
       diagnostic: [.texts[] | sample($address)]};

# How a row is known in wants: ID/STAGE/enhanced5/bounce, gone/dns/nxdomain/delay.
def key($last):
    "\(.id)/\(.stage)/\(
        if .said | not then .reply
        elif .status then "enhanced" + .reply[0:1]
        else "plain" + .reply[0:1] end)/\(if $last then "bounce" else "delay" end)";

# Wants of this system: the first that fits a row and field counts.
def wanted($last; $field):
    key($last) as $key |
    [$wants | lines[]
     | capture("^(?<system>\\S+)\\s+(?<id>\\S+)\\s+(?<field>\\S+)\\s+(?<value>.*?)\\s*(#.*)?$")
     | select(.system == $system and .field == $field)
     | .id as $pattern
     | select($key | test("^(\($pattern))$"))][0].value;

def agrees($field; $want; $got):
    if $field == "diagnostic" and ($want | type) == "array" then
        ($got // "" | words) as $words
        | all($want[]; . as $part | $words | contains($part))
    else $want == $got end;

# Nothing that Bounce missed may stand in the report.
def absent($field; $row; $text):
    if $field == "diagnostic" then
        ($text | words) as $words
        | all($row.texts[] | sample("\u0000") | select(length > 8);
              . as $part | $words | contains($part) | not)
    elif $field == "remote_mta" then
        $text | contains("mx.\($row.id).example.org") | not
    elif $field == "reply_code" then
        $row.code == null or ($text | contains(" \($row.code)") | not)
    else true end;

def compare($row; $file; $last; $text; $event):
    ($row | expected($last)) as $expected
    | $expected | keys_unsorted[] as $field
    | ($row | wanted($last; $field)) as $want
    | select($want != "any")
    | (if $want == null or $want == "-" then $expected[$field]
       elif $want == "null" then null
       elif $want == "field" then
           $text | capture("Status: (?<s>[0-9.]+)").s
       elif $want == "cut" then $expected[$field] | map(.[:8])
       elif $field == "diagnostic" then [$want | words]
       elif $field == "reply_code" then ($want | tonumber)
       else $want end) as $want2
    | if agrees($field; $want2; $event[$field]) | not then
          {bad: "\($file) \($field): \($event[$field] | tojson), not \($want2 | tojson)"}
      elif $want == "null" and (absent($field; $row; $text) | not) then
          {bad: "\($file) \($field): is in the report, and should not be null"}
      else {good: 1} end;

($texts[0]) as $texts
| ($log | split("\n") | map(split("\t")[0])) as $refused
| [$table | lines[] | row] as $rows
| ($rows | map({key: .id, value: .}) | from_entries) as $by_id
| [ # each row
    $rows[] as $row
    | [$texts | keys[] | select(sub("\\.[0-9]+\\.eml$"; "") == $row.id)] as $files
    | ($row | wanted(true; "report") // "yes") as $report
    | (if $row.stage != "dns" and $report == "yes"
            and ($refused | index($row.id)) == null then
           {bad: "\($row.id): the sink never refused it"}
       else empty end),
      (if ($report == "no") != ($files == []) then
           {bad: "\($row.id): \($files | length) reports"}
       else empty end),
      ($files[] as $file
       | [$events[] | select(.source | endswith("/" + $file))] as $mine
       | if ($mine | length) != 1 then
             {bad: "\($file): \($mine | length) events"}
         else
             compare($row; $file; $file == $files[-1]; $texts[$file]; $mine[0])
         end),
    empty
  ] + [ # one message to several
    [$events[] | select(.source | test("/several\\.[0-9]+\\.eml$"))] as $mine
    | "unknown", "plain", "blocked", "spam"
    | . as $id
    | [$mine[] | select(.recipient == "someone@\($id).example.org")]
    | if length == 1 and .[0].kind == "bounce"
            and .[0].message_id == "<several@news.example.com>" then {good: 3}
      else {bad: "several: \(length) events for \($id)"} end
  ]
| (.[] | .bad // empty),
  "\($system): \($rows | length) refusals, \($texts | length) reports, \(
      map(.good // 0) | add) fields right, \(map(select(.bad)) | length) wrong"
