/* SPDX-License-Identifier: MIT
 * Outlines, and verdicts told again: whatever varies, the memo says what a
 * reader without one says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "classify/memo.h"
#include "engine/engine.h"
#include "failing_alloc.h"
#include "report/reply.h"

/* ---- Outlines -------------------------------------------------------- */

/* "{}" stands for a piece. */
static const struct {
    const char *label, *text, *want;
} rows[] = {
    {"words stay", "550 5.1.1 User unknown", "550 5.1.1 User unknown"},
    {"address", "550 <bob.x@example.org>: gone", "550 <{}>: gone"},
    {"address with digits", "550 b0b99@mail7.example.org gone", "550 {} gone"},
    {"two addresses", "550 a@example.org b-c@example.net", "550 {} {}"},
    {"short domain stays", "550 bob@localhost gone", "550 bob@localhost gone"},
    {"a code stays", "550 <421@example.org> gone",
     "550 <421@example.org> gone"},
    {"number", "550 size 12345678 exceeds", "550 size {} exceeds"},
    {"three digits stay", "550 size 123 exceeds", "550 size 123 exceeds"},
    {"queue id", "550 4f1c2d3e9a done", "550 {} done"},
    {"session id of Gmail", "550 a640c23a62f3a-a5cdd1b2c3dsi12345.42 - gsmtp",
     "550 {}-{}.{} - gsmtp"},
    {"host", "550 [BN8NAM12FT062.mail.protection.outlook.com]",
     "550 [{}.mail.protection.outlook.com]"},
    {"IPv4", "554 [203.0.113.77] blocked", "554 [{}] blocked"},
    {"IPv6 stays", "554 [2001:db8::4711] blocked",
     "554 [2001:db8::4711] blocked"},
    {"time", "450 at 10:11:12 again", "450 at {} again"},
    {"date and time", "450 (2026-01-02T03:04:05.678Z)", "450 ({})"},
    {"provider's code stays", "550 blocked (S3140) here",
     "550 blocked (S3140) here"},
    {"number of a rule stays", "550 RFC5322 and RFC2822",
     "550 RFC5322 and RFC2822"},
    {"host of a table stays", "550 by mx.1and1.example",
     "550 by mx.1and1.example"},
    {"amount of time stays", "450 wait 300s and 15minutes",
     "450 wait 300s and 15minutes"},
    {"wrapper stays", "x4711host mx.example.org said: 550",
     "x4711host mx.example.org said: 550"},
    {"word that a wrapper ends in stays",
     "450 message will be deleted from queuec8635e3a4",
     "450 message will be deleted from queuec8635e3a4"},
    {"address that a wrapper ends in stays",
     "450 message will be deleted from queue.x@example.org",
     "450 message will be deleted from queue.x@example.org"},
    {"word before a code stays", "x4711error 550 no", "x4711error 550 no"},
    {"letters of other scripts go on",
     "550 \xE5\xAE\x9B"
     "a4711b",
     "550 \xE5\xAE\x9B"
     "a4711b"},
    {"link keeps its words", "see http://example.org/a4711b",
     "see http://example.org/{}"},
};

static bool make(struct bounce_reader *reader, struct outline *outline,
                 const char *text)
{
    struct reply_line line;

    arena_reset(&reader->arena);
    reader->message = (struct message){.arena = &reader->arena,
                                       .options = &reader->engine->options};
    assert_true(reply_open(&reader->message, slice_cstr(text), &line));
    outline_begin(outline, (const unsigned char *)"", 0);
    return outline_add(outline, &line, reader->engine->knowledge.guard);
}

static void show(const struct outline *o, char *out)
{
    uint16_t from = 0;

    for (size_t i = 0; i < o->piece_count; i++) {
        out += sprintf(out, "%.*s{}", (int)(o->pieces[i].mark - from),
                       o->bytes + from);
        from = o->pieces[i].mark_end;
    }
    sprintf(out, "%.*s", (int)(o->len - from), o->bytes + from);
}

struct fixture {
    struct bounce_engine *engine;
    struct bounce_reader *warm, *cold;
};

static void open_readers(struct fixture *f, const char *rules)
{
    struct bounce_error error;

    assert_int_equal(bounce_engine_new(NULL, &f->engine), BOUNCE_OK);
    if (rules != NULL)
        assert_int_equal(
            bounce_engine_add_rules(f->engine, "test", rules, strlen(rules)),
            BOUNCE_OK);
    if (bounce_engine_seal(f->engine, &error) != BOUNCE_OK)
        fail_msg("%s", error.msg);
    assert_int_equal(bounce_reader_new(f->engine, &f->warm), BOUNCE_OK);
    assert_int_equal(bounce_reader_new(f->engine, &f->cold), BOUNCE_OK);
    memo_free(f->cold->state.memo);
    f->cold->state.memo = NULL;
}

static void close_readers(struct fixture *f)
{
    bounce_reader_free(f->warm);
    bounce_reader_free(f->cold);
    bounce_engine_free(f->engine);
}

/* For a test of its own: *state is a fixture with the built-in rules. */
static int set_up(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    *state = f;
    open_readers(f, NULL);
    return 0;
}

static int tear_down(void **state)
{
    close_readers(*state);
    free(*state);
    return 0;
}
#define WITH_READERS(test)                                                     \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void test_outlines(void **state)
{
    const struct fixture *f = *state;
    struct outline *outline = malloc(sizeof(*outline));
    char shown[512];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(make(f->warm, outline, rows[i].text));
        show(outline, shown);
        if (strcmp(shown, rows[i].want) != 0)
            fail_msg("%s: \"%s\"", rows[i].label, shown);
    }
    free(outline);
}

/* Each byte outside of pieces has a place, and the place leads back. */
static void test_places(void **state)
{
    const struct fixture *f = *state;
    struct outline *outline = malloc(sizeof(*outline));

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = strlen(rows[i].text), inside = 0, lost = 0;

        assert_true(make(f->warm, outline, rows[i].text));
        for (size_t j = 0; j < outline->piece_count; j++)
            inside += outline->pieces[j].end - outline->pieces[j].at - 1u;
        for (size_t at = 0; at <= len; at++) {
            uint16_t place = outline_place(outline, at);

            if (place == OUTLINE_NOWHERE)
                lost++;
            else
                assert_int_equal(outline_at(outline, place), at);
        }
        assert_int_equal(lost, inside);
    }
    free(outline);
}

static void test_no_outline(void **state)
{
    const struct fixture *f = *state;
    struct outline *outline = malloc(sizeof(*outline));
    char *text = malloc(OUTLINE_TEXT + 2);

    memset(text, 'a', OUTLINE_TEXT + 1);
    text[OUTLINE_TEXT + 1] = '\0';
    assert_false(make(f->warm, outline, text));
    text[OUTLINE_TEXT] = '\0';
    assert_true(make(f->warm, outline, text));
    assert_false(make(f->warm, outline, "550 a\x02 b"));
    assert_false(make(f->warm, outline, ""));
    for (size_t i = 0; i + 6 <= OUTLINE_TEXT; i += 6)
        memcpy(text + i, "99999 ", 6);
    assert_true(make(f->warm, outline, text));
    assert_int_equal(outline->piece_count, OUTLINE_PIECES);
    free(text);
    free(outline);
}

/* ---- Told again ------------------------------------------------------ */

static uint64_t seed = 1;

static unsigned any(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 11) % n);
}

/* What replaces a word or stands behind the text; # a digit, ? a letter, % a
 * hex digit, ^ a digit or capital. */
static const char *const inserts[] = {
    "%%%%%%%%",
    "########",
    "<bob.??##@example.org>",
    "alice-##@mail.exa??le.net",
    "192.0.2.##",
    "[###.#.100.#]",
    "##:##:##",
    "2026-##-##T##:##:##.###Z",
    "x##full",
    "m####x",
    "^^^^NAM##FT###.mail.protection.outlook.com",
    "%%%%%%%%%%%%-%%%%%%%%%%%2si#######b%%.##",
    "127.0.0.#",
    "s#1#0",
    "##### seconds",
    "550",
    "in 3#0 s",
    "2001:db8::####",
    "to=<x#@example.com>",
    "mx##.example.org said:",
    "4?3f22",
    "www#.example.org",
    "https://example.org/%%%%%%%b",
    "1####### bytes",
    "code5#0x",
    "#####kb",
    "limit is ##### messages per hour",
    "%%%%%5error 550 5.7.1",
    "1.2.3.#####",
    "##.##.%%%%%",
    "x##w4host 550",
    "[%%%%%%]:",
    "-#####-",
    "_%%%%%_",
    "a=#####",
    "%%%%4mail 5",
    "#####@",
    "@#####.example",
    "%%%4d later",
    "retry in #####h",
    "zz###%%",
    "no##%%ab",
    "%%%%full",
};

static size_t fill(const char *insert, char *out)
{
    size_t len = 0;

    for (; *insert != '\0'; insert++) {
        char c = *insert;

        if (c == '#')
            c = (char)('0' + any(10));
        else if (c == '?')
            c = (char)('a' + any(26));
        else if (c == '%')
            c = "0123456789abcdef"[any(16)];
        else if (c == '^')
            c = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[any(36)];
        out[len++] = c;
    }
    return len;
}

static bool is_alnum(char c)
{
    return ascii_is_alnum((unsigned char)c);
}

static size_t put_word(struct bounce_slice word, bool local, uint64_t choice,
                       unsigned share, char *out)
{
    size_t digits = 0, len = 0;

    for (size_t i = 0; i < word.len; i++)
        digits += ascii_is_digit((unsigned char)word.ptr[i]);
    if (local) {
        for (size_t n = 1 + any(15); n > 0; n--)
            out[len++] = (char)('a' + any(26));
        return len;
    }
    if (digits > 0 && word.len >= 4) {
        for (size_t i = 0; i < word.len; i++)
            len += fill(ascii_is_digit((unsigned char)word.ptr[i]) ? "#" : "?",
                        out + len);
        return len;
    }
    if (choice % 100 < share)
        return fill(
            inserts[choice / 100 % (sizeof(inserts) / sizeof(inserts[0]))],
            out);
    memcpy(out, word.ptr, word.len);
    return word.len;
}

/* One of the texts that are alike: shape chooses what they have in common. */
static size_t vary(struct bounce_slice text, uint64_t shape, char *out)
{
    uint64_t choice = (shape + 1) * 0x9E3779B97F4A7C15U;
    unsigned share = (unsigned)(choice >> 60);
    size_t len = 0;

    for (size_t i = 0; i < text.len;) {
        size_t end = i;

        while (end < text.len && is_alnum(text.ptr[end]))
            end++;
        if (end == i) {
            out[len++] = text.ptr[i++];
            continue;
        }
        choice = (choice ^ choice >> 29) * 0xBF58476D1CE4E5B9U;
        len += put_word(slice_sub(text, i, end - i),
                        end < text.len && text.ptr[end] == '@', choice >> 20,
                        share, out + len);
        i = end;
    }
    if (choice >> 62 == 0)
        len += fill(" (%%%%%%%%%%%%)", out + len);
    else if (choice >> 62 == 1)
        len += fill(" %%%%%%%%%%%%.## - gsmtp", out + len);
    return len;
}

static size_t say(struct bounce_reader *reader, struct bounce_slice text,
                  char *out, size_t cap)
{
    struct bounce_reply reply = {.size = sizeof(reply), .text = text};
    struct bounce_json_options options = {.size = sizeof(options)};
    const struct bounce_result *result;

    assert_int_equal(bounce_classify(reader, &reply, &result, NULL), BOUNCE_OK);
    return bounce_event_json(reader->engine, result, 0, &options, out, cap);
}

/* Whether the memo told the verdict. */
static bool compare(const struct fixture *f, struct bounce_slice text)
{
    static char warm[1 << 16], cold[1 << 16];
    size_t a = say(f->warm, text, warm, sizeof(warm));
    size_t b = say(f->cold, text, cold, sizeof(cold));

    if (a != b || memcmp(warm, cold, a) != 0)
        fail_msg("%.*s\nmemo: %.*salone: %.*s", (int)text.len, text.ptr, (int)a,
                 warm, (int)b, cold);
    return f->warm->state.recalled;
}

/* shapes of each text, three of each shape. */
static size_t compare_all(const struct fixture *f, struct bounce_slice text,
                          unsigned shapes, uint64_t number)
{
    char out[8192];
    size_t told = 0;

    if (text.len > 1000)
        return 0;
    for (unsigned i = 0; i < 3 * shapes; i++)
        told += compare(
            f, slice_make(out, vary(text, number * shapes + i / 3, out)));
    return told;
}

static void test_examples(void **state)
{
    const struct fixture *f = *state;
    struct bounce_rule rule;
    size_t told = 0, all = 0;

    for (size_t i = 0; bounce_rule_at(f->engine, i, &rule); i++) {
        for (size_t j = 0; j < rule.examples; j++) {
            told += compare_all(f, bounce_rule_example(f->engine, i, j), 3,
                                all / 9);
            all += 9;
        }
    }
    print_message("%zu of %zu told again\n", told, all);
    assert_true(told > all / 4);
}

/* ---- In messages ----------------------------------------------------- */

/* %s is what a server said. */
static const char *const letters[] = {
    "From: MAILER-DAEMON@mx.example.org\n"
    "To: sender@example.net\n"
    "Subject: Undelivered Mail Returned to Sender\n"
    "Content-Type: multipart/report; report-type=delivery-status;\n"
    " boundary=\"b1\"\n\n"
    "--b1\n\n"
    "I'm sorry to have to inform you that your message could not be "
    "delivered.\n"
    "\n--b1\nContent-Type: message/delivery-status\n\n"
    "Reporting-MTA: dns; mx.example.org\n\n"
    "Final-Recipient: rfc822; bob@example.com\n"
    "Action: failed\nStatus: 5.0.0\n"
    "Remote-MTA: dns; mx.example.com\n"
    "Diagnostic-Code: smtp; %s\n\n--b1--\n",
    /* The field says little, the text much. */
    "From: MAILER-DAEMON@mx.example.org\n"
    "To: sender@example.net\n"
    "Subject: Undelivered Mail Returned to Sender\n"
    "Content-Type: multipart/report; report-type=delivery-status;\n"
    " boundary=\"b1\"\n\n"
    "--b1\n\n"
    "<bob@example.com>: %s\n"
    "\n--b1\nContent-Type: message/delivery-status\n\n"
    "Reporting-MTA: dns; mx.example.org\n\n"
    "Final-Recipient: rfc822; bob@example.com\n"
    "Action: failed\nStatus: 5.0.0\n\n--b1--\n",
    "From: MAILER-DAEMON@mx.example.org\n"
    "To: sender@example.net\n"
    "Subject: failure notice\n\n"
    "Hi. This is the qmail-send program at mx.example.org.\n"
    "I'm afraid I wasn't able to deliver your message to the following "
    "addresses.\n"
    "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
    "<bob@example.com>:\n"
    "192.0.2.9 does not like recipient.\n"
    "Remote host said: %s\n"
    "Giving up on 192.0.2.9.\n\n"
    "--- Below this line is a copy of the message.\n\n"
    "Subject: hello\n\nhi\n",
};

static size_t read_events(struct bounce_reader *reader, const char *message,
                          size_t len, char *out, size_t cap)
{
    struct bounce_json_options options = {.size = sizeof(options)};
    const struct bounce_result *result;
    size_t written = 0;

    assert_int_equal(bounce_read(reader, message, len, &result, NULL),
                     BOUNCE_OK);
    for (size_t i = 0; i < bounce_result_events(result); i++)
        written += bounce_event_json(reader->engine, result, i, &options,
                                     out + written, cap - written);
    return written;
}

static bool compare_letters(const struct fixture *f, const char *letter,
                            struct bounce_slice said)
{
    static char message[16384], warm[1 << 16], cold[1 << 16];
    int len;
    size_t a, b;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    len = snprintf(message, sizeof(message), letter, said.ptr);
#pragma GCC diagnostic pop
    a = read_events(f->warm, message, (size_t)len, warm, sizeof(warm));
    b = read_events(f->cold, message, (size_t)len, cold, sizeof(cold));
    if (a != b || memcmp(warm, cold, a) != 0)
        fail_msg("%s\nmemo: %.*salone: %.*s", message, (int)a, warm, (int)b,
                 cold);
    return f->warm->state.recalled;
}

static void test_messages(void **state)
{
    const struct fixture *f = *state;
    struct bounce_rule rule;
    size_t told = 0, all = 0;
    char out[8192];

    for (size_t i = 0; bounce_rule_at(f->engine, i, &rule); i++) {
        struct bounce_slice text = bounce_rule_example(f->engine, i, 0);

        if (text.len == 0 || text.len > 1000)
            continue;
        for (unsigned j = 0; j < 9; j++) {
            size_t len = vary(text, i * 3 + j / 3, out);

            out[len] = '\0';
            told += compare_letters(f, letters[j % 3], slice_make(out, len));
            told += compare_letters(f, letters[j / 3], slice_make(out, len));
            all += 2;
        }
    }
    print_message("%zu of %zu told again\n", told, all);
    assert_true(told > all / 4);
}

/* Rules that speak of parts of words, which the built-in ones avoid. */
static void test_odd_rules(void **state)
{
    static const char rules[] =
        "Rule: odd.a\nCategory: spam_detected\nPhrase: zz{n}~\n"
        "Example: 550 zz12x\n\n"
        "Rule: odd.b\nCategory: mailbox_full\nPhrase: ~full\n"
        "Example: 550 a1full\n\n"
        "Rule: odd.c\nCategory: user_unknown\nPhrase: no{n}ab\n"
        "Example: 550 no12ab\n\n"
        "Rule: odd.d\nCategory: greylisted\nPhrase: wait {n}\n"
        "Not: wait {n}x\nExample: 450 wait 4711\n\n"
        "Rule: odd.e\nCategory: ip_blocklisted\nPhrase: bad {ip} _ )\n"
        "Example: 550 bad 192.0.2.1 (x)\n\n"
        "Rule: odd.f\nCategory: relay_denied\nPhrase: id _ {n}\n"
        "Example: 550 id is 99999\n";
    static const char *const texts[] = {
        "550 zz12345",
        "550 zz123ab",
        "550 full ax9full",
        "550 1234full",
        "550 no1234ab",
        "550 no9999ax",
        "450 wait 4711",
        "450 wait 4711xx",
        "550 bad 192.0.2.1 (x4711)",
        "550 bad 198.51.100.200 (a b)",
        "550 id is 99999",
        "550 id of abc123 is 99999",
    };
    struct fixture f;
    size_t told = 0;

    (void)state;
    open_readers(&f, rules);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        told += compare_all(&f, slice_cstr(texts[i]), 100, i);
    assert_true(told > 0);
    close_readers(&f);
}

/* What depends on numbers and addresses is read again. */
static void test_values(void **state)
{
    const struct fixture *f = *state;
    static const char *const texts[] = {
        "452 4.2.2 quota of 10240000 bytes exceeded, try again in 1036800 "
        "seconds",
        "452 4.2.2 quota of 20480000 bytes exceeded, try again in 2073600 "
        "seconds",
        "452 4.2.2 quota of 20480000 bytes exceeded, try again in 4147200 "
        "seconds",
        "551 5.1.6 User moved to <anna@example.org>",
        "551 5.1.6 User moved to <b@example.net>",
        "554 5.7.1 Client host [203.0.113.5] blocked (203.0.113.5)",
        "554 5.7.1 Client host [203.0.113.6] blocked (203.0.113.5)",
        "554 5.7.1 Client host [10.0.113.69] blocked (203.0.113.5)",
    };
    size_t told = 0;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        told += compare(f, slice_cstr(texts[i]));
    assert_int_equal(told, 3);
}

/* What an address begins with, or stands behind, may make it an amount. */
static void test_amounts_in_addresses(void **state)
{
    const struct fixture *f = *state;
    static const char *const pairs[][2] = {
        {"450 Greylisted, retry later <ab.smith@example.org>",
         "450 Greylisted, retry later <7m.smith@example.org>"},
        {"450 Greylisted, retry later <bob@a2b.example.org>",
         "450 Greylisted, retry later <bob@7h.example.org>"},
        {"552 5.2.2 Mailbox full, limit exceeded <ab.cd@example.org>",
         "552 5.2.2 Mailbox full, limit exceeded <54321@example.org>"},
        {"552 5.2.2 Mailbox full, limit exceeded <ab.cd@example.org>",
         "552 5.2.2 Mailbox full, limit exceeded <x.54321@example.org>"},
        {"552 5.2.2 Mailbox full, limit 20000 alice.s@example.org",
         "552 5.2.2 Mailbox full, limit 20000 alice@example.org"},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        compare(f, slice_cstr(pairs[i][0]));
        compare(f, slice_cstr(pairs[i][1]));
    }
}

/* Other facts beside the same text make another verdict. */
static void test_facts(void **state)
{
    const struct fixture *f = *state;
    const struct bounce_reply replies[] = {
        {.size = sizeof(struct bounce_reply), .text = SLICE("Mailbox full")},
        {.size = sizeof(struct bounce_reply),
         .text = SLICE("Mailbox full"),
         .reply_code = 452},
        {.size = sizeof(struct bounce_reply),
         .text = SLICE("Mailbox full"),
         .status = SLICE("5.2.2")},
        {.size = sizeof(struct bounce_reply),
         .text = SLICE("Mailbox full"),
         .host = SLICE("mx1.qq.com")},
        {.size = sizeof(struct bounce_reply),
         .text = SLICE("Mailbox full"),
         .service = SLICE("mailgun"),
         .reply_code = 605},
        {.size = sizeof(struct bounce_reply),
         .text = SLICE("Mailbox full"),
         .stage = BOUNCE_STAGE_DATA},
    };
    const size_t count = sizeof(replies) / sizeof(replies[0]);
    const struct bounce_result *warm, *cold;
    struct bounce_json_options options = {.size = sizeof(options)};
    char a[8192], b[8192];

    for (size_t i = 0; i < 3 * count; i++) {
        const struct bounce_reply *reply = &replies[i % count];
        size_t len;

        assert_int_equal(bounce_classify(f->warm, reply, &warm, NULL),
                         BOUNCE_OK);
        assert_int_equal(f->warm->state.recalled, i >= count);
        assert_int_equal(bounce_classify(f->cold, reply, &cold, NULL),
                         BOUNCE_OK);
        len = bounce_event_json(f->engine, warm, 0, &options, a, sizeof(a));
        assert_int_equal(
            bounce_event_json(f->engine, cold, 0, &options, b, sizeof(b)), len);
        assert_memory_equal(a, b, len);
    }
}

/* Which rules spoke, and the template, are asked for seldom: they are made when
 * they are, and the result stays. */
static void test_hits_and_template(void **state)
{
    const struct fixture *f = *state;
    const struct bounce_reply reply = {
        .size = sizeof(reply),
        .text =
            SLICE("550 5.1.1 <bob@example.org>: User unknown (4f1c2d3e9a)")};
    const struct bounce_result *result;
    struct bounce_hit once[64], again[64];
    struct bounce_slice template;
    size_t count;

    assert_int_equal(bounce_classify(f->warm, &reply, &result, NULL),
                     BOUNCE_OK);
    count = bounce_reader_hits(f->warm, once, 64);
    assert_true(count > 0 && count <= 64);
    assert_int_equal(bounce_classify(f->warm, &reply, &result, NULL),
                     BOUNCE_OK);
    assert_true(f->warm->state.recalled);
    assert_int_equal(bounce_reader_hits(f->warm, again, 64), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(once[i].rule, again[i].rule);
        assert_true(slice_eq(once[i].phrase, again[i].phrase));
        assert_int_equal(once[i].rank, again[i].rank);
    }
    assert_true(slice_eq(bounce_result_event(result, 0)->category,
                         SLICE("user_unknown")));
    assert_int_equal(bounce_classify(f->warm, &reply, &result, NULL),
                     BOUNCE_OK);
    template = bounce_reader_template(f->warm);
    assert_true(slice_eq(template, SLICE("{addr}: user unknown ({id})")));
}

/* ---- The store ------------------------------------------------------- */

static void keep_number(struct memo *memo, unsigned number)
{
    unsigned char facts[4] = {(unsigned char)number,
                              (unsigned char)(number >> 8),
                              (unsigned char)(number >> 16), 7};
    struct memo_verdict verdict = {.code = (uint16_t)(number % 60000)};
    char evidence[64];
    const char *found;

    memset(evidence, (char)number, sizeof(evidence));
    outline_begin(memo_outline(memo, 0), facts, sizeof(facts));
    assert_null(memo_find(memo, 1, &found));
    memo_keep(memo, 1, &verdict,
              slice_make(evidence, number % sizeof(evidence)));
}

/* Whether it is there; if it is, it is right. */
static bool has_number(struct memo *memo, unsigned number)
{
    unsigned char facts[4] = {(unsigned char)number,
                              (unsigned char)(number >> 8),
                              (unsigned char)(number >> 16), 7};
    const struct memo_verdict *verdict;
    const char *evidence;

    outline_begin(memo_outline(memo, 0), facts, sizeof(facts));
    verdict = memo_find(memo, 1, &evidence);
    if (verdict == NULL)
        return false;
    assert_int_equal(verdict->code, number % 60000);
    for (size_t i = 0; i < number % 64; i++)
        assert_int_equal(evidence[i], (char)number);
    return true;
}

/* The ring goes round many times, and positions begin anew once. */
static void test_ring(void **state)
{
    struct memo *memo = memo_new(allocator_default(), 65536);
    size_t there = 0;

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        keep_number(memo, i);
        assert_true(has_number(memo, i));
        has_number(memo, any(i + 1));
    }
    for (unsigned i = 0; i < 5000; i++)
        there += has_number(memo, i);
    assert_in_range(there, 100, 400);
    memo_free(memo);
}

static void test_no_room(void **state)
{
    const size_t rooms[] = {0, 1, 100, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
        struct memo *memo = memo_new(allocator_default(), rooms[i]);

        keep_number(memo, 1);
        keep_number(memo, 2);
        memo_free(memo);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    for (size_t fail = 0; fail < 4; fail++) {
        struct failing_alloc failing;
        struct memo *memo;

        failing_alloc_init(&failing, fail);
        memo = memo_new(&failing.allocator, 65536);
        if (memo != NULL) {
            keep_number(memo, 1);
            if (!has_number(memo, 1))
                keep_number(memo, 2);
            memo_free(memo);
        }
        assert_int_equal(failing.held, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_READERS(test_outlines),
        WITH_READERS(test_places),
        WITH_READERS(test_no_outline),
        WITH_READERS(test_examples),
        WITH_READERS(test_messages),
        cmocka_unit_test(test_odd_rules),
        WITH_READERS(test_values),
        WITH_READERS(test_amounts_in_addresses),
        WITH_READERS(test_facts),
        WITH_READERS(test_hits_and_template),
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests_name("memo", tests, NULL, NULL);
}
