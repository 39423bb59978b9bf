/* SPDX-License-Identifier: MIT */
#include "store/sqlite_stmt.h"

#include <limits.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"

static void stmt_free(struct sqlite_stmt *stmt)
{
    if (stmt != NULL) {
        (void)sqlite3_finalize(stmt->stmt);
        free(stmt->numbers);
        free(stmt);
    }
}

/* SQLite takes "$2" for a name and numbers parameters as they come. */
static int number_params(struct sqlite_stmt *stmt)
{
    int count = sqlite3_bind_parameter_count(stmt->stmt);
    if (count == 0) {
        return SQLITE_OK;
    }
    stmt->numbers = calloc((size_t)count, sizeof(*stmt->numbers));
    if (stmt->numbers == NULL) {
        return SQLITE_NOMEM;
    }
    stmt->params = (size_t)count;
    for (int i = 0; i < count; i++) {
        const char *name = sqlite3_bind_parameter_name(stmt->stmt, i + 1);
        char *end = NULL;
        long number = name != NULL ? strtol(name + 1, &end, 10) : 0;
        if (number < 1 || number > USHRT_MAX || *end != '\0') {
            return SQLITE_RANGE;
        }
        stmt->numbers[i] = (unsigned short)number;
    }
    return SQLITE_OK;
}

static int stmt_make(sqlite3 *db, const void *owner, const char *sql,
                     struct sqlite_stmt **stmt_out)
{
    struct sqlite_stmt *stmt = calloc(1, sizeof(*stmt));
    if (stmt == NULL) {
        return SQLITE_NOMEM;
    }
    const char *tail = NULL;
    int rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                &stmt->stmt, &tail);
    if (rc == SQLITE_OK &&
        (stmt->stmt == NULL || *tail != '\0' ||
         sqlite3_column_count(stmt->stmt) > SQLITE_COLUMNS_MAX)) {
        rc = SQLITE_MISUSE; /* nothing, several statements, too many columns */
    }
    if (rc == SQLITE_OK) {
        rc = number_params(stmt);
    }
    if (rc != SQLITE_OK) {
        stmt_free(stmt);
        return rc;
    }
    stmt->owner = owner;
    *stmt_out = stmt;
    return SQLITE_OK;
}

static struct sqlite_stmt *find(const struct sqlite_cache *cache,
                                const void *owner, const char *sql,
                                uint32_t hash)
{
    for (size_t i = 0; i < cache->count; i++) {
        struct sqlite_stmt *stmt = cache->stmts[i];
        if (stmt->owner != owner || stmt->running) {
            continue;
        }
        if (owner != NULL ||
            (stmt->hash == hash && strcmp(sqlite3_sql(stmt->stmt), sql) == 0)) {
            return stmt;
        }
    }
    return NULL;
}

/* Where a new statement may stand: a free place, else the one that rested
 * longest; SQLITE_STMTS_KEPT when all of them run. */
static size_t place_for_one(struct sqlite_cache *cache)
{
    if (cache->count < SQLITE_STMTS_KEPT) {
        return cache->count++;
    }
    size_t oldest = SQLITE_STMTS_KEPT;
    for (size_t i = 0; i < cache->count; i++) {
        if (!cache->stmts[i]->running &&
            (oldest == SQLITE_STMTS_KEPT ||
             cache->stmts[i]->used_at < cache->stmts[oldest]->used_at)) {
            oldest = i;
        }
    }
    if (oldest < SQLITE_STMTS_KEPT) {
        stmt_free(cache->stmts[oldest]);
    }
    return oldest;
}

int sqlite_stmt_take(struct sqlite_cache *cache, sqlite3 *db, const void *owner,
                     const char *sql, struct sqlite_stmt **stmt_out)
{
    uint32_t hash = owner == NULL ? hash_bytes(slice_cstr(sql)) : 0;
    struct sqlite_stmt *stmt = find(cache, owner, sql, hash);
    *stmt_out = NULL;
    if (stmt == NULL) {
        int rc = sql != NULL ? stmt_make(db, owner, sql, &stmt) : SQLITE_OK;
        if (stmt == NULL) {
            return rc;
        }
        stmt->hash = hash;
        size_t place = place_for_one(cache);
        if (place < SQLITE_STMTS_KEPT) {
            cache->stmts[place] = stmt;
            stmt->kept = true;
        }
    }
    stmt->used_at = ++cache->clock;
    stmt->running = true;
    *stmt_out = stmt;
    return SQLITE_OK;
}

void sqlite_stmt_done(struct sqlite_stmt *stmt)
{
    (void)sqlite3_reset(stmt->stmt);
    stmt->running = false;
    if (!stmt->kept) {
        stmt_free(stmt);
    }
}

void sqlite_cache_clear(struct sqlite_cache *cache)
{
    for (size_t i = 0; i < cache->count; i++) {
        stmt_free(cache->stmts[i]);
    }
    cache->count = 0;
}

static bool text_is_storable(struct bounce_slice text)
{
    return text.len == 0 || (memchr(text.ptr, '\0', text.len) == NULL &&
                             utf8_valid_prefix(text) == text.len);
}

int sqlite_bind(sqlite3_stmt *stmt, int index, const struct store_value *value)
{
    switch (value->type) {
    case STORE_NULL:
        return sqlite3_bind_null(stmt, index);
    case STORE_INT:
        return sqlite3_bind_int64(stmt, index, value->integer);
    case STORE_REAL:
        return sqlite3_bind_double(stmt, index, value->real);
    case STORE_TEXT:
        if (!text_is_storable(value->text)) {
            return SQLITE_MISMATCH;
        }
        return sqlite3_bind_text64(stmt, index, value->text.ptr,
                                   value->text.len, SQLITE_STATIC, SQLITE_UTF8);
    case STORE_BLOB:
        return sqlite3_bind_blob64(stmt, index, value->text.ptr,
                                   value->text.len, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

struct store_value sqlite_column(sqlite3_stmt *stmt, int column)
{
    const char *ptr = NULL;
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        return store_int(sqlite3_column_int64(stmt, column));
    case SQLITE_FLOAT:
        return (struct store_value){
            .type = STORE_REAL, .real = sqlite3_column_double(stmt, column)};
    case SQLITE_TEXT:
        ptr = (const char *)sqlite3_column_text(stmt, column);
        break;
    case SQLITE_BLOB:
        ptr = sqlite3_column_blob(stmt, column);
        break;
    default:
        return (struct store_value){.type = STORE_NULL};
    }
    /* An empty blob has no address. */
    struct bounce_slice bytes = slice_make(
        ptr != NULL ? ptr : "", (size_t)sqlite3_column_bytes(stmt, column));
    return sqlite3_column_type(stmt, column) == SQLITE_TEXT ? store_text(bytes)
                                                            : store_blob(bytes);
}
