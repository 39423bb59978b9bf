/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/module.h"

static const char *chosen(void)
{
    const char *name = getenv("BOUNCE_TEST_STORE");
    return name != NULL && *name != '\0' ? name : "sqlite";
}

bool fixture_keeps(void)
{
    return strcmp(chosen(), "null") != 0;
}

bool fixture_is_sqlite(void)
{
    return strcmp(chosen(), "sqlite") == 0;
}

/* A schema of its own for each process, empty for each test. */
static void postgresql_renew(const char *url, bool make)
{
    char error_text[160];
    const struct module_store *module = module_load("postgresql", error_text);
    if (module == NULL) {
        fail_msg("%s", error_text);
        return;
    }
    struct store_options options = {.wait_ms = 5000};
    struct store_error error = {.code = STORE_OK};
    struct store *store = NULL;
    if (module->driver->open(url, &options, &store, &error) != STORE_OK) {
        fail_msg("%s: %s", url, error.msg);
        return;
    }
    char sql[200];
    int id = (int)getpid();
    int len = snprintf(sql, sizeof(sql),
                       "DROP SCHEMA IF EXISTS test_%d CASCADE;", id);
    if (make) {
        (void)snprintf(sql + len, sizeof(sql) - (size_t)len,
                       "CREATE SCHEMA test_%d", id);
    }
    enum store_err err = module->driver->script(store, sql, &error);
    module->driver->close(store);
    if (err != STORE_OK) {
        fail_msg("%s: %s", sql, error.msg);
    }
}

void fixture_init(struct fixture *fixture)
{
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(fixture->folder, sizeof(fixture->folder),
                   "%s/bounce-store-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(fixture->folder));
    const char *name = chosen();
    if (strcmp(name, "null") == 0) {
        (void)snprintf(fixture->where, sizeof(fixture->where), "null:");
    } else if (strcmp(name, "sqlite") == 0) {
        (void)snprintf(fixture->where, sizeof(fixture->where), "%s/store.db",
                       fixture->folder);
    } else {
        postgresql_renew(name, true);
        (void)snprintf(fixture->where, sizeof(fixture->where),
                       "%s%coptions=-csearch_path%%3Dtest_%d", name,
                       strchr(name, '?') == NULL ? '?' : '&', (int)getpid());
    }
}

static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry;
         folder != NULL && (entry = readdir(folder)) != NULL;) {
        char file[600];
        if (strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        (void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (unlink(file) != 0) {
            remove_folder(file);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
        (void)rmdir(path);
    }
}

void fixture_clear(struct fixture *fixture)
{
    if (fixture_keeps() && !fixture_is_sqlite()) {
        postgresql_renew(chosen(), false);
    }
    remove_folder(fixture->folder);
}

struct store *fixture_open(const struct fixture *fixture)
{
    struct store_options options = {.create = true};
    struct store_error error = {.code = STORE_OK};
    struct store *store = NULL;
    if (store_open(fixture->where, &options, &store, &error) != STORE_OK) {
        fail_msg("%s: %s", fixture->where, error.msg);
    }
    return store;
}

static void print_value(FILE *out, const struct store_value *value)
{
    switch (value->type) {
    case STORE_NULL:
        (void)fputs("NULL", out);
        break;
    case STORE_INT:
        (void)fprintf(out, "%lld", (long long)value->integer);
        break;
    case STORE_REAL:
        (void)fprintf(out, "%.17g", value->real);
        break;
    case STORE_TEXT:
        (void)fprintf(out, "'%.*s'", (int)value->text.len, value->text.ptr);
        break;
    case STORE_BLOB:
        (void)fputs("x'", out);
        for (size_t i = 0; i < value->text.len; i++) {
            (void)fprintf(out, "%02x", (unsigned char)value->text.ptr[i]);
        }
        (void)fputc('\'', out);
        break;
    }
}

static void print_row(FILE *out, const struct store_value *row, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        (void)fputs(i > 0 ? "|" : "", out);
        print_value(out, &row[i]);
    }
    (void)fputc('\n', out);
}

void fixture_add_row(char **text, const struct store_value *row, size_t columns)
{
    char *grown = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&grown, &len);
    assert_non_null(out);
    if (*text != NULL) {
        (void)fputs(*text, out);
    }
    print_row(out, row, columns);
    assert_int_equal(fclose(out), 0);
    free(*text);
    *text = grown;
}

static bool add_row(void *ctx, const struct store_value *row, size_t columns)
{
    print_row(ctx, row, columns);
    return true;
}

char *fixture_query(struct store *store, const char *sql,
                    const struct store_value *values, size_t count)
{
    struct store_error error = {.code = STORE_OK};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    if (store_run(store, sql, values, count, add_row, out, &error) !=
        STORE_OK) {
        fail_msg("%s: %s", sql, error.msg);
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

void fixture_expect(struct store *store, const char *sql, const char *rows)
{
    char *text = fixture_query(store, sql, NULL, 0);
    assert_string_equal(text, fixture_keeps() ? rows : "");
    free(text);
}
