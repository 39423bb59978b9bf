/* SPDX-License-Identifier: MIT
 * The two dialects of the schema have the same tables with the same columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/slice.h"
#include "store/schema.h"

/* Replaces every old in text, in place; to is no longer than old. */
static void replace(char *text, const char *old, const char *to)
{
    char *from = text;
    char *out = text;
    while (*from != '\0') {
        if (strncmp(from, old, strlen(old)) == 0) {
            memcpy(out, to, strlen(to));
            out += strlen(to);
            from += strlen(old);
        } else {
            *out++ = *from++;
        }
    }
    *out = '\0';
}

/* The tables of a script, without what the dialects say differently. */
static char *tables_of(const char *script)
{
    char *text = calloc(1, strlen(script) + 2);
    assert_non_null(text);
    for (const char *at = strstr(script, "\nCREATE TABLE"); at != NULL;
         at = strstr(at, "\nCREATE TABLE")) {
        const char *end = strstr(at, "\n)");
        assert_non_null(end);
        strncat(text, at, (size_t)(end - at));
        at = end;
    }
    replace(text, " COLLATE \"C\"", "");
    replace(text, " INTEGER", " #");
    replace(text, " BIGINT", " #");
    replace(text, " BYTEA", " BLOB");
    return text;
}

static void dialects_agree(void **state)
{
    (void)state;
    size_t i = 0;
    for (; schema_sqlite[i] != NULL && schema_postgresql[i] != NULL; i++) {
        char *sqlite = tables_of(schema_sqlite[i]);
        char *postgresql = tables_of(schema_postgresql[i]);
        assert_string_equal(sqlite, postgresql);
        if (i == 0) {
            assert_non_null(strstr(sqlite, "CREATE TABLE event"));
        }
        free(sqlite);
        free(postgresql);
    }
    assert_true(i > 0);
    assert_null(schema_sqlite[i]);
    assert_null(schema_postgresql[i]);
}

/* Else PostgreSQL would sort by the language of its server. */
static void all_text_is_compared_bytewise(void **state)
{
    (void)state;
    for (size_t i = 0; schema_postgresql[i] != NULL; i++) {
        const char *at = schema_postgresql[i];
        while ((at = strstr(at, " TEXT")) != NULL) {
            at += strlen(" TEXT");
            assert_int_equal(strncmp(at, " COLLATE \"C\"", 12), 0);
        }
    }
}

/* Else a wrong value would be stored, or changed, where PostgreSQL refuses. */
static void all_tables_are_strict(void **state)
{
    (void)state;
    for (size_t i = 0; schema_sqlite[i] != NULL; i++) {
        const char *at = schema_sqlite[i];
        while ((at = strstr(at, "\nCREATE TABLE")) != NULL) {
            const char *end = strstr(at, "\n)");
            const char *strict = strstr(at, "STRICT;\n");
            assert_non_null(end);
            assert_non_null(strict);
            assert_ptr_equal(strchr(end, ';'), strict + strlen("STRICT"));
            at = end;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialects_agree),
        cmocka_unit_test(all_text_is_compared_bytewise),
        cmocka_unit_test(all_tables_are_strict),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
