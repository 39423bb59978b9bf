#!/bin/sh
# symbols.sh BUILD_DIR: what libbounce takes from outside and what it shows.
# It must need libc alone, have no mutable globals, and have no way to print,
# to exit, to open anything or to ask for the time.
set -eu
build=$1
so=$build/libbounce.so
archive=$build/libbounce.a
status=0

fail() {
    echo "$*" >&2
    status=1
}

needed=$(readelf -d "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
[ "$needed" = libc.so.6 ] || fail "the library needs more than libc: $needed"

exported=$(nm -D --defined-only "$so" | awk '{print $3}' | grep -v '^bounce_' || :)
[ -z "$exported" ] || fail "the shared library shows: $exported"
exported=$(nm -g --defined-only "$archive" | awk 'NF == 3 {print $3}' |
    grep -v '^bounce_' || :)
[ -z "$exported" ] || fail "the static library shows: $exported"

# Every function of the header is there, and nothing that is not in it.
header=$(grep -o '\bbounce_[a-z0-9_]*(' "$(dirname "$0")/../../include/bounce.h" |
    tr -d '(' | sort -u)
for name in $(nm -D --defined-only "$so" | awk '{print $3}'); do
    echo "$header" | grep -qx "$name" || fail "not in bounce.h: $name"
done

forbidden='printf|vprintf|fprintf|vfprintf|__v?f?printf_chk|puts|fputs|putchar|fwrite|perror|exit|_exit|abort|raise|kill|f?open(at)?(64)?|read|write|socket|connect|time|clock|clock_gettime|gettimeofday|getenv|setlocale|srand|rand|random|strtok|localtime|gmtime|dlopen|system|fork|sleep|syslog'
used=$(nm -D --undefined-only "$so" | awk '{print $2}' | sed 's/@.*//')
for name in $used; do
    echo "$name" | grep -qxE "$forbidden" && fail "the library uses $name"
done

# The archive is one relocatable object: sections that can be written to must
# be empty, save for data that is read-only after relocation.
mutable=$(objdump -h "$archive" | awk '
    $2 ~ /^\.(data|bss|tdata|tbss)/ && $2 !~ /^\.data\.rel\.ro/ &&
    $3 !~ /^0+$/ { print $2 " of " $3 " bytes (hex)" }')
[ -z "$mutable" ] || fail "mutable globals: $mutable"
exit $status
