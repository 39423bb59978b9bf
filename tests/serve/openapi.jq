# Whether an answer is as docs/openapi.json says: prints what is wrong.
# Input: the values of the body. $documents, $method, $path, $code, $type.
# The subset of JSON Schema that the document uses.
$documents[0] as $doc | def kind: if type == "number" then (if floor == . then "integer" else "number" end) else type end;
def fits($types):
    kind as $own
    | any(($types | if type == "array" then . else [.] end)[];
        . == $own or (. == "number" and $own == "integer"));
def check($s; $at):
    . as $v
    | if $s | has("$ref") then
        (($s["$ref"] | ltrimstr("#/") | split("/")) as $keys | $doc | getpath($keys)) as $there
        | if $there == null then "no \($s["$ref"])" else check($there; $at) end
      else
        (if ($s | has("type")) and (fits($s.type) | not) then "\($at): \(kind), not \($s.type)" else empty end),
        (if ($s | has("enum")) and ([$s.enum[] == $v] | any | not) then "\($at): \($v) is none of \($s.enum)" else empty end),
        (if $s.format == "date-time" and type == "string" and
            (test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$") | not)
         then "\($at): \($v) is no time" else empty end),
        (if ($s | has("anyOf")) then
            [$s.anyOf[] as $one | [$v | check($one; $at)]]
            | if any(.[]; length == 0) then empty else .[][] end
         else empty end),
        (if $v | type == "object" then
            (($s.required // [])[] as $name | if $v | has($name) then empty else "\($at): no \($name)" end),
            (if $s.additionalProperties == false then
                ($v | keys[]) as $name | if $s.properties | has($name) then empty else "\($at): \($name) is not told of" end
             else empty end),
            (($s.properties // {}) | to_entries[] | . as $p
             | if $v | has($p.key) then $v[$p.key] | check($p.value; "\($at).\($p.key)") else empty end)
         else empty end),
        (if ($v | type) == "array" and ($s | has("items")) then
            range($v | length) as $i | $v[$i] | check($s.items; "\($at)[\($i)]")
         else empty end)
      end;
. as $values
| ([$doc.paths | keys[] | . as $template
    | gsub("\\{[a-z]+\\}"; "[^/]+") as $pattern
    | select($path | test("^" + $pattern + "$")) | $template][0]) as $template
| ($doc.paths[$template // ""] // {})[$method | ascii_downcase] as $op
| ($type | split(";")[0]) as $plain
| if ($code | tonumber) >= 400 then
    (if $plain != "application/problem+json" then "a refusal of type \($plain)" else empty end),
    (if $op != null and ($op.responses | has($code) | not) and (["404", "405", "500"] | index($code) | not)
     then "status \($code) is not told of" else empty end),
    ($values[] | check({"$ref": "#/components/schemas/Problem"}; "problem"))
  elif $op == null then "\($method) \($path) is not told of"
  elif $op.responses[$code].content[$plain] == null then "\($code) \($plain) is not told of"
  elif ($plain | startswith("text/")) then empty
  elif $plain == "application/json" and ($values | length) != 1 then "\($values | length) values"
  else $values[] | check($op.responses[$code].content[$plain].schema; "answer")
  end
