/* SPDX-License-Identifier: MIT
 * IMAP and POP3 against servers that say what a test wrote down, at once and in
 * pieces; URLs, names of folders, messages that are too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ingest/imap.h"
#include "ingest/imap_scan.h"
#include "ingest/mail_url.h"
#include "ingest/pop3.h"

#define GOT_CAP 4096

/* ---- A server that has its lines ready --------------------------------- */

struct script {
    struct bounce_slice says;
    size_t piece;
    char heard[GOT_CAP]; /* what it was told */
    size_t heard_len;
    struct mail_stream stream;
};

static enum mail_result hear(void *ctx, struct bounce_slice data)
{
    struct script *script = ctx;

    assert_true(script->heard_len + data.len < GOT_CAP);
    memcpy(script->heard + script->heard_len, data.ptr, data.len);
    script->heard_len += data.len;
    script->heard[script->heard_len] = '\0';
    return MAIL_FINE;
}

static enum mail_result say(void *ctx, char *buf, size_t cap, size_t *len_out)
{
    struct script *script = ctx;
    struct bounce_slice piece =
        slice_sub(script->says, 0, script->piece < cap ? script->piece : cap);

    memcpy(buf, piece.len > 0 ? piece.ptr : "", piece.len);
    script->says = slice_from(script->says, piece.len);
    *len_out = piece.len;
    return MAIL_FINE;
}

static void begin(struct script *script, const char *says, size_t piece)
{
    const struct mail_pipe pipe = {hear, say, script};

    script->says = slice_cstr(says);
    script->piece = piece;
    script->heard_len = 0;
    script->heard[0] = '\0';
    mail_stream_init(&script->stream, pipe);
}

static const size_t pieces[] = {1, 3, 17, 100000};
#define PIECES (sizeof(pieces) / sizeof(pieces[0]))

/* ---- IMAP -------------------------------------------------------------- */

struct taken {
    char text[GOT_CAP];
    size_t len;
};

static bool take(void *ctx, size_t index, char *data, size_t len, size_t tail)
{
    struct taken *taken = ctx;
    int n = snprintf(taken->text + taken->len, GOT_CAP - taken->len,
                     "%zu=%.*s/%zu;", index, (int)len, data, tail);

    taken->len += (size_t)n;
    return taken->len < 300;
}

/* What a server answers to UID FETCH 3:5,9, and what comes of it. */
static const struct fetch_row {
    const char *label, *says;
    enum mail_result want;
    const char *taken;
} fetches[] = {
    {"in order",
     "* 1 FETCH (UID 3 BODY[] {5}\r\nthree)\r\n"
     "* 2 FETCH (UID 4 BODY[] {4}\r\nfour)\r\nB1 OK done\r\n",
     MAIL_FINE, "0=three/0;1=four/0;"},
    {"the UID behind, flags, other names",
     "* 1 FETCH (FLAGS (\\Seen $Junk) body[] {5}\r\nthree UID 3 X-GM (a (b)"
     " \"c)\" {1}\r\n)))\r\nB1 ok\r\n",
     MAIL_FINE, "0=three/0;"},
    {"quoted", "* 9 FETCH (UID 9 BODY[] \"ni\\\"ne\")\r\nB1 OK\r\n", MAIL_FINE,
     "3=ni\"ne/0;"},
    {"empty", "* 9 FETCH (UID 9 BODY[] {0}\r\n)\r\nB1 OK\r\n", MAIL_FINE,
     "3=/0;"},
    {"no body", "* 9 FETCH (UID 9 BODY[] NIL)\r\nB1 OK\r\n", MAIL_FINE, ""},
    {"not asked for",
     "* 7 FETCH (UID 7 BODY[] {1}\r\nx)\r\n* 3 FETCH (FLAGS ())\r\n"
     "* 4 EXPUNGE\r\n* 8 EXISTS\r\n* OK [ALERT] \"(hi {3}\r\nB1 OK\r\n",
     MAIL_FINE, ""},
    {"twice",
     "* 1 FETCH (UID 3 BODY[] {1}\r\na)\r\n* 1 FETCH (UID 3 BODY[] {1}\r\nb)"
     "\r\nB1 OK\r\n",
     MAIL_FINE, "0=a/0;"},
    {"parentheses in the body",
     "* 1 FETCH (UID 3 BODY[] {6}\r\n)\r\nB1 )\r\nB1 OK\r\n", MAIL_FINE,
     "0=)\r\nB1 /0;"},
    {"beyond the limit",
     "* 1 FETCH (UID 3 BODY[] {50}\r\n"
     "12345678901234567890123456789012345678901234567890)\r\nB1 OK\r\n",
     MAIL_FINE, "0=12345678901234567890123456789234567890/9;"},
    {"refused", "B1 NO [EXPUNGEISSUED] some are gone\r\n", MAIL_REFUSED, ""},
    {"not understood", "B1 BAD what?\r\n", MAIL_REFUSED, ""},
    {"cut in the body", "* 1 FETCH (UID 3 BODY[] {9}\r\nthree",
     MAIL_UNREACHABLE, ""},
    {"farewell", "* BYE too long idle\r\n", MAIL_UNREACHABLE, ""},
    {"another's answer", "B2 OK\r\n", MAIL_NONSENSE, ""},
    {"a page", "<html>\r\n", MAIL_NONSENSE, ""},
    {"a list without end", "* 1 FETCH (UID 3\r\nB1 OK\r\n", MAIL_NONSENSE, ""},
    {"no list", "* 1 FETCH UID 3\r\nB1 OK\r\n", MAIL_NONSENSE, ""},
    {"a literal of letters", "* 1 FETCH (UID 3 BODY[] {x}\r\nB1 OK\r\n",
     MAIL_NONSENSE, ""},
    {"a literal beyond all numbers",
     "* 1 FETCH (UID 3 BODY[] {99999999999999999999}\r\nB1 OK\r\n",
     MAIL_NONSENSE, ""},
    {"a string without end", "* 1 FETCH (UID 3 BODY[] \"three\r\nB1 OK\r\n",
     MAIL_NONSENSE, ""},
    {"deep lists",
     "* 1 FETCH (X ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
     "((((((((((\r\nB1 OK\r\n",
     MAIL_NONSENSE, ""},
};

static void test_fetch(void **state)
{
    static const uint32_t uids[] = {3, 4, 5, 9};
    static struct script script;
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(fetches) / sizeof(fetches[0]); i++) {
        for (size_t p = 0; p < PIECES; p++) {
            const struct fetch_row *row = &fetches[i];
            struct imap imap = {.stream = &script.stream};
            struct mail_letter letter;
            struct taken taken = {.len = 0};
            enum mail_result result;

            begin(&script, row->says, pieces[p]);
            mail_letter_init(&letter, 38);
            result = imap_fetch(&imap, uids, 4, &letter, take, &taken);
            if (result != row->want || strcmp(taken.text, row->taken) != 0) {
                fprintf(stderr, "%s (%zu): %d, \"%s\"\n", row->label, pieces[p],
                        (int)result, taken.text);
                wrong++;
            }
            assert_string_equal(script.heard,
                                "B1 UID FETCH 3:5,9 (UID BODY.PEEK[])\r\n");
            mail_letter_clear(&letter);
        }
    }
    assert_int_equal(wrong, 0);
}

static void test_ends(void **state)
{
    static struct script script;
    struct imap imap = {.stream = &script.stream};
    struct mail_letter letter;
    struct taken taken = {.len = 0};

    (void)state;
    mail_letter_init(&letter, 20);
    begin(&script,
          "* 1 FETCH (UID 3 BODY[]<0> {15}\r\n123456789012345 BODY[]<95> "
          "{5}\r\nabcde)\r\nB1 OK\r\n",
          1);
    assert_int_equal(imap_fetch_ends(&imap, 3, 100, &letter, take, &taken),
                     MAIL_FINE);
    assert_string_equal(taken.text, "0=123456789012345abcde/5;");
    assert_string_equal(
        script.heard,
        "B1 UID FETCH 3 (UID BODY.PEEK[]<0.15> BODY.PEEK[]<95.5>)\r\n");
    mail_letter_clear(&letter);
}

static void test_search(void **state)
{
    static struct script script;
    static const struct {
        const char *says, *uids;
        enum mail_result want;
    } rows[] = {
        {"* SEARCH 5 9 7\r\nB1 OK\r\n", "5 7 9 ", MAIL_FINE},
        {"* SEARCH\r\nB1 OK\r\n", "", MAIL_FINE},
        {"B1 OK\r\n", "", MAIL_FINE},
        /* "5:*" finds the last one, whatever its number. */
        {"* SEARCH 3\r\nB1 OK\r\n", "", MAIL_FINE},
        {"* SEARCH 5 5\r\n* SEARCH 6\r\nB1 OK\r\n", "5 6 ", MAIL_FINE},
        {"* SEARCH 5 6 ", "", MAIL_UNREACHABLE},
        {"* SEARCH 5 x\r\nB1 OK\r\n", "", MAIL_NONSENSE},
        {"* SEARCH 4294967296\r\nB1 OK\r\n", "", MAIL_NONSENSE},
        {"* SEARCH (5)\r\nB1 OK\r\n", "", MAIL_NONSENSE},
        {"B1 NO [SERVERBUG] no\r\n", "", MAIL_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct imap imap = {.stream = &script.stream};
        char text[100] = "";
        uint32_t *uids;
        size_t count;

        begin(&script, rows[i].says, 2);
        assert_int_equal(imap_search(&imap, 5, &uids, &count), rows[i].want);
        for (size_t n = 0; n < count; n++)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u ",
                     (unsigned)uids[n]);
        assert_string_equal(text, rows[i].uids);
        assert_string_equal(script.heard, "B1 UID SEARCH UID 5:*\r\n");
        free(uids);
    }
}

static void test_select(void **state)
{
    static struct script script;
    struct imap imap;

    (void)state;
    begin(&script,
          "* CAPABILITY IMAP4rev1 uidplus\r\nB1 OK\r\n"
          "* 12 EXISTS\r\n* OK [UIDVALIDITY 77] fine\r\nB2 OK "
          "[READ-ONLY] there\r\nB3 NO [UNAVAILABLE] later\x07\r\n"
          "B4 OK\r\n",
          1);
    assert_int_equal(imap_begin(&imap, &script.stream), MAIL_FINE);
    assert_true(imap.uidplus && !imap.move);
    assert_int_equal(imap_select(&imap, SLICE("Old & new"), false), MAIL_FINE);
    assert_true(imap.read_only);
    assert_int_equal(imap.uidvalidity, 77);
    assert_int_equal(imap.exists, 12);
    assert_int_equal(imap_look_for(&imap, SLICE("x")), MAIL_REFUSED);
    assert_true(imap.for_now);
    assert_string_equal(imap.said, "[UNAVAILABLE] later ");
    /* A folder without numbers that last cannot be read. */
    assert_int_equal(imap_select(&imap, SLICE("x"), true), MAIL_NONSENSE);
    assert_string_equal(script.heard,
                        "B1 CAPABILITY\r\nB2 EXAMINE \"Old &- new\"\r\n"
                        "B3 STATUS \"x\" (UIDVALIDITY)\r\nB4 SELECT \"x\"\r\n");
}

/* Only what is named, and never a plain EXPUNGE. */
static void test_after(void **state)
{
    static const uint32_t uids[] = {1, 2, 9};
    static struct script script;
    struct imap imap = {.stream = &script.stream, .uidplus = true};

    (void)state;
    begin(&script,
          "B1 OK\r\nB2 OK\r\nB3 OK\r\nB4 OK\r\nB5 OK\r\nB6 OK\r\n"
          "B7 OK\r\nB8 OK\r\n",
          5);
    assert_int_equal(imap_mark(&imap, uids, 3), MAIL_FINE);
    assert_int_equal(imap_delete(&imap, uids, 3), MAIL_FINE);
    assert_int_equal(imap_move(&imap, uids, 3, SLICE("Old")), MAIL_FINE);
    imap.uidplus = false;
    assert_int_equal(imap_delete(&imap, uids, 3), MAIL_FINE);
    imap.move = true;
    assert_int_equal(imap_move(&imap, uids, 3, SLICE("Old")), MAIL_FINE);
    assert_string_equal(script.heard,
                        "B1 UID STORE 1:2,9 +FLAGS.SILENT (\\Seen)\r\n"
                        "B2 UID STORE 1:2,9 +FLAGS.SILENT (\\Deleted)\r\n"
                        "B3 UID EXPUNGE 1:2,9\r\n"
                        "B4 UID COPY 1:2,9 \"Old\"\r\n"
                        "B5 UID STORE 1:2,9 +FLAGS.SILENT (\\Deleted)\r\n"
                        "B6 UID EXPUNGE 1:2,9\r\n"
                        "B7 UID STORE 1:2,9 +FLAGS.SILENT (\\Deleted)\r\n"
                        "B8 UID MOVE 1:2,9 \"Old\"\r\n");
}

static void test_folders(void **state)
{
    static const struct {
        const char *name, *quoted; /* NULL: it cannot be said */
    } rows[] = {
        {"INBOX", "\"INBOX\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"&", "\"&-\""},
        {"\xc3\xa4", "\"&AOQ-\""},
        {"a\xc3\xa4\xc3\xb6z", "\"a&AOQA9g-z\""},
        {"\xe5\x8f\xb0\xe5\x8c\x97", "\"&U,BTFw-\""}, /* RFC 3501 */
        {"\xf0\x9f\x93\xac", "\"&2D3c7A-\""},
        {"a\nb", NULL},
        {"\xff", NULL},
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool fine =
            imap_folder_quote(slice_cstr(rows[i].name), out, sizeof(out));

        assert_int_equal(fine, rows[i].quoted != NULL);
        if (fine)
            assert_string_equal(out, rows[i].quoted);
    }
    assert_false(imap_folder_quote(SLICE("0123456789"), out, 12));
    assert_true(imap_folder_quote(SLICE("0123456789"), out, 13));
}

/* ---- POP3 -------------------------------------------------------------- */

static void test_retrieve(void **state)
{
    static struct script script;
    static const struct {
        const char *says, *message;
        enum mail_result want;
    } rows[] = {
        {"+OK\r\na\r\nb\r\n.\r\n", "a\r\nb\r\n", MAIL_FINE},
        {"+OK 3 bytes\r\n..\r\n...x\r\n.\r\n", ".\r\n..x\r\n", MAIL_FINE},
        {"+OK\r\na\n.\n", "a\n", MAIL_FINE},
        {"+OK\r\n.\r\n", "", MAIL_FINE},
        {"+OK\r\n.\rx\r\na.\r\n.\r\n", "\rx\r\na.\r\n", MAIL_FINE},
        {"-ERR [SYS/TEMP] later\r\n", NULL, MAIL_REFUSED},
        {"+OK\r\na\r\n", NULL, MAIL_UNREACHABLE},
        {"+OK\r\na\r\n.", NULL, MAIL_UNREACHABLE},
        {"+OK\r\na\r\n.\r", NULL, MAIL_UNREACHABLE},
        {"hello\r\n", NULL, MAIL_NONSENSE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t p = 0; p < PIECES; p++) {
            struct mail_letter letter;
            struct pop3 pop3;
            size_t len, tail;
            char *data;

            begin(&script, rows[i].says, pieces[p]);
            pop3_begin(&pop3, &script.stream);
            mail_letter_init(&letter, 100);
            assert_int_equal(pop3_retrieve(&pop3, 7, &letter), rows[i].want);
            assert_string_equal(script.heard, "RETR 7\r\n");
            if (rows[i].message != NULL) {
                data = mail_letter_end(&letter, &len, &tail);
                assert_true(slice_eq(slice_make(data, len),
                                     slice_cstr(rows[i].message)));
                assert_int_equal(tail, 0);
            }
            assert_int_equal(pop3.for_now, rows[i].want == MAIL_REFUSED);
            mail_letter_clear(&letter);
        }
    }
}

static void test_list(void **state)
{
    static struct script script;
    static const struct {
        const char *says, *list;
        enum mail_result want;
    } rows[] = {
        {"+OK\r\n1 a\r\n3 b!~\r\n.\r\n", "1a 3b!~ ", MAIL_FINE},
        {"+OK\r\n.\r\n", "", MAIL_FINE},
        {"-ERR none here\r\n+OK 2 320\r\n", "1 2 ", MAIL_FINE},
        {"-ERR none here\r\n-ERR\r\n", "", MAIL_REFUSED},
        {"+OK\r\n1 a\r\n", "", MAIL_UNREACHABLE},
        {"+OK\r\n1\r\n.\r\n", "", MAIL_NONSENSE},
        {"+OK\r\n2 a\r\n1 b\r\n.\r\n", "", MAIL_NONSENSE},
        {"+OK\r\n0 a\r\n.\r\n", "", MAIL_NONSENSE},
        {"+OK\r\n1 \xe4\r\n.\r\n", "", MAIL_NONSENSE},
        {"+OK\r\n1 12345678901234567890123456789012345678901234567890123456789"
         "0123456789012\r\n.\r\n",
         "", MAIL_NONSENSE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pop3_entry *entries;
        struct pop3 pop3;
        char text[200] = "";
        size_t count;

        begin(&script, rows[i].says, 4);
        pop3_begin(&pop3, &script.stream);
        assert_int_equal(pop3_list(&pop3, &entries, &count), rows[i].want);
        for (size_t n = 0; n < count; n++)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u%s ",
                     entries[n].number, entries[n].uidl);
        assert_string_equal(text, rows[i].list);
        free(entries);
    }
}

/* ---- Messages that are too large --------------------------------------- */

static void test_letters(void **state)
{
    struct mail_letter letter;
    char all[4000];
    size_t len, tail;

    (void)state;
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (char)('a' + i % 23);
    for (size_t max = 4; max < 60; max += 7) {
        for (size_t size = 0; size < 300; size++) {
            for (size_t piece = 1; piece < 90; piece += 11) {
                const size_t head = max - max / 4;
                char *data;

                mail_letter_init(&letter, max);
                mail_letter_begin(&letter);
                for (size_t at = 0; at < size; at += piece)
                    mail_letter_add(
                        &letter, slice_sub(slice_make(all, size), at, piece));
                data = mail_letter_end(&letter, &len, &tail);
                assert_non_null(data);
                assert_int_equal(len, size < max ? size : max);
                assert_int_equal(tail, size > max ? max - head : 0);
                assert_memory_equal(data, all, len - tail);
                assert_memory_equal(data + len - tail, all + size - tail, tail);
                mail_letter_clear(&letter);
            }
        }
    }
}

/* ---- URLs -------------------------------------------------------------- */

static void test_urls(void **state)
{
    static const struct {
        const char *url, *name, *server, *user, *folder;
        bool tls, loopback;
    } good[] = {
        {"imap://jo@mail.example.org", "imap://jo@mail.example.org/INBOX",
         "imap://mail.example.org", "jo", "INBOX", false, false},
        {"IMAPS://jo@Mail.Example.org:993/inbox",
         "imap://jo@mail.example.org:993/INBOX", "imaps://mail.example.org:993",
         "jo", "INBOX", true, false},
        {"imap://jo@example.org@localhost/a/b%20%C3%A4",
         "imap://jo@example.org@localhost/a/b \xc3\xa4", "imap://localhost",
         "jo@example.org", "a/b \xc3\xa4", false, true},
        {"pop3s://jo%40x%3a@127.0.0.1/", "pop3://jo@x:@127.0.0.1",
         "pop3s://127.0.0.1", "jo@x:", "", true, true},
        {"pop3://jo@[::1]:110", "pop3://jo@[::1]:110", "pop3://[::1]:110", "jo",
         "", false, true},
        {"pop3://jo@127.example.org", "pop3://jo@127.example.org",
         "pop3://127.example.org", "jo", "", false, false},
    };
    static const char *const bad[] = {
        "http://jo@example.org",
        "imap://example.org",
        "imap://@example.org",
        "imap://jo:secret@example.org",
        "imap://jo@",
        "imap://jo@exa mple.org",
        "imap://jo@example.org:0",
        "imap://jo@example.org:65536",
        "imap://jo@example.org:x",
        "imap://jo@[::1",
        "imap://jo@example.org/a%2",
        "imap://jo@example.org/a%zz",
        "imap://jo@example.org/a%0d",
        "imap://jo@example.org/%ff",
        "imap://jo@example.org/a;UID=1",
        "imap://jo@example.org/a?b",
        "imap://jo%00@example.org",
        "pop3://jo@example.org/INBOX",
    };
    struct mail_url url;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_null(mail_url_parse(good[i].url, &url));
        assert_string_equal(url.name, good[i].name);
        assert_string_equal(url.server, good[i].server);
        assert_string_equal(url.user, good[i].user);
        assert_string_equal(url.folder, good[i].folder);
        assert_int_equal(url.tls, good[i].tls);
        assert_int_equal(url.loopback, good[i].loopback);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (mail_url_parse(bad[i], &url) == NULL)
            fail_msg("%s is taken", bad[i]);
    }
    assert_false(mail_url_is("./imap:/x"));
    assert_true(mail_url_is("imaps://x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fetch),    cmocka_unit_test(test_ends),
        cmocka_unit_test(test_search),   cmocka_unit_test(test_select),
        cmocka_unit_test(test_after),    cmocka_unit_test(test_folders),
        cmocka_unit_test(test_retrieve), cmocka_unit_test(test_list),
        cmocka_unit_test(test_letters),  cmocka_unit_test(test_urls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
