/* SPDX-License-Identifier: MIT
 * What earlier lines said of a message in the queue: a table of fixed size, in
 * which the longest unused gives way. */
#ifndef BOUNCE_INGEST_LOG_QUEUE_H
#define BOUNCE_INGEST_LOG_QUEUE_H

#include "base/slice.h"

#define LOG_QUEUE_SLOTS    65536U
#define LOG_QUEUE_DEFERRED 1000U /* recipients remembered of one message */

/* A recipient that waits, with the last answer. */
struct log_deferred {
    struct log_deferred *next;
    struct bounce_slice recipient, remote, status, reply; /* behind it */
};

struct log_queued {
    char *id; /* NULL: the slot is free */
    size_t id_len;
    uint64_t used;
    char *message_id, *sender, *ip; /* NULL: not seen */
    struct log_deferred *deferred;
    unsigned deferred_count;
};

struct log_queue;

/* NULL: memory is out. */
struct log_queue *log_queue_new(void);
void log_queue_free(struct log_queue *queue);
/* The message with this id on this host, or NULL. */
struct log_queued *log_queue_find(struct log_queue *queue,
                                  struct bounce_slice host,
                                  struct bounce_slice id);
/* The same, made when it is not there; NULL: memory is out. */
struct log_queued *log_queue_make(struct log_queue *queue,
                                  struct bounce_slice host,
                                  struct bounce_slice id);
void log_queue_remove(struct log_queued *queued);

/* *text becomes a copy of value; false: memory is out. */
bool log_queued_set(char **text, struct bounce_slice value);
/* Remembers that a recipient waits, or what it was told last. */
bool log_queued_defer(struct log_queued *queued,
                      const struct log_deferred *deferred);
/* Forgets a recipient that waits no more. */
void log_queued_settle(struct log_queued *queued,
                       struct bounce_slice recipient);

#endif
