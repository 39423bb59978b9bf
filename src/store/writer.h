/* SPDX-License-Identifier: MIT
 * Group commit: one thread takes records from a bounded queue, up to 5,000 or
 * what came in 5 ms, applies them in one transaction, and only then says so. A
 * batch that fails because of a record is halved until that one stands alone. */
#ifndef BOUNCE_STORE_WRITER_H
#define BOUNCE_STORE_WRITER_H

#include "store/ledger.h"

/* What became of one call of writer_add(): in the writer's thread, in order.
 * error is NULL when all its records are durable. STORE_E_VALUE: bad records
 * were left out (their results say so), the others are durable. Anything else:
 * none of them is. */
typedef void writer_done_fn(void *ctx, const struct store_error *error,
                            const struct ledger_result *results, size_t count);

/* A batch for files that are read as a whole: what comes in at once costs a third
 * less in batches of four times the usual size, and nobody waits for a single
 * record. As much as the store can do in less than a second, which is what other
 * writers wait. */
#define WRITER_BULK 20000

struct writer_options {
    size_t batch;      /* records; default 5000 */
    unsigned delay_ms; /* default 5 */
    size_t queue;      /* records waiting; default 4 batches */
    int64_t now;       /* BOUNCE_NO_TIME: the clock */
    /* Each record that was stored, in the writer's thread, before done; one that
     * is tried again comes twice, the second time not fresh. May be NULL. */
    void (*observe)(void *ctx, const struct record *record,
                    const struct ledger_result *result);
    void *ctx;
    unsigned tries; /* of a batch that met STORE_E_BUSY or _LOST; default 5,
                        * waiting longer each time */
};

struct writer;

/* book is the writer's alone until writer_free(). NULL: memory is out. */
struct writer *writer_new(struct book *book,
                          const struct writer_options *options);
/* Waits for all that was added, then frees. */
void writer_free(struct writer *writer);

/* Some records that belong together (one report's): copied; waits while the
 * queue is full. done may be NULL. false: memory is out, nothing was added.
 * From any thread. */
bool writer_add(struct writer *writer, const struct record *records,
                size_t count, writer_done_fn *done, void *ctx);
/* Lines of the sent log, likewise; of the results only bad tells. */
bool writer_add_sent(struct writer *writer, const struct sent *lines,
                     size_t count, writer_done_fn *done, void *ctx);
/* Where a source stands behind all that was added before: stored in the same
 * transaction as that. When some of it could not be stored no position is, up
 * to the next writer_flush(). */
bool writer_add_position(struct writer *writer, struct bounce_slice source,
                         int64_t offset, struct bounce_slice mark);
/* Waits until all that was added is done. The first error since the last call
 * that was no bad record (STORE_OK: none). */
enum store_err writer_flush(struct writer *writer, struct store_error *error);

/* Has incidents looked after soon (ledger_watch()), in the writer's thread:
 * to be called now and then, since nothing else ends one when no event comes
 * any more. */
void writer_watch(struct writer *writer);

/* Another policy and other rules from the next batch on; the old ones are not
 * used any more once this returns. false: memory is out, nothing changed. */
bool writer_change(struct writer *writer, const struct bounce_policy *policy,
                   const struct bounce_engine *engine);

/* For progress and metrics. */
struct writer_counts {
    uint64_t fresh, known, bad, commits, waiting;
};
void writer_counts(struct writer *writer, struct writer_counts *counts_out);

#endif
