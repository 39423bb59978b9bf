/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ingest/csv.c"
#include "ingest/json_scan.c"
/* Both files have these names for themselves. */
#define fill     json_fill
#define byte_at  json_byte_at
#define advance  json_advance
#define is_blank json_is_blank
#include "ingest/json_rows.c"
#undef fill
#undef byte_at
#undef advance
#undef is_blank
#include "ingest/rows.c"

struct input {
    const char *text;
    size_t len, at, step; /* bytes a read gives at most */
};

static ssize_t read_text(void *ctx, char *buf, size_t cap)
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

static char *rows_of(const char *text, size_t len, size_t step)
{
    struct input input = {text, len, 0, step};
    struct rows *rows = rows_new(read_text, &input);
    struct row row;
    enum csv_step what;
    size_t cap = len * 8 + 4096, used = 0;
    char *out = malloc(cap);

    assert_non_null(rows);
    assert_non_null(out);
    out[0] = '\0';
    while ((what = rows_next(rows, &row)) != CSV_END) {
        used +=
            (size_t)snprintf(out + used, cap - used, "%s%d%s", used ? " " : "",
                             (int)row.line, what == CSV_BAD ? "!" : ":[");
        if (what == CSV_BAD) {
            used += (size_t)snprintf(out + used, cap - used, "%s", row.flaw);
            continue;
        }
        for (size_t i = 0; i < row.count; i++)
            used += (size_t)snprintf(
                out + used, cap - used, "%s%.*s=%.*s", i ? "|" : "",
                (int)row.names[i].len, row.names[i].ptr,
                row.values[i].ptr ? (int)row.values[i].len : 4,
                row.values[i].ptr ? row.values[i].ptr : "NULL");
        used += (size_t)snprintf(out + used, cap - used, "]");
    }
    assert_int_equal(rows_error(rows), 0);
    rows_free(rows);
    return out;
}

static void test_rows(void **state)
{
    static const struct {
        const char *text, *want;
    } table[] = {
        {"", ""},
        {"Email Address,Clean-Time\na@example.org,x\n",
         "2:[emailaddress=a@example.org|cleantime=x]"},
        {"a@example.org\nb@example.org\n",
         "1:[=a@example.org] 2:[=b@example.org]"},
        {"# list\na@example.org\n# end\n", "2:[=a@example.org]"},
        {"a,b\n1\n1,2,\n1,2,3\n4,5\n",
         "2:[a=1] 3:[a=1|b=2] 4!more fields than titles 5:[a=4|b=5]"},
        {"\xFF\xFE"
         "a\0b\0",
         "1!the file is UTF-16; save it as UTF-8"},
        {"[]", ""},
        {"{}", "1:[]"},
        {"[\n]\n", ""},
        {"{\"items\":[]}", ""},
        {"{\"items\":[],\"more\":false}", ""},
        {"{\"tags\":[],\"a\":\"x@y\"}", "1:[tags=[]|a=x@y]"},
        {"{\"a_b\":1,\"C\":null,\"d\":{\"e\":\"f\",\"g\":{\"h\":true}}}\n",
         "1:[ab=1|c=NULL|de=f|dgh=true]"},
        {"{\"a\":1}\n{\"a\":2}\n\n{\"a\":\n{\"a\":4}",
         "1:[a=1] 2:[a=2] 4!a value is missing 5:[a=4]"},
        {"{\"a\":1,\"b\":[1,{\"c\":2}]}\n{\"a\":2}",
         "1:[a=1|b=[1,{\"c\":2}]] 2:[a=2]"},
        {"[{\"a\":1},\n{\"a\":2,\"t\":[{\"x\":1}]}\n]\n",
         "1:[a=1] 2:[a=2|t=[{\"x\":1}]]"},
        {"{\"items\":[{\"a\":\"}\"},{\"a\":\"\\\"]\"}],\"p\":{\"q\":1}}",
         "1:[a=}] 1:[a=\"]]"},
        {"{\n \"n\": 1,\n \"data\": {\"items\": [\n {\"a\": 1},\n {\"a\": 2}\n "
         "]}\n}\n",
         "4:[a=1] 5:[a=2]"},
        {"{\n \"a\": 1\n}\n{\n \"a\": 2\n}\n", "1:[a=1] 4:[a=2]"},
        {"[\"a@example.org\", \"b@example.org\"]",
         "1:[=a@example.org] 1:[=b@example.org]"},
        {"[{\"a\":1},{\"a\":x},{\"a\":3}]",
         "1:[a=1] 1!not a JSON value 1:[a=3]"},
        {"[{\"a\":1},{\"a\":2}",
         "1:[a=1] 1:[a=2] 1!the file ends within an object or array"},
        {"[{\"a\":1}]]", "1:[a=1] 1!brackets do not match"},
        {"[{\"a\":\"x", "1!a string does not end"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        static const size_t steps[] = {1, 3, 1000};

        for (size_t j = 0; j < 3; j++) {
            /* Only the UTF-16 text has a NUL in it. */
            size_t len = table[i].text[0] == '\xFF' ? 6 : strlen(table[i].text);
            char *got = rows_of(table[i].text, len, steps[j]);

            if (strcmp(got, table[i].want) != 0)
                print_message("%s\n", table[i].text);
            assert_string_equal(got, table[i].want);
            free(got);
        }
    }
}

/* Many objects in one array, and one too long. */
static void test_long(void **state)
{
    size_t count = 100000, len = 1;
    char *text = malloc(count * 16 + CSV_ROW_MAX + 64), *got;
    struct input input = {text, 0, 0, 5000};
    struct rows *rows = rows_new(read_text, &input);
    struct row row;

    (void)state;
    assert_non_null(text);
    assert_non_null(rows);
    text[0] = '[';
    for (size_t i = 0; i < count; i++)
        len += (size_t)sprintf(text + len, "\n{\"n\":%zu},", i);
    len += (size_t)sprintf(text + len, "{\"n\":\"");
    memset(text + len, 'x', CSV_ROW_MAX);
    input.len = len + CSV_ROW_MAX;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rows_next(rows, &row), CSV_ROW);
        assert_int_equal(row.line, i + 2);
    }
    assert_int_equal(rows_next(rows, &row), CSV_BAD);
    assert_string_equal(row.flaw, "an object is too long");
    assert_int_equal(rows_next(rows, &row), CSV_END);
    rows_free(rows);
    memset(text, '[', JSON_SCAN_DEPTH + 1);
    got = rows_of(text, JSON_SCAN_DEPTH + 1, 100);
    assert_string_equal(got, "1!nested too deeply");
    free(got);
    free(text);
}

/* Going on where an earlier run stopped. */
static void test_jump(void **state)
{
    static const char csv_text[] = "a,b\n1,2\n3,4\n5,6\n";
    static const char json_text[] = "{\"a\":1}\n{\"a\":3}\n{\"a\":5}\n";
    static const char *const texts[] = {csv_text, json_text};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct input input = {texts[i], strlen(texts[i]), 0, 3};
        struct rows *rows = rows_new(read_text, &input);
        struct row row;

        assert_non_null(rows);
        assert_int_equal(rows_next(rows, &row), CSV_ROW);
        assert_true(rows_are_lines(rows));
        input.at = strlen(texts[i]) - (i ? 8 : 4);
        rows_jump(rows, input.at, 9);
        assert_int_equal(rows_next(rows, &row), CSV_ROW);
        assert_int_equal(row.line, 9);
        assert_memory_equal(row_value(&row, "a").ptr, "5", 1);
        assert_int_equal(rows_next(rows, &row), CSV_END);
        rows_free(rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_jump),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
