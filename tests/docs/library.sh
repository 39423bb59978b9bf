#!/bin/sh
# library.sh BUILD_DIR: the C examples of README and libbounce(3) compile without
# a warning and do what the text says.
set -eu
cd "$(dirname "$0")/../.."
build=$1
out=$build/docs
mkdir -p "$out"
sed -n '/^```c$/,/^```$/{/^```/d;p}' README.md >"$out/readme.c"
sed -n '/^\.Sh EXAMPLES/,$p' man/libbounce.3 |
    sed -n '/^\.Bd -literal/,/^\.Ed/{/^\.[BE]d/d;s/\\e/\\/g;s/\\&//g;p}' >"$out/man.c"
for name in readme man; do
    gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -I include -o "$out/$name" \
        "$out/$name.c" -L "$build" -lbounce -Wl,-rpath,"$build"
done
[ "$("$out/readme")" = "user_unknown: hard" ]
[ "$("$out/man" <examples/bounces/postfix-unknown.eml)" = "unknown@example.org: user_unknown" ]
