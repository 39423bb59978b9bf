#!/bin/sh
# cppcheck.sh BUILD_DIR: cppcheck over the sources.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p "$1/cppcheck"
cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
    --enable=warning,performance,portability -j "$(nproc)" \
    --cppcheck-build-dir="$1/cppcheck" \
    --suppress=missingIncludeSystem \
    -D_POSIX_C_SOURCE=200809L -I include -I src src tools 2>&1
