/* SPDX-License-Identifier: MIT
 * Connections: how they are made, set up, and made again. */
#include <stdio.h>
#include <stdlib.h>

#include "store/postgresql.h"

enum {
    OLDEST_SERVER = 110000, /* PostgreSQL 11: hashtextextended(), jit */
    CONNECT_MIN_S = 2,      /* libpq takes no less */
    SETTINGS_MAX = 1024
};

/* What libpq says of a URL it cannot read quotes from it, and a password in
 * which "/" or "?" is not encoded looks like a host, a port, or a parameter.
 * So nothing of the URL is ever shown before it is known to be well made. */
static enum store_err fail_url(const char *why, struct store_error *error)
{
    return store_fail(error, STORE_E_OPEN,
                      "the PostgreSQL URL %s (postgresql://USER:PASSWORD@HOST/"
                      "DATABASE; what is special in a part is written %%XX)",
                      why);
}

static const char *option_value(const PQconninfoOption *options,
                                const char *name)
{
    for (; options != NULL && options->keyword != NULL; options++) {
        if (strcmp(options->keyword, name) == 0) {
            return options->val != NULL ? options->val : "";
        }
    }
    return "";
}

static enum store_err check_url(const char *where, struct store_error *error)
{
    char *ignored = NULL;
    PQconninfoOption *options = PQconninfoParse(where, &ignored);
    const char *port = option_value(options, "port");
    enum store_err err = STORE_OK;

    if (options == NULL) {
        err = fail_url("cannot be read", error);
    } else if (port[strspn(port, "0123456789,")] != '\0') {
        err = fail_url("has a port that is no number", error);
    } else if (strchr(option_value(options, "dbname"), '@') != NULL) {
        err = fail_url("has an \"@\" behind its host", error);
    }
    PQconninfoFree(options);
    PQfreemem(ignored);
    return err;
}

/* A server that does not answer, or not yet, may do so later; one that refuses
 * us will not. */
static enum store_err fail_connect(struct pg_store *pg,
                                   const char *const *keywords,
                                   const char *const *values,
                                   struct store_error *error)
{
    enum store_err err = STORE_E_OPEN;
    char line[sizeof(error->msg)];

    if (PQconnectionNeedsPassword(pg->conn) == 0 &&
        PQconnectionUsedPassword(pg->conn) == 0) {
        switch (PQpingParams(keywords, values, 1)) {
        case PQPING_REJECT:
        case PQPING_NO_RESPONSE:
            err = STORE_E_LOST;
            break;
        default:
            break;
        }
    }
    pg_one_line(PQerrorMessage(pg->conn), line, sizeof(line));
    return store_fail(error, err, "PostgreSQL: %s", line);
}

static void ignore_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

/* A server where commits are not durable by default is asked to make ours so:
 * acknowledgements promise it. There is an index for all that is asked: walking
 * through a whole table would be right while it is small, and the plan would be
 * kept when it has grown. Answers take some milliseconds: less than other
 * processes need to begin. For who writes it does not pay to read all of an
 * index, or to collect all rows where the first one is asked for, as the planner
 * would that knows little of what the rows hold. */
static enum store_err set_up(struct pg_store *pg, struct store_error *error)
{
    const char *encoding = PQparameterStatus(pg->conn, "server_encoding");
    const char *others = pg->writer ? "off" : "on"; /* than indexes */
    char settings[SETTINGS_MAX];
    PGresult *result;
    enum store_err err = STORE_OK;

    (void)PQsetNoticeProcessor(pg->conn, ignore_notice, NULL);
    if (PQserverVersion(pg->conn) < OLDEST_SERVER) {
        return store_fail(error, STORE_E_VERSION,
                          "PostgreSQL %d is too old: 11 at least",
                          PQserverVersion(pg->conn) / 10000);
    }
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
        return store_fail(error, STORE_E_OPEN,
                          "PostgreSQL: the database's encoding is %s, not UTF8",
                          encoding != NULL ? encoding : "unknown");
    }
    (void)snprintf(
        settings, sizeof(settings),
        "SET standard_conforming_strings = on;"
        "SET client_min_messages = warning;"
        "SET jit = off;"
        "SET lock_timeout = %u;"
        "SET enable_seqscan = off;"
        "SET max_parallel_workers_per_gather = 0;"
        "SET enable_bitmapscan = %s;"
        "SET enable_hashjoin = %s;"
        "SET enable_mergejoin = %s;"
        "SELECT CASE current_setting('synchronous_commit') WHEN 'off'"
        " THEN set_config('synchronous_commit', 'on', false) END,"
        " current_schema()",
        pg->wait_ms, others, others, others);
    result = PQexec(pg->conn, settings);
    if (!pg_succeeded(result)) {
        err = pg_fail(pg, result, error);
    } else if (PQgetisnull(result, 0, 1) != 0) {
        err = store_fail(error, STORE_E_OPEN,
                         "PostgreSQL: there is no schema of those in "
                         "search_path: CREATE SCHEMA makes one");
    }
    PQclear(result);
    return err;
}

enum store_err pg_connect(struct pg_store *pg, const char *where,
                          struct store_error *error)
{
    char timeout[16];
    /* Those before dbname give way to the URL, those behind it do not. A peer
     * that has vanished is noticed within a minute. */
    const char *const keywords[] = {
        "connect_timeout",  "keepalives_idle",  "keepalives_interval",
        "keepalives_count", "tcp_user_timeout", "fallback_application_name",
        "dbname",           "client_encoding",  NULL,
    };
    const char *const values[] = {
        timeout, "20", "10", "3", "50000", "bounce", where, "UTF8", NULL,
    };
    unsigned seconds = pg->wait_ms / 1000 + (pg->wait_ms % 1000 != 0);
    enum store_err err = check_url(where, error);

    if (err != STORE_OK) {
        return err;
    }
    (void)snprintf(timeout, sizeof(timeout), "%u",
                   seconds < CONNECT_MIN_S ? CONNECT_MIN_S : seconds);
    pg->conn = PQconnectdbParams(keywords, values, 1);
    if (pg->conn == NULL) {
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    }
    if (PQstatus(pg->conn) != CONNECTION_OK) {
        return fail_connect(pg, keywords, values, error);
    }
    return set_up(pg, error);
}

enum store_err pg_ready(struct pg_store *pg, struct store_error *error)
{
    char line[sizeof(error->msg)];

    if (pg->handing_out) {
        return store_fail(error, STORE_E_SQL,
                          "a row function must not use its store");
    }
    if (PQstatus(pg->conn) == CONNECTION_OK) {
        return pg->failed ? store_fail(error, STORE_E_SQL,
                                       "the transaction failed before: nothing "
                                       "of it is kept")
                          : STORE_OK;
    }
    if (pg->in != PG_IDLE) {
        return store_fail(error, STORE_E_LOST,
                          "the connection to PostgreSQL was lost");
    }
    pg_forget_statements(pg);
    PQreset(pg->conn);
    if (PQstatus(pg->conn) != CONNECTION_OK) {
        pg_one_line(PQerrorMessage(pg->conn), line, sizeof(line));
        return store_fail(error, STORE_E_LOST, "PostgreSQL: %s", line);
    }
    return set_up(pg, error);
}

enum store_err pg_note(struct pg_store *pg, enum store_err err)
{
    if (err != STORE_OK && err != STORE_E_STOPPED && pg->in != PG_IDLE) {
        pg->failed = true;
    }
    return err;
}
