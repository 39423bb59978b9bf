/* SPDX-License-Identifier: MIT
 * What the server's errors mean to us: by SQLSTATE (PostgreSQL manual,
 * appendix A), never by their text, which may be in any language. */
#include <stdio.h>

#include "store/postgresql.h"

/* The first that a SQLSTATE begins with. */
static const struct {
    const char *begin;
    enum store_err err;
} meanings[] = {
    {"08P01", STORE_E_SQL}, /* such as too few parameters */
    {"08", STORE_E_LOST},
    {"57014", STORE_E_BUSY}, /* statement_timeout, or cancelled by a person */
    {"57P", STORE_E_LOST},
    {"25006", STORE_E_READONLY},
    {"25P03", STORE_E_LOST}, /* idle_in_transaction_session_timeout */
    {"26000", STORE_E_BUSY}, /* a pooler took the prepared statement away */
    {"40", STORE_E_BUSY},
    {"55P03", STORE_E_BUSY},
    {"55006", STORE_E_BUSY},
    {"53100", STORE_E_FULL},
    {"53400", STORE_E_FULL}, /* temp_file_limit */
    {"53200", STORE_E_NOMEM},
    {"53300", STORE_E_BUSY},
    {"54000", STORE_E_VALUE}, /* too long for an index */
    {"22", STORE_E_VALUE},
    {"23", STORE_E_VALUE},
    {"58P01", STORE_E_DAMAGED}, /* a file of the database is not there */
    {"XX001", STORE_E_DAMAGED},
    {"XX002", STORE_E_DAMAGED},
};

const char *pg_sqlstate(const PGresult *result)
{
    const char *state =
        result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

    return state != NULL ? state : "";
}

bool pg_succeeded(const PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
    case PGRES_COPY_IN:
    case PGRES_EMPTY_QUERY:
        return true;
    default:
        return false;
    }
}

void pg_one_line(const char *text, char *out, size_t cap)
{
    size_t len = 0;
    bool space = false;

    for (; *text != '\0' && len + 1 < cap; text++) {
        if ((unsigned char)*text <= ' ') {
            space = len > 0;
            continue;
        }
        if (space && len + 2 < cap) {
            out[len++] = ' ';
        }
        space = false;
        out[len++] = *text;
    }
    out[len] = '\0';
}

/* Another process changed the schema under a prepared statement: the server
 * says "not supported", and means that it should be prepared again. */
static bool is_stale_plan(const PGresult *result, const char *state)
{
    const char *where = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

    return strcmp(state, "0A000") == 0 && where != NULL &&
           strcmp(where, "RevalidateCachedQuery") == 0;
}

static enum store_err meaning(const PGresult *result, const char *state)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
        if (strncmp(state, meanings[i].begin, strlen(meanings[i].begin)) == 0) {
            return meanings[i].err;
        }
    }
    return is_stale_plan(result, state) ? STORE_E_BUSY : STORE_E_SQL;
}

enum store_err pg_fail(struct pg_store *pg, const PGresult *result,
                       struct store_error *error)
{
    const char *state = pg_sqlstate(result);
    const char *text = result != NULL
                           ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)
                           : NULL;
    enum store_err err = meaning(result, state);
    char line[sizeof(error->msg)];

    pg_one_line(text != NULL ? text : PQerrorMessage(pg->conn), line,
                sizeof(line));
    if (PQstatus(pg->conn) == CONNECTION_BAD) {
        err = STORE_E_LOST;
    } else if (result == NULL && line[0] == '\0') {
        /* libpq could not even make a result. */
        return store_fail(error, STORE_E_NOMEM, "PostgreSQL: memory is out");
    }
    if (err == STORE_E_READONLY && pg->in == PG_READING) {
        return store_fail(error, STORE_E_SQL,
                          "a transaction that reads must not write");
    }
    /* What was prepared may be of no use any more. */
    if (strcmp(state, "26000") == 0 || is_stale_plan(result, state)) {
        pg_forget_statements(pg);
    }
    if (err == STORE_E_LOST) {
        return store_fail(error, err,
                          "the connection to PostgreSQL was lost: %s", line);
    }
    return store_fail(error, err, "PostgreSQL: %.220s%s%s%s", line,
                      *state != '\0' ? " (" : "", state,
                      *state != '\0' ? ")" : "");
}
