/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "guard.h"
#include "store/address.h"
#include "store/address_fold.h"

#define SALT "a salt of a store"
#define KEY  "a secret of twenty-four."

static struct address_book *make_book(const char *key, bool domains)
{
    struct address_options options = {SLICE(SALT), slice_cstr(key), domains};
    char error[160];
    struct address_book *book = address_book_new(&options, error);

    if (book == NULL)
        fail_msg("%s", error);
    return book;
}

static const struct {
    const char *text, *want, *folded;
    enum address_flaw flaw;
} readings[] = {
    {"ann@example.org", "ann@example.org", NULL, ADDRESS_FINE},
    {"  <ann@example.org> ", "ann@example.org", NULL, ADDRESS_FINE},
    {"mailto:ann@example.org", "ann@example.org", NULL, ADDRESS_FINE},
    {"MAILTO:ann%2Bnews@example.org?subject=a@b", "ann+news@example.org", NULL,
     ADDRESS_FINE},
    {"<mailto:ann@example.org>", "ann@example.org", NULL, ADDRESS_FINE},
    {"<@relay.example,@b.example:ann@example.org>", "ann@example.org", NULL,
     ADDRESS_FINE},
    {"Ann@EXAMPLE.Org", "Ann@example.org", "ann@example.org", ADDRESS_FINE},
    {"ann@example.org.", "ann@example.org", NULL, ADDRESS_FINE},
    {"ann@localhost", "ann@localhost", NULL, ADDRESS_FINE},
    {"a!#$%&'*+-/=?^_`{|}~z@example.org", "a!#$%&'*+-/=?^_`{|}~z@example.org",
     NULL, ADDRESS_FINE},
    {"\"ann\"@example.org", "ann@example.org", NULL, ADDRESS_FINE},
    {"\"ann smith\"@example.org", "\"ann smith\"@example.org", NULL,
     ADDRESS_FINE},
    {"\"a\\nn\"@example.org", "ann@example.org", NULL, ADDRESS_FINE},
    {"\"a\\\"n\\\\n\"@example.org", "\"a\\\"n\\\\n\"@example.org", NULL,
     ADDRESS_FINE},
    {"\"a@n\"@example.org", "\"a@n\"@example.org", NULL, ADDRESS_FINE},
    {"\"ann\".smith@example.org", "ann.smith@example.org", NULL, ADDRESS_FINE},
    {"ann..smith@example.org", "\"ann..smith\"@example.org", NULL,
     ADDRESS_FINE},
    {"ann.@example.org", "\"ann.\"@example.org", NULL, ADDRESS_FINE},
    {".ann@example.org", "\".ann\"@example.org", NULL, ADDRESS_FINE},
    {"ann@my_host.example.org", "ann@my_host.example.org", NULL, ADDRESS_FINE},
    {"ann@[192.0.2.7]", "ann@[192.0.2.7]", NULL, ADDRESS_FINE},
    {"ann@[IPv6:2001:DB8:0:0::7]", "ann@[ipv6:2001:db8::7]", NULL,
     ADDRESS_FINE},
    {"ann@[X-Net:Node-7]", "ann@[x-net:node-7]", NULL, ADDRESS_FINE},
    {"J\xC3\x96RG@example.org", "J\xC3\x96RG@example.org",
     "j\xC3\xB6rg@example.org", ADDRESS_FINE},
    {"\xD0\x90\xD0\xBD\xD0\xBD\xD0\xB0@example.org",
     "\xD0\x90\xD0\xBD\xD0\xBD\xD0\xB0@example.org",
     "\xD0\xB0\xD0\xBD\xD0\xBD\xD0\xB0@example.org", ADDRESS_FINE},
    {"ann@B\xC3\xBC"
     "cher.example",
     "ann@xn--bcher-kva.example", NULL, ADDRESS_FINE},
    {"ann@XN--BCHER-KVA.example", "ann@xn--bcher-kva.example", NULL,
     ADDRESS_FINE},
    {"ann@stra\xC3\x9F"
     "e.example",
     "ann@xn--strae-oqa.example", NULL, ADDRESS_FINE},
    {"", NULL, NULL, ADDRESS_EMPTY},
    {"  ", NULL, NULL, ADDRESS_EMPTY},
    {"<>", NULL, NULL, ADDRESS_EMPTY},
    {"mailto:", NULL, NULL, ADDRESS_EMPTY},
    {"ann", NULL, NULL, ADDRESS_NO_DOMAIN},
    {"ann@", NULL, NULL, ADDRESS_NO_DOMAIN},
    {"@example.org", NULL, NULL, ADDRESS_SYNTAX},
    {"\"\"@example.org", NULL, NULL, ADDRESS_SYNTAX},
    {"\"ann@example.org", NULL, NULL, ADDRESS_SYNTAX},
    {"\"ann\"smith@example.org", NULL, NULL, ADDRESS_SYNTAX},
    {"ann smith@example.org", NULL, NULL, ADDRESS_SYNTAX},
    {"ann@b@example.org", NULL, NULL, ADDRESS_SYNTAX},
    {"ann@exam ple.org", NULL, NULL, ADDRESS_SYNTAX},
    {"ann@example.org, bob@example.org", NULL, NULL, ADDRESS_SYNTAX},
    {"Ann <ann@example.org>", NULL, NULL, ADDRESS_SYNTAX},
    {"a\xFFn@example.org", NULL, NULL, ADDRESS_SYNTAX},
    {"a\xC2\x85n@example.org", NULL, NULL, ADDRESS_SYNTAX},
    {"\"a\x01n\"@example.org", NULL, NULL, ADDRESS_SYNTAX},
    {"ann@example..org", NULL, NULL, ADDRESS_DOMAIN},
    {"ann@.example.org", NULL, NULL, ADDRESS_DOMAIN},
    {"ann@-example.org", NULL, NULL, ADDRESS_DOMAIN},
    {"ann@example-.org", NULL, NULL, ADDRESS_DOMAIN},
    {"ann@.", NULL, NULL, ADDRESS_DOMAIN},
    {"ann@[192.0.2.256]", NULL, NULL, ADDRESS_DOMAIN},
    {"ann@[IPv6:2001:db8::g]", NULL, NULL, ADDRESS_DOMAIN},
    {"ann@[]", NULL, NULL, ADDRESS_SYNTAX},
    {"ann@[192.0.2.7", NULL, NULL, ADDRESS_SYNTAX},
    {"ann@[x:a b]", NULL, NULL, ADDRESS_SYNTAX},
    {"ann@\xFF.example", NULL, NULL, ADDRESS_SYNTAX},
    {"ann@\xE2\x98\x83\xE2\x80\xAE.example", NULL, NULL, ADDRESS_DOMAIN},
};

static void test_read(void **state)
{
    struct address_book *book = make_book(NULL, false);

    (void)state;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        const char *folded = readings[i].folded;
        struct guard guard = guard_slice(slice_cstr(readings[i].text));
        struct address a;
        enum address_flaw flaw = address_read(book, guard.slice, &a);

        guard_free(&guard);
        if (flaw != readings[i].flaw)
            fail_msg("%s: %s", readings[i].text, address_flaw_text(flaw));
        if (flaw != ADDRESS_FINE)
            continue;
        if (a.len != strlen(readings[i].want) ||
            memcmp(a.text, readings[i].want, a.len) != 0)
            fail_msg("%s: %.*s", readings[i].text, (int)a.len, a.text);
        if (folded == NULL)
            folded = readings[i].want;
        assert_int_equal(a.folded_len, strlen(folded));
        assert_memory_equal(a.folded, folded, a.folded_len);
        assert_true(a.domain.ptr == a.text + a.len - a.domain.len);
        assert_int_equal(a.domain.ptr[-1], '@');
        assert_true(a.key > 0);
    }
    address_book_free(book);
}

/* What was read reads as itself. */
static void test_read_again(void **state)
{
    struct address_book *book = make_book(NULL, false);

    (void)state;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        struct address a, b;

        if (readings[i].want == NULL)
            continue;
        assert_int_equal(address_read(book, slice_cstr(readings[i].text), &a),
                         0);
        assert_int_equal(address_read(book, slice_make(a.text, a.len), &b), 0);
        assert_int_equal(a.len, b.len);
        assert_memory_equal(a.text, b.text, a.len);
        assert_true(a.key == b.key);
    }
    address_book_free(book);
}

static void test_length(void **state)
{
    struct address_book *book = make_book(NULL, false);
    char text[4000];
    struct address a;
    size_t at = 0;

    (void)state;
    /* 253 bytes of domain, the longest there is. */
    memset(text, 'a', sizeof(text));
    text[66] = '@';
    at = 67;
    for (size_t i = 63; i < 253; i += 64)
        text[at + i] = '.';
    assert_int_equal(address_read(book, slice_make(text, at + 253), &a), 0);
    assert_int_equal(a.len, at + 253);
    assert_int_equal(address_read(book, slice_make(text, at + 254), &a),
                     ADDRESS_TOO_LONG);
    text[at + 63] = 'a';
    assert_int_equal(address_read(book, slice_make(text, at + 253), &a),
                     ADDRESS_DOMAIN);
    memset(text, 'a', sizeof(text));
    memcpy(text + 300, "@example.org", 12);
    assert_int_equal(address_read(book, slice_make(text, 312), &a), 0);
    memset(text, 'a', sizeof(text));
    memcpy(text + 309, "@example.org", 12);
    assert_int_equal(address_read(book, slice_make(text, 321), &a),
                     ADDRESS_TOO_LONG);
    memcpy(text + 3980, "@example.org", 12);
    assert_int_equal(address_read(book, slice_make(text, 3992), &a),
                     ADDRESS_TOO_LONG);
    /* A letter that takes more room in its folded form: U+023A. */
    for (size_t i = 0; i < 308; i += 2)
        memcpy(text + i, "\xC8\xBA", 2);
    memcpy(text + 308, "@example.org", 12);
    assert_int_equal(address_read(book, slice_make(text, 320), &a), 0);
    assert_int_equal(a.folded_len, 308 / 2 * 3 + 12);
    address_book_free(book);
}

static void test_fold(void **state)
{
    static const struct {
        uint32_t from, to;
    } codes[] = {{'A', 'a'},       {'z', 'z'},          {'@', '@'},
                 {0xC4, 0xE4},     {0xD7, 0xD7},        {0xDF, 0xDF},
                 {0x1E9E, 0xDF},   {0x130, 0x130},      {0x178, 0xFF},
                 {0x17F, 's'},     {0x3A3, 0x3C3},      {0x3C2, 0x3C3},
                 {0x410, 0x430},   {0x42F, 0x44F},      {0x10A0, 0x2D00},
                 {0x13F8, 0x13F0}, {0x2C2F, 0x2C5F},    {0x212A, 'k'},
                 {0xFF21, 0xFF41}, {0x10400, 0x10428},  {0x1E921, 0x1E943},
                 {0x4E00, 0x4E00}, {0x10FFFF, 0x10FFFF}};

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_int_equal(address_fold_code(codes[i].from), codes[i].to);
    for (uint32_t code = 0; code < 0x110000; code++) {
        uint32_t folded = address_fold_code(code);

        assert_int_equal(address_fold_code(folded), folded);
    }
}

static void test_keys(void **state)
{
    struct address_options other = {SLICE("another salt"), SLICE_NULL, false};
    struct address_book *book = make_book(NULL, false), *salted;
    struct address a, b;
    char error[160];

    (void)state;
    salted = address_book_new(&other, error);
    assert_non_null(salted);
    assert_int_equal(address_read(book, SLICE("Ann@Example.org"), &a), 0);
    assert_int_equal(address_read(book, SLICE("aNN@example.ORG"), &b), 0);
    assert_true(a.key == b.key);
    assert_int_equal(address_read(salted, SLICE("ann@example.org"), &b), 0);
    assert_true(a.key != b.key);
    assert_int_equal(address_read(book, SLICE("bob@example.org"), &b), 0);
    assert_true(a.key != b.key);
    address_rekey(book, &b, 1);
    assert_true(b.key > 0);
    a = b;
    address_rekey(book, &b, 2);
    assert_true(a.key != b.key);
    address_rekey(book, &b, 1);
    assert_true(a.key == b.key);
    address_rekey(book, &b, 0);
    assert_true(a.key != b.key);
    address_book_free(salted);
    address_book_free(book);
}

/* ---- Keyed hashes ---------------------------------------------------- */

static bool is_hex(const char *text, size_t len)
{
    return strspn(text, "0123456789abcdef") >= len;
}

static void test_hashed(void **state)
{
    struct address_book *book = make_book(KEY, false);
    struct address_book *foreign = make_book("another secret, as long", false);
    struct address a, b;

    (void)state;
    assert_true(address_hidden(book));
    assert_int_equal(address_read(book, SLICE("Ann@Example.org"), &a), 0);
    assert_int_equal(a.len, 32 + sizeof("@example.org") - 1);
    assert_true(is_hex(a.text, 32));
    assert_memory_equal(a.text + 32, "@example.org", 12);
    assert_true(slice_eq(a.domain, SLICE("example.org")));
    assert_int_equal(address_read(book, SLICE("\"ann\"@example.org"), &b), 0);
    assert_int_equal(b.len, a.len);
    assert_memory_equal(a.text, b.text, a.len);
    assert_true(a.key == b.key);

    /* It stays itself with its own key only. */
    assert_int_equal(address_read(book, slice_make(a.text, a.len), &b), 0);
    assert_memory_equal(a.text, b.text, a.len);
    assert_true(a.key == b.key);
    assert_int_equal(address_read(foreign, slice_make(a.text, a.len), &b), 0);
    assert_memory_not_equal(a.text, b.text, 32);

    /* What merely looks like a hash is hashed like any other. */
    assert_int_equal(address_read(book,
                                  SLICE("0123456789abcdef0123456789abcdef"
                                        "@example.org"),
                                  &b),
                     0);
    assert_memory_not_equal(b.text, "0123456789abcdef0123456789abcdef", 32);
    address_book_free(foreign);
    address_book_free(book);
}

static void test_hashed_domains(void **state)
{
    struct address_book *book = make_book(KEY, true);
    struct address a, b, c;

    (void)state;
    assert_int_equal(address_read(book, SLICE("ann@example.org"), &a), 0);
    assert_int_equal(a.len, 65);
    assert_true(is_hex(a.text, 32));
    assert_true(is_hex(a.text + 33, 32));
    assert_int_equal(address_read(book, SLICE("bob@example.org"), &b), 0);
    assert_true(slice_eq(a.domain, b.domain));
    assert_int_equal(address_read(book, slice_make(a.text, a.len), &c), 0);
    assert_int_equal(c.len, a.len);
    assert_memory_equal(a.text, c.text, a.len);
    address_book_free(book);
}

static void test_bad_key(void **state)
{
    struct address_options options = {SLICE(SALT), SLICE("short"), false};
    char error[160];

    (void)state;
    assert_null(address_book_new(&options, error));
    assert_non_null(strstr(error, "too short"));
}

/* RFC 4231 section 4.3. */
static void test_hmac(void **state)
{
    char out[65];

    (void)state;
    assert_true(address_hmac(SLICE("Jefe"),
                             SLICE("what do ya want for nothing?"), out));
    assert_string_equal(out, "5bdcc146bf60754e6a042426089575c7"
                             "5a003f089d2739839dec58b964ec3843");
}

/* ---- Hiding ---------------------------------------------------------- */

#define ANN "ann.smith@example.org"

/* "{}" in want: the hash of ann.smith@example.org without its domain; "{X}": of
 * the address X, likewise. */
static const struct {
    const char *recipient, *text, *want;
} hidings[] = {
    {NULL, "", ""},
    {NULL, "550 5.1.1 no such user", "550 5.1.1 no such user"},
    {NULL, "550 <" ANN ">: unknown", "550 <{}@example.org>: unknown"},
    {NULL, ANN, "{}@example.org"},
    {NULL, "to Ann.Smith@EXAMPLE.org.", "to {}@example.org."},
    {NULL, "'" ANN "' is gone", "'{}@example.org' is gone"},
    {NULL, "\"ann smith\"@example.org full",
     "{\"ann smith\"@example.org}@example.org full"},
    {NULL, "a@example.org,b@example.com",
     "{a@example.org}@example.org,{b@example.com}@example.com"},
    {NULL, "RCPT TO:<" ANN ">", "RCPT TO:<{}@example.org>"},
    {NULL, "rfc822;" ANN, "rfc822;{}@example.org"},
    {NULL, "bounces+ann=example.org@example.com x",
     "{bounces+ann=example.org@example.com}@example.com x"},
    {NULL, "SRS0=AbCd=7K=example.org=ann@example.net",
     "{SRS0=AbCd=7K=example.org=ann@example.net}@example.net"},
    {NULL, "prvs=1234abcdef=ann@example.org",
     "{prvs=1234abcdef=ann@example.org}@example.org"},
    {NULL, "id bounces+ann=example.org seen",
     "id {bounces+ann@example.org}@example.org seen"},
    {NULL, "https://x.example/u?m=ann.smith%40example.org&k=1",
     "https://x.example/u?m={}@example.org&k=1"},
    {NULL, "ann.smith=40example.org", "{}@example.org"},
    {NULL, "ann+40example.org", "{ann@example.org}@example.org"},
    {NULL, "ann%2Bnews%40example.org", "{ann+news@example.org}@example.org"},
    {NULL, "ann.smith&#64;example.org", "{}@example.org"},
    {NULL, "size=4096 of x=40.5 100%40", "size=4096 of x=40.5 100%40"},
    {NULL, "relay=mx.example.org[192.0.2.1]",
     "relay=mx.example.org[192.0.2.1]"},
    {NULL, "ann@[192.0.2.1]", "{ann@[192.0.2.1]}@[192.0.2.1]"},
    {NULL, "a @ b, @, 5@", "a @ b, @, {5@}@"},
    {NULL, "a@[b ann.smith@example.org]", "{a@}@[b {}@example.org]"},
    {NULL, "x%40b.cann@example.org", "{x%40b.cann@example.org}@example.org"},
    {NULL, "ann@b@c.example", "{ann@b@c.example}@c.example"},
    {ANN, "to=<" ANN ">, to=" ANN, "to=<{}@example.org>, to={}@example.org"},
    {ANN, "User ann.smith unknown, (Ann.Smith)", "User {} unknown, ({})"},
    {ANN, "joann.smith ann.smithson ann smith",
     "joann.smith ann.smithson ann smith"},
    {"ann+news@example.org", "no user ann here; ann+news neither",
     "no user {ann+news@example.org} here; {ann+news@example.org} neither"},
    {"user@example.org", "550 user unknown: <user>",
     "550 user unknown: <{user@example.org}>"},
    {"ab@example.org", "ab is in 'ab' gone",
     "ab is in '{ab@example.org}' gone"},
    {"550@example.org", "550 5.1.1 <550>", "550 5.1.1 <{550@example.org}>"},
    {"123456@example.org", "550 123456 unknown",
     "550 {123456@example.org} unknown"},
    {"\"ann smith\"@example.org", "no ann smith here",
     "no {\"ann smith\"@example.org} here"},
    {"J\xC3\xB6rg@example.org", "J\xC3\x96RG unknown, J\xC3\x96RGE not",
     "{J\xC3\xB6rg@example.org} unknown, J\xC3\x96RGE not"},
};

/* want with the hashes in it. */
static void expand(const struct address_book *book, const char *want,
                   char out[2000])
{
    size_t len = 0;

    while (*want != '\0') {
        const char *end = *want == '{' ? strchr(want, '}') : NULL;
        struct bounce_slice name;
        struct address a;
        char hide[600];

        if (end == NULL) {
            out[len++] = *want++;
            continue;
        }
        name = slice_make(want + 1, (size_t)(end - want - 1));
        if (name.len == 0)
            name = SLICE(ANN);
        if (address_read(book, name, &a) == ADDRESS_FINE) {
            memcpy(out + len, a.text, 32);
        } else {
            /* "5@": no address; its hash is what hiding it alone gives. */
            assert_true(address_hide(book, name, NULL, hide, sizeof(hide)) >=
                        32);
            memcpy(out + len, hide, 32);
        }
        len += 32;
        want = end + 1;
    }
    out[len] = '\0';
}

static void test_hide(void **state)
{
    struct address_book *book = make_book(KEY, false);

    (void)state;
    for (size_t i = 0; i < sizeof(hidings) / sizeof(hidings[0]); i++) {
        struct bounce_slice recipient = slice_cstr(hidings[i].recipient);
        struct guard guard = guard_slice(slice_cstr(hidings[i].text));
        char got[2000], want[2000], again[2000];
        size_t len;

        len = address_hide(book, guard.slice,
                           recipient.ptr != NULL ? &recipient : NULL, got,
                           sizeof(got));
        guard_free(&guard);
        expand(book, hidings[i].want, want);
        got[len] = '\0';
        if (strcmp(got, want) != 0)
            fail_msg("%s: %s, not %s", hidings[i].text, got, want);
        /* Hidden text has nothing to hide. */
        len = address_hide(book, slice_cstr(got), NULL, again, sizeof(again));
        again[len] = '\0';
        assert_string_equal(again, got);
    }
    address_book_free(book);
}

static void test_hide_cut(void **state)
{
    static const char text[] = "J\xC3\xB6rg: <" ANN "> and b@example.com";
    struct address_book *book = make_book(KEY, false);
    char whole[500];
    size_t len = address_hide(book, SLICE(text), NULL, whole, sizeof(whole));

    (void)state;
    for (size_t cap = 0; cap <= len; cap++) {
        char *buf = malloc(cap + 1);
        size_t got;

        assert_non_null(buf);
        got = address_hide(book, SLICE(text), NULL, buf, cap);
        assert_true(got == cap || cap == 2);
        assert_memory_equal(buf, whole, got);
        free(buf);
    }
    address_book_free(book);
}

static void test_hide_domains(void **state)
{
    struct address_book *book = make_book(KEY, true);
    struct bounce_slice recipient = SLICE(ANN);
    char got[500];
    size_t len =
        address_hide(book, SLICE("mx.example.org: <" ANN ">; my-example.org"),
                     &recipient, got, sizeof(got));
    struct address a;

    (void)state;
    got[len] = '\0';
    assert_int_equal(address_read(book, recipient, &a), 0);
    assert_null(strstr(got, "mx.example.org"));
    assert_non_null(strstr(got, "my-example.org"));
    a.text[a.len] = '\0';
    assert_non_null(strstr(got, a.text));
    assert_memory_equal(got, "mx.", 3);
    assert_memory_equal(got + 3, a.domain.ptr, 32);
    address_book_free(book);
}

static void test_clear_stays(void **state)
{
    struct address_book *book = make_book(NULL, false);
    char got[100];

    (void)state;
    assert_false(address_hidden(book));
    assert_int_equal(
        address_hide(book, SLICE("<" ANN ">"), NULL, got, sizeof(got)),
        sizeof(ANN) + 1);
    assert_memory_equal(got, "<" ANN ">", sizeof(ANN) + 1);
    address_book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_again),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_fold),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_hashed),
        cmocka_unit_test(test_hashed_domains),
        cmocka_unit_test(test_bad_key),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_hide),
        cmocka_unit_test(test_hide_cut),
        cmocka_unit_test(test_hide_domains),
        cmocka_unit_test(test_clear_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
