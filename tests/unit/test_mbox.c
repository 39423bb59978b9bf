/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "mime/mbox.h"

struct line_row {
    const char *line;
    bool separator;
};

static const struct line_row line_rows[] = {
    {"From a@b.org Thu Apr 29 23:34:45 2010", true},
    {"From a@b.org Thu Apr  9 23:34:45 2010", true},
    {"From a@b.org Thu Apr 29 23:34 2010", true},
    {"From a@b.org Thu Apr 29 23:34:45 EST 2010", true},
    {"From a@b.org Thu Apr 29 23:34:45 +0900 2010", true},
    {"From a@b.org Thu Apr 29 23:34:45 2010 +0900", true},
    {"From a@b.org Thu Apr 29 23:34:45 PST 2010 -0800", true},
    {"From a@b.org Thu Apr 29 23:34:45 MET DST 2010", true},
    {"From a@b.org Thu, 29 Apr 2010 23:34:45 +0900", true},
    {"From a@b.org 29 Apr 2010 23:34:45 +0900", true},
    {"From a@b.org Thu Apr 29 23:34:45 2010 remote from x", true},
    {"From - Thu Apr 29 23:34:45 2010", true},
    {"From ???@??? Thu Apr 29 23:34:45 2010", true},
    {"From MAILER-DAEMON Thu Apr 29 23:34:45 2010", true},
    {"From \"joe doe\"@b.org Thu Apr 29 23:34:45 2010", true},
    {"From  Thu Apr 29 23:34:45 2010", true},
    {"From a@b.org Thu Apr 29 23:34:45 10", true},
    {"From <> thu apr 29 3:34:45 2010", true},
    {"From a@b.org", false},
    {"From the beginning it was clear", false},
    {"From Monday on, May is ours", false},
    {"From a@b.org Thu Apr 29 2010", false},
    {"From a@b.org Thu Apr 32 23:34:45 2010", false},
    {"From a@b.org Thu Apr 29 25:34:45 2010", false},
    {"From a@b.org Thu Apr 29 23:64:45 2010", false},
    {"From a@b.org Thu Apr 29 23:34:45", false},
    {"From a@b.org Thu Apr 29 23:34:45 1810", false},
    {"From a@b.org Thu Apr 29 23:34:4x 2010", false},
    {"From: a@b.org Thu Apr 29 23:34:45 2010", false},
    {">From a@b.org Thu Apr 29 23:34:45 2010", false},
    {"from a@b.org Thu Apr 29 23:34:45 2010", false},
    {"From", false},
    {"From ", false},
    {"", false},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(line_rows) / sizeof(*line_rows); i++) {
        const struct line_row *row = &line_rows[i];

        for (size_t n = 0; n <= strlen(row->line); n++) {
            struct guard guard = guard_copy(row->line, n);
            bool got = mbox_is_separator(guard.slice);

            if (n == strlen(row->line) && got != row->separator)
                fail_msg("%s", row->line);
            guard_free(&guard);
        }
    }
}

static void test_detect(void **state)
{
    (void)state;
    assert_true(mbox_detect(SLICE("From a\n")));
    assert_false(mbox_detect(SLICE("From: a\n")));
    assert_false(mbox_detect(SLICE("\nFrom a\n")));
    assert_false(mbox_detect(SLICE("")));
    assert_false(mbox_detect(SLICE_NULL));
}

#define SEP "From a@b.org Thu Apr 29 23:34:45 2010"

struct find_row {
    const char *label, *window;
    size_t offsets[4]; /* of separators, 0 ends beyond the first */
    size_t count;
};

static const struct find_row find_rows[] = {
    {"one", SEP "\nA: b\n\nx\n", {0}, 1},
    {"two", SEP "\nA: b\n\nx\n\n" SEP "\nA: b\n", {0, 47}, 2},
    {"no empty line before", SEP "\nx\n" SEP "\ny\n", {0, 40}, 2},
    {"CRLF", SEP "\r\nx\r\n" SEP "\r\n", {0, 42}, 2},
    {"CR", SEP "\rx\r" SEP "\r", {0, 40}, 2},
    {"at the end", "x\n" SEP, {2}, 1},
    {"no date", SEP "\nFrom here on\nx\n", {0}, 1},
    {"quoted", SEP "\n>" SEP "\n", {0}, 1},
    {"inside a line", SEP "\nx " SEP "\n", {0}, 1},
    {"side by side", SEP "\n" SEP "\n" SEP "\n", {0, 38, 76}, 3},
    {"none", "A: b\n\nFFrom\nFro\nF", {0}, 0},
    {"nothing", "", {0}, 0},
};

/* The whole window at once, then growing byte by byte: both find the same. */
static void check_find(const struct find_row *row, size_t step)
{
    size_t len = strlen(row->window), have = step < len ? step : len;
    size_t from = 0, found = 0;

    for (;;) {
        struct guard guard = guard_copy(row->window, have);
        size_t resume = SIZE_MAX;
        size_t at = mbox_find(guard.slice, from, have == len, &resume);

        guard_free(&guard);
        assert_true(resume <= have && resume >= from);
        from = resume;
        if (at != SLICE_NPOS) {
            if (found >= row->count || at != row->offsets[found])
                fail_msg("%s: separator at %zu", row->label, at);
            found++;
            from = at + 1;
        } else if (have == len) {
            break;
        } else {
            have = len - have < step ? len : have + step;
        }
    }
    if (found != row->count)
        fail_msg("%s: %zu separators", row->label, found);
}

static void test_find(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(find_rows) / sizeof(*find_rows); i++) {
        for (size_t step = 1; step < 130; step++)
            check_find(&find_rows[i], step);
    }
}

/* A line that never ends must not be kept waiting for. */
static void test_long_line(void **state)
{
    char text[3000];
    size_t resume;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "From ", 5);
    assert_int_equal(mbox_find(slice_make(text, 500), 0, false, &resume),
                     SLICE_NPOS);
    assert_int_equal(resume, 0);
    assert_int_equal(
        mbox_find(slice_make(text, sizeof(text)), 0, false, &resume),
        SLICE_NPOS);
    assert_int_equal(resume, sizeof(text));
    assert_false(mbox_is_separator(slice_make(text, sizeof(text))));
}

struct unquote_row {
    const char *input, *want;
};

static const struct unquote_row unquote_rows[] = {
    {"a\n>From b\n", "a\nFrom b\n"},
    {">From b\n>>From c\n", "From b\n>From c\n"},
    {">>>From", ">>>From"},
    {"a >From b\n", "a >From b\n"},
    {">from b\n>Fro\n> From c\n", ">from b\n>Fro\n> From c\n"},
    {"a\r>From b\r", "a\rFrom b\r"},
    {"From a\n", "From a\n"},
    {">From ", "From "},
    {">", ">"},
    {"", ""},
};

static void test_unquote(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(unquote_rows) / sizeof(*unquote_rows); i++) {
        struct guard guard = guard_slice(slice_cstr(unquote_rows[i].input));
        char *text = guard.map + (guard.slice.ptr - guard.map);
        size_t len = mbox_unquote(text, guard.slice.len);

        assert_int_equal(len, strlen(unquote_rows[i].want));
        assert_memory_equal(text, unquote_rows[i].want, len);
        guard_free(&guard);
    }
}

/* Texts of all lengths around a block, against looking at each line. */
static void test_lines_anywhere(void **state)
{
    static const char *const pieces[] = {
        "From a@b.org Thu Apr 29 23:34:45 2010",
        ">From x",
        ">>From x",
        "From here",
        "F",
        "\n",
        "\r",
        "\n\n",
        "\r\n",
        "text of a line",
        "> x",
        "\nF",
        "\n>From "};
    uint32_t seed = 3;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        char text[400], want[400];
        size_t len = 0, found = 1, want_len = 0, resume;
        struct guard guard;

        for (size_t i = round % 40; i > 0; i--) {
            const char *piece;

            seed = seed * 1664525U + 1013904223U;
            piece = pieces[(seed >> 16) % (sizeof(pieces) / sizeof(pieces[0]))];
            if (strlen(piece) > sizeof(text) - len)
                break;
            memcpy(text + len, piece, strlen(piece));
            len += strlen(piece);
        }
        guard = guard_copy(text, len);
        for (size_t at = 0; at < len; at++) {
            bool first =
                at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r';
            size_t n = at, end = at;

            while (n < len && text[n] == '>')
                n++;
            if (first && n > at && len - n >= 5 &&
                memcmp(text + n, "From ", 5) == 0)
                continue; /* one ">" less */
            want[want_len++] = text[at];
            while (end < len && text[end] != '\n' && text[end] != '\r')
                end++;
            if (at == 0 || !first ||
                !mbox_is_separator(slice_make(text + at, end - at)))
                continue;
            assert_int_equal(mbox_find(guard.slice, found, true, &resume), at);
            found = at + 1;
        }
        assert_true(mbox_find(guard.slice, found, true, &resume) == SLICE_NPOS);
        assert_int_equal(
            mbox_unquote(guard.map + (guard.slice.ptr - guard.map), len),
            want_len);
        assert_memory_equal(guard.slice.ptr, want, want_len);
        guard_free(&guard);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),   cmocka_unit_test(test_detect),
        cmocka_unit_test(test_find),    cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_unquote), cmocka_unit_test(test_lines_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
