#!/bin/sh
# cppcheck.sh BUILD_DIR: cppcheck over the sources. NULL is a pointer wherever
# POSIX is, so that it may end variable arguments.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p "$1/cppcheck"
cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
    --enable=warning,performance,portability -j "$(nproc)" \
    --cppcheck-build-dir="$1/cppcheck" \
    --suppress=missingIncludeSystem --suppress=varFuncNullUB \
    -D_POSIX_C_SOURCE=200809L -I include -I src src tools 2>&1
