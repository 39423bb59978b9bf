/* SPDX-License-Identifier: MIT
 * A store in one file of SQLite: a write-ahead log, so that readers never wait,
 * and the disk asked at each commit (synchronous=FULL). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/schema.h"
#include "store/sqlite_error.h"
#include "store/sqlite_stmt.h"

enum { SQL_MAX = 4096 };

struct sqlite_store {
    struct store store;
    sqlite3 *db;
    char *path;
    struct sqlite_cache cache;
    enum { IDLE, READING, WRITING } in;
    bool failed; /* only a rollback is left */
};

static struct sqlite_store *self_of(struct store *store)
{
    return (struct sqlite_store *)store;
}

static enum store_err fail(struct sqlite_store *self, int rc,
                           struct store_error *error)
{
    self->failed = self->in != IDLE;
    return sqlite_fail(self->db, rc, self->path, error);
}

/* Opening and closing */

static void sqlite_close(struct store *store)
{
    struct sqlite_store *self = self_of(store);
    sqlite_cache_clear(&self->cache);
    (void)sqlite3_close(self->db);
    free(self->path);
    free(self);
}

/* A new store is its owner's alone: it holds other people's addresses. SQLite
 * gives its log the rights of the file. */
static enum store_err make_file(const char *path, struct store_error *error)
{
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) {
        (void)close(file);
        return STORE_OK;
    }
    return errno == EEXIST ? STORE_OK : sqlite_fail_open(errno, path, error);
}

static bool take_first_int(sqlite3 *db, const char *sql, int64_t *value_out)
{
    sqlite3_stmt *stmt = NULL;
    bool fine = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
                sqlite3_step(stmt) == SQLITE_ROW;
    if (fine) {
        *value_out = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_finalize(stmt);
    return fine;
}

/* Only a file that holds nothing yet, or a store, is given a log: nothing is
 * done to other people's databases. */
static int use_log(struct sqlite_store *self)
{
    int64_t tables = 0;
    int64_t application = 0;
    if (!take_first_int(self->db, "SELECT count(*) FROM sqlite_schema",
                        &tables) ||
        !take_first_int(self->db, "PRAGMA application_id", &application)) {
        return sqlite3_extended_errcode(self->db);
    }
    if (tables != 0 && application != SCHEMA_APPLICATION) {
        return SQLITE_OK;
    }
    return sqlite3_exec(self->db, "PRAGMA journal_mode = WAL", NULL, NULL,
                        NULL);
}

/* As measured (bench/store_sqlite.c): reading through a map is twice as fast
 * where a store is larger than its cache, and a log of 16,000 pages is taken
 * over into the file half as often as it would otherwise be, with the pages
 * that several commits changed written once. Larger pages gain a little in a
 * small store and lose more in a large one. */
#if UINTPTR_MAX > 0xffffffffU
#define MAPPED "2147418112" /* as much as SQLite allows */
#else
#define MAPPED "0" /* addresses are scarce */
#endif
/* Who writes touches all of the store by and by: its map would become as large,
 * and its own cache is as quick. */
#define MAP(create)                                                            \
    ((create) ? "PRAGMA mmap_size = 0" : "PRAGMA mmap_size = " MAPPED)

static int configure(struct sqlite_store *self, bool create, unsigned wait_ms)
{
    (void)sqlite3_extended_result_codes(self->db, 1);
    (void)sqlite3_busy_timeout(self->db,
                               wait_ms < INT_MAX ? (int)wait_ms : INT_MAX);
    (void)sqlite3_db_config(self->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    int rc = sqlite3_exec(self->db,
                          "PRAGMA trusted_schema = OFF;"
                          "PRAGMA synchronous = FULL;"
                          "PRAGMA temp_store = MEMORY;"
                          "PRAGMA cache_size = -65536;" /* KiB */
                          "PRAGMA journal_size_limit = 134217728;"
                          "PRAGMA wal_autocheckpoint = 16000",
                          NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(self->db, MAP(create), NULL, NULL, NULL);
    if (rc == SQLITE_OK && create) {
        rc = use_log(self);
    }
    return rc;
}

static enum store_err open_db(struct sqlite_store *self,
                              const struct store_options *options,
                              struct store_error *error)
{
    int rc = sqlite3_open_v2(self->path, &self->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_PRIVATECACHE,
                             NULL);
    if (rc == SQLITE_OK) {
        rc = configure(self, options->create, options->wait_ms);
    }
    if (rc != SQLITE_OK) {
        return fail(self, rc, error);
    }
    if (options->create && sqlite3_db_readonly(self->db, "main") == 1) {
        return fail(self, SQLITE_READONLY, error);
    }
    return STORE_OK;
}

/* SQLite takes "file:..." for a URL. */
static char *plain_path(const char *where)
{
    size_t len = strlen(where);
    bool guarded = strncmp(where, "file:", 5) == 0;
    char *path = malloc(len + 3);
    if (path != NULL) {
        (void)snprintf(path, len + 3, "%s%s", guarded ? "./" : "", where);
    }
    return path;
}

static enum store_err sqlite_open(const char *where,
                                  const struct store_options *options,
                                  struct store **store_out,
                                  struct store_error *error)
{
    if (*where == '\0') {
        return store_fail(error, STORE_E_OPEN, "the store has no name");
    }
    struct sqlite_store *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return store_fail(error, STORE_E_NOMEM, "out of memory");
    }
    self->store.driver = &store_sqlite;
    self->path = plain_path(where);
    enum store_err err = self->path == NULL
                             ? store_fail(error, STORE_E_NOMEM, "out of memory")
                         : options->create && strcmp(where, ":memory:") != 0
                             ? make_file(self->path, error)
                             : STORE_OK;
    if (err == STORE_OK) {
        err = open_db(self, options, error);
    }
    if (err != STORE_OK) {
        sqlite_close(&self->store);
        return err;
    }
    *store_out = &self->store;
    return STORE_OK;
}

/* Transactions */

static void sqlite_rollback(struct store *store)
{
    struct sqlite_store *self = self_of(store);
    /* A full disk may have ended it already. */
    if (sqlite3_get_autocommit(self->db) == 0) {
        (void)sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
    }
    self->in = IDLE;
    self->failed = false;
}

/* What is written to a file that was removed or replaced is lost with it, and
 * no call would ever say so. */
static bool file_is_gone(struct sqlite_store *self)
{
    int moved = 0;
    return sqlite3_file_control(self->db, "main", SQLITE_FCNTL_HAS_MOVED,
                                &moved) == SQLITE_OK &&
           moved != 0;
}

static enum store_err fail_gone(struct sqlite_store *self,
                                struct store_error *error)
{
    return store_fail(error, STORE_E_LOST,
                      "the file of the store was moved or removed: %.100s",
                      self->path);
}

/* Runs one of the few statements of transactions. */
static int control(struct sqlite_store *self, const char *sql)
{
    struct sqlite_stmt *stmt = NULL;
    int rc = sqlite_stmt_take(&self->cache, self->db, NULL, sql, &stmt);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt->stmt);
        sqlite_stmt_done(stmt);
    }
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static enum store_err sqlite_begin(struct store *store, enum store_mode mode,
                                   struct store_error *error)
{
    struct sqlite_store *self = self_of(store);
    if (self->in != IDLE) {
        return store_fail(error, STORE_E_SQL,
                          "a transaction is under way already");
    }
    int rc = control(self, mode == STORE_WRITE ? "BEGIN IMMEDIATE" : "BEGIN");
    if (rc != SQLITE_OK) {
        return fail(self, rc, error);
    }
    self->in = mode == STORE_WRITE ? WRITING : READING;
    if (mode == STORE_WRITE && file_is_gone(self)) {
        sqlite_rollback(store);
        return fail_gone(self, error);
    }
    return STORE_OK;
}

static enum store_err fail_failed(struct store_error *error)
{
    return store_fail(error, STORE_E_SQL,
                      "the transaction failed before: nothing of it is kept");
}

static enum store_err sqlite_commit(struct store *store,
                                    struct store_error *error)
{
    struct sqlite_store *self = self_of(store);
    enum store_err err = STORE_OK;
    if (self->in == IDLE) {
        return store_fail(error, STORE_E_SQL, "there is no transaction");
    }
    if (self->failed) {
        err = fail_failed(error);
    } else if (self->in == WRITING && file_is_gone(self)) {
        err = fail_gone(self, error);
    } else {
        int rc = control(self, "COMMIT");
        if (rc != SQLITE_OK) {
            err = fail(self, rc, error);
        }
    }
    if (err != STORE_OK) {
        sqlite_rollback(store);
    }
    self->in = IDLE;
    return err;
}

/* Statements */

/* Steps to the end. */
static enum store_err step_all(struct sqlite_store *self,
                               struct sqlite_stmt *stmt, store_row_fn *row,
                               void *ctx, struct store_error *error)
{
    struct store_value values[SQLITE_COLUMNS_MAX];
    int columns = sqlite3_column_count(stmt->stmt);
    int rc = sqlite3_step(stmt->stmt);
    while (rc == SQLITE_ROW) {
        for (int i = 0; row != NULL && i < columns; i++) {
            values[i] = sqlite_column(stmt->stmt, i);
        }
        if (row != NULL && !row(ctx, values, (size_t)columns)) {
            return store_fail(error, STORE_E_STOPPED, "stopped");
        }
        rc = sqlite3_step(stmt->stmt);
    }
    return rc == SQLITE_DONE ? STORE_OK : fail(self, rc, error);
}

/* Sees that a statement may run now. */
static enum store_err allow(struct sqlite_store *self,
                            const struct sqlite_stmt *stmt,
                            struct store_error *error)
{
    if (self->in == READING && sqlite3_stmt_readonly(stmt->stmt) == 0) {
        self->failed = true;
        return store_fail(error, STORE_E_SQL,
                          "a transaction that reads must not write");
    }
    return STORE_OK;
}

static enum store_err sqlite_run(struct store *store, const char *sql,
                                 const struct store_value *values, size_t count,
                                 store_row_fn *row, void *ctx,
                                 struct store_error *error)
{
    struct sqlite_store *self = self_of(store);
    if (self->failed) {
        return fail_failed(error);
    }
    struct sqlite_stmt *stmt = NULL;
    int rc = sqlite_stmt_take(&self->cache, self->db, NULL, sql, &stmt);
    if (rc != SQLITE_OK) {
        return fail(self, rc, error);
    }
    for (size_t i = 0; rc == SQLITE_OK && i < stmt->params; i++) {
        size_t number = stmt->numbers[i];
        rc = number > count
                 ? SQLITE_RANGE
                 : sqlite_bind(stmt->stmt, (int)i + 1, &values[number - 1]);
    }
    enum store_err err =
        rc != SQLITE_OK ? fail(self, rc, error) : allow(self, stmt, error);
    if (err == STORE_OK) {
        err = step_all(self, stmt, row, ctx, error);
    }
    sqlite_stmt_done(stmt);
    return err;
}

/* Put and get: one statement, bound again for each row. Outside a transaction
 * they make one of their own, so that a put is whole or not at all, and a get
 * sees one moment. */

struct text {
    char sql[SQL_MAX];
    size_t len;
};

static void add(struct text *text, const char *word)
{
    size_t len = strlen(word);
    if (len < sizeof(text->sql) - text->len) {
        memcpy(text->sql + text->len, word, len + 1);
        text->len += len;
    } else {
        text->len = sizeof(text->sql) - 1; /* too long: SQLite will refuse it */
    }
}

static void add_column(struct text *text, const char *before, const char *name)
{
    add(text, before);
    add(text, "\"");
    add(text, name);
    add(text, "\"");
}

static void add_conflict(struct text *text, const struct store_put *put)
{
    add(text, " ON CONFLICT (");
    for (size_t i = 0; i < put->keys; i++) {
        add_column(text, i == 0 ? "" : ", ", put->columns[i].name);
    }
    add(text, ") DO ");
    const char *before = "UPDATE SET ";
    for (size_t i = put->keys; i < put->count; i++) {
        const struct store_column *column = &put->columns[i];
        if (put->conflict == STORE_KEEP ||
            (put->conflict == STORE_ADD && column->type != STORE_INT)) {
            continue;
        }
        add_column(text, before, column->name);
        add(text, " = ");
        if (put->conflict == STORE_ADD) {
            add_column(text, "", put->table);
            add_column(text, ".", column->name);
            add(text, " + ");
        }
        add_column(text, "excluded.", column->name);
        before = ", ";
    }
    if (*before == 'U') {
        add(text, "NOTHING"); /* no column was to change */
    }
}

static void put_sql(struct text *text, const struct store_put *put)
{
    add_column(text, "INSERT INTO ", put->table);
    for (size_t i = 0; i < put->count; i++) {
        add_column(text, i == 0 ? " (" : ", ", put->columns[i].name);
    }
    for (size_t i = 0; i < put->count; i++) {
        char number[32];
        (void)snprintf(number, sizeof(number), "$%zu", i + 1);
        add(text, i == 0 ? ") VALUES (" : ", ");
        add(text, number);
    }
    add(text, ")");
    if (put->keys > 0) {
        add_conflict(text, put);
    }
}

static void get_sql(struct text *text, const struct store_get *get)
{
    add(text, "SELECT ");
    add(text, get->columns);
    add_column(text, " FROM ", get->table);
    for (size_t i = 0; i < get->key_count; i++) {
        char number[32];
        add_column(text, i == 0 ? " WHERE " : " AND ", get->keys[i].name);
        (void)snprintf(number, sizeof(number), " = $%zu", i + 1);
        add(text, number);
    }
}

/* Binds a row of params values, runs the statement, makes it ready again. */
static enum store_err run_row(struct sqlite_store *self,
                              struct sqlite_stmt *stmt,
                              const struct store_value *values,
                              store_row_fn *row, void *ctx,
                              struct store_error *error)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < stmt->params; i++) {
        rc = sqlite_bind(stmt->stmt, (int)i + 1, &values[i]);
    }
    if (rc != SQLITE_OK) {
        return fail(self, rc, error);
    }
    enum store_err err = step_all(self, stmt, row, ctx, error);
    (void)sqlite3_reset(stmt->stmt);
    return err;
}

static enum store_err run_rows(struct sqlite_store *self,
                               struct sqlite_stmt *stmt,
                               const struct store_value *values, size_t rows,
                               store_row_fn *row, void *ctx,
                               struct store_error *error)
{
    enum store_err err = allow(self, stmt, error);
    for (size_t i = 0; err == STORE_OK && i < rows; i++) {
        err = run_row(self, stmt, values + i * stmt->params, row, ctx, error);
    }
    return err;
}

/* In a transaction of its own when there is none. */
static enum store_err run_whole(struct sqlite_store *self,
                                struct sqlite_stmt *stmt, enum store_mode mode,
                                const struct store_value *values, size_t rows,
                                store_row_fn *row, void *ctx,
                                struct store_error *error)
{
    bool own = self->in == IDLE;
    enum store_err err =
        own ? sqlite_begin(&self->store, mode, error) : STORE_OK;
    if (err != STORE_OK) {
        return err;
    }
    err = run_rows(self, stmt, values, rows, row, ctx, error);
    if (own && (err == STORE_OK || err == STORE_E_STOPPED)) {
        (void)sqlite3_reset(stmt->stmt);
        enum store_err ended = sqlite_commit(&self->store, error);
        err = ended != STORE_OK ? ended : err;
    } else if (own) {
        sqlite_rollback(&self->store);
    }
    return err;
}

static enum store_err sqlite_put(struct store *store,
                                 const struct store_put *put,
                                 const struct store_value *values, size_t rows,
                                 struct store_error *error)
{
    struct sqlite_store *self = self_of(store);
    if (self->failed) {
        return fail_failed(error);
    }
    struct sqlite_stmt *stmt = NULL;
    int rc = sqlite_stmt_take(&self->cache, self->db, put, NULL, &stmt);
    if (stmt == NULL) {
        struct text text = {.len = 0};
        put_sql(&text, put);
        rc = sqlite_stmt_take(&self->cache, self->db, put, text.sql, &stmt);
    }
    if (rc != SQLITE_OK) {
        return fail(self, rc, error);
    }
    enum store_err err =
        run_whole(self, stmt, STORE_WRITE, values, rows, NULL, NULL, error);
    sqlite_stmt_done(stmt);
    return err;
}

static enum store_err sqlite_get(struct store *store,
                                 const struct store_get *get,
                                 const struct store_value *values, size_t keys,
                                 store_row_fn *row, void *ctx,
                                 struct store_error *error)
{
    struct sqlite_store *self = self_of(store);
    if (self->failed) {
        return fail_failed(error);
    }
    struct sqlite_stmt *stmt = NULL;
    int rc = sqlite_stmt_take(&self->cache, self->db, get, NULL, &stmt);
    if (stmt == NULL) {
        struct text text = {.len = 0};
        get_sql(&text, get);
        rc = sqlite_stmt_take(&self->cache, self->db, get, text.sql, &stmt);
    }
    if (rc != SQLITE_OK) {
        return fail(self, rc, error);
    }
    enum store_err err =
        run_whole(self, stmt, STORE_READ, values, keys, row, ctx, error);
    sqlite_stmt_done(stmt);
    return err;
}

static enum store_err sqlite_script(struct store *store, const char *sql,
                                    struct store_error *error)
{
    struct sqlite_store *self = self_of(store);
    if (self->failed) {
        return fail_failed(error);
    }
    int rc = sqlite3_exec(self->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK
               ? STORE_OK
               : fail(self, sqlite3_extended_errcode(self->db), error);
}

static const char *sqlite_migration(size_t i)
{
    size_t at = 0;
    while (at < i && schema_sqlite[at] != NULL) {
        at++;
    }
    return schema_sqlite[at];
}

const struct store_driver store_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .run = sqlite_run,
    .put = sqlite_put,
    .get = sqlite_get,
    .script = sqlite_script,
    .migration = sqlite_migration,
    .tables = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') "
              "AND name NOT LIKE 'sqlite|_%' ESCAPE '|'",
};
