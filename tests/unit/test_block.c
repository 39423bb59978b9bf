/* SPDX-License-Identifier: MIT
 * What blocks, bits and maps of a text say, against the same byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/block.h"
#include "classify/fold.h"
#include "classify/text_map.h"
#include "guard.h"

/* The same numbers in every run. */
static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 16;
}

/* Mostly what replies are made of; at times any byte. */
static char next_byte(uint32_t *state)
{
    static const char usual[] = "aZ09 .  @-:<x\r\n\t=?w\xC3\xA9\xE2";
    uint32_t r = next(state);

    return r % 8 == 0 ? (char)next(state) : usual[r % (sizeof(usual) - 1)];
}

static void test_classes(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (size_t len = 0; len <= 64; len++) {
        char text[64];
        struct guard guard;
        struct block b;

        for (size_t i = 0; i < len; i++)
            text[i] = next_byte(&seed);
        guard = guard_copy(text, len);
        block_load(&b, guard.slice.ptr, len);
        for (size_t i = 0; i < 64; i++) {
            unsigned char c = i < len ? (unsigned char)text[i] : 0;

            assert_int_equal(block_equal(&b, '.') >> i & 1, c == '.');
            assert_int_equal(block_digits(&b) >> i & 1, ascii_is_digit(c));
            assert_int_equal(block_letters(&b) >> i & 1, ascii_is_alpha(c));
            assert_int_equal(block_controls(&b) >> i & 1, c < 0x20);
            assert_int_equal(block_high(&b) >> i & 1, c >= 0x80);
        }
        guard_free(&guard);
    }
}

/* Where the first byte for which found() is true stands. */
static size_t first_of(const char *text, size_t len,
                       bool (*found)(const char *p))
{
    size_t at = 0;

    while (at < len && !found(text + at))
        at++;
    return at;
}

static bool is_either(const char *p)
{
    return *p == '.' || *p == '\n';
}

static bool is_name_stop(const char *p)
{
    return (unsigned char)*p <= ' ' || *p == ':' || *p == 0x7F;
}

static bool is_special(const char *p)
{
    unsigned char c = (unsigned char)*p;

    return c < ' ' || c >= 0x7F || c == '"' || c == '=';
}

static bool is_newline(const char *p)
{
    return *p == '\n';
}

/* Whatever the length, and wherever what is looked for stands. */
static void test_searches(void **state)
{
    uint32_t seed = 9;

    (void)state;
    for (size_t len = 0; len <= 150; len++) {
        for (int round = 0; round < 20; round++) {
            char text[150];
            struct guard guard;
            const char *p, *end;

            memset(text, 'a', sizeof(text));
            for (size_t i = 0; len > 0 && i < (size_t)round % 3; i++)
                text[next(&seed) % len] = next_byte(&seed);
            guard = guard_copy(text, len);
            p = guard.slice.ptr;
            end = p + len;
            assert_int_equal(block_find_either(p, end, '.', '\n') - p,
                             first_of(p, len, is_either));
            assert_int_equal(block_find_near(p, end, '.', '\n') - p,
                             first_of(p, len, is_either));
            assert_int_equal(block_find_stop(p, end, ':', 0x7F) - p,
                             first_of(p, len, is_name_stop));
            assert_int_equal(block_find_special(p, end, '"', '=') - p,
                             first_of(p, len, is_special));
            assert_int_equal(block_find_byte(p, end, '\n') - p,
                             first_of(p, len, is_newline));
            guard_free(&guard);
        }
    }
}

static void test_three(void **state)
{
    (void)state;
    for (size_t len = 3; len <= 150; len++) {
        for (size_t at = 0; at < len; at++) {
            char text[150];
            struct guard guard;
            const char *p;

            memset(text, '-', sizeof(text));
            text[at] = '\n';
            guard = guard_copy(text, len);
            p = guard.slice.ptr;
            assert_int_equal(block_find_three(p, p + len, '\n', '-', '-') - p,
                             at + 3 <= len ? at : len);
            guard_free(&guard);
        }
    }
}

static void test_lower(void **state)
{
    uint32_t seed = 2;

    (void)state;
    for (size_t len = 0; len <= 100; len++) {
        char text[100], low[101];
        struct guard guard;

        for (size_t i = 0; i < len; i++)
            text[i] = next_byte(&seed);
        guard = guard_copy(text, len);
        low[len] = '#';
        block_lower(low, guard.slice.ptr, len);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(low[i], (char)ascii_lower((unsigned char)text[i]));
        assert_int_equal(low[len], '#');
        guard_free(&guard);
    }
}

static void test_equal(void **state)
{
    char a[40], b[40];

    (void)state;
    memset(a, 'x', sizeof(a));
    for (size_t len = 0; len <= sizeof(a); len++) {
        memcpy(b, a, sizeof(a));
        assert_true(bits_equal(a, b, len));
        for (size_t i = 0; i < len; i++) {
            b[i] = 'y';
            assert_false(bits_equal(a, b, len));
            b[i] = 'x';
        }
    }
}

static void test_bits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t bit = (uint64_t)1 << i;

        assert_int_equal(bits_lowest(bit), i);
        assert_int_equal(bits_highest(bit), i);
        assert_int_equal(bits_lowest(bit | (uint64_t)1 << 63), i);
        assert_int_equal(bits_highest(bit | 1), i);
    }
    assert_int_equal(bits_load32("\x01\x02\x03\x84"), 0x84030201);
    assert_true(bits_load64("\x01\x02\x03\x04\x05\x06\x07\x88") ==
                UINT64_C(0x8807060504030201));
}

static bool is_stop(const char *text, size_t len, size_t at)
{
    return at > 0 && at < len && text[at - 1] == '.' && text[at] == ' ';
}

static bool is_turn(const char *text, size_t len, size_t at)
{
    return at > 0 && at < len && ascii_is_digit((unsigned char)text[at]) &&
           ascii_is_alpha((unsigned char)text[at - 1]);
}

/* Each place where a word, a sign or a character begins is a start. */
static bool is_start(const char *text, size_t at, bool inside)
{
    unsigned char c = (unsigned char)text[at];

    return c != ' ' && (c & 0xC0) != 0x80 && !(inside && ascii_is_alnum(c));
}

static void test_map(void **state)
{
    uint32_t seed = 3;

    (void)state;
    for (size_t len = 0; len <= 200; len++) {
        char text[200 + TEXT_MAP_PAD] = {0};
        uint64_t room[TEXT_MAP_ROOM(200)];
        struct text_map map;

        for (size_t i = 0; i < len; i++)
            text[i] = next_byte(&seed);
        text_map_build(text, len, room, &map);
        for (size_t at = 0; at <= len; at++) {
            bool inside =
                fold_word_before(text, at) && fold_word_at(text, len, at);

            assert_int_equal(text_map_inside(&map, at), inside);
            assert_int_equal(text_map_has(map.stop, at),
                             is_stop(text, len, at));
            assert_int_equal(text_map_has(map.turn, at),
                             is_turn(text, len, at));
            assert_int_equal(text_map_has(map.start, at),
                             at < len && is_start(text, at, inside));
            assert_int_equal(text_map_from(map.inside, at) & 1, inside);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes), cmocka_unit_test(test_searches),
        cmocka_unit_test(test_three),   cmocka_unit_test(test_lower),
        cmocka_unit_test(test_equal),   cmocka_unit_test(test_bits),
        cmocka_unit_test(test_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
