/* SPDX-License-Identifier: MIT
 * Retention: once a day, at the end of an ingest. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/ingest.h"
#include "store/ledger.h"

#define DAY_S       86400
#define STEP_PRUNED 20000
#define STEP_ROWS   5000
#define META_TIME   "folded_at"
#define META_RAW    "keep_raw_days"

static enum store_err read_number(struct book *book, const char *name,
                                  int64_t otherwise, int64_t *number_out,
                                  struct store_error *error)
{
    char text[32];
    bool found = false;
    enum store_err err =
        book_meta(book, name, text, sizeof(text), &found, error);

    *number_out = found ? strtoll(text, NULL, 10) : otherwise;
    return err;
}

static enum store_err write_number(struct book *book, const char *name,
                                   int64_t number, struct store_error *error)
{
    char text[32];

    snprintf(text, sizeof(text), "%lld", (long long)number);
    return book_meta_set(book, name, text, error);
}

static enum store_err fold(struct session *session, unsigned event_days,
                           int64_t raw_days, struct store_error *error)
{
    struct ledger *ledger = ledger_new(session->book);
    enum store_err err = STORE_OK;
    bool more = true;

    if (ledger == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    while (more && err == STORE_OK && ingest_stopped == 0)
        err = ledger_fold(ledger, session->now - (int64_t)event_days * DAY_S,
                          session->now - raw_days * DAY_S, STEP_ROWS, &more,
                          error);
    for (bool old = true; old && err == STORE_OK && ingest_stopped == 0;)
        err =
            ledger_watch_prune(ledger, session->now, STEP_PRUNED, &old, error);
    ledger_free(ledger);
    if (err == STORE_OK && !more)
        err = write_number(session->book, META_TIME, session->now, error);
    return err;
}

int ingest_fold(struct session *session, unsigned event_days, unsigned raw_days)
{
    struct store_error error;
    int64_t last = 0, days = raw_days;
    enum store_err err;

    /* Who reads without --keep-raw drops nothing that others keep. */
    if (raw_days > 0)
        err = write_number(session->book, META_RAW, raw_days, &error);
    else
        err = read_number(session->book, META_RAW, 0, &days, &error);
    if (err == STORE_OK)
        err = read_number(session->book, META_TIME, INT64_MIN, &last, &error);
    if (err == STORE_OK &&
        (last > session->now || last <= session->now - DAY_S))
        err = fold(session, event_days, days, &error);
    return err != STORE_OK ? session_complain(&error) : -1;
}
