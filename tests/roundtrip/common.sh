# Sourced by the scripts that run inside the chamber, one for each system.
# shellcheck shell=bash
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 022

# Debconf answers come on standard input. Packages that were downloaded
# beforehand are installed; others that cannot stand beside them go.
install_packages() {
    debconf-set-selections
    apt-get install -qq -y --no-download --no-install-recommends \
        -o Dir::Cache::archives=/make/packages \
        -o APT::Sandbox::User=root "$@" >/install.log 2>&1 || {
        tail -n 20 /install.log >&2
        exit 1
    }
}

start_network() {
    mkdir -p /result
    chmod 777 /result
    /make/names /make/table &
    /make/sink /make/table /result /result/sink.log &
    sleep 0.3
}

# message ID: the mail that will be refused as row ID says.
message() {
    cat <<END
From: Example News <news@example.com>
To: Some One <someone@$1.example.org>
Subject: Issue for $1
Date: $(date -R)
Message-ID: <$1@news.example.com>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Spring is here. Read all about it on https://example.com/spring and come to
our shop, which is open from nine to five on every day of the week but
Sundays. You get this letter because you asked for it; to get no more of
them write to news-leave@example.com or go to https://example.com/leave.
END
}

rows() {
    awk '!/^#/ && NF { print $1 }' /make/table
}

# A message for each row, and one for several recipients.
send_all() {
    local id
    for id in $(rows); do
        message "$id" | sendmail -i -f "back-$id@back.example.com" \
            "someone@$id.example.org" || echo "not taken: $id" >&2
    done
    message several | sendmail -i -f back-several@back.example.com \
        someone@{unknown,plain,blocked,spam}.example.org ||
        echo "not taken: several" >&2
}

# settle SECONDS COMMAND...: runs COMMAND (which moves the queue along and
# fails when it is empty) each second, up to SECONDS.
settle() {
    local end=$((SECONDS + $1))
    shift
    while "$@" && [ $SECONDS -lt $end ]; do
        sleep 1
    done
    sleep 2
}
