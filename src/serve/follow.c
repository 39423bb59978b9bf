/* SPDX-License-Identifier: MIT
 * The part that follows logs: a thread each. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "ingest/log/feed.h"
#include "serve/parts.h"

#define REST_S 5 /* after a failure, before it is tried again */

struct follower {
    struct serve *serve;
    const struct config_log *log;
    pthread_t thread;
    uint64_t lines;      /* told so far */
    unsigned generation; /* of the rules at hand */
    bool running;
};

struct follow {
    struct follower *followers;
    size_t count;
};

static bool stopping(void *ctx)
{
    const struct follower *follower = ctx;

    return serve_stopping(follower->serve) ||
           serve_generation(follower->serve) != follower->generation;
}

static void progress(void *ctx, uint64_t lines)
{
    struct follower *follower = ctx;

    serve_add(follower->serve, SERVE_LOG_LINES, lines - follower->lines);
    follower->lines = lines;
}

static enum store_err feed(struct follower *follower,
                           const struct serve_mind *mind,
                           struct store_error *error)
{
    struct serve_reader *reader = serve_reader_take(follower->serve, error);
    const struct feed_options options = {
        .path = follower->log->path,
        .format = log_format_parse(slice_cstr(follower->log->format)),
        .scope = slice_cstr(follower->log->scope),
        .engine = mind->engine,
        .writer = serve_writer(follower->serve),
        .book = reader != NULL ? reader->book : NULL,
        .now = BOUNCE_NO_TIME,
        .follow = true,
        .stop = stopping,
        .progress = progress,
        .ctx = follower};
    struct feed_result result;
    enum store_err err;

    if (reader == NULL)
        return error->code;
    follower->lines = 0;
    err = feed_log(&options, &result, error);
    serve_reader_give(follower->serve, reader);
    return err;
}

static void rest(const struct follower *follower)
{
    const struct timespec tenth = {.tv_nsec = 100000000L};

    for (int i = 0; i < REST_S * 10 && !serve_stopping(follower->serve); i++)
        nanosleep(&tenth, NULL);
}

static void *run(void *arg)
{
    struct follower *follower = arg;

    while (!serve_stopping(follower->serve)) {
        const struct serve_mind *mind;
        struct store_error error;

        follower->generation = serve_generation(follower->serve);
        mind = serve_mind_take(follower->serve);

        /* What failed is read again from the last position that was stored. */
        if (feed(follower, mind, &error) != STORE_OK) {
            serve_log(follower->serve, SERVE_ERROR, "follow", "log",
                      follower->log->path, "error", error.msg, NULL);
            rest(follower);
        }
        serve_mind_give(follower->serve, mind);
    }
    return NULL;
}

static void stop(struct serve *serve, void *part)
{
    struct follow *follow = part;

    (void)serve; /* it is stopping: the threads see that */
    for (size_t i = 0; i < follow->count; i++) {
        if (follow->followers[i].running)
            pthread_join(follow->followers[i].thread, NULL);
    }
    free(follow->followers);
    free(follow);
}

static bool start_one(struct follower *follower)
{
    if (log_format_parse(slice_cstr(follower->log->format)) == LOG_FORMATS) {
        serve_log(follower->serve, SERVE_ERROR, "follow", "log",
                  follower->log->path, "error", "no such format", "format",
                  follower->log->format, NULL);
        return false;
    }
    follower->running =
        pthread_create(&follower->thread, NULL, run, follower) == 0;
    return follower->running;
}

static bool start(struct serve *serve, void **part_out)
{
    const struct config_log *logs = serve_config(serve)->logs;
    struct follow *follow;
    size_t count = 0;

    for (const struct config_log *log = logs; log != NULL; log = log->next)
        count++;
    if (count == 0)
        return true;
    follow = calloc(1, sizeof(*follow));
    if (follow == NULL)
        return false;
    *part_out = follow; /* stopped also when only some of it was started */
    follow->followers = calloc(count, sizeof(*follow->followers));
    if (follow->followers == NULL)
        return false;
    for (const struct config_log *log = logs; log != NULL; log = log->next) {
        struct follower *follower = &follow->followers[follow->count++];

        *follower = (struct follower){.serve = serve, .log = log};
        if (!start_one(follower))
            return false;
    }
    return true;
}

const struct serve_part serve_follow = {"follow", start, NULL, stop};
