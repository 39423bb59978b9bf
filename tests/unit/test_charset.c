/* SPDX-License-Identifier: MIT
 * Charsets to UTF-8. */
#include "mime_fixture.h"

#include "base/utf8.h"
#include "failing_alloc.h"
#include "guard.h"

#define TEXT(literal)                                                          \
    {                                                                          \
        (literal), sizeof(literal) - 1                                         \
    }

struct row {
    const char *charset;
    struct bounce_slice input;
    const char *want;
};

static const struct row rows[] = {
    {"iso-8859-1", TEXT("J\xF6rg"), "J\xC3\xB6rg"},
    {"latin1", TEXT("\xE9"), "\xC3\xA9"},
    {"ISO_8859-2", TEXT("\xB1\xBE"), "\xC4\x85\xC5\xBE"},
    {"iso-8859-5", TEXT("\xBF\xE0\xD8\xD2\xD5\xE2"),
     "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"},
    {"iso-8859-7", TEXT("\xE1\xE2\xE3"), "\xCE\xB1\xCE\xB2\xCE\xB3"},
    {"iso-8859-9", TEXT("\xFD\xF0\xFE"), "\xC4\xB1\xC4\x9F\xC5\x9F"},
    {"iso-8859-15", TEXT("\xA4"), "\xE2\x82\xAC"},
    {"windows-1250", TEXT("\xB9\x9E"), "\xC4\x85\xC5\xBE"},
    {"CP1251", TEXT("\xCF\xF0\xE8\xE2\xE5\xF2"),
     "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"},
    {"x-cp1251", TEXT("\xCF\xF0\xE8\xE2\xE5\xF2"),
     "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"},
    {"windows-1252", TEXT("\x80\x93\x94"),
     "\xE2\x82\xAC\xE2\x80\x9C\xE2\x80\x9D"},
    {"windows-1253", TEXT("\xE1\xE2\xE3"), "\xCE\xB1\xCE\xB2\xCE\xB3"},
    {"windows-1255", TEXT("\xF9\xEC\xE5\xED"),
     "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"},
    {"windows-1256", TEXT("\xD3\xE1\xC7\xE3"),
     "\xD8\xB3\xD9\x84\xD8\xA7\xD9\x85"},
    {"windows-1257", TEXT("\xE0\xE8"), "\xC4\x85\xC4\x8D"},
    {"koi8-r", TEXT("\xF0\xD2\xC9\xD7\xC5\xD4"),
     "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"},
    {"KOI8-U", TEXT("\xA7\xD6\xC1\xCB"), "\xD1\x97\xD0\xB6\xD0\xB0\xD0\xBA"},
    {"cp866", TEXT("\x8F\xE0\xA8\xA2\xA5\xE2"),
     "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"},
    {"ibm850", TEXT("\x84\x94\x81"), "\xC3\xA4\xC3\xB6\xC3\xBC"},
    {"cp437", TEXT("\x84\x94\x81"), "\xC3\xA4\xC3\xB6\xC3\xBC"},
    {"tis-620", TEXT("\xCA\xC7\xD1\xCA\xB4\xD5"),
     "\xE0\xB8\xAA\xE0\xB8\xA7\xE0\xB8\xB1\xE0\xB8\xAA\xE0\xB8\x94\xE0\xB8"
     "\xB5"},
    {"windows-874", TEXT("\xCA\xC7\xD1\xCA\xB4\xD5"),
     "\xE0\xB8\xAA\xE0\xB8\xA7\xE0\xB8\xB1\xE0\xB8\xAA\xE0\xB8\x94\xE0\xB8"
     "\xB5"},
    {"iso-2022-jp",
     TEXT("\x1B$BF|K\x5C"
          "8l%F%9%H\x1B(B abc"),
     "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\xE3\x83\x86\xE3\x82\xB9\xE3\x83\x88 "
     "abc"},
    {"csISO2022JP", TEXT("\x1B$BF|K\x5C\x1B(B"), "\xE6\x97\xA5\xE6\x9C\xAC"},
    {"x-sjis", TEXT("\x93\xFA\x96{\x8C\xEA"),
     "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"},
    {"Shift_JIS",
     TEXT("\x83"
          "e\x83X\x83g"),
     "\xE3\x83\x86\xE3\x82\xB9\xE3\x83\x88"},
    {"cp932", TEXT("\x87@"), "\xE2\x91\xA0"},
    {"windows-31j", TEXT("\x93\xFA\x96{"), "\xE6\x97\xA5\xE6\x9C\xAC"},
    {"euc-jp", TEXT("\xC6\xFC\xCB\xDC\xB8\xEC"),
     "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"},
    {"gb2312", TEXT("\xC4\xE3\xBA\xC3"), "\xE4\xBD\xA0\xE5\xA5\xBD"},
    {"x-gbk", TEXT("\xC4\xE3\xBA\xC3"), "\xE4\xBD\xA0\xE5\xA5\xBD"},
    {"gbk",
     TEXT("\xE9"
          "F"),
     "\xE9\x95\x95"},
    {"gb18030", TEXT("\xC4\xE3\xBA\xC3"), "\xE4\xBD\xA0\xE5\xA5\xBD"},
    {"hz-gb-2312", TEXT("~{Dc:C~} abc"), "\xE4\xBD\xA0\xE5\xA5\xBD abc"},
    {"big5",
     TEXT("\xA7"
          "A\xA6n"),
     "\xE4\xBD\xA0\xE5\xA5\xBD"},
    {"Big5-HKSCS",
     TEXT("\xA7"
          "A\xA6n"),
     "\xE4\xBD\xA0\xE5\xA5\xBD"},
    {"cn-big5",
     TEXT("\xA7"
          "A\xA6n"),
     "\xE4\xBD\xA0\xE5\xA5\xBD"},
    {"ks_c_5601-1987", TEXT("\xBE\xC8\xB3\xE7"), "\xEC\x95\x88\xEB\x85\x95"},
    {"euc-kr", TEXT("\xBE\xC8\xB3\xE7"), "\xEC\x95\x88\xEB\x85\x95"},
    {"cp949",
     TEXT("\x8C"
          "c"),
     "\xEB\x98\xA0"},
    {"iso-2022-kr", TEXT("\x1B$)C\x0E>H3g\x0F"), "\xEC\x95\x88\xEB\x85\x95"},
    {"utf-7", TEXT("J+APY-rg +T2A-"), "J\xC3\xB6rg \xE4\xBD\xA0"},
    {"unicode-1-1-utf-7", TEXT("+APY-"), "\xC3\xB6"},
    {"utf-16le", TEXT("a\x00\xF6\x00"), "a\xC3\xB6"},
    {"utf-16be",
     TEXT("\x00"
          "a\x00\xF6"),
     "a\xC3\xB6"},
    {"utf8", TEXT("\xC3\xB6"), "\xC3\xB6"},
    {"utf-8mb4", TEXT("\xC3\xB6"), "\xC3\xB6"},
    {"unicode-1-1-utf-8", TEXT("\xC3\xB6"), "\xC3\xB6"},
    {"macintosh", TEXT("\x9A"), "\xC3\xB6"},
};

/* What has no charset, or a wrong one. */
static const struct row odd_rows[] = {
    {"", TEXT("abc"), "abc"},
    {"", TEXT("\xC3\xB6"), "\xC3\xB6"},
    {"", TEXT("\xF6"), "\xC3\xB6"},
    {"", TEXT("a\xC3\xB6\xE2\x82"), "a\xC3\xB6\xEF\xBF\xBD"},
    {"us-ascii", TEXT("\x93x\x94"), "\xE2\x80\x9Cx\xE2\x80\x9D"},
    {"ascii", TEXT("\xC3\xB6"), "\xC3\xB6"},
    {"ANSI_X3.4-1968", TEXT("a"), "a"},
    {"us-ascii", TEXT("\x1B$BF|K\\\x1B(B"), "\xE6\x97\xA5\xE6\x9C\xAC"},
    {"unknown-8bit", TEXT("\xF6"), "\xC3\xB6"},
    {"x-unknown", TEXT("\xF6"), "\xC3\xB6"},
    {"\"utf-8\"", TEXT("\xC3\xB6"), "\xC3\xB6"},
    {" utf 8 ", TEXT("\xC3\xB6"), "\xC3\xB6"},
    {"utf-8",
     TEXT("a\xF6"
          "b"),
     "a\xEF\xBF\xBD"
     "b"},
    {"utf-8", TEXT("\xE2\x82"), "\xEF\xBF\xBD"},
    {"utf-8", TEXT("\xED\xA0\x80"), "\xEF\xBF\xBD"},
    {"utf-8", TEXT("\xC0\xAF"), "\xEF\xBF\xBD"},
    {"utf-8", TEXT("\xFF\xFE"), "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"windows-1252", TEXT("\x81"), "\xEF\xBF\xBD"},
    {"iso-8859-6", TEXT("\xA1"), "\xEF\xBF\xBD"},
    {"gb2312",
     TEXT("\xC4\xE3\xFF"
          "a"),
     "\xE4\xBD\xA0\xEF\xBF\xBD"
     "a"},
    {"euc-kr", TEXT("a\xB0"), "a\xEF\xBF\xBD"},
    {"utf-16",
     TEXT("\xFF\xFE"
          "a\0b\0"),
     "ab"},
    {"utf-16", TEXT("\xFE\xFF\0a\0b"), "ab"},
    {"utf-16", TEXT("\0a\0b"), "ab"},
    {"utf-16", TEXT("a\0b\0"), "ab"},
    {"iso-2022-jp", TEXT("\x1B(I1\x1B(B"), "\xEF\xBD\xB1"},
    {"iso-2022-jp", TEXT("\x1B$B-!\x1B(B"), "\xE2\x91\xA0"},
    {"iso-2022-jp", TEXT("\x1B$BF|\nabc"), "\xE6\x97\xA5\nabc"},
    {"iso-2022-jp", TEXT("\x1B$BF"), "F"},
    {"iso-2022-jp", TEXT("\x1B"), "\x1B"},
    {"iso-2022-jp", TEXT("\xC3\xB6"), "\xC3\xB6"},
    {"hz-gb-2312", TEXT("a~~b~"), "a~b~"},
};

static struct bounce_slice convert(struct fixture *fixture, const char *name,
                                   struct bounce_slice text, size_t max)
{
    return charset_to_utf8(&fixture->message, slice_cstr(name), text, max);
}

static void check_rows(const struct row *list, size_t count)
{
    struct fixture fixture;

    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &list[i];

        assert_true(strlen(row->want) < 100);
        for (size_t n = 0; n <= row->input.len; n++) {
            struct guard guard = guard_copy(row->input.ptr, n);
            struct bounce_slice got;

            (void)fixture_begin(&fixture, guard.slice);
            got = convert(&fixture, row->charset, guard.slice, 1000);
            if (n == row->input.len)
                check_slice(row->charset, got, row->want);
            assert_int_equal(utf8_valid_prefix(got), got.len);
            got = convert(&fixture, row->charset, guard.slice, n / 2);
            assert_true(got.len <= n / 2);
            assert_int_equal(utf8_valid_prefix(got), got.len);
            assert_int_equal(fixture.message.warning_count, 0);
            guard_free(&guard);
        }
    }
    fixture_clear(&fixture);
}

static void test_rows(void **state)
{
    (void)state;
    check_rows(rows, sizeof(rows) / sizeof(*rows));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_true(charset_known(slice_cstr(rows[i].charset)));
}

static void test_odd_rows(void **state)
{
    (void)state;
    check_rows(odd_rows, sizeof(odd_rows) / sizeof(*odd_rows));
}

static void test_unknown(void **state)
{
    static const char *const names[] = {
        "no-such-charset",
        "UTF-8//TRANSLIT",
        "//",
        "/",
        "-",
        "x",
        "cs",
        "..",
        "INTERNAL",
        "char",
        "a-name-too-long-for-any-charset-of-this-world",
    };
    struct fixture fixture;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        (void)fixture_begin(&fixture, SLICE("x"));
        assert_false(charset_known(slice_cstr(names[i])));
        check_slice(names[i], convert(&fixture, names[i], SLICE("\xF6"), 10),
                    "\xC3\xB6");
        assert_true(fixture_warned(&fixture, "charset-unknown"));
    }
    assert_false(charset_known(SLICE_NULL));
    fixture_clear(&fixture);
}

static void test_same_slice(void **state)
{
    static const char text[] = "plain text";
    static const char *const names[] = {"utf-8",  "us-ascii", "iso-8859-1",
                                        "koi8-r", "",         "iso-2022-jp"};
    struct fixture fixture;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_ptr_equal(convert(&fixture, names[i], SLICE(text), 100).ptr,
                         text);
    fixture_clear(&fixture);
}

/* Without a cache the text is kept, with a warning. */
static void test_no_cache(void **state)
{
    struct fixture fixture;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    fixture.message.charsets = NULL;
    check_slice("no cache", convert(&fixture, "gb2312", SLICE("a\xC4"), 10),
                "a\xEF\xBF\xBD");
    assert_true(fixture_warned(&fixture, "charset-missing"));
    fixture_clear(&fixture);
}

static bool work(const struct bounce_allocator *allocator)
{
    struct fixture fixture;
    bool done = false;

    if (fixture_init(&fixture, allocator)) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
            (void)convert(&fixture, rows[i].charset, rows[i].input, 100000);
        done = fixture.message.failed == BOUNCE_OK;
    }
    fixture_clear(&fixture);
    return done;
}

static void test_allocation_fails(void **state)
{
    struct failing_alloc failing;
    bool done = false;

    (void)state;
    for (size_t n = 0; !done; n++) {
        failing_alloc_init(&failing, n);
        done = work(&failing.allocator);
        assert_int_equal(failing.held, 0);
        assert_true(n < 100);
    }
}

static void test_floods(void **state)
{
    static const char *const names[] = {"gb2312", "utf-8",       "utf-7",
                                        "euc-jp", "iso-2022-jp", "iso-2022-kr",
                                        "big5"};
    const size_t len = 4000000;
    char *text = malloc(len);
    struct fixture fixture;

    (void)state;
    assert_non_null(text);
    memset(text, 0xFF, len);
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct bounce_slice got;

        (void)fixture_begin(&fixture, slice_make(text, len));
        got = convert(&fixture, names[i], slice_make(text, len), len);
        assert_true(got.len > 0 && got.len <= len);
        assert_int_equal(utf8_valid_prefix(got), got.len);
    }
    fixture_clear(&fixture);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_odd_rows),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_same_slice),
        cmocka_unit_test(test_no_cache),
        cmocka_unit_test(test_allocation_fails),
        cmocka_unit_test(test_floods),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
