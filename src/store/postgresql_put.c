/* SPDX-License-Identifier: MIT
 * Many rows at once: put and get.
 *
 * New rows go in by COPY, which takes half the time of INSERT from arrays. It
 * knows no conflicts, so it runs under a savepoint, and where a key is there
 * already the rows go in once more by INSERT ... ON CONFLICT. A put that meets
 * conflicts does without COPY for a while. */
#include <stdio.h>

#include "store/postgresql.h"

enum {
    COPY_MIN = 64,        /* rows; fewer are not worth three round trips */
    COPY_PASSES_MAX = 64, /* calls without COPY after a conflict */
    GET_ROWS = 5000 /* keys of one statement: what it finds is in memory */
};
static const size_t COPY_PIECE = (size_t)64 << 10; /* bytes of one message */

/* Names come from our own tables of columns. */
static void add_name(struct pg_store *pg, const char *before, const char *name)
{
    pg_add_text(&pg->sql, before);
    pg_add_text(&pg->sql, "\"");
    pg_add_text(&pg->sql, name);
    pg_add_text(&pg->sql, "\"");
}

static void add_number(struct pg_store *pg, const char *before, size_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%zu", number);
    pg_add_text(&pg->sql, before);
    pg_add_text(&pg->sql, text);
}

static void add_columns(struct pg_store *pg, const struct store_put *put)
{
    for (size_t c = 0; c < put->count; c++) {
        add_name(pg, c == 0 ? " (" : ", ", put->columns[c].name);
    }
    pg_add_text(&pg->sql, ")");
}

/* "unnest($1, $2)" */
static void add_unnest(struct pg_store *pg, size_t count)
{
    for (size_t c = 0; c < count; c++) {
        add_number(pg, c == 0 ? "unnest($" : ", $", c + 1);
    }
    pg_add_text(&pg->sql, ")");
}

/* Ends the text that was collected. */
static enum store_err end_sql(struct pg_store *pg, struct store_error *error)
{
    pg_add(&pg->sql, "", 1);
    return pg->sql.failed ? store_fail(error, STORE_E_NOMEM, "memory is out")
                          : STORE_OK;
}

/* COPY */

static struct pg_copying *copying_of(struct pg_store *pg,
                                     const struct store_put *put)
{
    for (size_t i = 0; i < pg->copying_count; i++) {
        if (pg->copying[i].put == put) {
            return &pg->copying[i];
        }
    }
    if (pg->copying_count == PG_TABLES) {
        return NULL;
    }
    pg->copying[pg->copying_count] = (struct pg_copying){.put = put};
    return &pg->copying[pg->copying_count++];
}

/* Sends what has gathered when it is enough, or all of it. */
static bool send_piece(struct pg_store *pg, bool all)
{
    bool fine = true;

    if (!pg->out.failed && (all || pg->out.len >= COPY_PIECE)) {
        fine = PQputCopyData(pg->conn, pg->out.ptr, (int)pg->out.len) == 1;
        pg->out.len = 0;
    }
    return fine && !pg->out.failed;
}

static bool send_rows(struct pg_store *pg, const struct store_put *put,
                      const struct store_value *values, size_t rows)
{
    static const char signature[11] = "PGCOPY\n\377\r\n";
    bool fine = true;

    pg_bytes_reset(&pg->out);
    pg_add(&pg->out, signature, sizeof(signature));
    pg_add_u32(&pg->out, 0); /* flags */
    pg_add_u32(&pg->out, 0); /* length of more header */
    for (size_t r = 0; fine && r < rows; r++) {
        pg_add_u16(&pg->out, (uint16_t)put->count);
        for (size_t c = 0; c < put->count; c++) {
            pg_add_value(&pg->out, values++);
        }
        fine = send_piece(pg, false);
    }
    pg_add_u16(&pg->out, UINT16_MAX); /* the end */
    return fine && send_piece(pg, true);
}

/* Reads what became of a COPY. */
static enum store_err end_copy(struct pg_store *pg, bool *conflict_out,
                               struct store_error *error)
{
    enum store_err err = STORE_OK;
    PGresult *result;

    while ((result = PQgetResult(pg->conn)) != NULL) {
        if (!pg_succeeded(result) && err == STORE_OK) {
            *conflict_out = strcmp(pg_sqlstate(result), "23505") == 0;
            err = pg_fail(pg, result, error);
        }
        PQclear(result);
        if (PQstatus(pg->conn) == CONNECTION_BAD) {
            break; /* else COPY's state could stay for ever */
        }
    }
    return err;
}

/* *conflict_out: nothing was done, a key is there already. */
static enum store_err copy(struct pg_store *pg, const struct store_put *put,
                           const struct store_value *values, size_t rows,
                           bool *conflict_out, struct store_error *error)
{
    PGresult *result;
    enum store_err err;
    bool sent;

    pg_bytes_reset(&pg->sql);
    add_name(pg, "SAVEPOINT bounce; COPY ", put->table);
    add_columns(pg, put);
    pg_add_text(&pg->sql, " FROM STDIN (FORMAT binary)");
    err = end_sql(pg, error);
    if (err != STORE_OK) {
        return err;
    }
    result = PQexec(pg->conn, pg->sql.ptr);
    if (PQresultStatus(result) != PGRES_COPY_IN) {
        err = pg_fail(pg, result, error);
        PQclear(result);
        return err;
    }
    PQclear(result);
    sent = send_rows(pg, put, values, rows);
    (void)PQputCopyEnd(pg->conn, sent ? NULL : "cut short");
    err = end_copy(pg, conflict_out, error);
    if (!sent && pg->out.failed && err != STORE_E_LOST) {
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    }
    if (*conflict_out) {
        return pg_command(pg, "ROLLBACK TO bounce; RELEASE bounce", error);
    }
    return err == STORE_OK ? pg_command(pg, "RELEASE bounce", error) : err;
}

/* INSERT */

static void add_conflict(struct pg_store *pg, const struct store_put *put)
{
    const char *before = " DO UPDATE SET ";

    for (size_t c = 0; c < put->keys; c++) {
        add_name(pg, c == 0 ? " ON CONFLICT (" : ", ", put->columns[c].name);
    }
    pg_add_text(&pg->sql, ")");
    for (size_t c = put->keys; c < put->count; c++) {
        const struct store_column *column = &put->columns[c];

        if (put->conflict == STORE_KEEP ||
            (put->conflict == STORE_ADD && column->type != STORE_INT)) {
            continue;
        }
        add_name(pg, before, column->name);
        pg_add_text(&pg->sql, " = ");
        if (put->conflict == STORE_ADD) {
            add_name(pg, "", put->table);
            add_name(pg, ".", column->name);
            pg_add_text(&pg->sql, " + ");
        }
        add_name(pg, "excluded.", column->name);
        before = ", ";
    }
    if (*before != ',') {
        pg_add_text(&pg->sql, " DO NOTHING");
    }
}

static enum store_err insert(struct pg_store *pg, const struct store_put *put,
                             const struct pg_arrays *arrays,
                             struct store_error *error)
{
    struct pg_call call = {
        .types = arrays->types,
        .values = arrays->values,
        .lengths = arrays->lengths,
        .count = arrays->count,
    };
    enum store_err err;

    pg_bytes_reset(&pg->sql);
    add_name(pg, "INSERT INTO ", put->table);
    add_columns(pg, put);
    pg_add_text(&pg->sql, " SELECT * FROM ");
    add_unnest(pg, put->count);
    if (put->keys > 0) {
        add_conflict(pg, put);
    }
    err = end_sql(pg, error);
    call.sql = pg->sql.ptr;
    return err == STORE_OK ? pg_call(pg, &call, error) : err;
}

/* put */

/* Some rows, all in one statement. */
static enum store_err put_chunk(struct pg_store *pg,
                                const struct store_put *put,
                                const struct store_value *values, size_t rows,
                                struct store_error *error)
{
    struct pg_copying *copying = NULL;
    struct pg_arrays arrays;
    enum store_err err;

    if (rows >= COPY_MIN && (put->conflict == STORE_KEEP || put->keys == 0)) {
        copying = copying_of(pg, put);
    }
    if (copying != NULL && copying->passes > 0) {
        copying->passes--;
    } else if (copying != NULL) {
        bool conflict = false;

        err = copy(pg, put, values, rows, &conflict, error);
        if (!conflict || put->keys == 0 || err != STORE_OK) {
            copying->penalty = 0;
            return err;
        }
        copying->penalty = copying->penalty == 0 ? 4 : copying->penalty * 2;
        if (copying->penalty > COPY_PASSES_MAX) {
            copying->penalty = COPY_PASSES_MAX;
        }
        copying->passes = copying->penalty;
    }
    err = pg_arrays_init(&arrays, put->columns, put->count, error);
    if (err == STORE_OK) {
        err = pg_arrays_fill(&arrays, put->columns, values, rows, error);
    }
    if (err == STORE_OK) {
        err = insert(pg, put, &arrays, error);
    }
    pg_arrays_clear(&arrays);
    return err;
}

static enum store_err put_all(struct pg_store *pg, const struct store_put *put,
                              const struct store_value *values, size_t rows,
                              struct store_error *error)
{
    enum store_err err = STORE_OK;

    while (err == STORE_OK && rows > 0) {
        size_t taken = pg_chunk(put->columns, put->count, values, rows, error);

        if (taken == 0) {
            return error->code;
        }
        err = put_chunk(pg, put, values, taken, error);
        if (err == STORE_E_VALUE) {
            pg_blame(put->table, put->columns, values, put->count, taken,
                     error);
        }
        values += taken * put->count;
        rows -= taken;
    }
    return err;
}

enum store_err pg_put(struct store *store, const struct store_put *put,
                      const struct store_value *values, size_t rows,
                      struct store_error *error)
{
    struct pg_store *pg = (struct pg_store *)store;
    enum store_err err;

    if (pg->in != PG_IDLE) {
        err = pg_ready(pg, error);
        return pg_note(
            pg, err == STORE_OK ? put_all(pg, put, values, rows, error) : err);
    }
    err = pg_begin(store, STORE_WRITE, error);
    if (err != STORE_OK) {
        return err;
    }
    err = pg_note(pg, put_all(pg, put, values, rows, error));
    if (err == STORE_OK) {
        return pg_commit(store, error);
    }
    pg_rollback(store);
    return err;
}

/* get */

/* OFFSET 0 keeps the planner from turning the look-ups into a walk through the
 * whole table, which it likes to do while a table is small or unknown to it, and
 * goes on doing when it has grown. */
static enum store_err get_sql(struct pg_store *pg, const struct store_get *get,
                              struct store_error *error)
{
    pg_bytes_reset(&pg->sql);
    pg_add_text(&pg->sql, "SELECT found.* FROM ");
    add_unnest(pg, get->key_count);
    for (size_t c = 0; c < get->key_count; c++) {
        add_number(pg, c == 0 ? " AS wanted (wanted" : ", wanted", c);
    }
    pg_add_text(&pg->sql, "), LATERAL (SELECT ");
    pg_add_text(&pg->sql, get->columns);
    add_name(pg, " FROM ", get->table);
    for (size_t c = 0; c < get->key_count; c++) {
        add_name(pg, c == 0 ? " WHERE " : " AND ", get->keys[c].name);
        add_number(pg, " = wanted.wanted", c);
    }
    pg_add_text(&pg->sql, " OFFSET 0) AS found");
    return end_sql(pg, error);
}

static enum store_err get_all(struct pg_store *pg, const struct store_get *get,
                              const struct store_value *values, size_t keys,
                              store_row_fn *row, void *ctx,
                              struct store_error *error)
{
    struct pg_arrays arrays;
    enum store_err err =
        pg_arrays_init(&arrays, get->keys, get->key_count, error);

    while (err == STORE_OK && keys > 0) {
        size_t taken = pg_chunk(get->keys, get->key_count, values,
                                keys < GET_ROWS ? keys : GET_ROWS, error);
        struct pg_call call = {
            .types = arrays.types,
            .values = arrays.values,
            .lengths = arrays.lengths,
            .count = arrays.count,
            .row = row,
            .ctx = ctx,
        };

        err = taken == 0
                  ? error->code
                  : pg_arrays_fill(&arrays, get->keys, values, taken, error);
        if (err == STORE_OK) {
            err = get_sql(pg, get, error);
        }
        if (err == STORE_OK) {
            call.sql = pg->sql.ptr;
            err = pg_call(pg, &call, error);
        }
        if (err == STORE_E_VALUE) {
            pg_blame(get->table, get->keys, values, get->key_count, taken,
                     error);
        }
        values += taken * get->key_count;
        keys -= taken;
    }
    pg_arrays_clear(&arrays);
    return err;
}

enum store_err pg_get(struct store *store, const struct store_get *get,
                      const struct store_value *values, size_t keys,
                      store_row_fn *row, void *ctx, struct store_error *error)
{
    struct pg_store *pg = (struct pg_store *)store;
    enum store_err err;

    /* What takes several statements shall see one moment. */
    if (pg->in != PG_IDLE || keys <= GET_ROWS) {
        err = pg_ready(pg, error);
        return pg_note(pg, err == STORE_OK
                               ? get_all(pg, get, values, keys, row, ctx, error)
                               : err);
    }
    err = pg_begin(store, STORE_READ, error);
    if (err == STORE_OK) {
        err = get_all(pg, get, values, keys, row, ctx, error);
        pg_rollback(store);
    }
    return err;
}
