/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ingest/csv.c"
#include "ingest/times.c"

struct input {
    const char *text;
    size_t len, at, step; /* bytes a read gives at most */
};

static ssize_t read_input(void *ctx, char *buf, size_t cap)
{
    struct input *input = ctx;
    size_t len = input->len - input->at;

    if (len > cap)
        len = cap;
    if (len > input->step)
        len = input->step;
    memcpy(buf, input->text + input->at, len);
    input->at += len;
    return (ssize_t)len;
}

/* Rows as "LINE:[field|field]", bad ones as "LINE!flaw", joined by blanks. */
static char *rows_of(const char *text, size_t len, size_t step)
{
    struct input input = {text, len, 0, step};
    struct csv *csv = csv_new(read_input, &input);
    struct csv_row row;
    enum csv_step what;
    size_t cap = len * 8 + 4096, used = 0;
    char *out = malloc(cap);

    assert_non_null(csv);
    assert_non_null(out);
    out[0] = '\0';
    while ((what = csv_next(csv, &row)) != CSV_END) {
        used +=
            (size_t)snprintf(out + used, cap - used, "%s%d%s", used ? " " : "",
                             (int)row.line, what == CSV_BAD ? "!" : ":[");
        if (what == CSV_BAD)
            used += (size_t)snprintf(out + used, cap - used, "%s", row.flaw);
        for (size_t i = 0; i < row.count; i++)
            used +=
                (size_t)snprintf(out + used, cap - used, "%s%.*s", i ? "|" : "",
                                 (int)row.fields[i].len, row.fields[i].ptr);
        if (what == CSV_ROW)
            used += (size_t)snprintf(out + used, cap - used, "]");
    }
    assert_int_equal(csv_error(csv), 0);
    csv_free(csv);
    return out;
}

static void test_rows(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ""},
        {"\n\r\n  \n", ""},
        {"a", "1:[a]"},
        {"a,b\nc,d\n", "1:[a|b] 2:[c|d]"},
        {"a,b\r\nc,d\r\n", "1:[a|b] 2:[c|d]"},
        {"\xEF\xBB\xBF"
         "a,b\n",
         "1:[a|b]"},
        {"a;b,c;d\n1;2;3\n", "1:[a|b,c|d] 2:[1|2|3]"},
        {"a\tb\n\tx\n", "1:[a|b] 2:[|x]"},
        {"a,b\n,\n", "1:[a|b] 2:[|]"},
        {" a , b \n", "1:[a|b]"},
        {"\" a \",\"b\"\n", "1:[ a |b]"},
        {"\"a\"\"b\",c\n", "1:[a\"b|c]"},
        {"\"\",c\n", "1:[|c]"},
        {"\"a\nb\",c\nd,e\n", "1:[a\nb|c] 3:[d|e]"},
        {"\"a\"\"\nb\"\"\n\",c\nd,e\n", "1:[a\"\nb\"\n|c] 4:[d|e]"},
        {"\"a;b\",c\n", "1:[a;b|c]"},
        {"a \"b\" c,d\n", "1:[a \"b\" c|d]"},
        {"\"a\" ,b\n", "1:[a|b]"},
        {"a,b\n\"c\"d,e\nf,g\n",
         "1:[a|b] 2!text behind a closing quote 3:[f|g]"},
        {"a,b\n\"c,d\ne,f\n", "1:[a|b] 2!a quote does not end 3:[e|f]"},
        {"a,b\n\"c", "1:[a|b] 2!a quote does not end"},
        {"a,J\xFCrgen \x80\nb,Zo\xC3\xAB\n",
         "1:[a|J\xC3\xBCrgen \xE2\x82\xAC] 2:[b|Zo\xC3\xAB]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        static const size_t steps[] = {1, 2, 7, 1000};

        for (size_t j = 0; j < 4; j++) {
            char *got = rows_of(rows[i].text, strlen(rows[i].text), steps[j]);

            assert_string_equal(got, rows[i].want);
            free(got);
        }
    }
}

/* A row beyond the ceiling is one bad line; what follows is read. */
static void test_limits(void **state)
{
    size_t len = CSV_ROW_MAX + 100;
    char *text = malloc(len + 8), *got;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text + len, "\na,b\n", 5);
    got = rows_of(text, len + 5, 65536);
    assert_string_equal(got, "1!the line is too long 2:[a|b]");
    free(got);
    memset(text, ' ', len);
    got = rows_of(text, len + 5, 65536);
    assert_string_equal(got, "1!the line is too long 2:[a|b]");
    free(got);
    text[0] = '"';
    got = rows_of(text, len + 5, 65536);
    assert_string_equal(got, "1!a quote does not end 2:[a|b]");
    free(got);
    memset(text, ',', CSV_FIELDS_MAX);
    memcpy(text + CSV_FIELDS_MAX, "\na,b\n", 5);
    got = rows_of(text, CSV_FIELDS_MAX + 5, 65536);
    assert_string_equal(got, "1!too many fields 2:[a|b]");
    free(got);
    free(text);
}

/* Many rows through a window that is smaller than all of them. */
static void test_many(void **state)
{
    size_t count = 60000, used = 0;
    char *text = malloc(count * 24);
    struct input input = {text, 0, 0, 5000};
    struct csv *csv = csv_new(read_input, &input);
    struct csv_row row;

    (void)state;
    assert_non_null(text);
    assert_non_null(csv);
    for (size_t i = 0; i < count; i++)
        used += (size_t)sprintf(text + used, "\"n\n%zu\",b%zu\n", i, i);
    input.len = used;
    used = 0;
    for (size_t i = 0; i < count; i++) {
        char want[32];

        assert_int_equal(csv_next(csv, &row), CSV_ROW);
        assert_int_equal(row.line, 2 * i + 1);
        assert_int_equal(row.offset, used);
        assert_int_equal(row.count, 2);
        sprintf(want, "b%zu", i);
        assert_int_equal(row.fields[1].len, strlen(want));
        assert_memory_equal(row.fields[1].ptr, want, strlen(want));
        used += strlen(want) * 2 + 5;
    }
    assert_int_equal(csv_next(csv, &row), CSV_END);
    csv_free(csv);
    free(text);
}

static ssize_t read_broken(void *ctx, char *buf, size_t cap)
{
    (void)ctx;
    (void)buf;
    (void)cap;
    errno = EIO;
    return -1;
}

static void test_broken(void **state)
{
    struct csv *csv = csv_new(read_broken, NULL);
    struct csv_row row;

    (void)state;
    assert_non_null(csv);
    assert_int_equal(csv_next(csv, &row), CSV_END);
    assert_int_equal(csv_error(csv), EIO);
    csv_free(csv);
}

static void test_times(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {
        {"1585552585", 1585552585},
        {"1585552585.077", 1585552585},
        {"1585552585077", 1585552585},
        {"2020-03-30T07:16:25Z", 1585552585},
        {"2020-03-30T07:16:25+00:00", 1585552585},
        {"2020-03-30 07:16:25 UTC", 1585552585},
        {"2020-03-30 07:16:25", 1585552585},
        {"Mon, 30 Mar 2020 07:16:25 GMT", 1585552585},
        {"3/30/2020 7:16:25 AM", 1585552585},
        {"30/3/2020 7:16:25", 1585552585},
        {"30.03.2020 07:16:25", 1585552585},
        {"03-30-2020", 1585526400},
        {"3/30/20", 1585526400},
        {"12.1.2020", 1578787200},
        {"1/12/2020", 1578787200},
        {"2020-03-30", 1585526400},
        {"Mar 30, 2020 07:16 am", 1585552560},
        {"", BOUNCE_NO_TIME},
        {"yesterday", BOUNCE_NO_TIME},
        {"20200330", BOUNCE_NO_TIME},
        {"15855525850770", BOUNCE_NO_TIME},
        {"1585552585.x", BOUNCE_NO_TIME},
        {"13/13/2020", BOUNCE_NO_TIME},
        {"0/0/2020", BOUNCE_NO_TIME},
        {"31.2.2020", BOUNCE_NO_TIME},
        {"1969-12-31", BOUNCE_NO_TIME},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int64_t got = times_parse(slice_cstr(rows[i].text));

        if (got != rows[i].want)
            print_message("%s\n", rows[i].text);
        assert_int_equal(got, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_many),  cmocka_unit_test(test_broken),
        cmocka_unit_test(test_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
