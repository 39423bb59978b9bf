/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include "store/migrate.h"
#include "store/module.h"

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* NULL: a module is missing, error is filled in. */
static const struct store_driver *driver_for(const char *where,
                                             struct store_error *error)
{
    if (begins_with(where, "null:")) {
        return &store_null;
    }
    if (!begins_with(where, "postgresql://") &&
        !begins_with(where, "postgres://")) {
        return &store_sqlite;
    }
    char msg[160];
    const struct module_store *module = module_load("postgresql", msg);
    if (module == NULL) {
        (void)store_fail(error, STORE_E_OPEN,
                         "PostgreSQL support is not installed: %s", msg);
        return NULL;
    }
    return module->driver;
}

void store_copy_text(const struct store_value *value, char *out, size_t cap)
{
    size_t len = value->type == STORE_TEXT ? value->text.len : 0;

    if (len >= cap)
        len = cap - 1;
    if (len > 0)
        memcpy(out, value->text.ptr, len);
    out[len] = '\0';
}

enum store_err store_open(const char *where,
                          const struct store_options *options,
                          struct store **store_out, struct store_error *error)
{
    *store_out = NULL;
    const struct store_driver *driver = driver_for(where, error);
    if (driver == NULL) {
        return error->code;
    }
    struct store_options chosen = *options;
    if (chosen.wait_ms == 0) {
        chosen.wait_ms = 5000;
    }
    struct store *store = NULL;
    enum store_err err = driver->open(where, &chosen, &store, error);
    if (err == STORE_OK) {
        err = migrate(store, chosen.create, error);
    }
    if (err != STORE_OK) {
        store_close(store);
        return err;
    }
    *store_out = store;
    return STORE_OK;
}

void store_close(struct store *store)
{
    if (store != NULL) {
        store->driver->close(store);
    }
}

enum store_err store_begin(struct store *store, enum store_mode mode,
                           struct store_error *error)
{
    return store->driver->begin(store, mode, error);
}

enum store_err store_commit(struct store *store, struct store_error *error)
{
    return store->driver->commit(store, error);
}

void store_rollback(struct store *store)
{
    store->driver->rollback(store);
}

enum store_err store_end(struct store *store, enum store_err err,
                         struct store_error *error)
{
    if (err == STORE_OK)
        return store_commit(store, error);
    store_rollback(store);
    return err;
}

bool store_take_int(void *ctx, const struct store_value *row, size_t columns)
{
    (void)columns;
    if (row[0].type == STORE_INT)
        *(int64_t *)ctx = row[0].integer;
    return true;
}

bool store_take_any(void *ctx, const struct store_value *row, size_t columns)
{
    (void)row;
    (void)columns;
    *(bool *)ctx = true;
    return true;
}

enum store_err store_run(struct store *store, const char *sql,
                         const struct store_value *values, size_t count,
                         store_row_fn *row, void *ctx,
                         struct store_error *error)
{
    if (count > STORE_VALUES_MAX)
        return store_fail(error, STORE_E_SQL,
                          "a statement with %zu values: at most %d", count,
                          STORE_VALUES_MAX);
    return store->driver->run(store, sql, values, count, row, ctx, error);
}

enum store_err store_put_rows(struct store *store, const struct store_put *put,
                              const struct store_value *values, size_t rows,
                              struct store_error *error)
{
    return rows == 0 ? STORE_OK
                     : store->driver->put(store, put, values, rows, error);
}

enum store_err store_get_rows(struct store *store, const struct store_get *get,
                              const struct store_value *values, size_t keys,
                              store_row_fn *row, void *ctx,
                              struct store_error *error)
{
    return keys == 0
               ? STORE_OK
               : store->driver->get(store, get, values, keys, row, ctx, error);
}
