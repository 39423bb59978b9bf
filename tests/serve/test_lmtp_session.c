/* SPDX-License-Identifier: MIT
 * Conversations: whole, byte by byte, and cut in two everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "guard.h"
#include "serve/lmtp_session.h"

#define LHLO_SAYS                                                              \
    "250-mx.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"     \
    "250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 100\r\n"
#define GREETING "220 mx.example LMTP bounce\r\n"
#define BEGIN                                                                  \
    "LHLO c\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<a@example.org>\r\n"
#define BEGIN_SAYS GREETING LHLO_SAYS "250 2.1.0 ok\r\n250 2.1.5 ok\r\n"
#define GO         "354 end with <CRLF>.<CRLF>\r\n"
#define STORED     "250 2.0.0 stored\r\n"

struct row {
    const char *label, *input, *replies;
    const char *messages; /* "SENDER>RECIPIENT,...:TEXT|" of each */
    bool ended;
};

static const struct row rows[] = {
    {"greeting and QUIT", "LHLO c\r\nQUIT\r\n",
     GREETING LHLO_SAYS "221 2.0.0 bye\r\n", "", true},
    {"one message", BEGIN "DATA\r\nhello\r\n.\r\n", BEGIN_SAYS GO STORED,
     "s@example.org>a@example.org,:hello\r\n|", false},
    {"an answer for each recipient",
     BEGIN "RCPT TO:<b@example.org>\r\nDATA\r\nx\r\n.\r\n",
     BEGIN_SAYS "250 2.1.5 ok\r\n" GO STORED STORED,
     "s@example.org>a@example.org,b@example.org,:x\r\n|", false},
    {"the null sender",
     "LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n"
     "x\r\n.\r\n",
     BEGIN_SAYS GO STORED, ">a@b,:x\r\n|", false},
    {"an empty message", BEGIN "DATA\r\n.\r\n", BEGIN_SAYS GO STORED,
     "s@example.org>a@example.org,:|", false},
    {"dots: RFC 5321 section 4.5.2",
     BEGIN "DATA\r\n..\r\n...x\r\n.y\r\na.\r\n.\r\n", BEGIN_SAYS GO STORED,
     "s@example.org>a@example.org,:.\r\n..x\r\ny\r\na.\r\n|", false},
    {"a bare LF ends no line",
     BEGIN "DATA\r\nx\n.\nMAIL FROM:<evil@x>\r\n.\r\n", BEGIN_SAYS GO STORED,
     "s@example.org>a@example.org,:x\n.\nMAIL FROM:<evil@x>\r\n|", false},
    {"nor does a CR", BEGIN "DATA\r\nx\r.\r\ry\r\n.\r\n", BEGIN_SAYS GO STORED,
     "s@example.org>a@example.org,:x\r.\r\ry\r\n|", false},
    {"LF alone behind the dot", BEGIN "DATA\r\nx\r\n.\n.\r\n.\r\n",
     BEGIN_SAYS GO STORED, "s@example.org>a@example.org,:x\r\n\n.\r\n|", false},
    {"commands end with LF too", "LHLO c\nNOOP\n",
     GREETING LHLO_SAYS "250 2.0.0 ok\r\n", "", false},
    {"two messages, the second from another sender",
     BEGIN "DATA\r\n1\r\n.\r\nMAIL FROM:<t@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n2\r\n"
           ".\r\n",
     BEGIN_SAYS GO STORED "250 2.1.0 ok\r\n250 2.1.5 ok\r\n" GO STORED,
     "s@example.org>a@example.org,:1\r\n|t@x>c@x,:2\r\n|", false},
    {"chunks: RFC 3030", BEGIN "BDAT 3\r\nab\nBDAT 4 LAST\r\n.\r\nc",
     BEGIN_SAYS "250 2.0.0 ok\r\n" STORED,
     "s@example.org>a@example.org,:ab\n.\r\nc|", false},
    {"a last chunk of nothing", BEGIN "BDAT 2\r\nxyBDAT 0 LAST\r\n",
     BEGIN_SAYS "250 2.0.0 ok\r\n" STORED, "s@example.org>a@example.org,:xy|",
     false},
    {"a chunk without recipients is taken, and refused",
     "LHLO c\r\nBDAT 4 LAST\r\nQUITNOOP\r\n",
     GREETING LHLO_SAYS "503 5.5.1 no valid recipients\r\n250 2.0.0 ok\r\n", "",
     false},
    {"DATA behind BDAT", BEGIN "BDAT 1\r\nxDATA\r\n",
     BEGIN_SAYS "250 2.0.0 ok\r\n503 5.5.1 BDAT was begun\r\n", "", false},
    {"a chunk of no size", BEGIN "BDAT x\r\nNOOP\r\n",
     BEGIN_SAYS "501 5.5.4 BDAT size [LAST]\r\n", "", true},
    {"DATA without recipients: RFC 2033 section 4.2",
     "LHLO c\r\nMAIL FROM:<s@x>\r\nDATA\r\n",
     GREETING LHLO_SAYS "250 2.1.0 ok\r\n503 5.5.1 no valid recipients\r\n", "",
     false},
    {"EHLO and HELO are not spoken", "EHLO c\r\nHELO c\r\n",
     GREETING "500 5.5.1 this is LMTP: LHLO\r\n500 5.5.1 this is LMTP: "
              "LHLO\r\n",
     "", false},
    {"order", "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n",
     GREETING "503 5.5.1 LHLO first\r\n503 5.5.1 MAIL first\r\n", "", false},
    {"RSET", BEGIN "RSET\r\nDATA\r\n",
     BEGIN_SAYS "250 2.0.0 ok\r\n503 5.5.1 no valid recipients\r\n", "", false},
    {"paths",
     "LHLO c\r\nMAIL FROM:a@b\r\nMAIL FROM:<\"a>b\\\"c\"@d> BODY=8BITMIME "
     "SMTPUTF8\r\nRCPT TO:<>\r\nRCPT TO:<a@b\r\n",
     GREETING LHLO_SAYS
     "501 5.5.4 MAIL FROM:<address>\r\n250 2.1.0 ok\r\n"
     "501 5.5.4 RCPT TO:<address>\r\n501 5.5.4 RCPT TO:<address>\r\n",
     "", false},
    {"SIZE: RFC 1870",
     "LHLO c\r\nMAIL FROM:<a@b> SIZE=101\r\nMAIL FROM:<a@b> SIZE=100\r\n",
     GREETING LHLO_SAYS "552 5.3.4 message too large\r\n250 2.1.0 ok\r\n", "",
     false},
    {"more than the limit, then the next",
     BEGIN "DATA\r\n"
           "0123456789012345678901234567890123456789012345678\r\n"
           "0123456789012345678901234567890123456789012345678\r\n.\r\n"
           "MAIL FROM:<t@x>\r\n",
     BEGIN_SAYS GO "552 5.3.4 message too large\r\n250 2.1.0 ok\r\n", "",
     false},
    {"what is said behind QUIT", "QUIT\r\nNOOP\r\n",
     GREETING "221 2.0.0 bye\r\n", "", true},
};

struct talk {
    struct lmtp_session *session;
    struct bytes replies, messages;
    bool late; /* answers come between two calls */
};

static void deliver(void *ctx, struct lmtp_session *session,
                    const struct lmtp_envelope *envelope,
                    struct bounce_slice message)
{
    struct talk *talk = ctx;

    bytes_add(&talk->messages, envelope->sender);
    bytes_add(&talk->messages, SLICE(">"));
    for (size_t i = 0; i < envelope->count; i++) {
        bytes_add(&talk->messages, envelope->recipients[i]);
        bytes_add(&talk->messages, SLICE(","));
    }
    bytes_add(&talk->messages, SLICE(":"));
    bytes_add(&talk->messages, message);
    bytes_add(&talk->messages, SLICE("|"));
    if (!talk->late)
        lmtp_session_answer(session, "250 2.0.0 stored");
}

static void collect(struct talk *talk)
{
    struct bytes *replies = lmtp_session_replies(talk->session);

    bytes_add(&talk->replies, bytes_slice(replies));
    bytes_take(replies, replies->len);
}

static void talk_begin(struct talk *talk, bool late)
{
    const struct lmtp_options options = {.hostname = "mx.example",
                                         .max_message = 100,
                                         .deliver = deliver,
                                         .ctx = talk};

    *talk = (struct talk){.late = late};
    talk->session = lmtp_session_new(&options);
    assert_non_null(talk->session);
}

static void talk_end(struct talk *talk)
{
    lmtp_session_free(talk->session);
    bytes_free(&talk->replies);
    bytes_free(&talk->messages);
}

/* What came, as the loop has it: what is not taken comes again. */
static void hear(struct talk *talk, struct bytes *pending,
                 struct bounce_slice part)
{
    bytes_add(pending, part);
    for (;;) {
        struct guard guard = guard_copy(pending->ptr, pending->len);
        size_t taken = lmtp_session_take(talk->session, guard.slice);
        const bool waiting = lmtp_session_waiting(talk->session);

        assert_true(taken <= pending->len);
        guard_free(&guard);
        bytes_take(pending, taken);
        collect(talk);
        if (waiting)
            lmtp_session_answer(talk->session, "250 2.0.0 stored");
        collect(talk);
        if (!waiting)
            break;
    }
}

static void expect(const struct row *row, struct talk *talk, size_t cut)
{
    struct bounce_slice replies = bytes_slice(&talk->replies);
    struct bounce_slice messages = bytes_slice(&talk->messages);

    if (!slice_eq(replies, slice_cstr(row->replies)))
        fail_msg("%s, cut at %zu, says \"%.*s\"", row->label, cut,
                 (int)replies.len, replies.ptr);
    if (!slice_eq(messages, slice_cstr(row->messages)))
        fail_msg("%s, cut at %zu, gives \"%.*s\"", row->label, cut,
                 (int)messages.len, messages.ptr);
    if (lmtp_session_ended(talk->session) != row->ended)
        fail_msg("%s, cut at %zu: the end", row->label, cut);
}

static void whole_and_cut(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        struct bounce_slice input = slice_cstr(rows[r].input);

        for (size_t cut = 0; cut <= input.len; cut++) {
            struct bytes pending = {0};
            struct talk talk;

            talk_begin(&talk, cut % 2 == 0);
            hear(&talk, &pending, slice_sub(input, 0, cut));
            hear(&talk, &pending, slice_from(input, cut));
            expect(&rows[r], &talk, cut);
            bytes_free(&pending);
            talk_end(&talk);
        }
    }
}

static void byte_by_byte(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        struct bounce_slice input = slice_cstr(rows[r].input);
        struct bytes pending = {0};
        struct talk talk;

        talk_begin(&talk, true);
        for (size_t i = 0; i < input.len; i++)
            hear(&talk, &pending, slice_sub(input, i, 1));
        expect(&rows[r], &talk, SIZE_MAX);
        bytes_free(&pending);
        talk_end(&talk);
    }
}

/* The same answer whether a long line comes whole or in pieces, and the
 * conversation goes on. */
static void lines_have_a_limit(void **state)
{
    static char line[LMTP_LINE_MAX + 100];

    (void)state;
    for (size_t len = LMTP_LINE_MAX - 3; len <= LMTP_LINE_MAX + 3; len++) {
        struct bytes answers[2] = {{0}};

        for (int pieces = 0; pieces < 2; pieces++) {
            struct bytes pending = {0};
            struct talk talk;

            memset(line, 'x', sizeof(line));
            memcpy(line, "NOOP ", 5);
            line[len] = '\n';
            memcpy(line + len + 1, "RSET\r\n", 6);
            talk_begin(&talk, false);
            for (size_t i = 0; i < len + 7; i += pieces ? 1 : len + 7)
                hear(&talk, &pending,
                     slice_make(line + i, pieces ? 1 : len + 7));
            bytes_add(&answers[pieces], bytes_slice(&talk.replies));
            assert_int_equal(pending.len, 0);
            bytes_free(&pending);
            talk_end(&talk);
        }
        if (!slice_eq(bytes_slice(&answers[0]), bytes_slice(&answers[1])))
            fail_msg("a line of %zu bytes: \"%.*s\"", len, (int)answers[1].len,
                     answers[1].ptr);
        assert_true(slice_ends_nocase(bytes_slice(&answers[0]),
                                      SLICE("250 2.0.0 ok\r\n")));
        bytes_free(&answers[0]);
        bytes_free(&answers[1]);
    }
}

static void too_many_errors_end_it(void **state)
{
    struct bytes pending = {0};
    struct talk talk;

    (void)state;
    talk_begin(&talk, false);
    for (unsigned i = 0; i < LMTP_BAD_COMMANDS - 1; i++)
        hear(&talk, &pending, SLICE("ODD\r\n"));
    assert_false(lmtp_session_ended(talk.session));
    hear(&talk, &pending, SLICE("ODD\r\n"));
    assert_true(lmtp_session_ended(talk.session));
    assert_true(slice_ends_nocase(bytes_slice(&talk.replies),
                                  SLICE("421 4.7.0 too many errors\r\n")));
    bytes_free(&pending);
    talk_end(&talk);
}

static void recipients_have_a_limit(void **state)
{
    struct bytes pending = {0};
    struct talk talk;

    (void)state;
    talk_begin(&talk, false);
    hear(&talk, &pending, SLICE("LHLO c\r\nMAIL FROM:<>\r\n"));
    for (unsigned i = 0; i < LMTP_RECIPIENTS; i++)
        hear(&talk, &pending, SLICE("RCPT TO:<a@example.org>\r\n"));
    talk.replies.len = 0;
    hear(&talk, &pending, SLICE("RCPT TO:<a@example.org>\r\n"));
    assert_true(slice_eq(bytes_slice(&talk.replies),
                         SLICE("452 4.5.3 too many recipients\r\n")));
    talk.replies.len = 0;
    hear(&talk, &pending, SLICE("DATA\r\n.\r\n"));
    assert_int_equal(talk.replies.len,
                     strlen(GO) + LMTP_RECIPIENTS * strlen(STORED));
    bytes_free(&pending);
    talk_end(&talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_and_cut),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(lines_have_a_limit),
        cmocka_unit_test(too_many_errors_end_it),
        cmocka_unit_test(recipients_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
