/* SPDX-License-Identifier: MIT
 * A database as one table of functions (struct store_driver). Everything above
 * it is written once, in SQL that SQLite and PostgreSQL read alike, so that
 * both answer alike: parameters are $1, $2, ...; CAST(x AS BIGINT) where a type
 * cannot be guessed; no function that only one of them has. What must be fast
 * in bulk is said as a table (store_put, store_get), and each driver does it
 * its own way.
 *
 * A store is one connection, used by one thread at a time. Text and blobs that
 * go in are borrowed for the call; those of a row live until the row function
 * returns. */
#ifndef BOUNCE_STORE_STORE_H
#define BOUNCE_STORE_STORE_H

#include "base/slice.h"

enum store_err {
    STORE_OK = 0,
    STORE_E_NOMEM,
    STORE_E_BUSY,     /* locked, or serialization failed: try again later */
    STORE_E_FULL,     /* disk full */
    STORE_E_READONLY, /* the file or the server takes no writes */
    STORE_E_LOST,     /* the connection broke: nothing was committed */
    STORE_E_OPEN,     /* there is no such store, or it cannot be opened */
    STORE_E_VERSION,  /* written by a newer Bounce, or by something else */
    STORE_E_DAMAGED,  /* the database says that it is corrupt */
    STORE_E_VALUE,    /* a value that cannot be stored: this row alone is bad */
    STORE_E_SQL,      /* anything else that the database refused */
    STORE_E_STOPPED   /* a row function returned false */
};

struct store_error {
    enum store_err code;
    char msg[256]; /* where and why, for people; control-free */
};

/* sysexits.h status that a command ends with: 75 for what may be tried again
 * (BUSY, LOST, NOMEM, FULL), 66 OPEN, 73 READONLY, 65 VERSION and DAMAGED,
 * 74 the rest. */
int store_exit_status(enum store_err err);

enum store_type {
    STORE_NULL = 0,
    STORE_INT,
    STORE_REAL,
    STORE_TEXT,
    STORE_BLOB
};

struct store_value {
    enum store_type type;
    int64_t integer;
    double real;
    struct bounce_slice text; /* UTF-8, or the bytes of a blob */
};

static inline struct store_value store_int(int64_t integer)
{
    return (struct store_value){.type = STORE_INT, .integer = integer};
}

/* A NULL slice is NULL. */
static inline struct store_value store_text(struct bounce_slice text)
{
    return (struct store_value){
        .type = text.ptr == NULL ? STORE_NULL : STORE_TEXT, .text = text};
}

static inline struct store_value store_blob(struct bounce_slice bytes)
{
    return (struct store_value){
        .type = bytes.ptr == NULL ? STORE_NULL : STORE_BLOB, .text = bytes};
}

/* BOUNCE_NO_TIME is NULL. */
static inline struct store_value store_time(int64_t time)
{
    return (struct store_value){
        .type = time == INT64_MIN ? STORE_NULL : STORE_INT, .integer = time};
}

/* The other way. */
static inline int64_t store_time_of(const struct store_value *value)
{
    return value->type == STORE_INT ? value->integer : INT64_MIN;
}

/* The text of a value with a NUL, cut to the cap bytes of out; "" for NULL. */
void store_copy_text(const struct store_value *value, char *out, size_t cap);
#define STORE_COPY_TEXT(value, array)                                          \
    store_copy_text(value, array, sizeof(array))

/* Takes a row; false stops (STORE_E_STOPPED). Must not use the store that the
 * row comes from: PostgreSQL is still sending the others. */
typedef bool store_row_fn(void *ctx, const struct store_value *row,
                          size_t columns);

struct store_column {
    const char *name;
    enum store_type type;
};

enum store_conflict {
    STORE_KEEP,    /* the row that is there stays */
    STORE_REPLACE, /* the columns that are no key are replaced */
    STORE_ADD,     /* integer columns that are no key are added up */
    STORE_NEW      /* as STORE_REPLACE, but hardly any row will be there */
};

/* Rows into a table. Make it static const: drivers know it by its address. */
struct store_put {
    const char *table;
    const struct store_column *columns; /* those of the key come first */
    size_t count, keys;
    enum store_conflict conflict;
};

/* Rows of a table whose key columns equal one of many keys, in no order.
 * Static const, as store_put. */
struct store_get {
    const char *table;
    const char *columns; /* "a, b, c": what a row has */
    const struct store_column *keys;
    size_t key_count;
};

/* Values of one statement that runs; every driver takes so many. */
#define STORE_VALUES_MAX 640

enum store_mode {
    STORE_READ, /* one snapshot for all that is read */
    STORE_WRITE /* one writer at a time; waits for another one */
};

struct store_options {
    unsigned wait_ms; /* for a lock; default 5000 */
    bool create;      /* make it when it is not there, and migrate it */
};

struct store; /* a driver's own; begins with its driver */

struct store_driver {
    const char *name;
    /* where: a path, or a URL that the driver knows. */
    enum store_err (*open)(const char *where,
                           const struct store_options *options,
                           struct store **store_out, struct store_error *error);
    void (*close)(struct store *store);
    enum store_err (*begin)(struct store *store, enum store_mode mode,
                            struct store_error *error);
    /* When commit fails nothing of the transaction remains, save STORE_E_LOST:
     * then it is unknown whether it was committed. */
    enum store_err (*commit)(struct store *store, struct store_error *error);
    void (*rollback)(struct store *store);
    /* One statement of at most STORE_VALUES_MAX values; row may be NULL. */
    enum store_err (*run)(struct store *store, const char *sql,
                          const struct store_value *values, size_t count,
                          store_row_fn *row, void *ctx,
                          struct store_error *error);
    /* rows times put->count values. The keys of one call differ. */
    enum store_err (*put)(struct store *store, const struct store_put *put,
                          const struct store_value *values, size_t rows,
                          struct store_error *error);
    /* keys times get->key_count values. */
    enum store_err (*get)(struct store *store, const struct store_get *get,
                          const struct store_value *values, size_t keys,
                          store_row_fn *row, void *ctx,
                          struct store_error *error);
    /* Several statements without parameters: migrations. */
    enum store_err (*script)(struct store *store, const char *sql,
                             struct store_error *error);
    /* The schema in this driver's dialect: number i from 0, NULL beyond the
     * last. Store version n has had scripts 0 to n - 1. */
    const char *(*migration)(size_t i);
    /* A query that names the tables (and views) that are there, one a row. NULL:
     * nothing is ever kept, and there is no schema. */
    const char *tables;
};

struct store {
    const struct store_driver *driver;
};

extern const struct store_driver store_sqlite;
extern const struct store_driver store_null;

/* Opens where: "postgresql://..." or "postgres://..." (a module loaded on
 * first use), "null:", else the path of a SQLite file. Brings the schema up
 * to date when options->create, else refuses an old one with STORE_E_VERSION.
 * On STORE_OK *store_out is the caller's: store_close(). */
enum store_err store_open(const char *where,
                          const struct store_options *options,
                          struct store **store_out, struct store_error *error);
void store_close(struct store *store);

static inline int64_t value_time(const struct store_value *value)
{
    return value->type == STORE_INT ? value->integer : BOUNCE_NO_TIME;
}
/* NULL and numbers that are NULL are 0. */
static inline int64_t value_int(const struct store_value *value)
{
    return value->type == STORE_INT ? value->integer : 0;
}
static inline struct bounce_slice value_text(const struct store_value *value)
{
    return value->type == STORE_TEXT ? value->text : SLICE_NULL;
}

/* The driver's functions. Between begin and commit every failure but
 * STORE_E_STOPPED leaves only rollback. */
enum store_err store_begin(struct store *store, enum store_mode mode,
                           struct store_error *error);
enum store_err store_commit(struct store *store, struct store_error *error);
void store_rollback(struct store *store);
/* Commits when err is STORE_OK, else rolls back; returns err, or why it was not
 * committed. */
enum store_err store_end(struct store *store, enum store_err err,
                         struct store_error *error);
enum store_err store_run(struct store *store, const char *sql,
                         const struct store_value *values, size_t count,
                         store_row_fn *row, void *ctx,
                         struct store_error *error);
enum store_err store_put_rows(struct store *store, const struct store_put *put,
                              const struct store_value *values, size_t rows,
                              struct store_error *error);
enum store_err store_get_rows(struct store *store, const struct store_get *get,
                              const struct store_value *values, size_t keys,
                              store_row_fn *row, void *ctx,
                              struct store_error *error);

/* For store_run(). The number in the first column, into *(int64_t *)ctx; a NULL
 * leaves that as it is. */
store_row_fn store_take_int;
/* That there is a row, into *(bool *)ctx. */
store_row_fn store_take_any;

/* Fills error and returns err. */
enum store_err store_fail(struct store_error *error, enum store_err err,
                          const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
