#!/bin/bash
# bounce classify: lines and NDJSON in, one object a line out, in order.
. "$(dirname "$0")/lib.sh"

classify() {
    "$BOUNCE" classify --json "$@" >out 2>err
    code=$?
    json_lines out
}

printf '550 5.1.1 User unknown\n\n452 4.2.2 Mailbox full\r\n250 2.0.0 queued\nlast without line end' |
    classify
equal 0 $code "exit status"
equal '["bounce","bounce","delay","delivery","bounce"]' "$(jq -c -s 'map(.kind)' <out)" kinds
equal '["hard","undetermined","soft","event","undetermined"]' "$(jq -c -s 'map(.class)' <out)" classes
equal '[null,null]' "$(jq -c '[.source,.offset]' <out | sort -u)" "source and offset"
printf '550 5.1.1 User unknown\n' | classify -
equal user_unknown "$(jq -r .category <out)" "standard input as -"

# The id comes back as it was written, and first.
cat >requests <<'END'
{"id":1.50,"reply":"550 5.1.1 User unknown"}
{"reply":"550 5.1.1 User unknown","id":{"a":[1,"\u00e9",null]}}
{"id":12345678901234567890,"reply":"550-5.1.1 User\n550 5.1.1 unknown","stage":"rcpt"}
{"id":"x\ty","reply":"552 5.2.2 full","host":"mx.example.org","service":null,"status":"5.2.2","other":[{"a":[]},{}]}
END
classify <requests
equal 0 $code "exit status"
for id in '{"id":1.50,' '{"id":{"a":[1,"\u00e9",null]},' '{"id":12345678901234567890,' '{"id":"x\ty",'; do
    has "$id" out
done
equal 'user_unknown user_unknown user_unknown mailbox_full' "$(jq -r .category <out | xargs)" categories
equal '"rcpt"' "$(sed -n 3p out | jq -c .stage)" stage

# Strings are not cut at NUL, halves of surrogates do no harm.
printf '{"id":1,"reply":"550 5.1.1 User\\u0000 unknown \\ud83d\\ude00 \\udc80 end"}\n' | classify
equal 0 $code "exit status"
has 'end' out

# A bad line is named with its number; the order of the output holds.
cat >requests <<'END'
550 5.1.1 User unknown
{"id":1,"reply":5}
{"id":2,"reply":"550 x"} trailing
{"id":3,"reply":"550 x",}
{"id":4}
{"id":5,"reply":"550 \x"}
{"id":6,"reply":"550 x","stage":"nonsense"}
{"id":07,"reply":"550 x"}
{"id":8,"reply":"550 x"
{nonsense
452 4.2.2 Mailbox full
END
printf '{"id":12,"reply":"\xff"}\n' >>requests
{
    printf '{"id":'
    head -c 200 /dev/zero | tr '\0' '['
    echo
} >>requests
classify <requests
equal 1 $code "exit status"
equal 13 "$(wc -l <out)" "lines out"
equal "user_unknown mailbox_full" "$(sed -n '1p;11p' out | jq -r .category | xargs)" "good lines"
equal undetermined "$(sed '1d;11d' out | jq -r .category | sort -u)" "bad lines"
for line in 2 3 4 5 6 7 8 9 10 12 13; do
    has "line $line: " err
done
hasnt "line 1: " err
hasnt "line 11: " err

# Arguments are replies; options say what is known of all of them.
classify --host mx.example.org --stage rcpt --labels sisimai -- '550 5.1.1 unknown user' '-1'
equal 2 "$(wc -l <out)" "a reply an argument"
equal '"rcpt"' "$(head -n 1 out | jq -c .stage)" stage
status 0 "$BOUNCE" classify "550 5.1.1 User unknown"
equal user_unknown "$(cut -f 1 out)" "text output"
equal 6 "$(awk -F '\t' '{print NF}' out)" "fields of text output"

# A long line, many lines, no line.
head -c 20000000 /dev/zero | tr '\0' 'x' | classify
equal "0 1" "$code $(wc -l <out)" "one line of 20 MB"
yes '550 5.1.1 User unknown' | head -n 100000 | classify
equal 100000 "$(wc -l <out)" "many lines"
equal 1 "$(sort -u out | wc -l)" "the same reply gives the same object"
classify </dev/null
equal "0 0" "$code $(wc -l <out)" "no input"
finish
