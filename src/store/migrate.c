/* SPDX-License-Identifier: MIT */
#include "store/migrate.h"

#include <stdlib.h>

enum { NOT_OURS = -1 };

struct look {
    bool meta, others; /* tables that are there */
    int64_t version;
};

static bool see_table(void *ctx, const struct store_value *row, size_t columns)
{
    struct look *look = ctx;
    (void)columns;
    if (slice_eq(row[0].text, SLICE("meta"))) {
        look->meta = true;
    } else {
        look->others = true;
    }
    return true;
}

/* Only what a store would have written there is a version. */
static bool see_version(void *ctx, const struct store_value *row,
                        size_t columns)
{
    struct look *look = ctx;
    char digits[8];
    size_t len = row[0].text.len;
    (void)columns;
    look->version = NOT_OURS;
    if (row[0].type == STORE_TEXT && len > 0 && len < sizeof(digits)) {
        char *end = NULL;
        memcpy(digits, row[0].text.ptr, len);
        digits[len] = '\0';
        long version = strtol(digits, &end, 10);
        if (*end == '\0' && version > 0) {
            look->version = version;
        }
    }
    return true;
}

/* *version_out: scripts that the store has had, or NOT_OURS. */
static enum store_err find_version(struct store *store, int64_t *version_out,
                                   struct store_error *error)
{
    struct look look = {.version = NOT_OURS};
    enum store_err err = store_run(store, store->driver->tables, NULL, 0,
                                   see_table, &look, error);
    if (err == STORE_OK && look.meta) {
        err = store_run(store, "SELECT value FROM meta WHERE name = 'schema'",
                        NULL, 0, see_version, &look, error);
        /* A table that is only called so. */
        err = err == STORE_E_SQL ? STORE_OK : err;
    } else if (err == STORE_OK && !look.others) {
        look.version = 0;
    }
    *version_out = look.version;
    return err;
}

static int64_t newest_version(const struct store_driver *driver)
{
    int64_t version = 0;
    while (driver->migration((size_t)version) != NULL) {
        version++;
    }
    return version;
}

/* Refuses what must not be touched. */
static enum store_err judge(int64_t version, int64_t newest, bool write,
                            struct store_error *error)
{
    if (version == NOT_OURS) {
        return store_fail(error, STORE_E_VERSION,
                          "the database belongs to something else than Bounce");
    }
    if (version > newest) {
        return store_fail(error, STORE_E_VERSION,
                          "the store was written by a newer Bounce (schema %d, "
                          "this one knows %d)",
                          (int)version, (int)newest);
    }
    if (version < newest && !write) {
        return version == 0
                   ? store_fail(error, STORE_E_OPEN,
                                "the database holds no store yet: ingest, "
                                "import or suppress makes one")
                   : store_fail(error, STORE_E_VERSION,
                                "the store was written by an older Bounce "
                                "(schema %d): any verb that writes brings it "
                                "up to date",
                                (int)version);
    }
    return STORE_OK;
}

static enum store_err write_version(struct store *store, int64_t version,
                                    struct store_error *error)
{
    static const struct store_column columns[] = {{"name", STORE_TEXT},
                                                  {"value", STORE_TEXT}};
    static const struct store_put put = {"meta", columns, 2, 1, STORE_REPLACE};
    char digits[21];
    size_t len = 0;
    for (int64_t rest = version; rest > 0; rest /= 10) {
        digits[sizeof(digits) - ++len] = (char)('0' + rest % 10);
    }
    const struct store_value row[] = {
        store_text(SLICE("schema")),
        store_text(slice_make(digits + sizeof(digits) - len, len))};
    return store_put_rows(store, &put, row, 1, error);
}

/* Within a transaction: somebody else may have been faster. */
static enum store_err bring_up(struct store *store, int64_t newest,
                               struct store_error *error)
{
    int64_t version = 0;
    enum store_err err = find_version(store, &version, error);
    if (err == STORE_OK) {
        err = judge(version, newest, true, error);
    }
    if (err != STORE_OK || version == newest) {
        return err;
    }
    for (; err == STORE_OK && version < newest; version++) {
        err = store->driver->script(
            store, store->driver->migration((size_t)version), error);
    }
    return err == STORE_OK ? write_version(store, newest, error) : err;
}

enum store_err migrate(struct store *store, bool write,
                       struct store_error *error)
{
    if (store->driver->tables == NULL) {
        return STORE_OK;
    }
    int64_t newest = newest_version(store->driver);
    int64_t version = 0;
    enum store_err err = find_version(store, &version, error);
    if (err == STORE_OK) {
        err = judge(version, newest, write, error);
    }
    if (err != STORE_OK || version == newest) {
        return err;
    }
    err = store_begin(store, STORE_WRITE, error);
    if (err != STORE_OK) {
        return err;
    }
    return store_end(store, bring_up(store, newest, error), error);
}
