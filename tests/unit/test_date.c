/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/date.h"
#include "guard.h"

struct row {
    const char *input;
    const char *want; /* as date_format_iso() writes it; NULL: no date */
};

static const struct row rows[] = {
    {"Thu, 29 Apr 2010 23:34:45 +0900", "2010-04-29T14:34:45Z"},
    {"Thu, 29 Apr 2010 23:34:45 -0800", "2010-04-30T07:34:45Z"},
    {"Thu, 9 Apr 2010 23:34:45 +0900", "2010-04-09T14:34:45Z"},
    {"Xyz, 29 Apr 2010 23:34:45 +0900", NULL},
    {"Thu, 29 Apx 2010 23:34:45 +0900", NULL},
    {"Thu, 29 Apr 2010 23:34:45 +0900 5 May 2011", "2010-04-29T14:34:45Z"},
    {"29 Apr 2010 23:34:45 +0000", "2010-04-29T23:34:45Z"},
    {"29 Apr 2010 23:34 +0000", "2010-04-29T23:34:00Z"},
    {"  Thu,29 Apr 2010 23:34:45 GMT ", "2010-04-29T23:34:45Z"},
    {"Thu 29 Apr 2010 23:34:45 EST", "2010-04-30T04:34:45Z"},
    {"Thu, 29 Apr 2010 23:34:45 +0900 (JST)", "2010-04-29T14:34:45Z"},
    {"Thu, 29 Apr 2010 (a 12:00) 23:34:45 +0900", "2010-04-29T14:34:45Z"},
    {"Thu, 29 Apr 2010 23:34:45 (UTC)", "2010-04-29T23:34:45Z"},
    {"Thu, 29 Apr 2010 23:34:45 -0000", "2010-04-29T23:34:45Z"},
    {"Thu, 29 Apr 2010 23:34:45 XYZ", "2010-04-29T23:34:45Z"},
    {"Thu, 29 Apr 2010 23:34:45 +9999", "2010-04-29T23:34:45Z"},
    {"Thu, 29 Apr 2010 23:34:45 +09:00", "2010-04-29T14:34:45Z"},
    {"Thu, 29 Apr 2010 23:34:45 GMT+0200", "2010-04-29T23:34:45Z"},
    {"Thu, 29 Apr 10 23:34:45 +0000", "2010-04-29T23:34:45Z"},
    {"Thu, 29 Apr 99 23:34:45 +0000", "1999-04-29T23:34:45Z"},
    {"Thu, 29 Apr 110 23:34:45 +0000", "2010-04-29T23:34:45Z"},
    {"Thursday, 29 April 2010 23:34:45 UT", "2010-04-29T23:34:45Z"},
    {"Thu, 29-Apr-2010 23:34:45 GMT", "2010-04-29T23:34:45Z"},
    {"Thu, 9 Apr 2010 3:04:05 GMT", "2010-04-09T03:04:05Z"},
    {"Thu, 29 Apr 2010 23.34.45 GMT", "2010-04-29T23:34:45Z"},
    {"Thu, 29 Apr 2010 23:34:60 GMT", "2010-04-29T23:35:00Z"},
    {"Apr 29, 2010 11:34:45 PM", "2010-04-29T23:34:45Z"},
    {"Apr 29, 2010 12:34:45 AM", "2010-04-29T00:34:45Z"},
    {"29 Apr 2010", "2010-04-29T00:00:00Z"},
    {"Thu Apr 29 23:34:45 2010", "2010-04-29T23:34:45Z"},
    {"Thu Apr  9 23:34:45 2010", "2010-04-09T23:34:45Z"},
    {"Thu Apr 29 23:34 2010", "2010-04-29T23:34:00Z"},
    {"Thu Apr 29 23:34:45 2010 +0900", "2010-04-29T14:34:45Z"},
    {"Thu Apr 29 23:34:45 +0900 2010", "2010-04-29T14:34:45Z"},
    {"Thu Apr 29 23:34:45 JST 2010", "2010-04-29T14:34:45Z"},
    {"2010-04-29T23:34:45Z", "2010-04-29T23:34:45Z"},
    {"2010-04-29T23:34:45.678Z", "2010-04-29T23:34:45Z"},
    {"2010-04-29T23:34:45.6+09:00", "2010-04-29T14:34:45Z"},
    {"2010-04-29t23:34:45-08:00", "2010-04-30T07:34:45Z"},
    {"2010-04-29 23:34:45", "2010-04-29T23:34:45Z"},
    {"2010-04-29 23:34:45 +0900", "2010-04-29T14:34:45Z"},
    {"2010/04/29 23:34:45", "2010-04-29T23:34:45Z"},
    {"2010-04-29", "2010-04-29T00:00:00Z"},
    {"Mon, 29 Feb 2016 00:00:00 +0000", "2016-02-29T00:00:00Z"},
    {"Tue, 31 Dec 1969 23:59:59 +0000", "1969-12-31T23:59:59Z"},
    {"1 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"},
    {"1 Jan 0001 00:00:00 GMT", "0001-01-01T00:00:00Z"},
    {"31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z"},
    {"Thu, 29 Apr 2010 23:34:45 +0900; more text 12", "2010-04-29T14:34:45Z"},
    {"Thu, 29 Apr 2010 23:34:45 and so on", "2010-04-29T23:34:45Z"},

    {"29 Feb 2015 00:00:00 +0000", NULL},
    {"32 Apr 2010 00:00:00 +0000", NULL},
    {"0 Apr 2010 00:00:00 +0000", NULL},
    {"29 Foo 2010 00:00:00 +0000", NULL},
    {"2010-13-29T00:00:00Z", NULL},
    {"2010-02-30", NULL},
    {"Apr 2010", NULL},
    {"29 Apr", NULL},
    {"23:34:45", NULL},
    {"yesterday", NULL},
    {"12345678901234567890", NULL},
    {"(", NULL},
    {"", NULL},
};

static void check_row(const struct row *row)
{
    struct guard guard = guard_slice(slice_cstr(row->input));
    int64_t time = date_parse(guard.slice);
    char text[DATE_ISO_SIZE] = "";

    if (time != BOUNCE_NO_TIME)
        date_format_iso(time, text);
    if (strcmp(text, row->want != NULL ? row->want : "") != 0)
        fail_msg("\"%s\": got %s", row->input, text);
    guard_free(&guard);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        check_row(&rows[i]);
}

static void test_cut_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (size_t n = 0; n < strlen(rows[i].input); n++) {
            struct guard guard = guard_copy(rows[i].input, n);

            (void)date_parse(guard.slice);
            guard_free(&guard);
        }
    }
    assert_true(date_parse(SLICE_NULL) == BOUNCE_NO_TIME);
}

static void test_format(void **state)
{
    char text[DATE_ISO_SIZE];

    (void)state;
    assert_int_equal(date_format_iso(0, text), 20);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    assert_int_equal(date_format_iso(-62167219200, text), 20);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    assert_int_equal(date_format_iso(-62167219201, text), 0);
    assert_string_equal(text, "");
    assert_int_equal(date_format_iso(253402300800, text), 0);
    assert_int_equal(date_format_iso(INT64_MIN, text), 0);
    assert_int_equal(date_format_iso(INT64_MAX, text), 0);
    assert_int_equal(date_format_iso(1795301725, text), 20);
    assert_string_equal(text, "2026-11-21T22:55:25Z");
}

/* Every day of 800 years there and back. */
static void test_round_trip(void **state)
{
    char text[DATE_ISO_SIZE];

    (void)state;
    for (int64_t day = -146097; day < 146097; day++) {
        int64_t time = day * 86400 + (day * 37 % 86400 + 86400) % 86400;
        size_t len = date_format_iso(time, text);

        assert_true(date_parse(slice_make(text, len)) == time);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_cut_everywhere),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
