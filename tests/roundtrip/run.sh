#!/bin/bash
# A mail system sends to a sink that refuses its mail in all ways; what it
# writes back is read by Bounce and compared with what the sink did.
#
# usage: run.sh SYSTEM PROGRAMS CACHE [KEEP]
#
# SYSTEM is a script in systems/, PROGRAMS the folder of bounce, sink and
# names, CACHE keeps downloaded packages, KEEP gets the reports. The whole
# table is gone through when BOUNCE_FULL is 1, else its first rows. Exit
# status 77: this machine does not let us.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
chamber=$here/../../examples/make/chamber
system=$1 programs=$2 cache=$3/$1 keep=${4:-}

skip() {
    echo "skipped: $*" >&2
    exit 77
}

[ "$(id -u)" = 0 ] || skip "not root"
command -v apt-get >/dev/null || skip "no apt-get"
. /etc/os-release
[ "${VERSION_CODENAME:-}" = bookworm ] || skip "not Debian 12"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/try" <<'TRY'
set -e
cd "$1"
mkdir root over
mount -t tmpfs tmpfs over
mkdir over/upper over/work
mount -t overlay overlay -o lowerdir=/,upperdir=over/upper,workdir=over/work root
ip link set lo up
TRY
unshare -m -n -p -f -u --mount-proc sh "$work/try" "$work" 2>"$work/why" ||
    skip "no overlay in a namespace of its own: $(tail -n 1 "$work/why")"
rm -rf "$work/root" "$work/over"

case $system in
exim) packages=exim4-daemon-light ;;
sendmail) packages="sendmail-bin sendmail-cf sensible-mda" ;;
courier) packages=courier-mta ;;
dovecot) packages="postfix dovecot-lmtpd dovecot-sieve vacation" ;;
daemon-postfix) packages=postfix ;;
daemon-exim) packages=exim4-daemon-light ;;
*) packages=$system ;;
esac
mkdir -p "$cache/partial" "$work/in" "$work/result"
download() {
    # shellcheck disable=SC2086 # words are meant to split
    timeout 120 apt-get install -qq -y --no-install-recommends --download-only \
        -o Dir::Cache::archives="$cache" -o APT::Sandbox::User=root \
        $packages >"$work/apt.log" 2>&1
}
exec 9>"$3/lock" # apt-get wants to be alone
flock -w 300 9
if [ ! -e "$cache/complete" ]; then
    # The lists of packages may be absent or out of date: fetch them only then.
    if ! download; then
        timeout 120 apt-get update -qq >/dev/null 2>&1 || true
        download ||
            skip "packages cannot be had: $(tail -n 1 "$work/apt.log")"
    fi
    touch "$cache/complete"
fi
exec 9>&-
cp -r "$cache" "$work/in/packages"
cp "$programs/sink" "$programs/names" "$work/in/"
case $system in
daemon-*) # the program itself works inside
    cp "$programs/bounce" "$work/in/"
    cp -r "$programs/modules" "$work/in/modules"
    ;;
esac
if [ -e "$here/systems/$system.table" ]; then
    cp "$here/systems/$system.table" "$work/in/table"
elif [ "${BOUNCE_FULL:-0}" = 1 ]; then
    cp "$here/refusals" "$work/in/table"
else
    sed '/^# long/,$d' "$here/refusals" >"$work/in/table"
fi

status=0
timeout -k 5 400 unshare -m -n -p -f -u --mount-proc --kill-child \
    "$chamber" "$here" "$work" "systems/$system.sh" >"$work/log" 2>&1 ||
    status=$?
if [ -n "$keep" ]; then
    mkdir -p "$keep"
    cp -r "$work/result/." "$work/log" "$keep/"
fi
if [ $status != 0 ]; then
    tail -n 40 "$work/log" >&2
    echo "$system did not run to its end" >&2
    exit 1
fi
case $system in
daemon-*) # it checks by itself
    cat "$work/result/verdict"
    grep -q '^all fine$' "$work/result/verdict"
    exit
    ;;
esac
"$here/check.sh" "$system" "$programs/bounce" "$work/in/table" "$work/result"
