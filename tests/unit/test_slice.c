/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"
#include "guard.h"

struct line_row {
    const char *label, *input;
    const char *want; /* the lines, "|" behind each */
};

static const struct line_row line_rows[] = {
    {"LF", "a\nb\n", "a|b|"}, {"CRLF", "a\r\nb\r\n", "a|b|"},
    {"CR", "a\rb\r", "a|b|"}, {"mixed", "a\nb\rc\r\nd", "a|b|c|d|"},
    {"no end", "a", "a|"},    {"empty lines", "\n\r\r\n\n", "||||"},
    {"nothing", "", ""},
};

static void test_next_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(line_rows) / sizeof(*line_rows); i++) {
        struct guard guard = guard_slice(slice_cstr(line_rows[i].input));
        struct bounce_slice rest = guard.slice, line;
        char got[100] = "";

        while (slice_next_line(&rest, &line)) {
            strncat(got, line.ptr, line.len);
            strcat(got, "|");
        }
        if (strcmp(got, line_rows[i].want) != 0)
            fail_msg("%s: got %s", line_rows[i].label, got);
        guard_free(&guard);
    }
}

/* A file without any LF: once quadratic, minutes for this one. */
static void test_next_line_is_linear(void **state)
{
    const size_t len = 8000000;
    char *text = malloc(len);
    struct bounce_slice rest, line;
    size_t lines = 0;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = i % 4 == 3 ? '\r' : 'x';
    rest = slice_make(text, len);
    while (slice_next_line(&rest, &line))
        lines++;
    assert_int_equal(lines, len / 4);
    free(text);
}

static void test_long_lines(void **state)
{
    char text[2000];

    (void)state;
    for (size_t len = 0; len < 1000; len++) {
        struct bounce_slice rest, line;

        memset(text, 'x', sizeof(text));
        text[len] = len % 2 == 0 ? '\n' : '\r';
        rest = slice_make(text, len + 3);
        assert_true(slice_next_line(&rest, &line));
        assert_int_equal(line.len, len);
        assert_int_equal(rest.len, 2);
    }
}

static void test_next_piece(void **state)
{
    struct bounce_slice rest = SLICE("a,,b,"), piece;

    (void)state;
    assert_true(slice_next_piece(&rest, ',', &piece));
    assert_true(slice_eq(piece, SLICE("a")));
    assert_true(slice_next_piece(&rest, ',', &piece));
    assert_int_equal(piece.len, 0);
    assert_true(slice_next_piece(&rest, ',', &piece));
    assert_true(slice_eq(piece, SLICE("b")));
    assert_false(slice_next_piece(&rest, ',', &piece));
}

struct find_row {
    const char *text, *needle;
    size_t exact, nocase;
};

static const struct find_row find_rows[] = {
    {"abcabc", "bc", 1, 1},
    {"abcabc", "BC", SLICE_NPOS, 1},
    {"aab", "ab", 1, 1},
    {"abc", "c", 2, 2},
    {"abc", "abc", 0, 0},
    {"abc", "abcd", SLICE_NPOS, SLICE_NPOS},
    {"", "a", SLICE_NPOS, SLICE_NPOS},
    {"aaa", "b", SLICE_NPOS, SLICE_NPOS},
};

static void test_find(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(find_rows) / sizeof(*find_rows); i++) {
        const struct find_row *row = &find_rows[i];
        struct guard guard = guard_slice(slice_cstr(row->text));
        struct bounce_slice needle = slice_cstr(row->needle);

        assert_int_equal(slice_find(guard.slice, needle), row->exact);
        assert_int_equal(slice_find_nocase(guard.slice, needle), row->nocase);
        guard_free(&guard);
    }
    assert_int_equal(slice_find(SLICE_NULL, SLICE("a")), SLICE_NPOS);
    assert_int_equal(slice_find_byte(SLICE_NULL, 'a'), SLICE_NPOS);
    assert_int_equal(slice_find_byte(SLICE("ba"), 'a'), 1);
    assert_int_equal(slice_rfind_byte(SLICE("aab"), 'a'), 1);
    assert_int_equal(slice_rfind_byte(SLICE("b"), 'a'), SLICE_NPOS);
}

static void test_compare(void **state)
{
    (void)state;
    assert_true(slice_eq(SLICE_NULL, SLICE("")));
    assert_true(slice_eq_nocase(SLICE("aBc"), SLICE("AbC")));
    assert_false(slice_eq_nocase(SLICE("a"), SLICE("ab")));
    assert_true(slice_starts(SLICE("abc"), SLICE("ab")));
    assert_true(slice_starts(SLICE_NULL, SLICE("")));
    assert_true(slice_starts_nocase(SLICE("ABC"), SLICE("ab")));
    assert_true(slice_ends_nocase(SLICE("ABC"), SLICE("bc")));
    assert_false(slice_ends_nocase(SLICE("c"), SLICE("bc")));
    assert_true(slice_compare(SLICE("a"), SLICE("b")) < 0);
    assert_true(slice_compare(SLICE("b"), SLICE("ab")) > 0);
    assert_true(slice_compare(SLICE("a"), SLICE("ab")) < 0);
    assert_true(slice_compare(SLICE("ab"), SLICE("a")) > 0);
    assert_int_equal(slice_compare(SLICE_NULL, SLICE("")), 0);
}

static void test_pieces(void **state)
{
    unsigned value = 7;

    (void)state;
    assert_true(slice_eq(slice_trim(SLICE(" \t a b\r\n")), SLICE("a b")));
    assert_int_equal(slice_trim(SLICE("  ")).len, 0);
    assert_true(slice_eq(slice_sub(SLICE("abc"), 1, 9), SLICE("bc")));
    assert_int_equal(slice_sub(SLICE("abc"), 9, 9).len, 0);
    assert_null(slice_sub(SLICE_NULL, 1, 1).ptr);
    assert_int_equal(slice_parse_uint(SLICE("12x"), 3, &value), 2);
    assert_int_equal(value, 12);
    assert_int_equal(slice_parse_uint(SLICE("1234"), 3, &value), 0);
    assert_int_equal(slice_parse_uint(SLICE("x"), 3, &value), 0);
    assert_int_equal(slice_parse_uint(SLICE("999999999"), 9, &value), 9);
    assert_int_equal(value, 999999999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next_line),
        cmocka_unit_test(test_next_line_is_linear),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_next_piece),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
