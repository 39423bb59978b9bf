/* SPDX-License-Identifier: MIT
 * Inside the PostgreSQL driver: one connection and what it remembers. */
#ifndef BOUNCE_STORE_POSTGRESQL_H
#define BOUNCE_STORE_POSTGRESQL_H

#include <libpq-fe.h>

#include "store/store.h"

/* Types of PostgreSQL that we write and read in binary form; their numbers are
 * those of every server (pg_type.dat). */
enum {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_CHAR = 18,
    PG_NAME = 19,
    PG_INT8 = 20,
    PG_INT2 = 21,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_OID = 26,
    PG_FLOAT4 = 700,
    PG_FLOAT8 = 701,
    PG_BYTEA_ARRAY = 1001,
    PG_TEXT_ARRAY = 1009,
    PG_INT8_ARRAY = 1016,
    PG_FLOAT8_ARRAY = 1022,
    PG_BPCHAR = 1042,
    PG_VARCHAR = 1043,
    PG_NUMERIC = 1700,
    PG_VOID = 2278
};

/* Bytes on their way to the server. Memory is kept for the next time, as far as
 * that is little. */
struct pg_bytes {
    char *ptr;
    size_t len, cap;
    bool failed; /* memory is out */
};

void pg_bytes_clear(struct pg_bytes *bytes);
/* Empties it. */
void pg_bytes_reset(struct pg_bytes *bytes);
void pg_add(struct pg_bytes *bytes, const char *ptr, size_t len);
void pg_add_text(struct pg_bytes *bytes, const char *text); /* without NUL */
void pg_add_u16(struct pg_bytes *bytes, uint16_t value);
void pg_add_u32(struct pg_bytes *bytes, uint32_t value);
void pg_add_u64(struct pg_bytes *bytes, uint64_t value);
/* Overwrites four bytes that are there. */
void pg_set_u32(struct pg_bytes *bytes, size_t at, uint32_t value);

/* A value takes this much in the messages of one statement; beyond, it is
 * refused. A statement's parameters must stay below 1 GB. */
#define PG_VALUE_MAX ((size_t)256 << 20)

/* A value in binary form, its length before it (-1: NULL). */
void pg_add_value(struct pg_bytes *bytes, const struct store_value *value);
size_t pg_value_size(const struct store_value *value);

struct pg_statement {
    char name[24];
    char *sql;
    Oid *types; /* of its parameters; 0: the server knows */
    size_t count;
    uint64_t used;
    uint32_t hash;
};

enum { PG_STATEMENTS = 96, PG_TABLES = 24 };

/* How COPY fares with a put (postgresql_put.c). */
struct pg_copying {
    const struct store_put *put;
    unsigned asking;  /* calls that ask first which rows are there */
    unsigned penalty; /* of the last conflict */
};

struct pg_store {
    struct store base; /* first: drivers get that */
    PGconn *conn;
    unsigned wait_ms;
    bool writer; /* its plans go along indexes (postgresql_connect.c) */
    enum { PG_IDLE = 0, PG_READING, PG_WRITING } in; /* a transaction */
    bool failed;      /* of the transaction only a rollback is left */
    bool handing_out; /* a row function runs */
    struct pg_statement statements[PG_STATEMENTS];
    size_t statement_count;
    uint64_t statement_clock;
    struct pg_copying copying[PG_TABLES];
    size_t copying_count;
    struct pg_bytes sql, out; /* scratch */
};

/* postgresql_connect.c: opens a connection and sets it up. Messages tell no
 * part of where that could be a password. */
enum store_err pg_connect(struct pg_store *pg, const char *where,
                          struct store_error *error);
/* Sees to it that something may be sent: reconnects where nothing is lost by
 * that. */
enum store_err pg_ready(struct pg_store *pg, struct store_error *error);
/* Remembers that a transaction failed; returns err. */
enum store_err pg_note(struct pg_store *pg, enum store_err err);

/* postgresql_error.c: what a result (or, when it is NULL, the connection)
 * says. */
enum store_err pg_fail(struct pg_store *pg, const PGresult *result,
                       struct store_error *error);
/* The five characters of its SQLSTATE; "" when it has none. */
const char *pg_sqlstate(const PGresult *result);
bool pg_succeeded(const PGresult *result);
/* A libpq message as one line. */
void pg_one_line(const char *text, char *out, size_t cap);

/* postgresql_statement.c: commands without parameters or rows. */
enum store_err pg_command(struct pg_store *pg, const char *sql,
                          struct store_error *error);
/* The prepared statement of this text, made on first use. Its name lives until
 * the next call. */
enum store_err pg_prepare(struct pg_store *pg, const char *sql,
                          const Oid *types, size_t count, const char **name_out,
                          struct store_error *error);
/* Those of a connection that is no more. */
void pg_forget_statements(struct pg_store *pg);
/* A statement and its parameters in binary form. */
struct pg_call {
    const char *sql;
    const Oid *types;
    const char *const *values;
    const int *lengths;
    size_t count;
    store_row_fn *row;
    void *ctx;
    bool stream; /* rows one by one, as they come in; else all at the end */
    bool afresh; /* planned for these very values, and not kept */
};
enum store_err pg_call(struct pg_store *pg, const struct pg_call *call,
                       struct store_error *error);

/* postgresql_row.c: hands out the rows of a result. */
enum store_err pg_hand_out(struct pg_store *pg, const PGresult *result,
                           store_row_fn *row, void *ctx,
                           struct store_error *error);

/* Those of struct store_driver. */
enum store_err pg_begin(struct store *store, enum store_mode mode,
                        struct store_error *error);
enum store_err pg_commit(struct store *store, struct store_error *error);
void pg_rollback(struct store *store);
enum store_err pg_run(struct store *store, const char *sql,
                      const struct store_value *values, size_t count,
                      store_row_fn *row, void *ctx, struct store_error *error);
enum store_err pg_put(struct store *store, const struct store_put *put,
                      const struct store_value *values, size_t rows,
                      struct store_error *error);
enum store_err pg_get(struct store *store, const struct store_get *get,
                      const struct store_value *values, size_t keys,
                      store_row_fn *row, void *ctx, struct store_error *error);

/* Array parameters (postgresql_array.c): the values of many rows, one array a
 * column. */
struct pg_arrays {
    size_t count; /* of columns */
    struct pg_bytes *bytes;
    const char **values;
    int *lengths;
    Oid *types;
};
/* Of STORE_E_NOMEM and STORE_E_VALUE; pg_arrays_clear() in any case. */
enum store_err pg_arrays_init(struct pg_arrays *arrays,
                              const struct store_column *columns, size_t count,
                              struct store_error *error);
void pg_arrays_clear(struct pg_arrays *arrays);
/* Takes rows as pg_chunk() counted them. */
enum store_err pg_arrays_fill(struct pg_arrays *arrays,
                              const struct store_column *columns,
                              const struct store_value *values, size_t rows,
                              struct store_error *error);
/* How many of the rows one statement takes: up to PG_CHUNK bytes, at least
 * one; 0 when one of them cannot be stored, as error says. */
size_t pg_chunk(const struct store_column *columns, size_t count,
                const struct store_value *values, size_t rows,
                struct store_error *error);
#define PG_CHUNK ((size_t)32 << 20)
/* Of a column, and of arrays of it. */
Oid pg_type(enum store_type type);
Oid pg_array_type(enum store_type type);

/* After the server found a value bad: says which, if it is a matter of text
 * that is no UTF-8 or has NUL in it. names may be NULL ("$1", ...). */
void pg_blame(const char *table, const struct store_column *columns,
              const struct store_value *values, size_t count, size_t rows,
              struct store_error *error);

#endif
