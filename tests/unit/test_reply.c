/* SPDX-License-Identifier: MIT */
#include "report_fixture.h"

#include "report/reply.h"
#include "report/reply_wraps.h"

struct row {
    const char *label;
    const char *text;
    int code;
    const char *status; /* NULL: none */
    enum bounce_stage stage;
    const char *host, *ip; /* NULL: not asked */
    const char *rest;      /* reply.text; NULL: not asked */
    bool expired;
};

#define S(x) BOUNCE_STAGE_##x

static const struct row rows[] = {
    {"plain", "550 5.1.1 No such user", 550, "5.1.1", S(NONE), 0, 0,
     "No such user", false},
    {"code alone", "550 No such user", 550, 0, S(NONE), 0, 0, "No such user",
     false},
    {"status alone", "5.2.2 <a@example.org>... Mailbox Full", 0, "5.2.2",
     S(NONE), 0, 0, "<a@example.org>... Mailbox Full", false},
    {"lines", "550-5.1.1 one\r\n550-5.1.1 two\r\n550 5.1.1 three", 550, "5.1.1",
     S(NONE), 0, 0, "one two three", false},
    {"lines folded into one",
     "550-5.7.1 [192.0.2.22 18] one 550-5.7.1 two 550 5.7.1 three", 550,
     "5.7.1", S(NONE), 0, 0, "[192.0.2.22 18] one two three", false},
    {"quoted without its code",
     "5.1.0 - Unknown address error '5.2.2 <a@example.org>... Mailbox Full'", 0,
     "5.2.2", S(NONE), 0, 0, "<a@example.org>... Mailbox Full", false},
    {"quoted without its code, twice",
     "5.1.0 - Unknown address error '5.2.2 <a@example.org>... Mailbox Full' "
     "5.1.0 - Unknown address error '5.2.2 <a@example.org>... Mailbox Full'",
     0, "5.2.2", S(NONE), 0, 0, "<a@example.org>... Mailbox Full", false},
    {"quoted without its code, behind words",
     "The reason for the problem: 5.1.0 - Unknown address error "
     "'5.2.2 <a@example.org>... It's full' (delivery attempts: 0)",
     0, "5.2.2", S(NONE), 0, 0, "<a@example.org>... It's full", false},
    {"ironport", "5.1.0 - Unknown address error 550-'5.1.1 no such user'", 550,
     "5.1.1", S(NONE), 0, 0, "no such user", false},
    {"words at leaving",
     "554 <a@example.org>... 550 Host unknown >>> QUIT <<< 421 mx Sorry", 550,
     0, S(NONE), 0, 0, "Host unknown", false},
    {"type", "smtp; 550 5.1.1 x", 550, "5.1.1", S(NONE), 0, 0, "x", false},
    {"type of its own", "X-Postfix; unknown user: \"joe\"", 0, 0, S(NONE), 0, 0,
     "unknown user: \"joe\"", false},
    {"postfix",
     "host mx.example.org[192.0.2.1] said: 550 5.1.1 <a@example.org>: gone "
     "(in reply to RCPT TO command)",
     550, "5.1.1", S(RCPT), "mx.example.org", "192.0.2.1",
     "<a@example.org>: gone", false},
    {"postfix, wrapped",
     "host mx.example.org[192.0.2.1] said: 554\n    5.6.0 spam (in reply to "
     "end of DATA\n    command)",
     554, "5.6.0", S(END_OF_DATA), "mx.example.org", 0, "spam", false},
    {"postfix greeting",
     "host mx.example.org[192.0.2.1] refused to talk to me: 554 No", 554, 0,
     S(CONNECT), "mx.example.org", 0, "No", false},
    {"postfix greeting that fails late",
     "host mx.example.org[192.0.2.1] refused to talk to me: 220-mx 421 4.2.1 "
     "Busy",
     421, "4.2.1", S(CONNECT), "mx.example.org", 0, "Busy", false},
    {"postfix connect",
     "connect to mx.example.org[192.0.2.1]:25: Connection timed out", 0, 0,
     S(CONNECT), "mx.example.org", "192.0.2.1", 0, false},
    {"postfix suspended",
     "delivery temporarily suspended: lost connection with "
     "mx.example.org[192.0.2.1] while sending RCPT TO",
     0, 0, S(RCPT), "mx.example.org", 0, 0, false},
    {"exim",
     "host mx.example.org [192.0.2.1]\nSMTP error from remote mail server "
     "after RCPT TO:<a@example.org>:\n550 5.1.1 gone",
     550, "5.1.1", S(RCPT), "mx.example.org", "192.0.2.1", "gone", false},
    {"exim before 4.84",
     "SMTP error from remote mail server after MAIL FROM:<a@example.org> "
     "SIZE=1543:\nhost mx.example.org [192.0.2.1]: 550 5.7.0 no",
     550, "5.7.0", S(MAIL), "mx.example.org", "192.0.2.1", "no", false},
    {"exim 3",
     "SMTP error from remote mailer after RCPT TO:\n<a@example.org>:\nhost "
     "mx.example.org [192.0.2.1]:\n553 5.1.1 unknown user:\na@example.org",
     553, "5.1.1", S(RCPT), "mx.example.org", 0, "unknown user: a@example.org",
     false},
    {"exim gave up", "550 5.1.1 x: retry timeout exceeded", 550, "5.1.1",
     S(NONE), 0, 0, 0, true},
    {"qmail",
     "Connected to 192.0.2.1 but sender was rejected.\nRemote host said: 553 "
     "5.1.8 no",
     553, "5.1.8", S(MAIL), 0, "192.0.2.1", "no", false},
    {"qmail gives up",
     "192.0.2.1 does not like recipient.\nRemote host said: 450 4.2.2 "
     "full\nGiving up on 192.0.2.1.\nI'm not going to try again; this message "
     "has been in the queue too long.",
     450, "4.2.2", S(RCPT), 0, "192.0.2.1", "full", true},
    {"qmail, status behind", "Sorry, no mailbox here by that name. (#5.1.1)", 0,
     "5.1.1", S(NONE), 0, 0, 0, false},
    {"sendmail",
     "... while talking to mx.example.org.:\n>>> RCPT To:<a@example.org>\n"
     "<<< 550-5.1.1 one\n<<< 550 5.1.1 two",
     550, "5.1.1", S(RCPT), "mx.example.org", 0, "one two", false},
    {"sendmail deferred",
     "<a@example.org>... Deferred: 452 4.4.5 Insufficient disk space", 452,
     "4.4.5", S(NONE), 0, 0, "Insufficient disk space", false},
    {"exchange 2007", "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##",
     550, "5.1.1", S(NONE), 0, 0, "RESOLVER.ADR.RecipNotFound; not found",
     false},
    {"exchange 2013",
     "5/25/2018 8:21:10 AM - Remote Server at mx.example.org (192.0.2.1) "
     "returned '550 4.4.7 QUEUE.Expired; message expired'",
     550, "4.4.7", S(NONE), "mx.example.org", "192.0.2.1",
     "QUEUE.Expired; message expired", true},
    {"exchange 2003", "<mx.example.org #5.1.1 smtp;550 5.1.1 gone>", 550,
     "5.1.1", S(NONE), 0, 0, 0, false},
    {"microsoft 365",
     "550 5.1.351 Remote server returned unknown recipient -> 550 5.1.1 gone",
     550, "5.1.1", S(NONE), 0, 0, "gone", false},
    {"ses",
     "5.1.0 - Unknown address error 550-'5.1.1 <a@example.org>... gone' "
     "(delivery attempts: 0)",
     550, "5.1.1", S(NONE), 0, 0, "<a@example.org>... gone", false},
    {"ses expired",
     "554 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.2 "
     "Connection timed out>",
     421, "4.4.2", S(NONE), 0, 0, "Connection timed out", true},
    {"powermta's last failure",
     "Message timeout (last transfail: 550 5.1.1 gone", 550, "5.1.1", S(NONE),
     0, 0, "gone", true},
    {"gmx",
     "SMTP error from remote server after RCPT command:\nhost: "
     "mx.example.org\n5.2.2 full",
     0, "5.2.2", S(RCPT), "mx.example.org", 0, "full", false},
    {"1und1",
     "SMTP error from remote server for TEXT command, host: mx.example.org "
     "(192.0.2.1) reason: 550 5.2.0 no",
     550, "5.2.0", S(END_OF_DATA), "mx.example.org", "192.0.2.1", "no", false},
    {"zoho", "Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 gone", 550,
     "5.1.1", S(NONE), 0, 0, "gone", false},
    {"yahoo", "Remote host said:\n554 no\n[RCPT_TO]", 554, 0, S(RCPT), 0, 0,
     "no", false},
    {"sendgrid",
     "a:<b@example.org> : 192.0.2.2 : mx.example.org:[192.0.2.1] : 550 5.1.1 "
     "gone  in RCPT TO",
     550, "5.1.1", S(RCPT), 0, 0, "gone", false},
    {"x3", "SMTP:RCPT host 192.0.2.8: 553 5.3.0 gone", 553, "5.3.0", S(RCPT), 0,
     "192.0.2.8", "gone", false},
    {"dma", "mx.example.org [192.0.2.1] did not like our final DATA:\n550 no",
     550, 0, S(END_OF_DATA), "mx.example.org", "192.0.2.1", "no", false},
    {"stalwart",
     "host 'mx.example.org' rejected command 'RCPT TO:<a@example.org>' with "
     "code 550 (5.1.1) 'gone'",
     550, "5.1.1", S(RCPT), "mx.example.org", 0, 0, false},
    {"code twice", "550 550 5.1.1 gone", 550, "5.1.1", S(NONE), 0, 0, "gone",
     false},
    {"colon behind the code", "550: 5.7.1 no", 550, "5.7.1", S(NONE), 0, 0,
     "no", false},
    {"hash before the status", "550 #5.1.0 Address rejected.", 550, "5.1.0",
     S(NONE), 0, 0, "Address rejected.", false},
    {"status inside", "501 failed: RCPT TO not accepted: 5.7.1 no relay", 501,
     "5.7.1", S(NONE), 0, 0, 0, false},
    {"dsn=", "dsn=5.7.1 stat=x", 0, "5.7.1", S(NONE), 0, 0, 0, false},
    {"addresses are no status",
     "421 deferred for 4.16.55.1 and 5.1.1.2 (192.0.2.1)", 421, 0, S(NONE), 0,
     0, 0, false},
    {"versions are no status", "rejected by Exim 4.6.3 version 5.1.1", 0, 0,
     S(NONE), 0, 0, 0, false},
    {"sizes are no code", "exceeds 552 bytes; quota: 500 MB; size 450 KB", 0, 0,
     S(NONE), 0, 0, 0, false},
    {"tickets are no code", "Mail rejected. ofr_506 [506]", 0, 0, S(NONE), 0, 0,
     0, false},
    {"ports and ids are no code", "id=550-223 port 587 x-550 http://e/550", 0,
     0, S(NONE), 0, 0, 0, false},
    {"dates are no status", "on 5.1.2020 and 2026-05-55", 0, 0, S(NONE), 0, 0,
     0, false},
    {"state is no status", "(state 13).", 0, 0, S(NONE), 0, 0, 0, false},
    {"our own host is not theirs",
     "554 5.7.1 Client host [192.0.2.7] blocked using bl.example.org", 554,
     "5.7.1", S(NONE), "", "", 0, false},
    {"empty", "", 0, 0, S(NONE), 0, 0, "", false},
};

static void check_reply(struct fixture *fixture, const struct row *row)
{
    struct reply reply;

    reply_parse(fixture_begin(fixture, slice_cstr(row->text)),
                slice_cstr(row->text), &reply);
    if (reply.code != row->code)
        fail_msg("%s: code %d", row->label, reply.code);
    check_slice(row->label, reply.status, row->status);
    if (reply.stage != row->stage)
        fail_msg("%s: stage %d", row->label, reply.stage);
    if (row->host != NULL)
        check_slice(row->label, reply.host,
                    row->host[0] != '\0' ? row->host : NULL);
    if (row->ip != NULL)
        check_slice(row->label, reply.ip, row->ip[0] != '\0' ? row->ip : NULL);
    if (row->rest != NULL)
        check_slice(row->label, reply.text, row->rest);
    if (reply.expired != row->expired)
        fail_msg("%s: expired %d", row->label, reply.expired);
}

static void test_rows(void **state)
{
    struct fixture fixture;

    (void)state;
    report_fixture_init(&fixture, allocator_default());
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_reply(&fixture, &rows[i]);
    fixture_clear(&fixture);
}

static void test_cut(void **state)
{
    struct fixture fixture;
    struct reply reply;

    (void)state;
    report_fixture_init(&fixture, allocator_default());
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t len = 0; len <= strlen(rows[i].text); len++) {
            struct guard guard = guard_copy(rows[i].text, len);
            reply_parse(fixture_begin(&fixture, guard.slice), guard.slice,
                        &reply);
            guard_free(&guard);
        }
    }
    fixture_clear(&fixture);
}

/* A text that is a line already is taken as it is; with all its blanks doubled
 * it is not, and must say the same. */
static void test_blanks_doubled(void **state)
{
    struct fixture fixture;

    (void)state;
    report_fixture_init(&fixture, allocator_default());
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply plain, doubled;
        char text[4096];
        size_t len = 0;

        for (const char *p = rows[i].text; *p != '\0'; p++) {
            text[len++] = *p;
            if (*p == ' ')
                text[len++] = ' ';
            assert_true(len + 2 < sizeof(text));
        }
        reply_parse(fixture_begin(&fixture, slice_cstr(rows[i].text)),
                    slice_cstr(rows[i].text), &plain);
        reply_parse(&fixture.message, slice_make(text, len), &doubled);
        assert_true(slice_eq(plain.whole, doubled.whole));
        assert_true(slice_eq(plain.inner, doubled.inner));
        assert_true(slice_eq(plain.text, doubled.text));
        assert_true(slice_eq(plain.status, doubled.status));
        assert_int_equal(plain.code, doubled.code);
        assert_int_equal(plain.stage, doubled.stage);
    }
    fixture_clear(&fixture);
}

static void test_ceiling(void **state)
{
    char text[10000];
    struct fixture fixture;
    struct reply reply;

    (void)state;
    memset(text, 'x', sizeof(text));
    report_fixture_init(&fixture, allocator_default());
    reply_parse(fixture_begin(&fixture, slice_make(text, sizeof(text))),
                slice_make(text, sizeof(text)), &reply);
    assert_int_equal(reply.whole.len, 4096);
    fixture_clear(&fixture);
}

static void test_match_status(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {{"5.1.1", 5},   {"5.7.606 x", 7}, {"4.4.1.", 5},
                 {"2.0.0)", 5},  {"3.1.1", 0},     {"5.1", 0},
                 {"5.1.1.2", 0}, {"5.01.1", 0},    {"5.1.1000", 0},
                 {"5.1.1-2", 0}, {"5.1.1b", 0},    {"5..1", 0},
                 {"", 0},        {"5.1.0", 5}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(reply_match_status(slice_cstr(cases[i].text)),
                         cases[i].len);
}

static void test_match_code(void **state)
{
    int code;

    (void)state;
    assert_int_equal(reply_match_code(SLICE("550 x"), &code), 3);
    assert_int_equal(code, 550);
    assert_int_equal(reply_match_code(SLICE("605"), &code), 3);
    assert_int_equal(reply_match_code(SLICE("5501"), &code), 0);
    assert_int_equal(reply_match_code(SLICE("550.1"), &code), 0);
    assert_int_equal(reply_match_code(SLICE("550."), &code), 3);
    assert_int_equal(reply_match_code(SLICE("150"), &code), 0);
    assert_int_equal(reply_match_code(SLICE("700"), &code), 0);
}

/* Each wrapper is found by its own words. */
static void test_wrappers_found(void **state)
{
    (void)state;
    for (size_t i = 0; REPLY_WRAPS[i].text != NULL; i++) {
        struct bounce_slice text = slice_cstr(REPLY_WRAPS[i].text);
        size_t len;

        assert_true(text.len >= REPLY_WRAP_KEY);
        assert_ptr_equal(reply_wrap_match(text, &len), &REPLY_WRAPS[i]);
        assert_int_equal(len, text.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_blanks_doubled),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_match_status),
        cmocka_unit_test(test_match_code),
        cmocka_unit_test(test_wrappers_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
