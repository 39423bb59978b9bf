/* SPDX-License-Identifier: MIT
 * Bodies: JSON as a tree, forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "failing_alloc.h"
#include "guard.h"
#include "ingest/webhook/hook.h"

static struct arena arena;

static enum bounce_err parse(struct bounce_slice text, bool many,
                             struct json **root, struct bounce_error *error)
{
    arena_reset(&arena);
    return json_parse(&arena, text, &json_limits_default, many, root, error);
}

/* What a tree holds, as compact JSON of our own: "?" for what is doubled. */
static void write_value(const struct json *value, char *out, size_t cap)
{
    size_t len = strlen(out);

    switch (value->type) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        snprintf(out + len, cap - len, "%s%c", value->doubled ? "?" : "",
                 value->type == JSON_OBJECT ? '{' : '[');
        for (const struct json *m = value->first; m != NULL; m = m->next) {
            len = strlen(out);
            if (value->type == JSON_OBJECT)
                snprintf(out + len, cap - len, "%.*s:", (int)m->name.len,
                         m->name.ptr);
            write_value(m, out, cap);
            len = strlen(out);
            if (m->next != NULL)
                snprintf(out + len, cap - len, ",");
        }
        len = strlen(out);
        snprintf(out + len, cap - len, "%c",
                 value->type == JSON_OBJECT ? '}' : ']');
        break;
    case JSON_STRING:
        snprintf(out + len, cap - len, "'%.*s'%zu", (int)value->text.len,
                 value->text.ptr, value->text.len);
        break;
    default:
        snprintf(out + len, cap - len, "%.*s", (int)value->text.len,
                 value->text.ptr);
    }
}

static void test_values(void **state)
{
    static const struct {
        const char *text, *tree;
    } rows[] = {
        {"{}", "{}"},
        {" [ ] ", "[]"},
        {"{\"a\":1,\"b\":[true,false,null,\"x\"]}",
         "{a:1,b:[true,false,null,'x'1]}"},
        {"12345678901234567890123", "12345678901234567890123"},
        {"-1.50e+10", "-1.50e+10"},
        {"\"\\u00e9\\n\\\"\\/\"", "'\xc3\xa9\n\"/'5"},
        {"\"\\ud83d\\ude00\"", "'\xf0\x9f\x98\x80'4"},
        {"{\"a\":1,\"A\":2}", "{a:1,A:2}"},
        {"{\"a\":1,\"a\":2}", "?{a:1,a:2}"},
        {"{\"a\":1,\"\\u0061\":2}", "?{a:1,a:2}"},
        {"[{\"a\":{\"b\":1,\"b\":1}},{\"a\":1}]", "?[?{a:?{b:1,b:1}},{a:1}]"},
        {"{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,"
         "\"i\":9,\"j\":1,\"k\":2,\"l\":3,\"m\":4}",
         "{a:1,b:2,c:3,d:4,e:5,f:6,g:7,h:8,i:9,j:1,k:2,l:3,m:4}"},
        {"{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,"
         "\"i\":9,\"j\":1,\"k\":2,\"l\":3,\"a\":4}",
         "?{a:1,b:2,c:3,d:4,e:5,f:6,g:7,h:8,i:9,j:1,k:2,l:3,a:4}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guard guard = guard_slice(slice_cstr(rows[i].text));
        char out[512] = "";
        struct json *root;

        if (parse(guard.slice, false, &root, NULL) != BOUNCE_OK)
            fail_msg("%s cannot be read", rows[i].text);
        write_value(root, out, sizeof(out));
        if (strcmp(out, rows[i].tree) != 0)
            fail_msg("%s gives %s", rows[i].text, out);
        guard_free(&guard);
    }
}

static void test_flaws(void **state)
{
    static const struct {
        struct bounce_slice text;
        size_t offset;
    } rows[] = {
        {SLICE(""), 0},
        {SLICE("{"), 1},
        {SLICE("[1,"), 3},
        {SLICE("[1 2]"), 3},
        {SLICE("{\"a\":1,}"), 7},
        {SLICE("{a:1}"), 1},
        {SLICE("{\"a\":}"), 5},
        {SLICE("{\"a\" 1}"), 5},
        {SLICE("{}x"), 2},
        {SLICE("{}{}"), 2},
        {SLICE("[1]\0"), 3},
        {SLICE("nul"), 0},
        {SLICE("+1"), 0},
        {SLICE("NaN"), 0},
        {SLICE("'a'"), 0},
        {SLICE("\"a\nb\""), 2},
        {SLICE("\"\xff\""), 0},
        {SLICE("\"\xc0\x80\""), 0},
        {SLICE("\"\xed\xa0\x80\""), 0},
        {SLICE("\xef\xbb\xbf{}"), 0},
        {SLICE("// x\n{}"), 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bounce_error error;
        struct json *root;

        if (parse(rows[i].text, false, &root, &error) != BOUNCE_E_ARG ||
            root != NULL || error.msg[0] == '\0')
            fail_msg("row %zu is no flaw", i);
        if (error.offset != rows[i].offset)
            fail_msg("row %zu: byte %zu", i, error.offset);
    }
}

static void test_nul(void **state)
{
    struct json *root;

    (void)state;
    assert_int_equal(parse(SLICE("\"a\\u0000b\""), false, &root, NULL),
                     BOUNCE_OK);
    assert_true(slice_eq(root->text, SLICE("a\0b")));
}

static void test_many(void **state)
{
    struct json *root;
    struct bounce_slice text = SLICE(" {\"a\":1}\n[2] \n\n3\r\n\"x\" ");

    (void)state;
    assert_int_equal(parse(text, true, &root, NULL), BOUNCE_OK);
    assert_int_equal(root->count, 4);
    assert_true(slice_eq(root->first->text, SLICE("{\"a\":1}")));
    assert_true(slice_eq(root->first->next->text, SLICE("[2]")));
    assert_int_equal(parse(SLICE(""), true, &root, NULL), BOUNCE_OK);
    assert_int_equal(root->count, 0);
    assert_int_equal(parse(SLICE("{}\n{"), true, &root, NULL), BOUNCE_E_ARG);
}

static enum bounce_err limited(const char *text, size_t bytes, size_t values,
                               unsigned depth)
{
    const struct json_limits limits = {bytes, values, depth};
    struct json *root;

    arena_reset(&arena);
    return json_parse(&arena, slice_cstr(text), &limits, false, &root, NULL);
}

static void test_limits(void **state)
{
    char deep[400];
    struct json *root;

    (void)state;
    assert_int_equal(limited("[1,2]", 5, 3, 1), BOUNCE_OK);
    assert_int_equal(limited("[1,2]", 4, 3, 1), BOUNCE_E_LIMIT);
    assert_int_equal(limited("[1,2]", 5, 2, 1), BOUNCE_E_LIMIT);
    assert_int_equal(limited("[[]]", 5, 9, 1), BOUNCE_E_LIMIT);
    memset(deep, '[', sizeof(deep));
    assert_int_equal(parse(slice_make(deep, sizeof(deep)), false, &root, NULL),
                     BOUNCE_E_LIMIT);
}

/* An object of n members, each name once; or one of them twice. */
static char *make_object(size_t n, bool twice, size_t *len_out)
{
    char *text = malloc(n * 16 + 16);
    size_t len = 0;

    assert_non_null(text);
    text[len++] = '{';
    for (size_t i = 0; i < n; i++)
        len += (size_t)sprintf(text + len, "%s\"k%zu\":%zu", i > 0 ? "," : "",
                               twice && i == n - 1 ? 3 : i, i % 10);
    text[len++] = '}';
    *len_out = len;
    return text;
}

static void test_many_members(void **state)
{
    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        size_t len;
        char *text = make_object(9999, twice != 0, &len);
        struct json *root;

        assert_int_equal(parse(slice_make(text, len), false, &root, NULL),
                         BOUNCE_OK);
        assert_int_equal(root->count, 9999);
        assert_int_equal(root->doubled, twice);
        free(text);
        text = make_object(10001, false, &len);
        assert_int_equal(parse(slice_make(text, len), false, &root, NULL),
                         BOUNCE_E_LIMIT);
        free(text);
    }
}

static void test_memory(void **state)
{
    static const char text[] =
        "{\"a\":[1,2,{\"b\":\"c\"}],\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,"
        "\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"n\":1,\"o\":1}";
    bool done = false;

    (void)state;
    for (size_t n = 0; !done; n++) {
        struct failing_alloc failing;
        struct arena small;
        struct json *root;
        enum bounce_err err;

        failing_alloc_init(&failing, n);
        arena_init(&small, &failing.allocator, (size_t)1 << 20);
        err = json_parse(&small, slice_cstr(text), &json_limits_default, false,
                         &root, NULL);
        done = failing.calls <= n;
        assert_int_equal(err, done ? BOUNCE_OK : BOUNCE_E_NOMEM);
        arena_clear(&small);
        assert_int_equal(failing.held, 0);
    }
}

static void test_paths(void **state)
{
    struct json *root;

    (void)state;
    assert_int_equal(
        parse(SLICE("{\"a\":{\"b\":[{\"c\":\"x\"},7]},\"n\":null}"), false,
              &root, NULL),
        BOUNCE_OK);
    assert_true(
        slice_eq(json_text(json_path(root, SLICE("a.b.0.c"))), SLICE("x")));
    assert_int_equal(json_count(json_path(root, SLICE("a.b.1")), 7), 7);
    assert_int_equal(json_count(json_path(root, SLICE("a.b.1")), 6), -1);
    assert_null(json_path(root, SLICE("a.b.2")));
    assert_null(json_path(root, SLICE("a.b.-1")));
    assert_null(json_path(root, SLICE("a.b.x")));
    assert_null(json_path(root, SLICE("A.b")));
    assert_null(json_path(root, SLICE("n.x")));
    assert_null(json_path(NULL, SLICE("n")));
    assert_null(json_member(root, "n").ptr);
    assert_null(json_member(root, "a").ptr);
}

/* ---- Forms ----------------------------------------------------------- */

#define MULTIPART "multipart/form-data; boundary=\"b1\""

static void test_forms(void **state)
{
    static const struct {
        const char *type, *body, *tree; /* tree NULL: a flaw */
    } rows[] = {
        {"", "a=1&b=x+y%26z", "{a:'1'1,b:'x y&z'5}"},
        {"", "a=%c3%a9&&b", "{a:'\xc3\xa9'2,b:''0}"},
        {"", "a=100%&b=%4&c=%zz", "{a:'100%'4,b:'%4'2,c:'%zz'3}"},
        {"", "data[email]=x&data[email]=y",
         "{data[email]:'x'1,data[email]:'y'1}"},
        {"", "a=%ff", NULL},
        {"", "hello", NULL},
        {"", "", NULL},
        {MULTIPART,
         "--b1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
         "--b1\r\nContent-Disposition: form-data; name=\"f\"; "
         "filename=\"x\"\r\n\r\nfile\r\n"
         "--b1\r\ncontent-disposition: form-data; name=b\r\nX: y\r\n\r\nl1\r\n"
         "--b2\r\n\r\n--b1--\r\n",
         "{a:'1'1,b:'l1\r\n--b2\r\n'10}"},
        {MULTIPART,
         "--b1\r\nContent-Disposition: form-data; name=a\r\n\r\n"
         "--b12\r\n--b1 \r\n\r\n--b1--\r\n",
         "{a:'--b12'5}"},
        {MULTIPART, "--b1\r\n\r\nno name\r\n--b1--", "{}"},
        {MULTIPART,
         "--b1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n", NULL},
        {MULTIPART, "x", NULL},
        {"multipart/form-data", "--b1--", NULL},
        {"multipart/form-data; xboundary=b1", "--b1--", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guard guard = guard_slice(slice_cstr(rows[i].body));
        const char *flaw;
        const struct json *form;
        char out[512] = "";

        arena_reset(&arena);
        form = hook_form_read(&arena, guard.slice, slice_cstr(rows[i].type),
                              &flaw);
        if ((form == NULL) != (rows[i].tree == NULL) ||
            (form == NULL && flaw == NULL))
            fail_msg("row %zu: %s", i, flaw != NULL ? flaw : "no flaw");
        if (form != NULL)
            write_value(form, out, sizeof(out));
        if (form != NULL && strcmp(out, rows[i].tree) != 0)
            fail_msg("row %zu: %s", i, out);
        guard_free(&guard);
    }
}

static void test_form_limits(void **state)
{
    char *body = malloc(5000);
    const char *flaw;

    (void)state;
    assert_non_null(body);
    for (size_t i = 0; i < 1001; i++)
        memcpy(body + i * 4, "a=1&", 4);
    arena_reset(&arena);
    assert_non_null(
        hook_form_read(&arena, slice_make(body, 4000), SLICE(""), &flaw));
    assert_null(
        hook_form_read(&arena, slice_make(body, 4004), SLICE(""), &flaw));
    assert_string_equal(flaw, "too many fields");
    free(body);
}

static int open_arena(void **state)
{
    (void)state;
    arena_init(&arena, allocator_default(), (size_t)64 << 20);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_flaws),
        cmocka_unit_test(test_nul),    cmocka_unit_test(test_many),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_many_members),
        cmocka_unit_test(test_memory), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_forms),  cmocka_unit_test(test_form_limits),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
