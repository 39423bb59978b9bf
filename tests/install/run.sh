#!/bin/sh
# run.sh BUILD_DIR: installs into a staging folder and builds consumers against
# what lies there, through pkg-config and through CMake, in C and C++.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1
stage=$build/stage
rm -rf "$stage" "$build/consumer"
DESTDIR=$stage cmake --install "$build" >/dev/null
root=$stage$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$build/CMakeCache.txt")

pc=$(find "$root" -name libbounce.pc)
lib=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$stage"
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export LD_LIBRARY_PATH="$lib"
strict="-Wall -Wextra -Werror -pedantic"
out=$build/consumer
mkdir -p "$out"

expect() {
    got=$("$@")
    if [ "$got" != "user_unknown hard" ]; then
        echo "$*: $got" >&2
        exit 1
    fi
    echo "ok: $*"
}

flags=$(pkg-config --cflags --libs libbounce)
# shellcheck disable=SC2086 # words are meant to split
{
    gcc -std=c99 $strict -o "$out/c" "$here/consumer.c" $flags
    g++ -std=c++98 $strict -Wno-long-long -Wno-variadic-macros -x c++ \
        -o "$out/cxx" "$here/consumer.c" -x none $flags
    gcc -std=c99 $strict -DBOUNCE_STATIC $(pkg-config --cflags libbounce) \
        -o "$out/static" "$here/consumer.c" "$lib/libbounce.a"
}
expect "$out/c"
expect "$out/cxx"
expect "$out/static"

cmake -S "$here/cmake" -B "$out/cmake" -DCMAKE_PREFIX_PATH="$root" \
    -DCONSUMER="$here/consumer.c" >/dev/null
cmake --build "$out/cmake" >/dev/null
for program in c_bounce cxx_bounce c_bounce_static cxx_bounce_static; do
    expect "$out/cmake/$program"
done

# What else must lie where.
for file in bin/bounce include/bounce.h share/man/man1/bounce.1 \
    share/man/man1/bounce-read.1 share/man/man1/bounce-classify.1 \
    share/man/man1/bounce-explain.1 share/man/man3/libbounce.3 \
    share/man/man5/bounce-rules.5 share/man/man8/bounce-serve.8 \
    share/doc/bounce/README.md \
    share/bash-completion/completions/bounce \
    share/zsh/site-functions/_bounce; do
    [ -s "$root/$file" ] || {
        echo "not installed: $file" >&2
        exit 1
    }
done
[ "$(find "$root/include" -type f | wc -l)" = 1 ] || {
    echo "more headers than bounce.h are installed" >&2
    exit 1
}
[ "$("$root/bin/bounce" --version)" = "bounce $(pkg-config --modversion libbounce)" ]

# Modules lie where the program finds them, wherever all of it was put.
check() {
    "$root/bin/bounce" check --store "postgresql:///x?host=/nonexistent" \
        a@example.org 2>&1 || :
}
for module in "$build"/modules/bounce-*.so; do
    [ -s "$lib/bounce/${module##*/}" ] || {
        echo "not installed: ${module##*/}" >&2
        exit 1
    }
done
if [ -e "$build/modules/bounce-postgresql.so" ]; then
    case $(check) in
    *"not installed"* | '')
        echo "the installed program does not find its modules: $(check)" >&2
        exit 1
        ;;
    esac
fi
case $(BOUNCE_MODULES=/nonexistent check) in
*"not installed"*) ;;
*)
    echo "a missing module is not named" >&2
    exit 1
    ;;
esac
