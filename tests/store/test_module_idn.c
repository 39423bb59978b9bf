/* SPDX-License-Identifier: MIT
 * Module idn: which names become which, and which are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "store/module.h"

/* 63 bytes, the longest label. */
#define LABEL63                                                                \
    "abcdefghijklmnopqrstuvwxyz0123456789"                                     \
    "abcdefghijklmnopqrstuvwxyz0"
#define EIGHTFOLD(x) x x x x x x x x

static const struct name {
    const char *label, *from, *to; /* to NULL: it is no name */
} names[] = {
    {"ASCII", "mail.example.org", "mail.example.org"},
    {"capitals", "MAIL.Example.ORG", "mail.example.org"},
    {"umlaut",
     "b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example"},
    {"capital umlaut",
     "B\xc3\x9c"
     "CHER.example",
     "xn--bcher-kva.example"},
    {"decomposed umlaut",
     "bu\xcc\x88"
     "cher.example",
     "xn--bcher-kva.example"},
    {"A-label", "xn--bcher-kva.example", "xn--bcher-kva.example"},
    {"A-label in capitals", "XN--BCHER-KVA.Example", "xn--bcher-kva.example"},
    {"sharp s stays",
     "stra\xc3\x9f"
     "e.example",
     "xn--strae-oqa.example"},
    {"full-width letters", "\xef\xbc\xa1\xef\xbc\xa2.example", "ab.example"},
    {"ideographic full stop", "\xe4\xbe\x8b\xe3\x81\x88\xe3\x80\x82jp",
     "xn--r8jz45g.jp"},
    {"soft hyphen is nothing",
     "a\xc2\xad"
     "b.example",
     "ab.example"},
    {"right to left", "\xd7\x99\xd7\x90.example", "xn--4dbr.example"},
    {"longest label", LABEL63 ".example", LABEL63 ".example"},
    {"empty", "", NULL},
    {"dot", ".", NULL},
    {"empty label", "\xc3\xbc..example", NULL},
    {"leading dot", ".\xc3\xbc.example", NULL},
    {"trailing dot", "\xc3\xbc.example.", NULL},
    {"space at the end", "\xc3\xbc.example ", NULL},
    {"space within", "\xc3\xbc x.example", NULL},
    {"underscore is not dropped", "a_b.example", NULL},
    {"underscore in an IDN", "\xc3\xbc_b.example", NULL},
    {"hyphen first", "-\xc3\xbc.example", NULL},
    {"hyphen last", "\xc3\xbc-.example", NULL},
    {"ASCII hyphen first", "-a.example", NULL},
    {"ASCII hyphen last", "a-.example", NULL},
    {"two hyphens in place 3", "ab--\xc3\xbc.example", NULL},
    {"broken A-label", "xn--zzzzzz.example", NULL},
    {"A-label that hides ASCII", "xn--a.example", NULL},
    {"bare xn--", "xn--.example", NULL},
    {"a sign that hides a slash", "a\xe2\x84\x80.example", NULL},
    {"symbol", "\xe2\x98\x83.example", NULL},
    {"joiner without reason",
     "a\xe2\x80\x8d"
     "b.example",
     NULL},
    {"digits of two kinds",
     "\xd9\xa0"
     "1.example",
     NULL},
    {"broken UTF-8", "\xc3\xbc\xff.example", NULL},
    {"cut UTF-8", "example.\xc3", NULL},
    {"label too long", "a" LABEL63 ".example", NULL},
    {"label too long as an A-label", "\xc3\xbc" LABEL63 ".example", NULL},
    {"name too long", LABEL63 "." LABEL63 "." LABEL63 "." LABEL63, NULL},
};

static const struct module_idn *load(void)
{
    char msg[200];
    const struct module_idn *idn = module_load("idn", msg);

    if (idn == NULL) {
        fail_msg("%s", msg);
    }
    return idn;
}

static void test_names(void **state)
{
    const struct module_idn *idn = load();

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char out[MODULE_IDN_CAP] = "untouched";
        bool nomem = true;
        bool fine = idn->to_ascii(slice_cstr(names[i].from), out, &nomem);

        assert_false(nomem);
        if (fine != (names[i].to != NULL) ||
            strcmp(out, fine ? names[i].to : "untouched") != 0) {
            fail_msg("%s: %s", names[i].label, fine ? out : "refused");
        }
    }
}

/* What was made is made of itself again. */
static void test_stable(void **state)
{
    const struct module_idn *idn = load();

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char out[MODULE_IDN_CAP];
        bool nomem;

        if (names[i].to != NULL) {
            assert_true(idn->to_ascii(slice_cstr(names[i].to), out, &nomem));
            assert_string_equal(out, names[i].to);
        }
    }
}

static void test_bounds(void **state)
{
    static const char nul[] = "a\0b.example";
    static const char huge[] = EIGHTFOLD(EIGHTFOLD(EIGHTFOLD("abc.")));
    const struct module_idn *idn = load();
    char out[MODULE_IDN_CAP];
    bool nomem;

    (void)state;
    assert_false(idn->to_ascii(slice_make(nul, sizeof(nul) - 1), out, &nomem));
    assert_false(idn->to_ascii(SLICE_NULL, out, &nomem));
    assert_false(idn->to_ascii(slice_cstr(huge), out, &nomem));
    /* The slice's end counts, not the NUL behind it. */
    assert_true(idn->to_ascii(slice_make("abc.example.org", 11), out, &nomem));
    assert_string_equal(out, "abc.example");
    /* 253 bytes fit, 254 do not. */
    assert_true(idn->to_ascii(
        SLICE(LABEL63 "." LABEL63 "." LABEL63 ".abcdefghijklmnopqrstuvwxyz"
                      "abcdefghijklmnopqrstuvwxyz123456789"),
        out, &nomem));
    assert_int_equal(strlen(out), 253);
    assert_false(idn->to_ascii(
        SLICE(LABEL63 "." LABEL63 "." LABEL63 ".abcdefghijklmnopqrstuvwxyz"
                      "abcdefghijklmnopqrstuvwxyz1234567890"),
        out, &nomem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_stable),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
