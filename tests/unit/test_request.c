/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ingest/json_scan.c"
#include "ingest/request.c"

#include "guard.h"

struct row {
    const char *line;
    const char *flaw; /* NULL: fine */
    const char *id, *reply, *status;
    enum bounce_stage stage;
};

static const struct row rows[] = {
    {"{\"reply\":\"550 x\"}", NULL, NULL, "550 x", NULL, 0},
    {" { \"reply\" : \"a\" , \"id\" : -1.5e+3 } \r", NULL, "-1.5e+3", "a", NULL,
     0},
    {"{\"id\":{\"a\":[1,\"\\u00e9\",{}]},\"reply\":\"a\\n\\\"\\\\\\/\"}", NULL,
     "{\"a\":[1,\"\\u00e9\",{}]}", "a\n\"\\/", NULL, 0},
    {"{\"reply\":\"\\u00e9\\ud83d\\ude00\\ud800x\"}", NULL, NULL,
     "\xC3\xA9\xF0\x9F\x98\x80\xEF\xBF\xBDx", NULL, 0},
    {"{\"reply\":\"\\ud800\\u0041\"}", NULL, NULL,
     "\xEF\xBF\xBD"
     "A",
     NULL, 0},
    {"{\"reply\":\"a\",\"status\":\"5.1.1\",\"stage\":\"rcpt\",\"host\":null}",
     NULL, NULL, "a", "5.1.1", BOUNCE_STAGE_RCPT},
    {"{\"x\":[],\"y\":{},\"z\":[[1],{\"a\":true}],\"reply\":\"a\"}", NULL, NULL,
     "a", NULL, 0},
    {"{\"Reply\":\"a\"}", "no reply", NULL, NULL, NULL, 0},
    {"{\"reply\":null}", "no reply", NULL, NULL, NULL, 0},
    {"{}", "no reply", NULL, NULL, NULL, 0},
    {"{\"id\":7,\"reply\":5}",
     "reply, host, stage, service and status must be strings", "7", NULL, NULL,
     0},
    {"{\"reply\":\"a\"}x", "something stands behind the object", NULL, NULL,
     NULL, 0},
    {"{\"reply\":\"a\",}", "a member has no name", NULL, NULL, NULL, 0},
    {"{\"reply\":\"a\"", "the object does not end", NULL, NULL, NULL, 0},
    {"{\"reply\":\"a", "a string does not end", NULL, NULL, NULL, 0},
    {"{\"reply\":\"a\\", "a string does not end", NULL, NULL, NULL, 0},
    {"{\"reply\":\"a\\q\"}", "unknown escape in a string", NULL, NULL, NULL, 0},
    {"{\"reply\":\"a\\u12\"}", "\\u wants four hexadecimal digits", NULL, NULL,
     NULL, 0},
    {"{\"reply\":\"a\tb\"}", "a control character in a string", NULL, NULL,
     NULL, 0},
    {"{\"reply\":\"\xC3\"}", "not UTF-8", NULL, NULL, NULL, 0},
    {"{\"id\":01,\"reply\":\"a\"}", "not a number", NULL, NULL, NULL, 0},
    {"{\"id\":1.,\"reply\":\"a\"}", "not a number", NULL, NULL, NULL, 0},
    {"{\"id\":-,\"reply\":\"a\"}", "not a number", NULL, NULL, NULL, 0},
    {"{\"id\":[1 2],\"reply\":\"a\"}", "a comma is missing", NULL, NULL, NULL,
     0},
    {"{\"id\":[1,],\"reply\":\"a\"}", "not a JSON value", NULL, NULL, NULL, 0},
    {"{\"id\":nul,\"reply\":\"a\"}", "not a JSON value", NULL, NULL, NULL, 0},
    {"{\"reply\":\"a\",\"stage\":\"x\"}", "unknown stage", NULL, NULL, NULL, 0},
    {"[1]", "not a JSON object", NULL, NULL, NULL, 0},
};

static void same(struct bounce_slice got, const char *want)
{
    assert_true(slice_eq(got, slice_cstr(want)));
    assert_int_equal(got.ptr == NULL, want == NULL);
}

static void check_row(const struct row *row)
{
    struct guard line = guard_slice(slice_cstr(row->line));
    struct request request;
    const char *flaw;

    print_message("%s\n", row->line);
    flaw = request_parse(line.map + (line.slice.ptr - line.map), line.slice.len,
                         &request);
    if (row->flaw != NULL) {
        assert_non_null(flaw);
        assert_string_equal(flaw, row->flaw);
    } else {
        assert_null(flaw);
        same(request.reply, row->reply);
        same(request.status, row->status);
        assert_int_equal(request.stage, row->stage);
    }
    if (row->id != NULL)
        same(request.id, row->id);
    guard_free(&line);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i]);
}

/* Each prefix of a good line is a bad one, and ends at an unreadable page. */
static void test_cut(void **state)
{
    const char *text = "{\"id\":[1,{\"a\":\"\\u00e9\"}],\"reply\":\"5\\ud83d"
                       "\\ude00\",\"stage\":\"rcpt\",\"x\":-1.5e3}";

    (void)state;
    for (size_t len = 0; len < strlen(text); len++) {
        struct guard line = guard_slice(slice_make(text, len));
        struct request request;

        assert_non_null(request_parse(line.map + (line.slice.ptr - line.map),
                                      len, &request));
        guard_free(&line);
    }
}

static void test_depth(void **state)
{
    char line[400] = "{\"reply\":\"a\",\"x\":";
    size_t len = strlen(line);
    struct request request;

    (void)state;
    memset(line + len, '[', JSON_SCAN_DEPTH);
    memset(line + len + JSON_SCAN_DEPTH, ']', JSON_SCAN_DEPTH);
    line[len + 2 * JSON_SCAN_DEPTH] = '}';
    assert_null(request_parse(line, len + 2 * JSON_SCAN_DEPTH + 1, &request));
    memset(line + len, '[', JSON_SCAN_DEPTH + 1);
    assert_string_equal(
        request_parse(line, len + JSON_SCAN_DEPTH + 1, &request),
        "nested too deeply");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_depth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
