/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/stanza.h"
#include "failing_alloc.h"
#include "guard.h"

struct row {
    const char *label, *text;
    /* fields as "line name=value;" with "|" between stanzas */
    const char *want;
    enum bounce_err err;
    unsigned line;
};

static const struct row rows[] = {
    {"empty", "", "", BOUNCE_OK, 0},
    {"blank lines only", "\n \n\t\n", "", BOUNCE_OK, 0},
    {"one field", "A: b\n", "1 A=b;|", BOUNCE_OK, 0},
    {"no last line end", "A: b", "1 A=b;|", BOUNCE_OK, 0},
    {"two stanzas", "A: b\nC: d\n\n\nE: f\n", "1 A=b;2 C=d;|5 E=f;|", BOUNCE_OK,
     0},
    {"CRLF", "A: b\r\n\r\nC: d\r\n", "1 A=b;|3 C=d;|", BOUNCE_OK, 0},
    {"bare CR", "A: b\r\rC: d\r", "1 A=b;|3 C=d;|", BOUNCE_OK, 0},
    {"comment", "# x\nA: b\n# y\nC: d\n", "2 A=b;4 C=d;|", BOUNCE_OK, 0},
    {"a # behind a value is kept", "A: b # c\n", "1 A=b # c;|", BOUNCE_OK, 0},
    {"continuation", "A: b\n c\n\td\nE: f\n", "1 A=b c d;4 E=f;|", BOUNCE_OK,
     0},
    {"continued empty value", "A:\n b\n", "1 A=b;|", BOUNCE_OK, 0},
    {"a line of blanks ends a stanza", "A: b\n  \nC: d\n", "1 A=b;|3 C=d;|",
     BOUNCE_OK, 0},
    {"empty value", "A:\n", "1 A=;|", BOUNCE_OK, 0},
    {"colon in value", "A: b: c\n", "1 A=b: c;|", BOUNCE_OK, 0},
    {"UTF-8", "A: \xC3\xA9\n", "1 A=\xC3\xA9;|", BOUNCE_OK, 0},
    {"byte order mark",
     "\xEF\xBB\xBF"
     "A: b\n",
     "1 A=b;|", BOUNCE_OK, 0},
    {"no colon", "A: b\n\nxyz\n", "1 A=b;|", BOUNCE_E_RULES, 3},
    {"no name", ": b\n", "", BOUNCE_E_RULES, 1},
    {"leading blank", " A: b\n", "", BOUNCE_E_RULES, 1},
    {"not UTF-8", "A: b\nC: \xFF\n", "", BOUNCE_E_RULES, 2},
};

static enum bounce_err read_all(const struct bounce_allocator *allocator,
                                struct bounce_slice text, char *out,
                                size_t size, unsigned *line_out)
{
    struct stanza_reader reader;
    struct stanza stanza;
    struct bounce_error error;
    struct arena arena;

    out[0] = '\0';
    arena_init(&arena, allocator, (size_t)1 << 20);
    stanza_reader_init(&reader, text);
    while (stanza_next(&reader, &arena, &stanza, &error)) {
        for (size_t i = 0; i < stanza.count; i++) {
            const struct stanza_field *f = &stanza.fields[i];
            size_t len = strlen(out);

            snprintf(out + len, size - len, "%u %.*s=%.*s;", f->line,
                     SLICE_ARG(f->name), SLICE_ARG(f->value));
        }
        snprintf(out + strlen(out), size - strlen(out), "|");
    }
    arena_clear(&arena);
    *line_out = error.line;
    return error.code;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct guard guard = guard_copy(row->text, strlen(row->text));
        char got[1024];
        unsigned line;
        enum bounce_err err;

        err =
            read_all(allocator_default(), guard.slice, got, sizeof(got), &line);
        if (err != row->err || strcmp(got, row->want) != 0 || line != row->line)
            fail_msg("%s: got \"%s\", error %d at line %u", row->label, got,
                     err, line);
        guard_free(&guard);
    }
}

static void test_cut_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t len = 0; len <= strlen(rows[i].text); len++) {
            struct guard guard = guard_copy(rows[i].text, len);
            char got[1024];
            unsigned line;

            (void)read_all(allocator_default(), guard.slice, got, sizeof(got),
                           &line);
            guard_free(&guard);
        }
    }
}

static void test_out_of_memory(void **state)
{
    struct bounce_slice text = SLICE("A: b\n c\nD: e\n\nF: g\n h\n");

    (void)state;
    for (size_t n = 0;; n++) {
        struct failing_alloc failing;
        char got[1024];
        unsigned line;
        enum bounce_err err;

        failing_alloc_init(&failing, n);
        err = read_all(&failing.allocator, text, got, sizeof(got), &line);
        assert_int_equal(failing.held, 0);
        if (err == BOUNCE_OK)
            break;
        assert_int_equal(err, BOUNCE_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_cut_everywhere),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
