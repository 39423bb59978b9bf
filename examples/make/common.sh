# Sourced by postfix and exim inside the chamber.
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin

install_packages() {
    dpkg -i /make/packages/*.deb >/install.log 2>&1 || {
        cat /install.log >&2
        exit 1
    }
}

start_refusing() {
    /make/refuse /make/replies 192.0.2.25 192.0.2.26 &
    sleep 0.5
}

# message SUBJECT: an issue of a newsletter on standard output.
message() {
    cat <<END
From: Example News <news@example.com>
To: subscribers@example.org
Subject: $1
Date: $(date -R)
Message-ID: <issue-$(echo "$1" | tr -dc 'a-z0-9' | cut -c1-20)@example.com>
List-Id: <news.example.com>
List-Unsubscribe: <https://example.com/u/1>
Feedback-ID: spring:news:example
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Spring is here. Read all about it on https://example.com/spring
END
}

# collect FOLDER PREFIX: the bounces in a Maildir become /result/PREFIX-NAME.eml,
# named after the Subject of the message that came back.
collect() {
    mkdir -p /result
    for file in "$1"/new/*; do
        name=$(sed -n 's/^Subject: example: //p' "$file" | tail -n 1 | tr ' ' '-')
        kind=
        grep -qi '^Subject: Delayed\|^Subject: Warning' "$file" && kind=-delay
        grep -qi '^Subject: Success' "$file" && kind=-success
        [ -z "$name" ] || cp "$file" "/result/$2-$name$kind.eml"
    done
}

# wait_for FOLDER COUNT
wait_for() {
    for _ in $(seq 120); do
        [ "$(find "$1/new" -type f 2>/dev/null | wc -l)" -ge "$2" ] && return
        sleep 0.5
    done
    echo "only $(find "$1/new" -type f | wc -l) of $2 bounces came" >&2
}
