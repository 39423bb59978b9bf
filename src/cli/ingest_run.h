/* SPDX-License-Identifier: MIT
 * Reports on their way into the store, wherever they come from. Threads read
 * and classify messages, in the order of the input their records go to the
 * writer, whose thread commits them in groups and says what came of them. */
#ifndef BOUNCE_CLI_INGEST_RUN_H
#define BOUNCE_CLI_INGEST_RUN_H

#include <pthread.h>

#include "cli/ingest.h"
#include "cli/ingest_count.h"
#include "cli/work.h"
#include "store/writer.h"

/* What became of a message. */
enum ingest_fate {
    INGEST_WAITS, /* it is not durable yet */
    INGEST_LEFT,  /* nothing of it was stored, or not all that it tells: it is
                      * no report, names no recipient, is older than --since,
                      * cannot be read */
    INGEST_ANSWERED, /* stored: only that somebody is away, or a challenge */
    INGEST_TAKEN     /* stored: a report */
};

/* Where an mbox stands: at a message that begins with known bytes. */
struct ingest_position {
    const char *source; /* full path, of run->paths; NULL: none */
    int64_t offset;
    char mark[64];
};

struct ingest_path {
    struct ingest_path *next;
    struct textbuf given, full;
};

struct ingest_run {
    struct session *session;
    const struct ingest_options *options;
    struct work *work;
    struct writer *writer;
    struct ingest_path *paths; /* newest first */
    struct ingest_count count; /* main thread */
    uint64_t since_position;

    pthread_mutex_t lock;
    struct ingest_count stored;       /* by the writer's thread */
    struct ingest_position confirmed; /* durable up to here */
    struct textbuf complaints;        /* of bad records, a line each */
    struct store_error error;         /* the first that was no bad record */
    bool broken;                      /* there was one */
};

/* Begins a run; ingest_run_clear() ends it. The process ends when memory is
 * out. */
void ingest_run_init(struct ingest_run *run, struct session *session,
                     const struct ingest_options *options);
void ingest_run_clear(struct ingest_run *run);

/* A message that is used up when this returns. message->own is NULL, or an enum
 * ingest_fate that gets what became of it by the next ingest_run_flush(). */
void ingest_run_add(struct ingest_run *run,
                    const struct input_message *message);
/* Waits until all that was added is durable. Returns -1 to go on, or the exit
 * status: the store failed, which was named. */
int ingest_run_flush(struct ingest_run *run);
/* The reading threads end; what they had goes to the writer. */
void ingest_run_end_reading(struct ingest_run *run);

/* Whether something went wrong that ends the run. */
bool ingest_run_broken(struct ingest_run *run);
/* Writes where the source stands, as far as it is durable. */
void ingest_run_keep_position(struct ingest_run *run);
/* The full name of a file as it was given, kept as long as the run. */
const char *ingest_run_path(struct ingest_run *run, struct bounce_slice given);
/* The same for what is no file. */
const char *ingest_run_name(struct ingest_run *run, struct bounce_slice name);
/* What shows that a message is the one of before: a hash of its beginning. */
#define INGEST_MARK_BYTES 256
void ingest_run_mark(struct bounce_slice begin, char mark[64]);

/* On standard output, as --json says. */
void ingest_run_summarize(struct ingest_run *run);

#endif
