/* SPDX-License-Identifier: MIT
 * Logs of mail servers: what lines give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/date.h"
#include "ingest/log/log.h"

struct seen {
    struct bounce_engine *engine;
    struct bounce_reader *reader;
    char text[8192]; /* a line for each event, a line for each sent */
    char ids[4096];  /* of the events, in order */
};

static void add(struct seen *seen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void add(struct seen *seen, const char *format, ...)
{
    size_t len = strlen(seen->text);
    va_list args;

    va_start(args, format);
    vsnprintf(seen->text + len, sizeof(seen->text) - len, format, args);
    va_end(args);
}

#define ARG(s) (int)(s).len, (s).ptr != NULL ? (s).ptr : ""

static bool take(void *ctx, const struct record *record)
{
    const struct bounce_event *e = &record->event;
    struct seen *seen = ctx;
    char at[DATE_ISO_SIZE] = "";

    date_format_iso(e->occurred_at, at);
    add(seen,
        "%s %s %.*s %.*s %.*s q=%.*s from=%.*s id=%.*s mx=%.*s w=%lld%s\n", at,
        bounce_kind_name(e->kind), ARG(e->recipient), ARG(e->category),
        ARG(e->status), ARG(e->queue_id), ARG(e->sender), ARG(e->message_id),
        ARG(e->remote_mta), (long long)record->waiting_s,
        e->expired ? " expired" : "");
    assert_int_equal(e->verified, 1);
    assert_int_equal(e->event_id.len, 32);
    if (strlen(seen->ids) + 33 < sizeof(seen->ids))
        strncat(seen->ids, e->event_id.ptr, 32);
    return true;
}

static bool take_sent(void *ctx, const struct sent *sent)
{
    add(ctx, "sent %.*s %.*s %.*s ip=%.*s\n", ARG(sent->message_id),
        ARG(sent->recipient), ARG(sent->sender_domain), ARG(sent->ip));
    return true;
}

static int setup(void **state)
{
    struct seen *seen = calloc(1, sizeof(*seen));

    assert_non_null(seen);
    assert_int_equal(bounce_engine_new(NULL, &seen->engine), BOUNCE_OK);
    assert_int_equal(bounce_reader_new(seen->engine, &seen->reader), BOUNCE_OK);
    *state = seen;
    return 0;
}

static int teardown(void **state)
{
    struct seen *seen = *state;

    bounce_reader_free(seen->reader);
    bounce_engine_free(seen->engine);
    free(seen);
    return 0;
}

static struct log_counts read_lines(struct seen *seen, enum log_format format,
                                    const char *lines)
{
    const struct log_options options = {
        .format = format,
        .reader = seen->reader,
        .now = date_parse(SLICE("2026-11-22T12:00:00Z")),
        .take = take,
        .sent = take_sent,
        .ctx = seen};
    struct log *log = log_new(&options);
    struct bounce_slice rest = slice_cstr(lines), line;
    struct log_counts counts;

    assert_non_null(log);
    seen->text[0] = seen->ids[0] = '\0';
    while (slice_next_piece(&rest, '\n', &line))
        assert_true(log_line(log, line));
    counts = log_counts(log);
    log_free(log);
    return counts;
}

struct row {
    const char *label;
    enum log_format format;
    const char *lines, *want;
};

static const struct row rows[] = {
    {"postfix: sent, bounced, deferred, given up", LOG_POSTFIX,
     "Nov 22 01:02:03 mx1 postfix/smtpd[11]: NOQUEUE: reject: RCPT from "
     "x[192.0.2.7]: 554 5.7.1 <a@example.org>: Relay access denied\n"
     "Nov 22 01:02:03 mx1 postfix/cleanup[12]: 4Bxyz1: "
     "message-id=<m1@example.org>\n"
     "Nov 22 01:02:03 mx1 postfix/qmgr[13]: 4Bxyz1: "
     "from=<news@example.org>, size=900, nrcpt=3 (queue active)\n"
     "Nov 22 01:02:04 mx1 postfix/smtp[14]: 4Bxyz1: to=<a@example.net>, "
     "relay=mx.example.net[192.0.2.1]:25, delay=1.2, delays=0.1/0/0.6/0.5, "
     "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4C, thanks)\n"
     "Nov 22 01:02:04 mx1 postfix/smtp[14]: 4Bxyz1: to=<b@example.net>, "
     "orig_to=<bee@example.org>, relay=mx.example.net[192.0.2.1]:25, delay=1, "
     "delays=0/0/1/0, dsn=5.1.1, status=bounced (host "
     "mx.example.net[192.0.2.1] said: 550 5.1.1 <b@example.net>: Recipient "
     "address rejected: User unknown, sorry (in reply to RCPT TO command))\n"
     "Nov 22 01:02:05 mx1 postfix/smtp[14]: 4Bxyz1: to=<c@example.net>, "
     "relay=none, delay=30, delays=0/0/30/0, dsn=4.4.1, status=deferred "
     "(connect to mx2.example.net[192.0.2.2]:25: Connection timed out)\n"
     "Nov 22 11:02:05 mx1 postfix/qmgr[13]: 4Bxyz1: "
     "from=<news@example.org>, status=expired, returned to sender\n"
     "Nov 22 11:02:05 mx1 postfix/qmgr[13]: 4Bxyz1: removed\n",
     "2026-11-22T01:02:04Z delivery a@example.net delivered 2.0.0 q=4Bxyz1 "
     "from=news@example.org id=<m1@example.org> mx=mx.example.net w=1\n"
     "sent <m1@example.org> a@example.net example.org ip=\n"
     "2026-11-22T01:02:04Z bounce b@example.net user_unknown 5.1.1 q=4Bxyz1 "
     "from=news@example.org id=<m1@example.org> mx=mx.example.net w=1\n"
     "sent <m1@example.org> b@example.net example.org ip=\n"
     "2026-11-22T01:02:05Z delay c@example.net connection_failed 4.4.1 "
     "q=4Bxyz1 from=news@example.org id=<m1@example.org> mx=mx2.example.net "
     "w=30\n"
     "2026-11-22T11:02:05Z bounce c@example.net connection_failed 4.4.1 "
     "q=4Bxyz1 from=news@example.org id=<m1@example.org> mx=mx2.example.net "
     "w=-1 expired\n"
     "sent <m1@example.org> c@example.net example.org ip=\n"},
    {"postfix: a probe, a filter, another year, RFC 3339, long ids",
     LOG_POSTFIX,
     "2026-11-20T10:00:00.123456+01:00 mx1 postfix-out/smtp[1]: "
     "4QbZ5c2Wd9z1Yxk: to=<d@example.net>, relay=mx.example.net[192.0.2.1]:25, "
     "delay=0.5, delays=0/0/0/0, dsn=5.2.2, status=bounced (host "
     "mx.example.net[192.0.2.1] said: 552 5.2.2 Mailbox full (in reply to end "
     "of DATA command))\n"
     "Dec 31 23:59:59 mx1 postfix/smtp[1]: ABCDEF12: to=<e@example.net>, "
     "relay=x[192.0.2.1]:25, delay=1, delays=0/0/0/0, dsn=5.1.1, "
     "status=undeliverable (host x[192.0.2.1] said: 550 5.1.1 no)\n"
     "Dec 31 23:59:59 mx1 postfix/lmtp[1]: ABCDEF13: to=<f@example.net>, "
     "relay=x[192.0.2.1]:24, delay=1, delays=0/0/0/0, dsn=5.1.1, "
     "status=bounced (host x[192.0.2.1] said: 550 5.1.1 User unknown)\n"
     "Dec 31 23:59:59 mx1 dovecot: auth: nothing\n"
     "not a line of syslog at all, though it is long enough\n",
     "2026-11-20T09:00:00Z bounce d@example.net mailbox_full 5.2.2 "
     "q=4QbZ5c2Wd9z1Yxk from= id= mx=mx.example.net w=0\n"
     "2025-12-31T23:59:59Z bounce f@example.net user_unknown 5.1.1 q=ABCDEF13 "
     "from= id= mx=x w=1\n"},
    {"exim: arrival, delivery, failure, deferral, retry time", LOG_EXIM,
     "2026-11-21 01:02:03 1tAbCd-000001-Ab <= news@example.org U=list P=local "
     "S=900 id=m2@example.org\n"
     "2026-11-21 01:02:04 1tAbCd-000001-Ab => a@example.net R=dnslookup "
     "T=remote_smtp H=mx.example.net [192.0.2.1] X=TLS1.3 C=\"250 2.0.0 "
     "queued\" QT=2s\n"
     "2026-11-21 01:02:04 1tAbCd-000001-Ab -> b@example.net R=dnslookup "
     "T=remote_smtp H=mx.example.net [192.0.2.1] C=\"250 ok\"\n"
     "2026-11-21 01:02:04 1tAbCd-000001-Ab ** c@example.net R=dnslookup "
     "T=remote_smtp H=mx.example.net [192.0.2.1]: SMTP error from remote mail "
     "server after RCPT TO:<c@example.net>: 550 5.1.1 no such user here\n"
     "2026-11-21 01:02:04.123 +0100 [77] 1tAbCd-000001-Ab == d@example.net "
     "R=dnslookup T=remote_smtp defer (-44) H=mx.example.net [192.0.2.1]: SMTP "
     "error from remote mail server after RCPT TO:<d@example.net>: 452 4.2.2 "
     "mailbox full\n"
     "2026-11-22 01:02:04 1tAbCd-000001-Ab == d@example.net R=dnslookup "
     "T=remote_smtp defer (-53): retry time not reached for any host\n"
     "2026-11-25 01:02:04 1tAbCd-000001-Ab ** d@example.net: retry timeout "
     "exceeded\n"
     "2026-11-25 01:02:04 1tAbCd-000001-Ab => x <x@example.net> "
     "R=localuser T=local_delivery\n"
     "2026-11-25 01:02:04 1tAbCd-000001-Ab Completed\n"
     "2026-11-25 01:02:05 1tAbCd-0000000000a-1XyZ ** f@example.net "
     "R=dnslookup: all relevant MX records point to non-existent hosts\n"
     "2026-11-25 01:02:05 no host name found for IP address 192.0.2.9 at all\n",
     "2026-11-21T01:02:04Z delivery a@example.net delivered  "
     "q=1tAbCd-000001-Ab from=news@example.org id=<m2@example.org> "
     "mx=mx.example.net w=2\n"
     "sent <m2@example.org> a@example.net example.org ip=\n"
     "2026-11-21T01:02:04Z delivery b@example.net delivered  "
     "q=1tAbCd-000001-Ab from=news@example.org id=<m2@example.org> "
     "mx=mx.example.net w=-1\n"
     "sent <m2@example.org> b@example.net example.org ip=\n"
     "2026-11-21T01:02:04Z bounce c@example.net user_unknown 5.1.1 "
     "q=1tAbCd-000001-Ab from=news@example.org id=<m2@example.org> "
     "mx=mx.example.net w=-1\n"
     "sent <m2@example.org> c@example.net example.org ip=\n"
     "2026-11-21T00:02:04Z delay d@example.net mailbox_full 4.2.2 "
     "q=1tAbCd-000001-Ab from=news@example.org id=<m2@example.org> "
     "mx=mx.example.net w=-1\n"
     "2026-11-25T01:02:04Z bounce d@example.net mailbox_full 4.2.2 "
     "q=1tAbCd-000001-Ab from=news@example.org id=<m2@example.org> "
     "mx=mx.example.net w=-1 expired\n"
     "sent <m2@example.org> d@example.net example.org ip=\n"
     "2026-11-25T01:02:04Z delivery x@example.net delivered  "
     "q=1tAbCd-000001-Ab from=news@example.org id=<m2@example.org> mx= w=-1\n"
     "sent <m2@example.org> x@example.net example.org ip=\n"
     "2026-11-25T01:02:05Z bounce f@example.net domain_unknown  "
     "q=1tAbCd-0000000000a-1XyZ from= id= mx= w=-1\n"},
    {"sendmail: several recipients, a reply, a deferral", LOG_SENDMAIL,
     "Nov 22 01:02:03 mx1 sendmail[11]: 4AM1203x01: from=<news@example.org>, "
     "size=900, class=0, nrcpts=2, msgid=<m3@example.org>, proto=ESMTP, "
     "daemon=MTA, relay=localhost [127.0.0.1]\n"
     "Nov 22 01:02:04 mx1 sm-mta[12]: 4AM1203x01: "
     "to=<a@example.net>,<b@example.net>, delay=00:00:01, xdelay=00:00:01, "
     "mailer=esmtp, pri=120, relay=mx.example.net. [192.0.2.1], dsn=2.0.0, "
     "stat=Sent (queued as X)\n"
     "Nov 22 01:02:04 mx1 sendmail[12]: 4AM1203x01: to=<c@example.net>, "
     "delay=1+00:00:05, xdelay=00:00:01, mailer=esmtp, pri=120, "
     "relay=mx.example.net. [192.0.2.1], dsn=5.1.1, reply=550 5.1.1 No such "
     "user, really, stat=User unknown\n"
     "Nov 22 01:02:04 mx1 sendmail[12]: 4AM1203x01: to=<d@example.net>, "
     "delay=00:00:05, mailer=esmtp, pri=120, relay=mx2.example.net., "
     "dsn=4.0.0, stat=Deferred: Connection refused by mx2.example.net.\n"
     "Nov 22 01:02:04 mx1 sendmail[12]: 4AM1203x01: to=<e@example.net>, "
     "delay=00:00:00, mailer=esmtp, pri=120, stat=queued\n",
     "2026-11-22T01:02:04Z delivery a@example.net delivered 2.0.0 "
     "q=4AM1203x01 from=news@example.org id=<m3@example.org> "
     "mx=mx.example.net w=1\n"
     "sent <m3@example.org> a@example.net example.org ip=\n"
     "2026-11-22T01:02:04Z delivery b@example.net delivered 2.0.0 "
     "q=4AM1203x01 from=news@example.org id=<m3@example.org> "
     "mx=mx.example.net w=1\n"
     "sent <m3@example.org> b@example.net example.org ip=\n"
     "2026-11-22T01:02:04Z bounce c@example.net user_unknown 5.1.1 "
     "q=4AM1203x01 from=news@example.org id=<m3@example.org> "
     "mx=mx.example.net w=86405\n"
     "sent <m3@example.org> c@example.net example.org ip=\n"
     "2026-11-22T01:02:04Z delay d@example.net connection_failed 4.0.0 "
     "q=4AM1203x01 from=news@example.org id=<m3@example.org> "
     "mx=mx2.example.net w=5\n"},
    {"opensmtpd", LOG_OPENSMTPD,
     "Nov 22 01:02:04 mx1 smtpd[12]: 1122334455667788 mta delivery "
     "evpid=aabbccdd11223344 from=<news@example.org> to=<a@example.net> "
     "rcpt=<-> source=\"192.0.2.9\" relay=\"192.0.2.1 (mx.example.net)\" "
     "delay=1m2s result=\"PermFail\" stat=\"550 5.1.1 \\\"a\\\": no such "
     "user\"\n"
     "Nov 22 01:02:05 mx1 smtpd[12]: 1122334455667788 mta delivery "
     "evpid=aabbccdd11223345 from=<news@example.org> to=<b@example.net> "
     "rcpt=<bee@example.org> source=\"192.0.2.9\" relay=\"192.0.2.1\" "
     "delay=1s result=\"Ok\" stat=\"250 2.0.0 ok\"\n"
     "Nov 22 01:02:06 mx1 smtpd[12]: 1122334455667788 mda delivery "
     "evpid=aabbccdd11223346 from=<news@example.org> to=<c@example.org> "
     "rcpt=<c@example.org> user=c delay=1s result=TempFail stat=Error "
     "(mail.local: temporary failure)\n"
     "Nov 22 01:02:06 mx1 smtpd[12]: 1122334455667788 smtp connected "
     "address=192.0.2.7 host=x\n",
     "2026-11-22T01:02:04Z bounce a@example.net user_unknown 5.1.1 q=aabbccdd "
     "from=news@example.org id= mx=mx.example.net w=62\n"
     "2026-11-22T01:02:05Z delivery b@example.net delivered  q=aabbccdd "
     "from=news@example.org id= mx=192.0.2.1 w=1\n"
     "2026-11-22T01:02:06Z delay c@example.org system_error  q=aabbccdd "
     "from=news@example.org id= mx= w=1\n"},
    {"powermta: columns in any order, quotes, a second row of names",
     LOG_POWERMTA,
     "type,timeLogged,timeQueued,orig,rcpt,dsnStatus,dsnDiag,dsnMta,bounceCat,"
     "dlvSourceIp,jobId,envId,header_Message-Id\n"
     "b,2026-11-22 01:02:03+0000,2026-11-22 "
     "01:00:03+0000,news@example.org,a@example.net,5.1.1 (bad destination "
     "mailbox address),\"smtp;550 5.1.1 no \"\"a\"\", "
     "sorry\",mx.example.net (192.0.2.1),bad-mailbox,192.0.2.9,spring,e1,"
     "<m4@example.org>\n"
     "rcpt,orig\n"
     "Type,rcpt,timeLogged,dsnDiag,dsnStatus\n"
     "t,b@example.net,2026-11-22 01:02:03+0000,smtp;452 4.2.2 full,4.2.2\n"
     "d,c@example.net,2026-11-22 01:02:03+0000,smtp;250 ok,2.0.0\n",
     "2026-11-22T01:02:03Z bounce a@example.net user_unknown 5.1.1 q= "
     "from=news@example.org id=<m4@example.org> mx=mx.example.net w=120\n"
     "sent <m4@example.org> a@example.net example.org ip=192.0.2.9\n"
     "2026-11-22T01:02:03Z delay b@example.net mailbox_full 4.2.2 q= from= "
     "id= mx= w=-1\n"
     "2026-11-22T01:02:03Z delivery c@example.net delivered 2.0.0 q= from= "
     "id= mx= w=-1\n"},
    {"journal: programs told apart", LOG_JOURNAL,
     "{\"__REALTIME_TIMESTAMP\":\"1795309324000000\",\"_HOSTNAME\":\"mx1\","
     "\"SYSLOG_IDENTIFIER\":\"postfix/smtp\",\"PRIORITY\":\"6\",\"MESSAGE\":"
     "\"4Bxyz1: to=<a@example.net>, relay=mx.example.net[192.0.2.1]:25, "
     "delay=1, delays=0/0/1/0, dsn=5.1.1, status=bounced (host "
     "mx.example.net[192.0.2.1] said: 550 5.1.1 \\\"a\\\" unknown user)\"}\n"
     "{\"__REALTIME_TIMESTAMP\":\"1795309325000000\",\"_HOSTNAME\":\"mx1\","
     "\"SYSLOG_IDENTIFIER\":\"exim4\",\"MESSAGE\":\"1tAbCd-000001-Ab ** "
     "c@example.net R=dnslookup T=remote_smtp: SMTP error from remote mail "
     "server after RCPT TO:<c@example.net>: 552 5.2.2 mailbox full\"}\n"
     "{\"MESSAGE\":[1,2,3],\"__REALTIME_TIMESTAMP\":\"1795309325000000\"}\n"
     "{\"MESSAGE\":\"broken\n",
     "2026-11-22T01:02:04Z bounce a@example.net user_unknown 5.1.1 q=4Bxyz1 "
     "from= id= mx=mx.example.net w=1\n"
     "2026-11-22T01:02:05Z bounce c@example.net mailbox_full 5.2.2 "
     "q=1tAbCd-000001-Ab from= id= mx= w=-1\n"},
};

static void lines_give(void **state)
{
    unsigned failures = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct seen *seen = *state;

        read_lines(seen, rows[i].format, rows[i].lines);
        if (strcmp(seen->text, rows[i].want) != 0) {
            fprintf(stderr, "%s: got\n%s", rows[i].label, seen->text);
            fprintf(stderr, "want\n%s", rows[i].want);
            failures++;
        }
    }
    assert_int_equal(failures, 0);
}

/* Reading a log again gives the same ids, and no two lines the same one. */
static void ids_last(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct seen *seen = *state;
        char first[sizeof(seen->ids)];

        read_lines(seen, rows[i].format, rows[i].lines);
        strcpy(first, seen->ids);
        for (const char *a = first; *a != '\0'; a += 32) {
            for (const char *b = a + 32; *b != '\0'; b += 32)
                assert_memory_not_equal(a, b, 32);
        }
        read_lines(seen, rows[i].format, rows[i].lines);
        assert_string_equal(first, seen->ids);
    }
}

/* Lines that break off anywhere give less, and nothing worse. */
static void lines_cut(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = strlen(rows[i].lines);
        char *cut = malloc(len + 1);

        assert_non_null(cut);
        /* Every seventh length: each reading has a table of its own to make. */
        for (size_t n = i % 7; n <= len; n += 7) {
            const bool all = n / 7 % 14 == 0; /* by all formats */

            memcpy(cut, rows[i].lines, n);
            cut[n] = '\0';
            for (unsigned f = 0; f < LOG_FORMATS; f += all ? 1U : 7U) {
                enum log_format format =
                    all ? (enum log_format)f : rows[i].format;

                read_lines(*state, format, cut);
            }
        }
        free(cut);
    }
}

/* More messages than are remembered: the oldest are forgotten, none mixed up. */
static void many_messages(void **state)
{
    struct seen *seen = *state;
    const struct log_options options = {
        .format = LOG_EXIM, .reader = seen->reader, .take = take, .ctx = seen};
    struct log *log = log_new(&options);
    char line[256];

    assert_non_null(log);
    for (unsigned i = 0; i < 200000; i++) {
        int n =
            snprintf(line, sizeof(line),
                     "2026-11-21 01:02:03 1tA%03X-%06u-Ab <= s%u@example.org"
                     " U=x P=local S=900 id=m%u@example.org",
                     i / 1000, i % 1000, i, i);

        assert_true(log_line(log, slice_make(line, (size_t)n)));
    }
    seen->text[0] = seen->ids[0] = '\0';
    for (unsigned i = 199990; i < 200000; i++) {
        char want[128];
        int n = snprintf(line, sizeof(line),
                         "2026-11-21 01:02:04 1tA%03X-%06u-Ab => "
                         "r@example.net R=x T=y H=mx.example.net [192.0.2.1]",
                         i / 1000, i % 1000);

        assert_true(log_line(log, slice_make(line, (size_t)n)));
        snprintf(want, sizeof(want),
                 "from=s%u@example.org id=<m%u@example.org>", i, i);
        assert_non_null(strstr(seen->text, want));
    }
    log_free(log);
}

static void formats_have_names(void **state)
{
    (void)state;
    for (unsigned f = 0; f < LOG_FORMATS; f++) {
        const char *name = log_format_name((enum log_format)f);

        assert_non_null(name);
        assert_int_equal(log_format_parse(slice_cstr(name)), f);
    }
    assert_null(log_format_name(LOG_FORMATS));
    assert_int_equal(log_format_parse(SLICE("qmail")), LOG_FORMATS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_give, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_last, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(many_messages, setup, teardown),
        cmocka_unit_test(formats_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
