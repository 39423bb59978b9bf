/* SPDX-License-Identifier: MIT
 * The part that keeps the store small: once a day old events are folded and old
 * reports dropped, once an hour states that ran out are written as such, a little
 * at a time; once a minute incidents that nobody tells of any more are ended. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "serve/parts.h"
#include "store/ledger.h"

#define HOUR_S  3600
#define DAY_S   86400
#define STEP    500 /* rows in one transaction: others write in between */
#define FIRST_S 60  /* after the start */
#define WATCH_S 60  /* between two looks at incidents */
/* Rows that are found by a walk along the table: fewer steps are better. */
#define PRUNE_STEP 20000

struct care {
    struct serve *serve;
    pthread_t thread;
};

static enum store_err fold(struct care *care, struct ledger *ledger,
                           bool *more_out, struct store_error *error)
{
    const struct config *config = serve_config(care->serve);
    const int64_t now = serve_now(care->serve);

    return ledger_fold(ledger, now - (int64_t)config->keep_events_days * DAY_S,
                       now - (int64_t)config->keep_raw_days * DAY_S, STEP,
                       more_out, error);
}

static enum store_err expire(struct care *care, struct ledger *ledger,
                             bool *more_out, struct store_error *error)
{
    return ledger_expire(ledger, serve_now(care->serve), STEP, more_out, error);
}

static enum store_err prune(struct care *care, struct ledger *ledger,
                            bool *more_out, struct store_error *error)
{
    return ledger_watch_prune(ledger, serve_now(care->serve), PRUNE_STEP,
                              more_out, error);
}

typedef enum store_err step_fn(struct care *care, struct ledger *ledger,
                               bool *more_out, struct store_error *error);

static void walk(struct care *care, const char *name, step_fn *step)
{
    struct store_error error;
    struct serve_reader *reader = serve_reader_take(care->serve, &error);
    struct ledger *ledger;
    bool more = reader != NULL;

    ledger = reader != NULL ? ledger_new(reader->book) : NULL;
    while (ledger != NULL && more && !serve_stopping(care->serve)) {
        if (step(care, ledger, &more, &error) != STORE_OK) {
            serve_log(care->serve, SERVE_WARNING, name, "error", error.msg,
                      NULL);
            break;
        }
    }
    ledger_free(ledger);
    if (reader != NULL)
        serve_reader_give(care->serve, reader);
}

static void *run(void *arg)
{
    struct care *care = arg;
    const struct timespec second = {.tv_sec = 1};
    int64_t next_fold = serve_now(care->serve) + FIRST_S;
    int64_t next_expire = next_fold;
    int64_t next_watch = next_fold;

    while (!serve_stopping(care->serve)) {
        if (serve_now(care->serve) >= next_expire) {
            walk(care, "expire", expire);
            next_expire = serve_now(care->serve) + HOUR_S;
        }
        if (serve_now(care->serve) >= next_watch) {
            writer_watch(serve_writer(care->serve));
            next_watch = serve_now(care->serve) + WATCH_S;
        }
        if (serve_now(care->serve) >= next_fold) {
            walk(care, "fold", fold);
            walk(care, "prune", prune);
            next_fold = serve_now(care->serve) + DAY_S;
        }
        nanosleep(&second, NULL);
    }
    return NULL;
}

static bool start(struct serve *serve, void **part_out)
{
    struct care *care = calloc(1, sizeof(*care));

    if (care == NULL)
        return false;
    care->serve = serve;
    if (pthread_create(&care->thread, NULL, run, care) != 0) {
        free(care);
        return false;
    }
    *part_out = care;
    return true;
}

static void stop(struct serve *serve, void *part)
{
    struct care *care = part;

    (void)serve;
    pthread_join(care->thread, NULL);
    free(care);
}

const struct serve_part serve_care = {"care", start, NULL, stop};
