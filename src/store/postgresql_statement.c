/* SPDX-License-Identifier: MIT
 * Statements: prepared once per connection, parameters and rows in binary
 * form, rows handed out as they come in. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "store/postgresql.h"

enum store_err pg_command(struct pg_store *pg, const char *sql,
                          struct store_error *error)
{
    PGresult *result = PQexec(pg->conn, sql);
    enum store_err err =
        pg_succeeded(result) ? STORE_OK : pg_fail(pg, result, error);

    PQclear(result);
    return err;
}

/* The cache */

static void free_statement(struct pg_statement *statement)
{
    free(statement->sql);
    free(statement->types);
    *statement = (struct pg_statement){0};
}

void pg_forget_statements(struct pg_store *pg)
{
    for (size_t i = 0; i < pg->statement_count; i++) {
        free_statement(&pg->statements[i]);
    }
    pg->statement_count = 0;
}

static bool is_statement(const struct pg_statement *statement, uint32_t hash,
                         const char *sql, const Oid *types, size_t count)
{
    return statement->hash == hash && statement->count == count &&
           (count == 0 ||
            memcmp(statement->types, types, count * sizeof(*types)) == 0) &&
           strcmp(statement->sql, sql) == 0;
}

/* Room for one more, if need be by giving up the one not used for longest. */
static struct pg_statement *make_room(struct pg_store *pg)
{
    struct pg_statement *oldest = &pg->statements[0];
    char sql[64];

    if (pg->statement_count < PG_STATEMENTS) {
        return &pg->statements[pg->statement_count++];
    }
    for (size_t i = 1; i < pg->statement_count; i++) {
        if (pg->statements[i].used < oldest->used) {
            oldest = &pg->statements[i];
        }
    }
    /* Within a failed transaction the server refuses even this; then the name
     * stays taken there, and is not given again. */
    (void)snprintf(sql, sizeof(sql), "DEALLOCATE %s", oldest->name);
    PQclear(PQexec(pg->conn, sql));
    free_statement(oldest);
    return oldest;
}

/* Gives the last place of the table back. */
static void drop_statement(struct pg_store *pg, struct pg_statement *statement)
{
    struct pg_statement *last = &pg->statements[pg->statement_count - 1];

    free_statement(statement);
    if (statement != last) {
        *statement = *last;
        *last = (struct pg_statement){0};
    }
    pg->statement_count--;
}

enum store_err pg_prepare(struct pg_store *pg, const char *sql,
                          const Oid *types, size_t count, const char **name_out,
                          struct store_error *error)
{
    uint32_t hash = hash_bytes(slice_cstr(sql));
    uint64_t now = ++pg->statement_clock;
    struct pg_statement *statement;
    PGresult *result;

    for (size_t i = 0; i < pg->statement_count; i++) {
        statement = &pg->statements[i];
        if (is_statement(statement, hash, sql, types, count)) {
            statement->used = now;
            *name_out = statement->name;
            return STORE_OK;
        }
    }
    statement = make_room(pg);
    *statement = (struct pg_statement){
        .sql = malloc(strlen(sql) + 1),
        .types = malloc(count * sizeof(*types) + 1),
        .count = count,
        .hash = hash,
        .used = now,
    };
    if (statement->sql == NULL || statement->types == NULL) {
        drop_statement(pg, statement);
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    }
    memcpy(statement->sql, sql, strlen(sql) + 1);
    if (count > 0) {
        memcpy(statement->types, types, count * sizeof(*types));
    }
    (void)snprintf(statement->name, sizeof(statement->name), "bounce%llu",
                   (unsigned long long)now);
    result = PQprepare(pg->conn, statement->name, sql, (int)count, types);
    if (!pg_succeeded(result)) {
        drop_statement(pg, statement);
        (void)pg_fail(pg, result, error);
        PQclear(result);
        return error->code;
    }
    PQclear(result);
    *name_out = statement->name;
    return STORE_OK;
}

/* Calls */

/* Nobody wants the rest of the rows. Within a transaction the server must not
 * be interrupted, which would end it. */
static void stop(struct pg_store *pg)
{
    char ignored[64];
    PGcancel *cancel = pg->in == PG_IDLE ? PQgetCancel(pg->conn) : NULL;

    if (cancel != NULL) {
        (void)PQcancel(cancel, ignored, sizeof(ignored));
        PQfreeCancel(cancel);
    }
}

/* Reads results to the last, and hands out rows until something fails. */
static enum store_err take_results(struct pg_store *pg,
                                   const struct pg_call *call,
                                   struct store_error *error)
{
    enum store_err err = STORE_OK;
    PGresult *result;

    while ((result = PQgetResult(pg->conn)) != NULL) {
        if (err != STORE_OK) {
            /* It goes where the others went. */
        } else if (!pg_succeeded(result)) {
            err = pg_fail(pg, result, error);
        } else if (call->row != NULL) {
            err = pg_hand_out(pg, result, call->row, call->ctx, error);
            if (err != STORE_OK) {
                stop(pg);
            }
        }
        PQclear(result);
    }
    return err;
}

enum store_err pg_call(struct pg_store *pg, const struct pg_call *call,
                       struct store_error *error)
{
    const char *name = NULL;
    int *formats;
    int sent;
    enum store_err err = STORE_OK;

    if (!call->afresh) {
        err = pg_prepare(pg, call->sql, call->types, call->count, &name, error);
    }
    if (err != STORE_OK) {
        return err;
    }
    formats = malloc((call->count + 1) * sizeof(*formats));
    if (formats == NULL) {
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    }
    for (size_t i = 0; i < call->count; i++) {
        formats[i] = 1;
    }
    sent = call->afresh
               ? PQsendQueryParams(pg->conn, call->sql, (int)call->count,
                                   call->types, call->values, call->lengths,
                                   formats, 1)
               : PQsendQueryPrepared(pg->conn, name, (int)call->count,
                                     call->values, call->lengths, formats, 1);
    free(formats);
    if (sent == 0) {
        return pg_fail(pg, NULL, error);
    }
    if (call->stream) {
        (void)PQsetSingleRowMode(pg->conn);
    }
    return take_results(pg, call, error);
}

/* run */

/* Parameters of one statement. */
struct parameters {
    Oid types[STORE_VALUES_MAX];
    const char *values[STORE_VALUES_MAX];
    int lengths[STORE_VALUES_MAX];
};

static enum store_err fill(struct pg_store *pg, struct parameters *parameters,
                           const struct store_value *values, size_t count,
                           struct store_error *error)
{
    const char *next;

    pg_bytes_reset(&pg->out);
    for (size_t i = 0; i < count; i++) {
        if (pg_value_size(&values[i]) > PG_VALUE_MAX) {
            return store_fail(error, STORE_E_VALUE, "parameter $%zu: too long",
                              i + 1);
        }
        pg_add_value(&pg->out, &values[i]);
    }
    if (pg->out.failed) {
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    }
    next = pg->out.ptr;
    for (size_t i = 0; i < count; i++) {
        size_t size = pg_value_size(&values[i]);

        parameters->types[i] = pg_type(values[i].type);
        parameters->values[i] = values[i].type == STORE_NULL ? NULL : next + 4;
        parameters->lengths[i] = (int)size - 4;
        next += size;
    }
    return STORE_OK;
}

enum store_err pg_run(struct store *store, const char *sql,
                      const struct store_value *values, size_t count,
                      store_row_fn *row, void *ctx, struct store_error *error)
{
    struct pg_store *pg = (struct pg_store *)store;
    struct parameters parameters;
    struct pg_call call = {
        .sql = sql,
        .types = parameters.types,
        .values = parameters.values,
        .lengths = parameters.lengths,
        .count = count,
        .row = row,
        .ctx = ctx,
        .stream = row != NULL,
    };
    enum store_err err = pg_ready(pg, error);

    if (err == STORE_OK) {
        err = fill(pg, &parameters, values, count, error);
    }
    if (err == STORE_OK) {
        err = pg_call(pg, &call, error);
    }
    if (err == STORE_E_VALUE) {
        pg_blame("", NULL, values, count, 1, error);
    }
    return pg_note(pg, err);
}
