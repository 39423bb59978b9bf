# Sourced by ./quickstart and ./test: installs Debian packages that are missing.
#
# need COMMAND PACKAGE       PACKAGE is wanted unless COMMAND is there
# need_pc MODULE PACKAGE     the same for a pkg-config module
# need_file PATTERN PACKAGE  the same for a file
# need_libraries             what the program is linked with
# install_needed             installs what is wanted, if anything

needed=

need() {
    command -v "$1" >/dev/null 2>&1 || needed="$needed $2"
}

need_pc() {
    pkg-config --exists "$1" 2>/dev/null || needed="$needed $2"
}

need_file() {
    for found in $1; do
        [ -e "$found" ] && return
    done
    needed="$needed $2"
}

# What the program and its modules are built with. Needs pkg-config.
need_libraries() {
    need_pc sqlite3 libsqlite3-dev
    need_pc libcjson libcjson-dev
    need_pc libpq libpq-dev
    need_pc libcrypto libssl-dev
    need_pc libidn2 libidn2-dev
    need_pc libmicrohttpd libmicrohttpd-dev
    need_pc zlib zlib1g-dev
    need_pc libcurl libcurl4-openssl-dev
}

install_needed() {
    [ -n "$needed" ] || return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "Missing, and there is no apt-get to install it:$needed" >&2
        exit 1
    fi
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    echo "Installing:$needed"
    # shellcheck disable=SC2086 # words are meant to split
    set -- $needed
    export DEBIAN_FRONTEND=noninteractive
    # The lists of packages may be absent or out of date: fetch them only then.
    if ! try_install "$@" >/dev/null 2>&1; then
        $sudo apt-get update -qq
        try_install "$@"
    fi
    needed=
}

try_install() {
    $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "$@"
}
