#!/bin/bash
# units.sh PROGRAM: the units of packaging/ are right and shut in what they start;
# sockets that systemd opened are served. 77: systemd's tools are not there.
# One store will do.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
. "$SOURCE/tests/serve/lib.sh"
command -v systemd-analyze >/dev/null && command -v systemd-socket-activate >/dev/null || exit 77

# The program is where the unit has it once it is installed.
for unit in "$SOURCE"/packaging/bounce*; do
    sed "s|/usr/bin/bounce|$BOUNCE|" "$unit" >"$(basename "$unit")"
done
systemd-analyze verify --man=no --recursive-errors=no ./bounce.service ./bounce.socket ./bounce-lmtp.socket >out 2>&1
equal '' "$(grep 'bounce.*\.\(service\|socket\)' out)" "systemd-analyze verify"
status 0 systemd-analyze security --offline=yes --threshold=15 ./bounce.service

serve_config </dev/null
sed -i "s|^Http: unix.*|Http: fd:http|; /^Http: 127/d" bounce.conf
cat >>bounce.conf <<END
Lmtp: fd:lmtp
END
lmtp=$((PORT + 1))
: >log
systemd-socket-activate -l "$SOCKET" -l "127.0.0.1:$lmtp" --fdname=http:lmtp \
    "$BOUNCE" serve --config bounce.conf 2>log &
serve_pid=$!
for _ in $(seq 100); do
    [ ! -S "$SOCKET" ] || break
    sleep 0.1
done
# The first client starts it.
http GET /healthz
code 200 "over systemd's socket"
exec 3<>"/dev/tcp/127.0.0.1/$lmtp"
IFS= read -r -t 10 line <&3
exec 3>&-
case $line in
"220 "*) ;;
*) fail "LMTP over systemd's socket: $line" ;;
esac
serve_stop
# What systemd opened is systemd's to take away.
[ -S "$SOCKET" ] || fail "systemd's socket is gone"
sed -i 's|fd:lmtp|fd:nobody|' bounce.conf
status 71 timeout 20 "$BOUNCE" serve --config bounce.conf
finish
