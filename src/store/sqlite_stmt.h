/* SPDX-License-Identifier: MIT
 * Statements of SQLite, prepared once and kept. */
#ifndef BOUNCE_STORE_SQLITE_STMT_H
#define BOUNCE_STORE_SQLITE_STMT_H

#include <sqlite3.h>

#include "store/store.h"

enum { SQLITE_COLUMNS_MAX = 64, SQLITE_STMTS_KEPT = 64 };

struct sqlite_stmt {
    sqlite3_stmt *stmt;
    const void *owner; /* a store_put or store_get; NULL: known by its SQL */
    uint32_t hash;     /* of the SQL */
    uint64_t used_at;  /* the one that rests longest gives way */
    bool running;
    bool kept; /* in the cache */
    size_t params;
    unsigned short *numbers; /* the n of SQLite's parameter i + 1, "$n" */
};

struct sqlite_cache {
    struct sqlite_stmt *stmts[SQLITE_STMTS_KEPT];
    size_t count;
    uint64_t clock;
};

/* The statement of owner, or for sql when owner is NULL; prepared when it is
 * not there yet, or runs already (a row function may do the same again). sql
 * may be NULL: then *stmt_out is NULL when owner has none at rest. It is the
 * caller's until sqlite_stmt_done(). SQLITE_OK or a result code. */
int sqlite_stmt_take(struct sqlite_cache *cache, sqlite3 *db, const void *owner,
                     const char *sql, struct sqlite_stmt **stmt_out);
void sqlite_stmt_done(struct sqlite_stmt *stmt);
void sqlite_cache_clear(struct sqlite_cache *cache);

/* Text must be UTF-8 without NUL, which is what PostgreSQL takes: else
 * SQLITE_MISMATCH. index counts from 1. */
int sqlite_bind(sqlite3_stmt *stmt, int index, const struct store_value *value);
/* Valid until the next step. */
struct store_value sqlite_column(sqlite3_stmt *stmt, int column);

#endif
