# Sourced by the tests of mailboxes: Debian's Dovecot on loopback, with a folder
# of its own; and mail to put into it. Exit status 77: there is no Dovecot here,
# or it does not start.
# shellcheck shell=bash
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"

skip() {
    echo "skipped: $*" >&2
    exit 77
}
command -v openssl >/dev/null || skip "no openssl"
dovecot=$(command -v dovecot || ls /usr/sbin/dovecot 2>/dev/null) ||
    skip "no dovecot"
[ -x /usr/lib/dovecot/imap ] && [ -x /usr/lib/dovecot/pop3 ] ||
    skip "no dovecot-imapd, dovecot-pop3d"
[ -e "$(dirname "$BOUNCE")/modules/bounce-curl.so" ] || skip "no module curl"

# As root it runs under the names that its package makes.
if [ "$(id -u)" = 0 ]; then
    login=dovenull internal=dovecot group=dovecot
    uid=$(id -u nobody) gid=$(id -g nobody)
    id dovenull >/dev/null 2>&1 || skip "dovecot's users are missing"
else
    login=$(id -un) internal=$login group=$(id -gn)
    uid=$(id -u) gid=$(id -g)
fi
chmod 755 "$work"
unset BOUNCE_PASSWORD BOUNCE_STORE all_proxy ALL_PROXY
export HOME=$work BOUNCE_PASSWORD=secret
boxes=$work/boxes
mkdir "$boxes" "$work/dovecot"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -keyout key.pem -out ca.pem -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null

# start_dovecot [LINE...]: with these lines in its configuration too. Sets imap,
# imaps, pop3 and pop3s to its ports.
start_dovecot() {
    local base try
    for try in 1 2 3 4 5; do
        base=$((20000 + (RANDOM % 10000) * 4))
        imap=$base imaps=$((base + 1)) pop3=$((base + 2)) pop3s=$((base + 3))
        configure_dovecot "$@" >dovecot.conf
        "$dovecot" -c "$work/dovecot.conf" 2>>dovecot.log || continue
        for _ in $(seq 100); do
            dovecot_pid=$(cat dovecot/master.pid 2>/dev/null) &&
                (: <>"/dev/tcp/127.0.0.1/$imap") 2>/dev/null && return
            sleep 0.1
        done
        stop_dovecot
    done
    tail -n 5 dovecot.log >&2
    skip "dovecot does not start ($try times)"
}

stop_dovecot() {
    [ -n "${dovecot_pid:-}" ] || return 0
    kill "$dovecot_pid" 2>/dev/null
    for _ in $(seq 50); do
        kill -0 "$dovecot_pid" 2>/dev/null || break
        sleep 0.1
    done
    dovecot_pid=
}
trap 'stop_dovecot; rm -rf "$work"' EXIT

configure_dovecot() {
    cat <<CONF
base_dir = $work/dovecot
state_dir = $work/dovecot
log_path = $work/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <$work/ca.pem
ssl_key = <$work/key.pem
default_internal_user = $internal
default_internal_group = $group
default_login_user = $login
first_valid_uid = 0
mail_location = maildir:$boxes/%u:INDEX=$boxes/.index-%u
mailbox_list_index = no
disable_plaintext_auth = no
auth_failure_delay = 0
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=$uid gid=$gid home=$boxes/%u
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = $imaps
  }
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = $pop3
  }
  inet_listener pop3s {
    port = $pop3s
  }
}
service stats {
  client_limit = 100
}
CONF
    printf '%s\n' "$@"
}

# bounce_to NAME: a report that NAME@example.org is not there.
bounce_to() {
    cat <<END
From: MAILER-DAEMON@mx.example.net
To: news-return@lists.example.com
Subject: Undelivered mail
Date: Fri, 20 Nov 2026 10:00:00 +0000
Message-ID: <report-$1@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; $1@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <$1@example.org>: no such user

--b--
END
}

# letter_of NAME: what a person writes.
letter_of() {
    cat <<END
From: $1@example.org
To: news-return@lists.example.com
Subject: Lunch
Date: Fri, 20 Nov 2026 11:00:00 +0000
Message-ID: <letter-$1@example.org>

Shall we meet at noon? I bring the slides that you asked for.
..
From here it is a short walk.
END
}

# away_of NAME: somebody's auto-reply.
away_of() {
    cat <<END
From: $1@example.org
To: news-return@lists.example.com
Subject: Out of office
Date: Fri, 20 Nov 2026 12:00:00 +0000
Message-ID: <away-$1@example.org>
Auto-Submitted: auto-replied

I am away until Monday.
END
}

# put BOX NAME FLAGS: standard input into the Maildir BOX ("jo", "jo/.Old"), with
# "" or flags such as S.
put() {
    local folder=new name=$2
    mkdir -p "$boxes/$1/new" "$boxes/$1/cur" "$boxes/$1/tmp"
    [ -z "$3" ] || folder=cur name="$2:2,$3"
    sed 's/$/\r/' >"$boxes/$1/$folder/$name"
    touch -d '2026-11-20 10:00' "$boxes/$1/$folder/$name"
}

# own_boxes: what put() made becomes the mail user's.
own_boxes() {
    [ "$(id -u)" != 0 ] || chown -R "$uid:$gid" "$boxes"
}

# mixed BOX: 3 reports, a personal letter read and one unread, one that somebody
# marked as deleted, and an auto-reply. Numbers give the order.
mixed() {
    bounce_to ann | put "$1" 1700000001.1.x ""
    letter_of bob | put "$1" 1700000002.2.x S
    bounce_to cyd | put "$1" 1700000003.3.x F
    letter_of dan | put "$1" 1700000004.4.x ""
    away_of eve | put "$1" 1700000005.5.x ""
    letter_of fay | put "$1" 1700000006.6.x T
    bounce_to gus | put "$1" 1700000007.7.x S
    own_boxes
}

# others BOX: flags and contents of the mail that is no report, as it lies there.
others() {
    (cd "$boxes/$1" && for file in cur/* new/*; do
        [ -e "$file" ] || continue
        grep -q 'report-type' "$file" && continue
        flags=${file##*:2,}
        [ "$flags" != "$file" ] || flags=
        echo "$(md5sum <"$file") $flags"
    done | sort)
}

# reports BOX: the flags of each report that is there.
reports() {
    (cd "$boxes/$1" && for file in cur/* new/*; do
        [ -e "$file" ] || continue
        grep -q 'report-type' "$file" || continue
        flags=${file##*:2,}
        [ "$flags" != "$file" ] || flags=-
        echo "$flags"
    done | sort | tr '\n' ' ')
}

# known STORE: each address that failed, with the number of its events.
known() {
    "$BOUNCE" events --store "$1" --kind bounce --columns recipient |
        sort | uniq -c | awk '{ printf("%s%s:%s", (NR > 1 ? " " : ""), $2, $1) }'
}

# cut_off PORT WHERE: something between us and that port (cut.c); its port is in cut.
cut_off() {
    coproc CUTTER { exec "$(dirname "$BOUNCE")/mail_cut" "$1" "$2"; }
    cutter=$CUTTER_PID
    read -r cut <&"${CUTTER[0]}"
}

uncut() {
    kill "$cutter"
    wait "$cutter" 2>/dev/null
}

# ---- What holds for both protocols. MAILBOX is where users are, as
# "imap://%s@127.0.0.1:PORT".

# What mixed() has in failed addresses, as known() says it.
all="ann@example.org:1 cyd@example.org:1 gus@example.org:1"

# ingest STORE BOX [OPTION...]: its exit status in got, what it says in out, err
ingest() {
    local store=$1 box=$2
    shift 2
    # shellcheck disable=SC2059 # the format is ours
    "$BOUNCE" ingest --store "$store" "$@" "$(printf "$MAILBOX" "$box")" >out 2>err
    got=$?
}

# Nothing is touched unless it is asked for. READ: called once all was read once.
keeps() {
    local before read=${1:-true}
    mixed keep
    before=$(others keep && reports keep)
    ingest keep.db keep
    equal 0 "$got" "keep: $(cat err)"
    has "7 messages, 4 of them reports" out
    has "4  events are new" out
    equal "$all" "$(known keep.db)" "keep: events"
    equal "$before" "$(others keep && reports keep)" "keep: the mailbox"
    "$read"
    ingest keep.db keep
    has "0 messages" out
    bounce_to hal | put keep 1700000008.8.x ""
    own_boxes
    ingest keep.db keep
    has "1 messages, 1 of them reports" out
    ingest keep.db keep --again
    has "8 messages" out
    has "5  events were known already" out
    equal "$all hal@example.org:1" "$(known keep.db)" "again: events"
}

# Giants: their beginnings and ends are read.
giants() {
    {
        bounce_to big | sed '/^--b--/,$d'
        printf -- '--b\nContent-Type: message/rfc822\n\nSubject: Issue\n\n'
        head -c 9000000 /dev/zero | tr '\0' 'x' | fold -w 76
        printf '\n--b--\n'
    } | put giant 1700000001.1.x ""
    letter_of ann | put giant 1700000002.2.x ""
    own_boxes
    ingest giant.db giant --after delete
    has "2 messages, 1 of them reports" out
    equal "big@example.org:1" "$(known giant.db)" "a giant report"
    equal 1 "$(find "$boxes/giant" -type f -name '17*' | wc -l)" "a giant is deleted"
}

# ingest_lost PORT [OPTION...]: the mailbox lost, over another port.
ingest_lost() {
    local port=$1
    shift
    # shellcheck disable=SC2059 # the format is ours
    "$BOUNCE" ingest --store lost.db "$@" "$(printf "${MAILBOX%:*}:$port" lost)" \
        >out 2>err
}

# lost PORT BYTES...: connections are lost after so many bytes: whatever came, all
# is there in the end, once.
lost() {
    local port=$1 bytes
    shift
    mixed lost
    for bytes; do
        rm -f lost.db*
        cut_off "$port" "$bytes,0"
        ingest_lost "$cut"
        got=$?
        uncut
        case $got in
        0) ;;
        75) # before it was logged in: later
            ingest_lost "$port" || fail "after $bytes bytes, later: $?"
            ;;
        *) fail "cut after $bytes bytes: exit status $got: $(cat err)" ;;
        esac
        equal "$all" "$(known lost.db)" "cut after $bytes bytes"
    done
}

# breaks PORT TEXT: one message breaks connections: others are read, and TEXT said.
breaks() {
    local before
    cut_off "$1" '=<cyd@'
    rm -f lost.db*
    before=$(others lost)
    ingest_lost "$cut" --after delete
    equal 1 $? "one message breaks connections: $(cat err)"
    has "$2" err
    equal "ann@example.org:1 gus@example.org:1" "$(known lost.db)" "the others"
    equal "$before" "$(others lost)" "what is no report"
    equal "F " "$(reports lost)" "the one that was left out"
    uncut
}

# killed DELAY...: the mailbox many is read, each time for so many seconds, until
# kill -9 comes.
killed() {
    local delay pid i
    for i in $(seq 1000 1149); do
        if [ $((i % 3)) = 0 ]; then
            letter_of "p$i"
        else
            bounce_to "b$i"
        fi | put many "170000$i.$i.x" ""
    done
    own_boxes
    many=$(others many)
    for delay; do
        # shellcheck disable=SC2059 # the format is ours
        "$BOUNCE" ingest --store many.db --after delete \
            "$(printf "$MAILBOX" many)" >out 2>err &
        pid=$!
        sleep "$delay"
        kill -9 $pid 2>/dev/null
        wait $pid 2>/dev/null
    done
}

# After killed, and a run to the end: nothing is lost or counted twice.
survived() {
    equal 0 "$got" "after kills: $(cat err)"
    equal 100 "$(known many.db | tr ' ' '\n' | grep -c ':1$')" "each report once"
    equal "$many" "$(others many)" "kills: other mail"
    equal "" "$(reports many)" "kills: reports are left"
}
