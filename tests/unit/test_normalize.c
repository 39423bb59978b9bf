/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "classify/fold.h"
#include "classify/normalize.h"
#include "guard.h"

#define A "\x01"

struct row {
    const char *label, *text, *want;
};

static const struct row rows[] = {
    {"empty", "", ""},
    {"case", "User UNKNOWN", "user unknown"},
    {"white space", "  a \t\r\n b  ", "a b"},
    {"accents", "Usu\xC3\xA1rio inv\xC3\xA1lido", "usuario invalido"},
    {"decomposed accents", "e\xCC\x81", "e"},
    {"sharp s",
     "gr\xC3\xB6\xC3\x9F"
     "er",
     "grosser"},
    {"Vietnamese", "h\xE1\xBB\x99p th\xC6\xB0", "hop thu"},
    {"Cyrillic", "\xD0\x9D\xD0\x95\xD0\xA2", "\xD0\xBD\xD0\xB5\xD1\x82"},
    {"Greek", "\xCE\x9C\xCE\x97", "\xCE\xBC\xCE\xB7"},
    {"full width", "\xEF\xBC\xA1\xEF\xBC\x92", "a2"},
    {"quotes", "doesn\xE2\x80\x99t", "doesn't"},
    {"no-break space",
     "a\xC2\xA0"
     "b",
     "a b"},
    {"ideographic space",
     "a\xE3\x80\x80"
     "b",
     "a b"},
    {"zero width",
     "a\xE2\x80\x8B"
     "b",
     "ab"},
    {"Japanese stays", "\xE5\xAE\x9B\xE5\x85\x88", "\xE5\xAE\x9B\xE5\x85\x88"},
    {"address", "to a.b@example.org now", "to " A " now"},
    {"address in brackets", "<a@example.org>: gone", A ": gone"},
    {"address in quotes", "'a@example.org' gone", A " gone"},
    {"brackets that do not match", "(a@example.org) x", "(" A ") x"},
    {"full stop behind", "a@example.org.", A "."},
    {"domain literal", "<a@[192.0.2.1]>", A},
    {"VERP", "bounce+u=example.org@example.com", A},
    {"an @ alone", "a @ b", "a @ b"},
    {"no domain", "a@ b", "a@ b"},
    {"no local part", " @example.org", "@example.org"},
    {"masked local part", "<***@example.org>", A},
    {"control characters",
     "a\x01"
     "b\x1F"
     "c",
     "a b c"},
    {"bad UTF-8",
     "a\xFF"
     "b",
     "a?b"},
    {"cut UTF-8", "a\xE5\xAE", "a??"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guard guard = guard_copy(rows[i].text, strlen(rows[i].text));
        char *out = malloc(NORMALIZE_ROOM(guard.slice.len));
        size_t len = normalize(guard.slice, NULL, 0, out);

        if (!slice_eq(slice_make(out, len), slice_cstr(rows[i].want)))
            fail_msg("%s: got \"%.*s\"", rows[i].label, (int)len, out);
        for (size_t j = 0; j < NORMALIZE_PAD; j++)
            assert_int_equal(out[len + j], 0);
        free(out);
        guard_free(&guard);
    }
}

static void test_marks(void **state)
{
    struct bounce_slice text = SLICE("  550  <a@example.org>  User  x ");
    size_t marks[4] = {0, 7, 24, 32};
    char out[NORMALIZE_ROOM(40)];
    size_t len = normalize(text, marks, 4, out);

    (void)state;
    assert_true(slice_eq(slice_make(out, len), SLICE("550 " A " user x")));
    assert_int_equal(marks[0], 0);
    assert_int_equal(marks[1], 4);
    assert_int_equal(marks[2], 6);
    assert_int_equal(marks[3], len);
}

/* No input may need more than the room that callers give. */
static void test_room(void **state)
{
    char text[3000], *out = malloc(NORMALIZE_ROOM(sizeof(text)));
    unsigned seed = 1;

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        size_t len;

        for (size_t i = 0; i < sizeof(text); i++) {
            seed = seed * 1103515245 + 12345;
            text[i] = (char)(seed >> 16);
        }
        len = normalize(slice_make(text, sizeof(text)), NULL, 0, out);
        assert_true(len + NORMALIZE_PAD <= NORMALIZE_ROOM(sizeof(text)));
    }
    free(out);
}

static void test_word_edges(void **state)
{
    const char *text = "ab-c\xD0\xBD\xE5\xAE\x9B"
                       "d";
    size_t len = strlen(text);

    (void)state;
    assert_false(fold_word_before(text, 0));
    assert_true(fold_word_before(text, 1));
    assert_true(fold_word_before(text, 2));
    assert_false(fold_word_before(text, 3));
    assert_true(fold_word_before(text, 6));  /* a Cyrillic letter */
    assert_false(fold_word_before(text, 9)); /* an ideograph */
    assert_true(fold_word_at(text, len, 4));
    assert_false(fold_word_at(text, len, 6));
    assert_true(fold_word_at(text, len, 9));
    assert_false(fold_word_at(text, len, len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_word_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
