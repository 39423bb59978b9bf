/* SPDX-License-Identifier: MIT
 * Many rows at once: put and get.
 *
 * New rows go in by COPY, which takes half the time of INSERT from arrays. It
 * knows no conflicts, so it runs under a savepoint. Rows that most likely are new
 * (STORE_NEW), or are to be kept as they are, are copied without a question, and
 * only where that meets a conflict, and for a while after, the server is asked
 * which of them it has. For the other puts an UPDATE comes first, which tells which rows
 * it found: INSERT ... ON CONFLICT would look up each key twice and lock the row
 * before it changes it. */
#include <stdio.h>
#include <stdlib.h>

#include "store/postgresql.h"

enum {
    COPY_MIN = 64,   /* rows; fewer are not worth the round trips */
    ASKING_MAX = 64, /* calls that ask first, after a conflict */
    GET_ROWS = 5000  /* keys of one statement: what it finds is in memory */
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

/* "before wanted0, wanted1" */
static void add_wanted(struct pg_store *pg, const char *before, size_t count)
{
    pg_add_text(&pg->sql, before);
    for (size_t c = 0; c < count; c++) {
        add_number(pg, c == 0 ? "wanted" : ", wanted", c);
    }
}

/* Of the rows of a table those with the keys of wanted. */
static void add_match(struct pg_store *pg, const char *table,
                      const struct store_column *keys, size_t count)
{
    add_name(pg, " FROM ", table);
    for (size_t c = 0; c < count; c++) {
        add_name(pg, c == 0 ? " WHERE " : " AND ", keys[c].name);
        add_number(pg, " = wanted.wanted", c);
    }
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

/* Rows, some of which may be known to be there (NULL: none is). */
struct batch {
    const struct store_put *put;
    const struct store_value *values;
    size_t rows;
    bool *there;
    size_t there_count;
};

static bool send_rows(struct pg_store *pg, const struct batch *batch)
{
    static const char signature[11] = "PGCOPY\n\377\r\n";
    size_t count = batch->put->count;
    bool fine = true;

    pg_bytes_reset(&pg->out);
    pg_add(&pg->out, signature, sizeof(signature));
    pg_add_u32(&pg->out, 0); /* flags */
    pg_add_u32(&pg->out, 0); /* length of more header */
    for (size_t r = 0; fine && r < batch->rows; r++) {
        if (batch->there != NULL && batch->there[r]) {
            continue;
        }
        pg_add_u16(&pg->out, (uint16_t)count);
        for (size_t c = 0; c < count; c++) {
            pg_add_value(&pg->out, &batch->values[r * count + c]);
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
static enum store_err copy(struct pg_store *pg, const struct batch *batch,
                           bool *conflict_out, struct store_error *error)
{
    PGresult *result;
    enum store_err err;
    bool sent;

    pg_bytes_reset(&pg->sql);
    add_name(pg, "SAVEPOINT bounce; COPY ", batch->put->table);
    add_columns(pg, batch->put);
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
    sent = send_rows(pg, batch);
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

/* Whether a column is another when its row is put once more. */
static bool is_changed(const struct store_put *put, size_t column)
{
    return column >= put->keys && put->conflict != STORE_KEEP &&
           (put->conflict != STORE_ADD ||
            put->columns[column].type == STORE_INT);
}

static bool is_any_changed(const struct store_put *put)
{
    size_t c = put->keys;

    while (c < put->count && !is_changed(put, c)) {
        c++;
    }
    return c < put->count;
}

/* " SET a = excluded.a, b = table.b + excluded.b" */
static void add_set(struct pg_store *pg, const struct store_put *put)
{
    const char *before = " SET ";

    for (size_t c = put->keys; c < put->count; c++) {
        const struct store_column *column = &put->columns[c];

        if (!is_changed(put, c)) {
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
}

static void add_conflict(struct pg_store *pg, const struct store_put *put)
{
    for (size_t c = 0; c < put->keys; c++) {
        add_name(pg, c == 0 ? " ON CONFLICT (" : ", ", put->columns[c].name);
    }
    if (is_any_changed(put)) {
        pg_add_text(&pg->sql, ") DO UPDATE");
        add_set(pg, put);
    } else {
        pg_add_text(&pg->sql, ") DO NOTHING");
    }
}

/* What to call with some of the rows as arrays. */
static enum store_err call_arrays(struct pg_store *pg,
                                  const struct store_column *columns,
                                  size_t count,
                                  const struct store_value *values, size_t rows,
                                  bool afresh, store_row_fn *row, void *ctx,
                                  struct store_error *error)
{
    struct pg_arrays arrays;
    enum store_err err = pg_arrays_init(&arrays, columns, count, error);

    if (err == STORE_OK) {
        err = pg_arrays_fill(&arrays, columns, values, rows, error);
    }
    if (err == STORE_OK) {
        err = end_sql(pg, error);
    }
    if (err == STORE_OK) {
        struct pg_call call = {
            .sql = pg->sql.ptr,
            .types = arrays.types,
            .values = arrays.values,
            .lengths = arrays.lengths,
            .count = count,
            .row = row,
            .ctx = ctx,
            .afresh = afresh,
        };
        err = pg_call(pg, &call, error);
    }
    pg_arrays_clear(&arrays);
    return err;
}

static enum store_err insert(struct pg_store *pg, const struct store_put *put,
                             const struct store_value *values, size_t rows,
                             struct store_error *error)
{
    pg_bytes_reset(&pg->sql);
    add_name(pg, "INSERT INTO ", put->table);
    add_columns(pg, put);
    pg_add_text(&pg->sql, " SELECT * FROM ");
    add_unnest(pg, put->count);
    if (put->keys > 0) {
        add_conflict(pg, put);
    }
    return call_arrays(pg, put->columns, put->count, values, rows, false, NULL,
                       NULL, error);
}

/* The rows that were not there when the server was asked. */
static enum store_err insert_others(struct pg_store *pg,
                                    const struct batch *batch,
                                    struct store_error *error)
{
    size_t count = batch->put->count, taken = 0;
    struct store_value *values;
    enum store_err err;

    values = malloc(batch->rows * count * sizeof(*values));
    if (values == NULL) {
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    }
    for (size_t r = 0; r < batch->rows; r++) {
        if (!batch->there[r]) {
            memcpy(values + taken++ * count, batch->values + r * count,
                   count * sizeof(*values));
        }
    }
    err = insert(pg, batch->put, values, taken, error);
    free(values);
    return err;
}

/* Asking */

static bool see_there(void *ctx, const struct store_value *row, size_t columns)
{
    struct batch *batch = ctx;
    size_t number = (size_t)row[0].integer - 1;

    (void)columns;
    if (number < batch->rows && !batch->there[number]) {
        batch->there[number] = true;
        batch->there_count++;
    }
    return true;
}

/* Finds out which of the rows are there. OFFSET 0: as in get_sql(). */
static enum store_err ask(struct pg_store *pg, struct batch *batch,
                          struct store_error *error)
{
    const struct store_put *put = batch->put;
    size_t keys = put->keys;
    struct store_value *values = malloc(batch->rows * keys * sizeof(*values));
    enum store_err err;

    if (values == NULL) {
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    }
    for (size_t r = 0; r < batch->rows; r++) {
        memcpy(values + r * keys, batch->values + r * put->count,
               keys * sizeof(*values));
    }
    pg_bytes_reset(&pg->sql);
    pg_add_text(&pg->sql, "SELECT wanted.row FROM ");
    add_unnest(pg, keys);
    add_wanted(pg, " WITH ORDINALITY AS wanted (", keys);
    pg_add_text(&pg->sql, ", row), LATERAL (SELECT 1");
    add_match(pg, put->table, put->columns, keys);
    pg_add_text(&pg->sql, " OFFSET 0) AS found");
    err = call_arrays(pg, put->columns, keys, values, batch->rows, false,
                      see_there, batch, error);
    free(values);
    return err;
}

/* Changes the rows that are there, and finds out which these are. It is planned
 * for as many rows and a table as large as they are: a plan that is right for
 * ten rows and a table of ten would be kept too long. */
static enum store_err update(struct pg_store *pg, struct batch *batch,
                             struct store_error *error)
{
    const struct store_put *put = batch->put;

    pg_bytes_reset(&pg->sql);
    add_name(pg, "UPDATE ", put->table);
    add_set(pg, put);
    pg_add_text(&pg->sql, " FROM ");
    add_unnest(pg, put->count);
    pg_add_text(&pg->sql, " WITH ORDINALITY AS excluded");
    for (size_t c = 0; c < put->count; c++) {
        add_name(pg, c == 0 ? " (" : ", ", put->columns[c].name);
    }
    pg_add_text(&pg->sql, ", row)");
    for (size_t c = 0; c < put->keys; c++) {
        add_name(pg, c == 0 ? " WHERE " : " AND ", put->table);
        add_name(pg, ".", put->columns[c].name);
        add_name(pg, " = excluded.", put->columns[c].name);
    }
    pg_add_text(&pg->sql, " RETURNING excluded.row");
    return call_arrays(pg, put->columns, put->count, batch->values, batch->rows,
                       true, see_there, batch, error);
}

/* put */

/* Each row the way that suits it. */
static enum store_err put_asking(struct pg_store *pg, struct batch *batch,
                                 struct store_error *error)
{
    bool conflict = false;
    enum store_err err;

    batch->there = calloc(batch->rows, sizeof(*batch->there));
    if (batch->there == NULL) {
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    }
    err = is_any_changed(batch->put) ? update(pg, batch, error)
                                     : ask(pg, batch, error);
    if (err == STORE_OK && batch->there_count < batch->rows) {
        err = copy(pg, batch, &conflict, error);
    }
    /* Somebody who does not know of our lock was faster, or a key was there
     * twice in the call. */
    if (err == STORE_OK && conflict) {
        err = insert_others(pg, batch, error);
    }
    free(batch->there);
    return err;
}

/* Without a question; after a conflict they are asked for a while. */
static enum store_err put_hoping(struct pg_store *pg,
                                 struct pg_copying *copying,
                                 struct batch *batch, struct store_error *error)
{
    bool conflict = false;
    enum store_err err = copy(pg, batch, &conflict, error);

    if (!conflict || err != STORE_OK) {
        copying->penalty = 0;
        return err;
    }
    copying->penalty = copying->penalty == 0 ? 4 : copying->penalty * 2;
    if (copying->penalty > ASKING_MAX) {
        copying->penalty = ASKING_MAX;
    }
    copying->asking = copying->penalty;
    return put_asking(pg, batch, error);
}

/* Some rows, few enough for one statement. */
static enum store_err put_chunk(struct pg_store *pg,
                                const struct store_put *put,
                                const struct store_value *values, size_t rows,
                                struct store_error *error)
{
    struct batch batch = {.put = put, .values = values, .rows = rows};
    struct pg_copying *copying = NULL;
    bool conflict = false;
    enum store_err err;

    if (rows < COPY_MIN) {
        return insert(pg, put, values, rows, error);
    }
    if (put->keys == 0) { /* whatever is there is an error */
        err = copy(pg, &batch, &conflict, error);
        return conflict ? insert(pg, put, values, rows, error) : err;
    }
    if (put->conflict == STORE_KEEP || put->conflict == STORE_NEW) {
        copying = copying_of(pg, put);
    }
    if (copying != NULL && copying->asking == 0) {
        return put_hoping(pg, copying, &batch, error);
    }
    if (copying != NULL) {
        copying->asking--;
    }
    return put_asking(pg, &batch, error);
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
 * goes on doing when it has grown. Where that is off, one walk along the index
 * finds all keys in two thirds of the time. */
static void get_sql(struct pg_store *pg, const struct store_get *get)
{
    pg_bytes_reset(&pg->sql);
    if (pg->writer && get->key_count == 1) {
        pg_add_text(&pg->sql, "SELECT ");
        pg_add_text(&pg->sql, get->columns);
        add_name(pg, " FROM ", get->table);
        add_name(pg, " WHERE ", get->keys[0].name);
        pg_add_text(&pg->sql, " = ANY($1)");
        return;
    }
    pg_add_text(&pg->sql, "SELECT found.* FROM ");
    add_unnest(pg, get->key_count);
    add_wanted(pg, " AS wanted (", get->key_count);
    pg_add_text(&pg->sql, "), LATERAL (SELECT ");
    pg_add_text(&pg->sql, get->columns);
    add_match(pg, get->table, get->keys, get->key_count);
    pg_add_text(&pg->sql, " OFFSET 0) AS found");
}

static enum store_err get_all(struct pg_store *pg, const struct store_get *get,
                              const struct store_value *values, size_t keys,
                              store_row_fn *row, void *ctx,
                              struct store_error *error)
{
    enum store_err err = STORE_OK;

    while (err == STORE_OK && keys > 0) {
        size_t taken = pg_chunk(get->keys, get->key_count, values,
                                keys < GET_ROWS ? keys : GET_ROWS, error);

        if (taken == 0) {
            return error->code;
        }
        get_sql(pg, get);
        err = call_arrays(pg, get->keys, get->key_count, values, taken, false,
                          row, ctx, error);
        if (err == STORE_E_VALUE) {
            pg_blame(get->table, get->keys, values, get->key_count, taken,
                     error);
        }
        values += taken * get->key_count;
        keys -= taken;
    }
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
