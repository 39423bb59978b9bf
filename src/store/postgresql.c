/* SPDX-License-Identifier: MIT
 * Module postgresql: a store in a schema of a PostgreSQL database.
 *
 * One writer at a time, as in SQLite: a transaction that writes takes an
 * advisory lock of the schema first, so that what it reads stays true until it
 * commits, and no two of ours ever deadlock. Readers wait for nobody. */
#include <stdio.h>
#include <stdlib.h>

#include "store/module.h"
#include "store/postgresql.h"
#include "store/schema.h"

static const struct store_driver driver;

static struct pg_store *self_of(struct store *store)
{
    return (struct pg_store *)store;
}

static void pg_close(struct store *store)
{
    struct pg_store *pg = self_of(store);

    pg_forget_statements(pg);
    pg_bytes_clear(&pg->sql);
    pg_bytes_clear(&pg->out);
    PQfinish(pg->conn);
    free(pg);
}

static enum store_err pg_open(const char *where,
                              const struct store_options *options,
                              struct store **store_out,
                              struct store_error *error)
{
    struct pg_store *pg = calloc(1, sizeof(*pg));
    enum store_err err;

    if (pg == NULL) {
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    }
    pg->base.driver = &driver;
    pg->wait_ms = options->wait_ms;
    pg->writer = options->create;
    err = pg_connect(pg, where, error);
    if (err != STORE_OK) {
        pg_close(&pg->base);
        return err;
    }
    *store_out = &pg->base;
    return STORE_OK;
}

/* Transactions */

/* READ COMMITTED, so that each statement sees what the last holder of the lock
 * committed. */
static const char BEGIN_WRITE[] =
    "BEGIN ISOLATION LEVEL READ COMMITTED;"
    "SELECT current_setting('transaction_read_only'),"
    " pg_advisory_xact_lock(hashtextextended('bounce ' || current_schema(), "
    "0))";
static const char BEGIN_READ[] =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

static enum store_err try_begin(struct pg_store *pg, enum store_mode mode,
                                struct store_error *error)
{
    PGresult *result =
        PQexec(pg->conn, mode == STORE_WRITE ? BEGIN_WRITE : BEGIN_READ);
    enum store_err err = STORE_OK;

    if (!pg_succeeded(result)) {
        err = pg_fail(pg, result, error);
        if (err == STORE_E_BUSY) {
            err = store_fail(error, STORE_E_BUSY,
                             "PostgreSQL: another process is writing to the "
                             "store");
        }
    } else if (mode == STORE_WRITE &&
               strcmp(PQgetvalue(result, 0, 0), "on") == 0) {
        err = store_fail(error, STORE_E_READONLY,
                         "PostgreSQL: the server takes no writes "
                         "(transaction_read_only)");
    }
    PQclear(result);
    if (err != STORE_OK && PQstatus(pg->conn) == CONNECTION_OK) {
        PQclear(PQexec(pg->conn, "ROLLBACK"));
    }
    return err;
}

enum store_err pg_begin(struct store *store, enum store_mode mode,
                        struct store_error *error)
{
    struct pg_store *pg = self_of(store);
    enum store_err err;

    if (pg->in != PG_IDLE) {
        return store_fail(error, STORE_E_SQL,
                          "a transaction is under way already");
    }
    /* That an idle connection was lost shows only when it is used, and then
     * there is nothing to lose by another one. */
    for (int tries = 0;; tries++) {
        err = pg_ready(pg, error);
        if (err == STORE_OK) {
            err = try_begin(pg, mode, error);
        }
        if (err != STORE_E_LOST || tries == 1) {
            break;
        }
    }
    if (err == STORE_OK) {
        pg->in = mode == STORE_WRITE ? PG_WRITING : PG_READING;
    }
    return err;
}

void pg_rollback(struct store *store)
{
    struct pg_store *pg = self_of(store);

    if (pg->in != PG_IDLE && PQstatus(pg->conn) == CONNECTION_OK) {
        PQclear(PQexec(pg->conn, "ROLLBACK"));
    }
    pg->in = PG_IDLE;
    pg->failed = false;
}

enum store_err pg_commit(struct store *store, struct store_error *error)
{
    struct pg_store *pg = self_of(store);
    enum store_err err;
    PGresult *result;

    if (pg->in == PG_IDLE) {
        return store_fail(error, STORE_E_SQL, "there is no transaction");
    }
    err = pg_ready(pg, error);
    if (err != STORE_OK) {
        pg_rollback(store);
        return err;
    }
    result = PQexec(pg->conn, "COMMIT");
    if (!pg_succeeded(result)) {
        err = pg_fail(pg, result, error);
    } else if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        /* So it ends a transaction that failed, without an error. */
        err = store_fail(error, STORE_E_SQL,
                         "the transaction failed before: nothing of it is "
                         "kept");
    }
    PQclear(result);
    pg->in = PG_IDLE;
    pg->failed = false;
    return err;
}

static enum store_err pg_script(struct store *store, const char *sql,
                                struct store_error *error)
{
    struct pg_store *pg = self_of(store);
    enum store_err err = pg_ready(pg, error);

    return pg_note(pg, err == STORE_OK ? pg_command(pg, sql, error) : err);
}

static const char *pg_migration(size_t i)
{
    size_t count = 0;

    while (schema_postgresql[count] != NULL) {
        count++;
    }
    return i < count ? schema_postgresql[i] : NULL;
}

/* What extensions brought along does not count. */
static const char TABLES[] =
    "SELECT c.relname FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm')"
    " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d"
    " WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid"
    " AND d.deptype = 'e')";

static const struct store_driver driver = {
    .name = "postgresql",
    .open = pg_open,
    .close = pg_close,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .run = pg_run,
    .put = pg_put,
    .get = pg_get,
    .script = pg_script,
    .migration = pg_migration,
    .tables = TABLES,
};

extern const struct module_store bounce_module_postgresql;
MODULE_EXPORT const struct module_store bounce_module_postgresql = {
    .version = MODULE_VERSION,
    .driver = &driver,
};
