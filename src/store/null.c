/* SPDX-License-Identifier: MIT
 * A store that is always empty and takes everything: what the rest costs
 * without a database. */
#include <stdlib.h>

#include "store/store.h"

static enum store_err null_open(const char *where,
                                const struct store_options *options,
                                struct store **store_out,
                                struct store_error *error)
{
    (void)where;
    (void)options;
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return store_fail(error, STORE_E_NOMEM, "out of memory");
    }
    store->driver = &store_null;
    *store_out = store;
    return STORE_OK;
}

static void null_close(struct store *store)
{
    free(store);
}

static enum store_err null_begin(struct store *store, enum store_mode mode,
                                 struct store_error *error)
{
    (void)store;
    (void)mode;
    (void)error;
    return STORE_OK;
}

static enum store_err null_commit(struct store *store,
                                  struct store_error *error)
{
    (void)store;
    (void)error;
    return STORE_OK;
}

static void null_rollback(struct store *store)
{
    (void)store;
}

static enum store_err null_run(struct store *store, const char *sql,
                               const struct store_value *values, size_t count,
                               store_row_fn *row, void *ctx,
                               struct store_error *error)
{
    (void)store;
    (void)sql;
    (void)values;
    (void)count;
    (void)row;
    (void)ctx;
    (void)error;
    return STORE_OK;
}

static enum store_err null_put(struct store *store, const struct store_put *put,
                               const struct store_value *values, size_t rows,
                               struct store_error *error)
{
    (void)store;
    (void)put;
    (void)values;
    (void)rows;
    (void)error;
    return STORE_OK;
}

static enum store_err null_get(struct store *store, const struct store_get *get,
                               const struct store_value *values, size_t keys,
                               store_row_fn *row, void *ctx,
                               struct store_error *error)
{
    (void)store;
    (void)get;
    (void)values;
    (void)keys;
    (void)row;
    (void)ctx;
    (void)error;
    return STORE_OK;
}

static enum store_err null_script(struct store *store, const char *sql,
                                  struct store_error *error)
{
    (void)store;
    (void)sql;
    (void)error;
    return STORE_OK;
}

static const char *null_migration(size_t i)
{
    (void)i;
    return NULL;
}

const struct store_driver store_null = {
    .name = "null",
    .open = null_open,
    .close = null_close,
    .begin = null_begin,
    .commit = null_commit,
    .rollback = null_rollback,
    .run = null_run,
    .put = null_put,
    .get = null_get,
    .script = null_script,
    .migration = null_migration,
};
