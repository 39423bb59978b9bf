/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "guard.h"

struct row {
    const char *text;
    size_t valid; /* length of the valid prefix */
};

static const struct row rows[] = {
    {"", 0},
    {"abc", 3},
    {"abcdefghijklmnop", 16},
    {"\x7F", 1},
    {"\xC2\x80", 2},
    {"\xDF\xBF", 2},
    {"\xE0\xA0\x80", 3},
    {"\xED\x9F\xBF", 3},
    {"\xEE\x80\x80", 3},
    {"\xEF\xBF\xBF", 3},
    {"\xF0\x90\x80\x80", 4},
    {"\xF4\x8F\xBF\xBF", 4},
    {"abcdefgh\xC3\xB6xyz", 13},
    {"\x80", 0},
    {"\xC0\xAF", 0},
    {"\xC1\xBF", 0},
    {"\xC3", 0},
    {"\xC3x", 0},
    {"\xE0\x9F\xBF", 0},
    {"\xED\xA0\x80", 0},
    {"\xE2\x82", 0},
    {"\xF0\x8F\xBF\xBF", 0},
    {"\xF4\x90\x80\x80", 0},
    {"\xF5\x80\x80\x80", 0},
    {"\xF0\x90\x80", 0},
    {"\xFF", 0},
    {"abcdefgh\xFF", 8},
    {"abcdefghi\xFFjkl", 9},
};

static void test_valid_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct guard guard = guard_slice(slice_cstr(rows[i].text));

        assert_int_equal(utf8_valid_prefix(guard.slice), rows[i].valid);
        guard_free(&guard);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char bytes[4];
        uint32_t back;
        size_t n;
        bool ok;

        if (code == 0xD800)
            code = 0xE000;
        n = utf8_encode(code, bytes);
        assert_int_equal(utf8_decode(slice_make(bytes, n), &back, &ok), n);
        assert_true(ok && back == code);
    }
}

static void test_decode_invalid(void **state)
{
    uint32_t code;
    bool ok;

    (void)state;
    assert_int_equal(utf8_decode(SLICE("\xE2\x82x"), &code, &ok), 1);
    assert_false(ok);
    assert_int_equal(code, UTF8_REPLACEMENT);
}

static void test_cut(void **state)
{
    const struct bounce_slice text = SLICE("a\xC3\xB6\xE2\x82\xAC\xF0\x9F"
                                           "\x8D\xBF");
    static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};

    (void)state;
    for (size_t max = 0; max < sizeof(want) / sizeof(*want); max++)
        assert_int_equal(utf8_cut(text, max), want[max]);
    /* No character at all: any place will do. */
    assert_int_equal(utf8_cut(SLICE("\x80\x80\x80\x80\x80\x80"), 5), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_prefix),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_decode_invalid),
        cmocka_unit_test(test_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
