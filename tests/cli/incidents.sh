#!/bin/bash
# Incidents: found in a log, told, gone on with, ended; the same in both stores.
. "$(dirname "$0")/lib.sh"

FIRST=$(date -u -d 2026-03-01T00:00:00Z +%s)
DAY=86400

# flow KEY FROM HOURS EACH BAD [STATUS REPLY]: Postfix's log of so many mails to
# Gmail an hour, of which BAD bounce, evenly.
flow() {
    awk -v key="$1" -v from="$2" -v hours="$3" -v each="$4" -v bad="$5" \
        -v dsn="${6:-}" -v reply="${7:-}" 'BEGIN {
        for (h = 0; h < hours; h++) for (i = 0; i < each; i++) {
            fails = int(i * bad / each) != int((i + 1) * bad / each)
            n++
            printf "%d mx1 postfix/smtp[1]: %s%05X: to=<u%s%d@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.9]:25, delay=5, delays=0/0/5/0, ",
                from + h * 3600 + int(i * 3600 / each), key, n, key, n
            if (fails)
                printf "dsn=%s, status=bounced (host gmail-smtp-in.l.google.com[192.0.2.9] said: %s (in reply to end of DATA command))\n", dsn, reply
            else
                printf "dsn=2.0.0, status=sent (250 2.0.0 OK)\n"
        }
    }' | while read -r at rest; do
        printf '%(%Y-%m-%dT%H:%M:%S)T+00:00 %s\n' "$at" "$rest"
    done
}
export TZ=UTC
BLOCKED="550-5.7.1 Our system has detected an unusual rate of unsolicited mail originating from your IP address. 550 5.7.1 blocked"
GONE="550 5.1.1 The email account that you tried to reach does not exist."
at() {
    date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ
}
# ingest NOW: what mail.log has got.
ingest() {
    status 0 "$BOUNCE" ingest log --format postfix --now "$(at "$1")" mail.log
}

spike() {
    local start=$((FIRST + 5 * DAY)) id
    flow A "$FIRST" $((5 * 24)) 6 0 >mail.log
    ingest "$start"
    status 0 "$BOUNCE" incidents
    equal "" "$(cat out)" "nothing is wrong"
    flow B $start 1 60 45 5.7.1 "$BLOCKED" >>mail.log
    ingest $((start + 3600))
    status 0 "$BOUNCE" incidents --what block --json
    json_lines out
    equal 'provider google bad_reputation block true 5' \
        "$(jq -r '[.dimension,.value,.category,.class,.open,(.samples|length)]|join(" ")' <out)" \
        "the incident"
    jq -e '.share > 0.7 and .usual_share < 0.01 and .failures >= 10 and (.remedy|length > 20)' <out >/dev/null ||
        fail "figures: $(cat out)"
    id=$(jq -r .id <out)
    # The same share again and again is one incident.
    flow C $((start + 3600)) 4 60 45 5.7.1 "$BLOCKED" >>mail.log
    ingest $((start + 5 * 3600))
    status 0 "$BOUNCE" incidents --what block --provider google --json --all
    equal "$id" "$(jq -r .id <out)" "the same incident"
    status 0 "$BOUNCE" incidents "$id"
    has "block at provider google: 75.0 %" out
    has "What mends it" out
    has "Hour by hour" out
    has "45 of     60" out
    has "unsolicited mail originating" out
    status 0 "$BOUNCE" incidents "$id" --json
    equal '[true,5,"google",true]' \
        "$(jq -c '[(.hours|length > 20),(.events|length),.value,.samples==[.events[].event_id]]' <out)" "the story"
    status 0 "$BOUNCE" incidents --csv --columns samples,share
    equal 5 "$(tail -n 1 out | cut -d, -f 1 | wc -w)" "ids in one field"
    status 0 "$BOUNCE" stats --table --now "$(at $((start + 5 * 3600)))"
    has "incident: block at provider google" out
    status 0 "$BOUNCE" events --kind bounce --limit 1 --json
    status 0 "$BOUNCE" why "$(jq -r .recipient <out)" --now "$(at $((start + 5 * 3600)))"
    has "Incidents where it failed" out
    # It works again.
    flow D $((start + 5 * 3600)) 5 60 0 >>mail.log
    ingest $((start + 10 * 3600))
    status 0 "$BOUNCE" incidents --what block
    equal "" "$(cat out)" "open ones"
    status 0 "$BOUNCE" incidents --what block --closed --columns id,ended_by
    equal "$id"$'\trecovered' "$(cat out)" "closed ones"
    status 0 "$BOUNCE" incidents --all --since "$(at $((start + DAY)))"
    equal "" "$(grep block out)" "over by then"
    equal "opened closed" \
        "$(sql "select outcome from change where what = 'incident' and reason = 'block provider google' order by seq" | paste -sd ' ')" \
        "the feed"
}

slow_rise() {
    local i
    flow A "$FIRST" $((8 * 24)) 5 0 >mail.log
    for i in 1 2 3; do
        flow "R$i" $((FIRST + (7 + i) * DAY)) 24 20 "$i" 5.1.1 "$GONE" >>mail.log
    done
    ingest $((FIRST + 11 * DAY))
    status 0 "$BOUNCE" incidents --what hard --all --json
    equal "provider google user_unknown 24" \
        "$(jq -r '[.dimension,.value,.category,.window_hours]|map(tostring)|join(" ")' <out)" "a slow rise"
    # Nobody sends any more: it ends by itself.
    flow Z $((FIRST + 13 * DAY)) 1 1 0 >>mail.log
    ingest $((FIRST + 13 * DAY + 60))
    status 0 "$BOUNCE" incidents
    equal "" "$(cat out)" "open ones"
    status 0 "$BOUNCE" incidents --what hard --closed --columns value
    equal "google" "$(cat out)" "closed ones"
}

breaker() {
    local start=$((FIRST + 4 * DAY))
    flow A "$FIRST" $((4 * 24)) 5 0 >mail.log
    ingest "$start"
    flow B $start 1 200 190 5.1.1 "$GONE" >>mail.log
    ingest $((start + 3600))
    status 0 "$BOUNCE" incidents --what breaker --columns dimension,value,severity,category
    equal $'provider\tgoogle\tcritical\tuser_unknown' "$(cat out)" "a breaker"
    # Ten hours later nobody speaks of it.
    flow C $((start + 10 * 3600)) 1 10 0 >>mail.log
    ingest $((start + 11 * 3600))
    status 0 "$BOUNCE" incidents --what breaker --closed --columns ended_by
    equal "time" "$(cat out)" "it is shut"
}

# report N AT: a complaint of the campaign's Nth recipient (RFC 5965).
report() {
    cat <<END
From: fbl@provider.example
To: fbl@example.com
Subject: complaint
Date: $(date -u -d "@$2" -R)
Message-ID: <fbl.$1@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

A complaint.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: fbl/1
Version: 1
Original-Rcpt-To: <uA$1@gmail.com>
Arrival-Date: $(date -u -d "@$2" -R)

--b
Content-Type: message/rfc822

From: news@example.com
To: uA$1@gmail.com
Subject: News
Message-ID: <c$1@example.com>

News.
--b--

END
}

complaints() {
    local start=$((FIRST + 5 * DAY)) i
    flow A "$FIRST" $((5 * 24)) 6 0 >mail.log
    ingest "$start"
    for ((i = 1; i <= 600; i++)); do
        echo "c$i@example.com,uA$i@gmail.com,$(at $((start + i))),spring"
    done | sed '1i message_id,recipient,sent_at,campaign' >sent.csv
    status 0 "$BOUNCE" ingest sent --now "$(at $((start + 3600)))" sent.csv
    mkdir reports
    for ((i = 1; i <= 25; i++)); do report $i $((start + 3600 + i * 60)) >reports/$i.eml; done
    status 0 "$BOUNCE" ingest --campaign spring --now "$(at $((start + 3 * 3600)))" reports
    status 0 "$BOUNCE" incidents --campaign spring --json
    equal "complaint complaint true" \
        "$(jq -r '[.what,.category,.open]|map(tostring)|join(" ")' <out)" "complaints of a campaign"
    jq -e '.share < 0.06 and .share > 0.02' <out >/dev/null || fail "share: $(cat out)"
}

words() {
    flow A "$FIRST" 1 1 0 >mail.log
    ingest $((FIRST + 3600))
    status 2 "$BOUNCE" incidents --open --closed
    status 2 "$BOUNCE" incidents --what weather
    has "weather" err
    status 2 "$BOUNCE" incidents nosuch
    has "there is no incident nosuch" err
    status 2 "$BOUNCE" incidents a b
    status 0 "$BOUNCE" incidents --csv
    equal "id,since,until,what,dimension,value,share,usual_share,peak_share,failures,results,window_hours,severity,category,class,rule,updated,open,ended_by,remedy,samples" \
        "$(tr -d '\r' <out)" "titles"
}

stories spike slow_rise breaker complaints words
finish
