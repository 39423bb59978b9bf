#!/bin/bash
# holds.sh PROGRAM: holds as a file for mail servers. Postfix's own postmap reads
# it where it is installed; tests/roundtrip has the real Postfix do so.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
. "$SOURCE/tests/serve/lib.sh"

# event ID RECIPIENT IP CAMPAIGN REPLY
event() {
    jq -nc --arg id "$1" --arg to "$2" --arg ip "$3" --arg campaign "$4" --arg reply "$5" \
        '{recipient:$to, kind:"bounce", event_id:$id, reply:$reply,
          ip:(if $ip == "" then null else $ip end),
          campaign:(if $campaign == "" then null else $campaign end)}'
}
listed='550 5.7.1 Service unavailable, client host [192.0.2.7] blocked using Spamhaus'
slow='421 4.7.0 Too many connections, slow down'
spam='550 5.7.1 Message refused as spam'

# asked TABLE KEY: what regexp_table(5) says, first match first
asked() {
    local pattern value want=
    shopt -s nocasematch
    while read -r pattern value; do
        case $pattern in
        /*/)
            pattern=${pattern#/}
            if [[ $2 =~ ${pattern%/} ]]; then
                want=$value
                break
            fi
            ;;
        esac
    done <"$1"
    shopt -u nocasematch
    echo "$want"
    ! command -v postmap >/dev/null ||
        equal "$want" "$(postmap -q "$2" "regexp:$1")" "postmap -q $2"
}
waits() {
    case $(asked "$1" "$2") in
    "$3"*) ;;
    *) fail "$2 in $1: $(asked "$1" "$2")" ;;
    esac
}
goes() {
    equal '' "$(asked "$1" "$2")" "$2 in $1"
}

# Until FILE has TEXT, at most 20 seconds.
file_has() {
    for _ in $(seq 200); do
        ! grep -qF -- "$2" "$1" 2>/dev/null || return
        sleep 0.1
    done
    fail "\"$2\" is not in $1: $(cat "$1")"
}

# ---- What may be configured
check() {
    printf 'Serve: x\n%b\n' "$1" >try.conf
    status 78 "$BOUNCE" config check try.conf
    has "$2" err
}
check 'Holds-File: relative' 'try.conf:2: Holds-File wants an absolute path'
check 'Store: x\nHolds-Format: odd' 'try.conf:3: Holds-Format wants postfix'

# ---- The daemon keeps it
serve_config <<END
Holds-File: $work/holds
Holds-Ip: 192.0.2.7
Holds-Campaign: spring, autumn
END
serve_start
file_has holds '# Holds, written by bounce'
equal 644 "$(stat -c %a holds)" "rights of the file"
{
    event a x@gmail.com 192.0.2.7 "" "$listed"
    event b x@shop.example.org 192.0.2.7 "" "$slow"
    event c x@other.example.org 192.0.2.8 "" "$slow"
    event d x@gmail.com 192.0.2.9 summer "$spam"
} >events
lines /v1/events @events
code 200 events
value .new 4
file_has holds shop
waits holds someone@gmail.com "450 4.7.1 mail to google waits until "
waits holds Someone@GMAIL.com "450 4.7.1 mail to google waits until "
waits holds aspmx.l.google.com "450 4.7.1 "
waits holds x@shop.example.org "450 4.7.1 mail to shop.example.org waits until "
goes holds x@deep.shop.example.org
goes holds x@shop-example.org
goes holds x@shop.example.org.example.com
goes holds x@xgmail.com
goes holds mx.shop.example.org
goes holds x@other.example.org
has '# left out: other.example.org 192.0.2.8' holds
has '# left out: google summer' holds
# Nothing new, nothing written.
before=$(stat -c '%i %Y' holds)
lines /v1/events @events
sleep 1.2
equal "$before" "$(stat -c '%i %Y' holds)" "the same file"
# Readers meanwhile see a whole one; a hold that ends is gone.
status 0 "$BOUNCE" holds --end --domain shop.example.org
for _ in $(seq 100); do
    grep -q shop holds || break
    sleep 0.1
done
goes holds x@shop.example.org
waits holds someone@gmail.com "450 4.7.1 "
equal '' "$(ls holds.* 2>/dev/null)" "files left over"

# What is taken away comes back.
rm holds
file_has holds gmail
# A policy that only observes holds nothing up.
printf 'Policy: mine\nMode: observe\n' >policy
sed -i "/^Serve:/a Policy: $work/policy" bounce.conf
kill -HUP "$serve_pid"
file_has holds 'observes only'
goes holds someone@gmail.com
sed -i '/^Policy:/d' bounce.conf
kill -HUP "$serve_pid"
file_has holds gmail

# ---- A reload has it elsewhere, in another format; a folder that is not there
sed -i "s|^Holds-File.*|Holds-File: $work/there/holds|; /^Holds-File/a Holds-Format: json" bounce.conf
kill -HUP "$serve_pid"
log_has ' error holds '
mkdir there
sed -i "s|there/holds|holds.json|" bounce.conf
kill -HUP "$serve_pid"
file_has holds.json '"provider":"google"'
jq -e '.observed == false and (.holds | length == 3 and (map(select(.ip == "192.0.2.7"))[0].hosts | index("*.l.google.com")))' \
    <holds.json >/dev/null || fail "JSON: $(cat holds.json)"
serve_stop

# ---- By hand
status 0 "$BOUNCE" holds --format postfix-transport --ip 192.0.2.7 --output transport
waits transport someone@gmail.com "retry:4.7.1 mail to google waits until "
goes transport aspmx.l.google.com
goes transport someone@example.net
status 0 "$BOUNCE" holds --format postfix
grep -q '^/' out && fail "no IP is ours, and yet mail waits"
status 0 "$BOUNCE" holds --format postfix --campaign summer
grep -q '^/@(.+\\.)?gmail\\.com\$/ 450 4.7.1 mail to google waits: spam_detected$' out ||
    fail "a campaign's hold: $(cat out)"
status 0 "$BOUNCE" holds --format json --now 2099-01-01T00:00:00Z
equal 1 "$(jq '.holds | length' out)" "what only a person ends"
status 0 "$BOUNCE" holds --format kumomta
has '[provider."google"]' out
has '{MXSuffix=".l.google.com"}' out
has '[provider."google".sources."192.0.2.7"]' out
has '["other.example.org".sources."192.0.2.8"]' out
has '# left out: google summer' out
status 0 "$BOUNCE" holds --format kumomta --ip 192.0.2.7=mta-1 --campaign summer
has '[provider."google".sources."mta-1"]' out
has '# left out: other.example.org 192.0.2.8' out
equal 1 "$(grep -c '^\[provider."google"\]$' out)" "a table of TOML twice"
equal "$(grep '^\[' out | sort)" "$(grep '^\[' out | sort -u)" "tables of TOML twice"
status 2 "$BOUNCE" holds --format odd
status 2 "$BOUNCE" holds --output x
status 2 "$BOUNCE" holds --format json --provider google
status 2 "$BOUNCE" holds --format json --end
status 73 "$BOUNCE" holds --format json --output /nowhere/at/all
finish
