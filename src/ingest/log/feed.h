/* SPDX-License-Identifier: MIT
 * A log file into the store: on from where the last run stopped, through
 * rotations, compressed ones too, to its end or for ever. */
#ifndef BOUNCE_INGEST_LOG_FEED_H
#define BOUNCE_INGEST_LOG_FEED_H

#include "ingest/log/log.h"
#include "store/writer.h"

struct feed_options {
    const char *path; /* "-" is standard input, which has no position */
    enum log_format format;
    struct bounce_slice scope;
    struct bounce_engine *engine;
    struct writer *writer;
    struct book *book; /* for reading positions; not the writer's */
    int64_t now;       /* BOUNCE_NO_TIME: the clock */
    bool follow;       /* go on at the end, until stop() */
    bool again;        /* from the beginning, whatever was read before */
    bool (*stop)(void *ctx);
    /* After each part that was stored; may be NULL. */
    void (*progress)(void *ctx, uint64_t lines);
    void *ctx;
};

struct feed_result {
    struct log_counts counts;
    uint64_t skipped;           /* bytes read in earlier runs */
    uint64_t fresh, known, bad; /* events: stored, there before, unfit */
};

/* STORE_E_OPEN: the file cannot be read (error says why). Failures of the store
 * as the writer gives them: what came before is stored, and the next call goes
 * on behind it. */
enum store_err feed_log(const struct feed_options *options,
                        struct feed_result *result_out,
                        struct store_error *error);

#endif
