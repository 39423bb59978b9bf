/* SPDX-License-Identifier: MIT
 * The tree of parts. Every row is read with LF, CRLF and CR line ends, and
 * every row is cut at every length before an unreadable page. */
#include "mime_fixture.h"

#include <stdio.h>

#include "failing_alloc.h"
#include "guard.h"

struct row {
    const char *label;
    const char *input;
    const char *shape;   /* "multipart/mixed(text/plain,text/html)" */
    const char *warning; /* the only one, or NULL for none */
    const char *texts;   /* bodies of all leaves, "|" behind each */
};

#define HEAD "From: a@example.org\n"
#define MULTI(boundary)                                                        \
    "Content-Type: multipart/mixed; boundary=" boundary "\n\n"

static const struct row rows[] = {
    {"plain", HEAD "\nHello\nworld\n", "-", NULL, "Hello\nworld\n|"},
    {"empty", "", "-", NULL, "|"},
    {"header only", HEAD, "-", NULL, "|"},
    {"body only", "\nHello\n", "-", "header-end-missing", "Hello\n|"},
    {"leading blank lines", "\n \n\n" HEAD "\nHello\n", "-", NULL, "Hello\n|"},
    {"mbox line", "From a@b Thu Apr 29 23:34:45 2010\n" HEAD "\nHello\n", "-",
     NULL, "Hello\n|"},
    {"quoted mbox line",
     ">From a@b Thu Apr 29 23:34:45 2010\n" HEAD "\nHello\n", "-", NULL,
     "Hello\n|"},
    {"byte order mark", "\xEF\xBB\xBF" HEAD "\nHello\n", "-", NULL, "Hello\n|"},
    {"no empty line", HEAD "Hello there\nyou\n", "-", "header-end-missing",
     "Hello there\nyou\n|"},
    {"no empty line before a URL", HEAD "http://example.org/\n", "-",
     "header-end-missing", "http://example.org/\n|"},
    {"blanks before the colon", "Content-Type \t: text/html\n\n<b>x</b>\n",
     "text/html", NULL, "x|"},
    {"fold without blank",
     "Content-Type: multipart/mixed;\nboundary=b\n" HEAD "\n--b\n\nx\n--b--\n",
     "multipart/mixed(-)", "header-fold-broken", "x|"},
    {"value on the next line without blank",
     "X-Info:\nabcdef\nContent-Type: text/html\n\nx\n", "text/html",
     "header-fold-broken", "x|"},
    {"blank line inside a header",
     "Subject: a\n \nContent-Type: text/html\n\nx\n", "text/html", NULL, "x|"},
    {"blank line of blanks ends the header", HEAD " \nHello there\n", "-", NULL,
     "Hello there\n|"},
    {"NUL is an ordinary byte in a value", "A: b\n\nx\n", "-", NULL, "x\n|"},

    {"two parts",
     MULTI("b") "pre\n--b\n\none\n--b\nContent-Type: text/html\n\n"
                "two\n--b--\npost\n",
     "multipart/mixed(-,text/html)", NULL, "one|two|"},
    {"empty part", MULTI("b") "--b\n--b\n\nx\n--b--\n", "multipart/mixed(-,-)",
     NULL, "|x|"},
    {"part with header only",
     MULTI("b") "--b\nContent-Type: text/html\n--b--\n",
     "multipart/mixed(text/html)", NULL, "|"},
    {"part without empty line", MULTI("b") "--b\nHello there\n--b--\n",
     "multipart/mixed(-)", "header-end-missing", "Hello there|"},
    {"empty line before the fields of a part",
     MULTI("b") "--b\n\nContent-Type: text/html\n\nx\n--b--\n",
     "multipart/mixed(text/html)", "part-header-late", "x|"},
    {"blanks behind boundaries", MULTI("b") "--b \t\n\nx\n--b-- \n",
     "multipart/mixed(-)", NULL, "x|"},
    {"no closing boundary", MULTI("b") "--b\n\nx\n", "multipart/mixed(-)",
     "boundary-unclosed", "x\n|"},
    {"boundary begins with another one",
     MULTI("b") "--b\nContent-Type: multipart/mixed; boundary=bb\n\n"
                "--bb\n\none\n--bb--\n--b\n\ntwo\n--b--\n",
     "multipart/mixed(multipart/mixed(-),-)", NULL, "one|two|"},
    {"inner boundary is the longer one's beginning",
     MULTI("bb") "--bb\nContent-Type: multipart/mixed; boundary=b\n\n"
                 "--b\n\none\n--b--\n--bb\n\ntwo\n--bb--\n",
     "multipart/mixed(multipart/mixed(-),-)", NULL, "one|two|"},
    {"same boundary inside",
     MULTI("b") "--b\nContent-Type: multipart/alternative; boundary=b\n\n"
                "--b\n\none\n--b--\n--b\n\ntwo\n--b--\n",
     "multipart/mixed(multipart/alternative(-),-)", NULL, "one|two|"},
    {"inner one not closed",
     MULTI("a") "--a\nContent-Type: multipart/mixed; boundary=b\n\n"
                "--b\n\none\n--a\n\ntwo\n--a--\n",
     "multipart/mixed(multipart/mixed(-),-)", "boundary-unclosed", "one|two|"},
    {"boundary with signs",
     "Content-Type: multipart/mixed; boundary=\"=_a?b: c\"\n\n"
     "--=_a?b: c\n\nx\n--=_a?b: c--\n",
     "multipart/mixed(-)", NULL, "x|"},
    {"wrong boundary",
     MULTI("other") "--real\nContent-Type: text/plain\n\none\n--real\n"
                    "Content-Type: text/html\n\ntwo\n--real--\n",
     "multipart/mixed(text/plain,text/html)", "boundary-missing", "one|two|"},
    {"wrong boundary inside",
     MULTI("a") "--a\nContent-Type: multipart/mixed; boundary=b\n\n--c\n"
                "Content-Type: text/plain\n\none\n--c--\n--a\n\ntwo\n--a--\n",
     "multipart/mixed(multipart/mixed(text/plain),-)", "boundary-missing",
     "one|two|"},
    {"no boundary parameter",
     "Content-Type: multipart/mixed\n\n-- \nx\n--real\n"
     "Content-Type: text/html\n\none\n--real--\n",
     "multipart/mixed(text/html)", NULL, "one|"},
    {"empty boundary parameter",
     "Content-Type: multipart/mixed; boundary=\"\"\n\n--real\n"
     "Content-Type: text/html\n\none\n--real--\n",
     "multipart/mixed(text/html)", NULL, "one|"},
    {"no boundary at all", MULTI("b") "just text\n-- \nJoe\n",
     "multipart/mixed", "boundary-missing", "just text\n-- \nJoe\n|"},
    {"digest",
     "Content-Type: multipart/digest; boundary=b\n\n--b\n\nA: b\n\nx\n--b--\n",
     "multipart/digest(-(-))", NULL, "x|"},

    {"enclosed message",
     MULTI("b") "--b\nContent-Type: message/rfc822\n\nSubject: s\n\nbody\n"
                "--b--\n",
     "multipart/mixed(message/rfc822(-))", NULL, "body|"},
    {"enclosed message at the top",
     "Content-Type: message/rfc822\n\n\nFrom x\nSubject: s\n\nbody\n",
     "message/rfc822(-)", NULL, "body\n|"},
    {"enclosed message without a body",
     MULTI("b") "--b\nContent-Type: message/rfc822\n\nSubject: s\n--b\n\n"
                "x\n--b--\n",
     "multipart/mixed(message/rfc822(-),-)", NULL, "|x|"},
    {"enclosed multipart",
     MULTI("a") "--a\nContent-Type: message/rfc822\n\n" MULTI(
         "b") "--b\n\none\n--b--\n--a\n\ntwo\n--a--\n",
     "multipart/mixed(message/rfc822(multipart/mixed(-)),-)", NULL, "one|two|"},
    {"enclosed multipart cut off",
     MULTI("a") "--a\nContent-Type: message/rfc822\n\n" MULTI(
         "b") "--b\n\none\n--a\n\ntwo\n--a--\n",
     "multipart/mixed(message/rfc822(multipart/mixed(-)),-)",
     "boundary-unclosed", "one|two|"},
    {"enclosed message in base64",
     "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
     "Q29udGVudC1UeXBlOiB0ZXh0L2h0bWwKCjxwPngK\n",
     "message/rfc822(text/html)", NULL, "x|"},
    {"enclosed message in base64 inside",
     MULTI("b") "--b\nContent-Type: message/rfc822\n"
                "Content-Transfer-Encoding: base64\n\n"
                "Q29udGVudC1UeXBlOiB0ZXh0L2h0bWwKCjxwPngK\n--b\n\ny\n--b--\n",
     "multipart/mixed(message/rfc822(text/html),-)", NULL, "x|y|"},
    {"enclosed message in quoted-printable",
     "Content-Type: message/rfc822\n"
     "Content-Transfer-Encoding: quoted-printable\n\n"
     "Content-Type: multipart/mixed; boundary=3Db\n\n--b\n\none=\n two\n"
     "--b--\n",
     "message/rfc822(multipart/mixed(-))", NULL, "one two|"},
    {"enclosed message not encoded as declared (base64)",
     "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
     "Content-Type: text/html\n\nx\n",
     "message/rfc822(text/html)", NULL, "x|"},
    {"enclosed message not encoded as declared (quoted-printable)",
     "Content-Type: message/rfc822\n"
     "Content-Transfer-Encoding: quoted-printable\n\n" MULTI(
         "b") "--b\n\nx\n--b--\n",
     "message/rfc822(multipart/mixed(-))", NULL, "x|"},

    {"report",
     "Content-Type: multipart/report; report-type=delivery-status;\n"
     " boundary=\"b\"\n\n--b\n\nSorry\n--b\n"
     "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
     "Action: failed\n\n--b\nContent-Type: text/rfc822-headers\n\n"
     "Subject: s\n\n--b--\n",
     "multipart/report(-,message/delivery-status,text/rfc822-headers)", NULL,
     "Sorry|Reporting-MTA: dns; x\n\nAction: failed\n|Subject: s\n|"},
    {"delivery status in base64",
     "Content-Type: message/global-delivery-status\n"
     "Content-Transfer-Encoding: base64\n\nQWN0aW9uOiBmYWlsZWQK\n",
     "message/global-delivery-status", NULL, "Action: failed\n|"},
    {"delivery status not encoded as declared",
     "Content-Type: message/delivery-status\n"
     "Content-Transfer-Encoding: base64\n\nAction: failed\n",
     "message/delivery-status", NULL, "Action: failed\n|"},
};

/* ---- Helpers --------------------------------------------------------- */

static void put(char *out, size_t room, struct bounce_slice s)
{
    size_t len = strlen(out);

    assert_true(len + s.len < room);
    if (s.len > 0)
        memcpy(out + len, s.ptr, s.len);
    out[len + s.len] = '\0';
}

static void describe(const struct mime_part *part, char *out, size_t room)
{
    put(out, room, part->media_type.len > 0 ? part->media_type : SLICE("-"));
    if (part->child == NULL)
        return;
    put(out, room, SLICE("("));
    for (const struct mime_part *c = part->child; c != NULL; c = c->next) {
        describe(c, out, room);
        if (c->next != NULL)
            put(out, room, SLICE(","));
    }
    put(out, room, SLICE(")"));
}

static void collect_texts(struct message *message, const struct mime_part *part,
                          char *out, size_t room)
{
    if (part->child == NULL) {
        put(out, room, mime_text(message, part, 100000));
        put(out, room, SLICE("|"));
    }
    for (const struct mime_part *c = part->child; c != NULL; c = c->next)
        collect_texts(message, c, out, room);
}

/* text with its LF replaced. */
static char *with_line_end(const char *text, const char *end)
{
    char *copy = malloc(strlen(text) * 3 + 1), *out = copy;

    assert_non_null(copy);
    for (; *text != '\0'; text++) {
        if (*text != '\n') {
            *out++ = *text;
            continue;
        }
        memcpy(out, end, strlen(end));
        out += strlen(end);
    }
    *out = '\0';
    return copy;
}

static void check_row(struct fixture *fixture, const struct row *row,
                      const char *line_end)
{
    char *input = with_line_end(row->input, line_end);
    struct guard guard = guard_slice(slice_cstr(input));
    struct message *message = fixture_begin(fixture, guard.slice);
    struct mime_part *root = mime_parse(message, guard.slice);
    char shape[1000] = "", texts[1000] = "";

    assert_non_null(root);
    describe(root, shape, sizeof(shape));
    if (strcmp(shape, row->shape) != 0)
        fail_msg("%s: got %s, want %s", row->label, shape, row->shape);
    if (row->warning == NULL ? message->warning_count > 0
                             : !fixture_warned(fixture, row->warning))
        fail_msg("%s: warning %s", row->label,
                 message->warning_count > 0 ? message->warnings[0].id
                                            : "missing");
    collect_texts(message, root, texts, sizeof(texts));
    if (strcmp(texts, row->texts) != 0)
        fail_msg("%s: got texts \"%s\", want \"%s\"", row->label, texts,
                 row->texts);
    guard_free(&guard);
    free(input);
}

static void test_rows(void **state)
{
    static const char *const line_ends[] = {"\n", "\r\n", "\r", "\r\r\n"};
    struct fixture fixture;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (size_t k = 0; k < sizeof(line_ends) / sizeof(*line_ends); k++)
            check_row(&fixture, &rows[i], line_ends[k]);
    }
    fixture_clear(&fixture);
}

static void visit_all(struct message *message, const struct mime_part *part)
{
    (void)mime_text(message, part, 1000);
    for (const struct mime_header *h = part->headers; h != NULL; h = h->next)
        (void)mime_decode_header(message, h->value);
    for (const struct mime_part *c = part->child; c != NULL; c = c->next)
        visit_all(message, c);
}

static void test_cut_everywhere(void **state)
{
    struct fixture fixture;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *input = with_line_end(rows[i].input, "\r\n");

        for (size_t len = 0; len <= strlen(input); len++) {
            struct guard guard = guard_copy(input, len);
            struct message *message = fixture_begin(&fixture, guard.slice);
            struct mime_part *root = mime_parse(message, guard.slice);

            assert_non_null(root);
            visit_all(message, root);
            assert_int_equal(message->failed, BOUNCE_OK);
            guard_free(&guard);
        }
        free(input);
    }
    fixture_clear(&fixture);
}

/* Everything that allocates, in one message. */
static const char rich[] =
    "Subject: =?utf-8?Q?J=C3=B6rg?= =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\n"
    "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\n\n"
    "--ab\nContent-Type: text/html; charset=gb2312\n"
    "Content-Transfer-Encoding: quoted-printable\n\n<p>=C4=E3=BA=C3</p>\n"
    "--ab\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
    "Q29udGVudC1UeXBlOiB0ZXh0L2h0bWwKCjxwPngK\n--ab--\n";

static bool work(const struct bounce_allocator *allocator)
{
    struct fixture fixture;
    struct message *message;
    struct mime_part *root = NULL;
    bool done;

    if (fixture_init(&fixture, allocator)) {
        message = fixture_begin(&fixture, SLICE(rich));
        root = mime_parse(message, SLICE(rich));
        if (root != NULL)
            visit_all(message, root);
        else
            assert_int_equal(message->failed, BOUNCE_E_NOMEM);
    }
    done = root != NULL && fixture.message.failed == BOUNCE_OK;
    fixture_clear(&fixture);
    return done;
}

static void test_allocation_fails(void **state)
{
    struct failing_alloc failing;

    (void)state;
    for (size_t n = 0;; n++) {
        bool done;

        failing_alloc_init(&failing, n);
        done = work(&failing.allocator);
        assert_int_equal(failing.held, 0);
        if (done)
            break;
        assert_true(n < 1000);
    }
}

/* The arena's ceiling at every size: the deepest calls fail too. */
static void test_memory_ceiling(void **state)
{
    struct fixture fixture;
    bool passed = false;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t max = 0; max < 70000; max += max < 8000 ? 16 : 1024) {
        struct message *message;
        struct mime_part *root;

        arena_clear(&fixture.arena);
        fixture.arena.max = max;
        message = fixture_begin(&fixture, SLICE(rich));
        root = mime_parse(message, SLICE(rich));
        if (root == NULL)
            assert_int_equal(message->failed, BOUNCE_E_LIMIT);
        else
            visit_all(message, root);
        passed = message->failed == BOUNCE_OK;
    }
    assert_true(passed);
    fixture_clear(&fixture);
}

/* ---- Ceilings and floods --------------------------------------------- */

static char *repeat(const char *unit, size_t count, const char *before)
{
    size_t len = strlen(unit), start = strlen(before);
    char *text = malloc(start + len * count + 1);

    assert_non_null(text);
    memcpy(text, before, start);
    for (size_t i = 0; i < count; i++)
        memcpy(text + start + i * len, unit, len);
    text[start + len * count] = '\0';
    return text;
}

static unsigned count_parts(const struct mime_part *part, unsigned *depth_out)
{
    unsigned n = 1;

    if (part->depth > *depth_out)
        *depth_out = part->depth;
    for (const struct mime_part *c = part->child; c != NULL; c = c->next)
        n += count_parts(c, depth_out);
    return n;
}

struct flood {
    const char *label;
    const char *before, *unit;
    size_t count;
    const char *warning; /* NULL: whatever */
    unsigned parts;      /* 0: whatever */
};

/* Each is some megabytes or ten thousands of pieces: anything quadratic would
 * take minutes. */
static const struct flood floods[] = {
    {"many parts", MULTI("b"), "--b\n\nx\n", 200000, "parts-limit", 1000},
    {"nested messages", "", "Content-Type: message/rfc822\n\n", 50000,
     "depth-limit", 33},
    {"nested multiparts", "",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\n", 50000, "depth-limit",
     1000},
    {"nested encoded messages", "",
     "Content-Type: message/rfc822\n"
     "Content-Transfer-Encoding: quoted-printable\n\n",
     50000, NULL, 0},
    {"nested multiparts without boundary", "",
     "Content-Type: multipart/mixed\n\n--b\n", 50000, NULL, 0},
    {"nested multiparts with wrong boundaries", "",
     "Content-Type: multipart/mixed; boundary=x\n\n--b\n", 50000, NULL, 0},
    {"lines like boundaries", MULTI("bbbbbbbbbbbbbbbbbbbb"),
     "--bbbbbbbbbbbbbbbbbbb\n", 200000, "boundary-missing", 1},
    {"lines of blanks and dashes", MULTI("b"), "-- \n---\n", 300000, NULL, 1},
    {"headers", "", "A: b\n", 500000, "headers-limit", 1},
    {"one header", "A:", " b\n", 1000000, "header-cut", 1},
    {"lines of blanks in a header", "A: b\n", " \n", 500000, NULL, 1},
    {"broken folds", "A: b;\n", "c=d;\n", 500000, NULL, 1},
    {"CR only", "A: b\r\r", "x\r", 2000000, NULL, 1},
    {"CR only with a last LF", MULTI("b"), "\r\r\r\r", 1000000, NULL, 1},
    {"encoded words", "Subject: ", "=?utf-8?q?", 500000, "header-cut", 1},
    {"From lines", "", "From x\n", 300000, NULL, 1},
    {"parameters", "Content-Type: multipart/mixed", "; b=c", 500000, NULL, 1},
    {"parameters without semicolons", "Content-Type: multipart/mixed ", "b=c ",
     500000, NULL, 1},
};

static void test_floods(void **state)
{
    struct fixture fixture;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < sizeof(floods) / sizeof(*floods); i++) {
        const struct flood *flood = &floods[i];
        char *text = repeat(flood->unit, flood->count, flood->before);
        struct bounce_slice input = slice_cstr(text);
        struct message *message = fixture_begin(&fixture, input);
        struct mime_part *root = mime_parse(message, input);
        unsigned depth = 0, parts;

        if (root == NULL)
            fail_msg("%s: no result", flood->label);
        visit_all(message, root);
        parts = count_parts(root, &depth);
        assert_true(depth <= 33);
        if (flood->parts > 0 && parts != flood->parts)
            fail_msg("%s: %u parts", flood->label, parts);
        if (flood->warning != NULL && !fixture_warned(&fixture, flood->warning))
            fail_msg("%s: no warning %s", flood->label, flood->warning);
        free(text);
    }
    fixture_clear(&fixture);
}

static void test_offsets(void **state)
{
    static const char input[] = "A: b\nno header here\n";
    struct fixture fixture;
    struct message *message;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    message = fixture_begin(&fixture, SLICE(input));
    assert_non_null(mime_parse(message, SLICE(input)));
    assert_int_equal(message->warning_count, 1);
    assert_int_equal(message->warnings[0].offset, 5);
    fixture_clear(&fixture);
}

static void test_zero_copy(void **state)
{
    static const char input[] = "Subject: s\n\nbody\n";
    struct fixture fixture;
    struct message *message;
    struct mime_part *root;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    message = fixture_begin(&fixture, SLICE(input));
    root = mime_parse(message, SLICE(input));
    assert_non_null(root);
    assert_ptr_equal(root->head.ptr, input);
    assert_ptr_equal(mime_text(message, root, 100).ptr, input + 12);
    assert_ptr_equal(mime_value(root->headers, SLICE("subject")).ptr,
                     input + 9);
    assert_int_equal(mime_text(message, root, 3).len, 3);
    assert_true(fixture_warned(&fixture, "body-cut"));
    fixture_clear(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_cut_everywhere),
        cmocka_unit_test(test_allocation_fails),
        cmocka_unit_test(test_memory_ceiling),
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_zero_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
