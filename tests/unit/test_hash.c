/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/hash.h"

#define WANT "8bf33cb3fe3a0de266d0a6bdd9c6da55"

/* However a text is cut into pieces, its hash is the same; and it is the one
 * that earlier releases gave. */
static void test_pieces(void **state)
{
    struct bounce_slice text =
        SLICE("What one report says about one recipient, in pieces.");

    (void)state;
    for (size_t first = 0; first <= text.len; first++) {
        for (size_t second = first; second <= text.len; second++) {
            struct hash128 hash;
            char hex[33];

            hash128_init(&hash);
            hash128_add(&hash, slice_sub(text, 0, first));
            hash128_add(&hash, slice_sub(text, first, second - first));
            hash128_add(&hash, slice_from(text, second));
            hash128_hex(&hash, hex);
            assert_string_equal(hex, WANT);
        }
    }
}

static void test_lengths_differ(void **state)
{
    char before[33] = "";

    (void)state;
    for (size_t len = 0; len < 40; len++) {
        struct hash128 hash;
        char hex[33];

        hash128_init(&hash);
        hash128_add(&hash,
                    slice_make("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                               "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                               len));
        hash128_hex(&hash, hex);
        assert_string_not_equal(hex, before);
        memcpy(before, hex, sizeof(before));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_lengths_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
