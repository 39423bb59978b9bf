#!/bin/sh
# Every C file is formatted as .clang-format says.
set -eu
cd "$(dirname "$0")/../.."
find include src tests tools fuzz bench examples \
    \( -name '*.c' -o -name '*.h' \) -print0 |
    xargs -0 clang-format --dry-run -Werror
