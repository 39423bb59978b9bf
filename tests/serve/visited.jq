# What of docs/openapi.json was never answered with: operations, their successes
# and the types of these. Input: the lines of "visited", raw: METHOD PATH CODE
# TYPE. $documents.
[inputs | split(" ") | {method: .[0], path: .[1], code: .[2], type: (.[3] // "")}] as $visited
| $documents[0].paths | to_entries[] | .key as $template
| ("^" + ($template | gsub("\\{[a-z]+\\}"; "[^/]+")) + "$") as $pattern
| .value | to_entries[] | (.key | ascii_upcase) as $method
| .value.responses | to_entries[] | .key as $code | select($code | startswith("2"))
| .value.content | keys[] as $type
| select([$visited[] | select(.method == $method and .code == $code and .type == $type
    and (.path | test($pattern)))] | length == 0)
| "\($method) \($template) \($code) \($type)"
