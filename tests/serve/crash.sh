#!/bin/bash
# crash.sh PROGRAM: kill -9 between request and answer. What was acknowledged is
# there, what comes again counts once.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
. "$SOURCE/tests/serve/lib.sh"

rounds=5
[ "$BOUNCE_FULL" = 0 ] || [ "$BOUNCE_FULL" = OFF ] || rounds=100
serve_config </dev/null
: >acknowledged
: >tried

# Sends events one after another until the daemon is gone; notes those that were
# acknowledged.
client() {
    local i
    for i in $(seq 10000); do
        local id=$1-$2-$i
        echo "$id" >>tried."$2"
        curl -sf -o /dev/null --max-time 5 --unix-socket "$SOCKET" \
            -H 'Content-Type: application/json' \
            --data-binary "{\"recipient\":\"u$id@example.org\",\"kind\":\"bounce\",\"reply\":\"550 5.1.1 no such user\",\"event_id\":\"$id\"}" \
            http://localhost/v1/events || return
        echo "$id" >>acknowledged."$2"
    done
}

for round in $(seq $rounds); do
    serve_start
    clients=()
    for n in 1 2 3; do
        client "$round" $n &
        clients+=($!)
    done
    sleep "0.$((RANDOM % 6 + 3))"
    kill -KILL "$serve_pid"
    wait "$serve_pid" 2>/dev/null
    serve_pid=
    wait "${clients[@]}"
done
cat acknowledged.* >acknowledged
cat tried.* >tried
[ "$(wc -l <acknowledged)" -gt 0 ] || fail "nothing was acknowledged"

# What was not acknowledged is sent again, along with what was.
serve_start
sed 's/.*/{"recipient":"u&@example.org","kind":"bounce","reply":"550 5.1.1 no such user","event_id":"&"}/' tried >all
sed 's/.*/u&@example.org/' acknowledged >sent
http POST '/v1/check?brief=yes' -H 'Content-Type: text/plain' --data-binary @sent
equal "$(wc -l <sent)" "$(jq -r 'select(.may == "never") | .may' body | wc -l)" "acknowledged, and there"
lines /v1/events @all
equal "$(sort -u tried | wc -l)" "$(jq '.new + .known' body)" "events in all"
value '.bad' 0
"$BOUNCE" events --kind bounce --json | jq -r .recipient | sort >stored
equal "$(sort -u tried | sed 's/.*/u&@example.org/' | sort | cksum)" "$(cksum <stored)" "each counts once"
serve_stop
exit $((failures > 0))
