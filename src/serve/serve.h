/* SPDX-License-Identifier: MIT
 * What all parts of the daemon share. Parts know this header, not each other. */
#ifndef BOUNCE_SERVE_SERVE_H
#define BOUNCE_SERVE_SERVE_H

#include <stdatomic.h>

#include "serve/config.h"
#include "store/ask.h"
#include "store/verp.h"
#include "store/writer.h"

/* Engine and policy as they are now. A reload puts new ones in their place; who
 * holds a pair keeps it until it gives it back. */
struct serve_mind {
    struct bounce_engine *engine;
    struct bounce_policy *policy;
    struct serve_holding *holding; /* the daemon's own */
};

/* For /metrics; all only grow, save gauges. */
enum serve_count {
    SERVE_EVENTS_NEW,
    SERVE_EVENTS_KNOWN,
    SERVE_EVENTS_BAD,
    SERVE_CHECKS,
    SERVE_HTTP_REQUESTS,
    SERVE_HTTP_ERRORS,
    SERVE_LMTP_MESSAGES,
    SERVE_LMTP_REFUSED,
    SERVE_POLICY_REQUESTS,
    SERVE_POLICY_REFUSED,
    SERVE_LOG_LINES,
    SERVE_OUT_SENT,
    SERVE_OUT_FAILED,
    SERVE_DENIED,
    SERVE_CONNECTIONS, /* gauge */
    SERVE_COUNTS
};

struct serve;

const struct config *serve_config(const struct serve *serve);
/* As the file says now: for a part's reload(), and only until it returns. */
const struct config *serve_config_fresh(const struct serve *serve);
/* Pair with serve_mind_give(). */
const struct serve_mind *serve_mind_take(struct serve *serve);
void serve_mind_give(struct serve *serve, const struct serve_mind *mind);
/* Grows with each reload. */
unsigned serve_generation(const struct serve *serve);
struct writer *serve_writer(struct serve *serve);
struct event_tally *serve_tally(struct serve *serve);
/* Keys of the tokens in envelope senders, the newest first. */
const struct verp_key *serve_verp_keys(const struct serve *serve,
                                       size_t *count_out);

/* A book for reading, and what asks it. */
struct serve_reader {
    struct book *book;
    struct ask *ask;
};
/* From a pool; waits while all are in use. NULL: the store cannot be opened,
 * error says why. */
struct serve_reader *serve_reader_take(struct serve *serve,
                                       struct store_error *error);
void serve_reader_give(struct serve *serve, struct serve_reader *reader);
/* Gives back one whose store failed: it is opened anew the next time. */
void serve_reader_spoil(struct serve *serve, struct serve_reader *reader);

void serve_add(struct serve *serve, enum serve_count what, uint64_t n);
void serve_drop(struct serve *serve, enum serve_count what, uint64_t n);
uint64_t serve_count(const struct serve *serve, enum serve_count what);

bool serve_stopping(const struct serve *serve);
int64_t serve_now(const struct serve *serve); /* Unix seconds */

/* One line of the log: "TIME LEVEL EVENT name=value ...", pairs as name and
 * value alternately, ended by NULL. Values are quoted where needed; addresses
 * among them are hidden unless Log-Addresses says yes. */
enum serve_level { SERVE_INFO, SERVE_WARNING, SERVE_ERROR };
void serve_log(struct serve *serve, enum serve_level level, const char *event,
               ...) __attribute__((sentinel));

/* A part of the daemon: started in order, stopped in reverse. start returns
 * false when it cannot, having logged why. *part_out is its own. */
struct serve_part {
    const char *name;
    bool (*start)(struct serve *serve, void **part_out);
    void (*reload)(struct serve *serve, void *part); /* may be NULL */
    void (*stop)(struct serve *serve, void *part);   /* no new work; drain */
};

#endif
