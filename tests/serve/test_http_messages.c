/* SPDX-License-Identifier: MIT
 * The messages in a body: as it is, mboxes, forms, headers that came apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "guard.h"
#include "serve/bytes.h"
#include "serve/http_messages.h"

#define FROM "From x@example.org Sun Nov 22 03:44:39 2026\n"

struct row {
    const char *label, *type, *body;
    const char *messages; /* "OFFSET:TEXT;" of each */
    const char *flaw;     /* begins so; NULL: none */
};

static const struct row rows[] = {
    {"one message", "message/rfc822", "A: b\n\nx\n", "0:A: b\n\nx\n;", NULL},
    {"no type", "", "A: b\n\nx", "0:A: b\n\nx;", NULL},
    {"an mbox", "application/mbox", FROM "A: b\n\nx\n\n" FROM "C: d\n\ny\n",
     "0:" FROM "A: b\n\nx\n\n;53:" FROM "C: d\n\ny\n;", NULL},
    {"an mbox whatever its type", "multipart/report; boundary=b", FROM "A: b\n",
     "0:" FROM "A: b\n;", NULL},
    {"the body of a report", "multipart/report; boundary=b",
     "--b\n\nx\n--b--\n",
     "0:Content-Type: multipart/report; boundary=b\r\n\r\n--b\n\nx\n--b--\n;",
     NULL},
    {"its preamble", "multipart/report; boundary=b", "This is MIME.\n--b\n",
     "0:Content-Type: multipart/report; boundary=b\r\n\r\nThis is MIME.\n"
     "--b\n;",
     NULL},
    {"a preamble with a colon", "multipart/report; boundary=b",
     "Note: this is MIME.\n\n--b\n",
     "0:Content-Type: multipart/report; boundary=b\r\n\r\nNote: this is "
     "MIME.\n\n--b\n;",
     NULL},
    {"a whole report with its own type", "multipart/report; boundary=b",
     "Subject: s\nContent-Type: multipart/report;\n boundary=b\n\n--b\n",
     "0:Subject: s\nContent-Type: multipart/report;\n boundary=b\n\n--b\n;",
     NULL},
    {"a whole report, folded first", "multipart/report; boundary=\"b\"",
     "Received: from a\r\n\tby b\r\ncontent-type: x/y\r\n\r\n--b\r\n",
     "0:Received: from a\r\n\tby b\r\ncontent-type: x/y\r\n\r\n--b\r\n;", NULL},
    {"a form", "multipart/form-data; boundary=q",
     "--q\r\nContent-Disposition: form-data; name=a\r\n\r\nA: b\r\n\r\nx\r\n"
     "--q\r\n\r\nC: d\r\n--q--\r\n",
     "47:A: b\r\n\r\nx;65:C: d;", NULL},
    {"a form, bare line feeds", "multipart/form-data; boundary=q",
     "--q\nX: y\n\nA: b\n\nx\n--q--", "10:A: b\n\nx;", NULL},
    {"words around a form", "multipart/form-data; boundary=q",
     "Hello\n--q\n\nA: b\n--q--\nC: d\n--q\n", "11:A: b;", NULL},
    {"an empty file", "multipart/form-data; boundary=q",
     "--q\n\n\n--q\nX: y\n--q--", "", NULL},
    {"an mbox in a form", "multipart/form-data; boundary=q",
     "--q\n\n" FROM "A: b\n\n" FROM "C: d\n--q--",
     "5:" FROM "A: b\n\n;55:" FROM "C: d;", NULL},
    {"a boundary that begins another one", "multipart/form-data; boundary=b",
     "--b\n\nContent-Type: multipart/mixed; boundary=b1\n\n--b1\n\nx\n--b1--\n"
     "--b--",
     "5:Content-Type: multipart/mixed; boundary=b1\n\n--b1\n\nx\n--b1--;",
     NULL},
    {"a boundary within a line", "multipart/form-data; boundary=b",
     "--b\n\nx --b\n --b--\n--b--", "5:x --b\n --b--;", NULL},
    {"blanks behind a boundary", "multipart/form-data; boundary=b",
     "--b \t\r\n\r\nx\r\n--b-- \r\n", "9:x;", NULL},
    {"a quoted boundary", "multipart/form-data; Boundary=\"a;b =c\\\"d\"",
     "--a;b =c\"d\n\nx\n--a;b =c\"d--", "12:x;", NULL},
    {"a parameter that ends like it",
     "multipart/form-data; x-boundary=no; boundary = b ; c=d",
     "--no\n\nx\n--b\n\ny\n--b--", "13:y;", NULL},
    {"a boundary in another's value",
     "multipart/form-data; a=\"boundary=no\"; boundary=b", "--b\n\ny\n--b--",
     "5:y;", NULL},
    {"no boundary", "multipart/form-data", "--b\n\nx\n--b--", "",
     "multipart/form-data without a boundary"},
    {"an empty boundary", "multipart/form-data; boundary=\"\"", "--\n\nx\n----",
     "", "multipart/form-data without a boundary"},
    {"a boundary of 71 bytes",
     "multipart/form-data; boundary=1234567890123456789012345678901234567890"
     "1234567890123456789012345678901",
     "x", "", "multipart/form-data without a boundary"},
    {"a boundary that is not there", "multipart/form-data; boundary=b",
     "--c\n\nx\n--c--", "", "the boundary stands nowhere"},
    {"only the last boundary", "multipart/form-data; boundary=b", "--b--", "",
     NULL},
    /* Nothing of it is taken then: it will come again. */
    {"a form that breaks off", "multipart/form-data; boundary=b",
     "--b\n\nx\n--b\n\ny", "", "the body ends before its last boundary"},
};

static bool keep(void *ctx, struct bounce_slice message, size_t offset)
{
    struct bytes *out = ctx;

    return bytes_format(out, "%zu:", offset) && bytes_add(out, message) &&
           bytes_add(out, SLICE(";"));
}

static void read_body(const char *type, struct bounce_slice body,
                      struct bytes *out, const char **flaw_out)
{
    struct guard guard = guard_slice(body);
    struct arena arena;

    arena_init(&arena, allocator_default(), (size_t)1 << 20);
    *flaw_out = http_messages(slice_cstr(type), guard.slice, &arena, keep, out);
    arena_clear(&arena);
    guard_free(&guard);
}

static void bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct bytes out = {0};
        const char *flaw;

        read_body(row->type, slice_cstr(row->body), &out, &flaw);
        if (!slice_eq(bytes_slice(&out), slice_cstr(row->messages)) ||
            (flaw == NULL) != (row->flaw == NULL) ||
            (flaw != NULL && strncmp(flaw, row->flaw, strlen(row->flaw)) != 0))
            fail_msg("%s: \"%.*s\", %s", row->label, (int)out.len, out.ptr,
                     flaw != NULL ? flaw : "no flaw");
        bytes_free(&out);
    }
}

static void cut_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t len = 0; len < strlen(rows[i].body); len++) {
            struct bytes out = {0};
            const char *flaw;

            read_body(rows[i].type, slice_make(rows[i].body, len), &out, &flaw);
            assert_true(flaw == NULL || out.len == 0);
            bytes_free(&out);
        }
    }
}

static bool refuse(void *ctx, struct bounce_slice message, size_t offset)
{
    (void)message;
    (void)offset;
    ++*(int *)ctx;
    return false;
}

static void stops_when_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena arena;
        int taken = 0;

        arena_init(&arena, allocator_default(), (size_t)1 << 20);
        (void)http_messages(slice_cstr(rows[i].type), slice_cstr(rows[i].body),
                            &arena, refuse, &taken);
        assert_int_equal(taken, rows[i].messages[0] != '\0');
        arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies),
        cmocka_unit_test(cut_everywhere),
        cmocka_unit_test(stops_when_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
