#!/bin/sh
# run.sh FUZZER SECONDS SEEDS: runs one fuzzer from the inputs of the cases, the
# examples and the knowledge. What it finds interesting stays in the build tree
# for the next run; what crashes it is left there as crash-*.
set -eu
fuzzer=$1 seconds=$2 seeds=$3
source=$(cd "$(dirname "$0")/.." && pwd)
name=${fuzzer##*/}
corpus=$(dirname "$fuzzer")/corpus/$name
mkdir -p "$corpus/found" "$corpus/cases"
"$seeds" "$corpus/cases" "$source"/tests/cases/*.md
more=$source/examples/bounces

# Bodies of webhooks, with the service and no header in front.
webhooks() {
    rm -rf "$corpus/cases" "$corpus/bodies"
    mkdir -p "$corpus/cases"
    for file in "$source"/tests/ingest/webhook/*.md; do
        service=$(basename "$file" .md)
        mkdir -p "$corpus/bodies/$service"
        "$seeds" "$corpus/bodies/$service" "$file"
        for body in "$corpus/bodies/$service"/*; do
            { printf '%s 0\n\n' "$service" && cat "$body"; } \
                >"$corpus/cases/$service-${body##*/}"
        done
    done
}

# What a server says in a whole conversation; the first byte chooses which.
mailboxes() {
    rm -rf "$corpus/cases"
    mkdir -p "$corpus/cases"
    {
        printf '?* CAPABILITY IMAP4rev1 UIDPLUS MOVE\r\nB1 OK\r\n* 3 EXISTS\r\n'
        printf '* OK [UIDVALIDITY 7] x\r\nB2 OK [READ-WRITE] x\r\n'
        printf '* SEARCH 2 7\r\nB3 OK\r\n* 1 FETCH (UID 1 RFC822.SIZE 9)\r\nB4 OK\r\n'
        printf '* 1 FETCH (UID 1 FLAGS (\\Seen) BODY[] {5}\r\nhello)\r\n'
        printf '* 2 FETCH (UID 2 BODY[] "a\\"b")\r\nB5 NO [LIMIT] x\r\n'
        printf '* 3 FETCH (UID 7 BODY[]<0> {2}\r\nab BODY[]<984> {2}\r\ncd)\r\nB6 OK\r\n'
        printf 'B7 OK\r\nB8 OK\r\n* BYE\r\nB9 OK\r\n'
    } >"$corpus/cases/imap"
    printf '>+OK\r\n1 a\r\n2 b\r\n.\r\n+OK\r\nx\r\n..y\r\n.\r\n+OK\r\n-ERR no\r\n+OK\r\n.\r\n+OK\r\n+OK\r\n' \
        >"$corpus/cases/pop3"
}

# Logs of the test, behind a byte that says their format and a cut.
logs() {
    rm -rf "$corpus/cases"
    mkdir -p "$corpus/cases"
    awk 'BEGIN { split("POSTFIX EXIM SENDMAIL OPENSMTPD POWERMTA KUMOMTA JOURNAL", names)
                 for (i in names) number[names[i]] = i - 1 }
        match($0, /LOG_[A-Z]+,/) {
            name = substr($0, RSTART + 4, RLENGTH - 5)
            if (text != "") print text
            text = name in number ? sprintf("\\0%o", number[name] + 14) : ""
            next
        }
        text != "" && /^ +"/ { sub(/^ +"/, ""); sub(/",?$/, ""); text = text $0 }
        END { if (text != "") print text }' "$source/tests/store/test_log.c" |
        while IFS= read -r text; do
            printf '%b' "$text" >"$corpus/cases/$(printf '%s' "$text" | cksum | tr ' ' -)"
        done
}

# A configuration with all that it may have, and secrets.
configurations() {
    rm -rf "$corpus/cases"
    mkdir -p "$corpus/cases"
    {
        printf 'Serve: main\nHttp: unix:/run/bounce/http\nLmtp: fd:lmtp\nMax-Body: 32M\n'
        printf 'Timeout: 30s\nLog-Addresses: no\nHolds-File: /run/holds\n'
        printf 'Holds-Format: json\nReaders: 4\n\nHook: main\nService: ses\nTolerance: 1d\n'
        printf '\nLog: /var/log/mail.log\nFormat: postfix\n\nOut: shop\nSecret-File: x\n'
        printf 'Url: https://hooks.example.org:8443/in?a=b\nEvents: suppressed, opened\n'
        printf 'Retry: 5s\nGive-Up: 3d\nMax-Attempts: 9\nAllow-Http: yes\n'
    } >"$corpus/cases/config"
    printf 'whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=\n' >"$corpus/cases/secrets"
}

case $name in
fuzz_config) configurations ;;
fuzz_log) logs ;;
fuzz_webhook) webhooks ;;
fuzz_mailbox) mailboxes ;;
fuzz_rules | fuzz_stanza) more="$source/data/rules $source/data/providers" ;;
fuzz_policy) more=$source/data/policy ;;
fuzz_rows) more=$source/tests/cli ;; # CSV and JSON stand in them
esac
# shellcheck disable=SC2086 # words are meant to split
exec "$fuzzer" -max_total_time="$seconds" -max_len=16384 -timeout=20 \
    -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$corpus/crash-" "$corpus/found" "$corpus/cases" $more
