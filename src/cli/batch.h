/* SPDX-License-Identifier: MIT
 * Records of a verb on their way into the ledger, some hundreds at a time. What
 * cannot be stored is left out and named; the rest is durable when a flush
 * returns. */
#ifndef BOUNCE_CLI_BATCH_H
#define BOUNCE_CLI_BATCH_H

#include "store/ledger.h"

#define BATCH_RECORDS 1000

struct batch {
    struct ledger *ledger;
    int64_t now;
    /* A record that cannot be stored, and why. */
    void (*bad)(void *ctx, uint64_t line, const char *cause);
    /* One that was: what it did. */
    void (*took)(void *ctx, const struct record *record,
                 const struct ledger_result *result);
    void *ctx;

    struct arena arena;
    struct record *records;
    uint64_t *lines; /* where each was read; 0: nowhere */
    struct ledger_result *results;
    size_t count;
};

/* Ends the process when memory is out. The functions and ctx are the caller's
 * to fill in. */
void batch_init(struct batch *batch, struct ledger *ledger, int64_t now);
void batch_clear(struct batch *batch);
/* Keeps a copy; flushes first when there is no room. */
enum store_err batch_add(struct batch *batch, const struct record *record,
                         uint64_t line, struct store_error *error);
enum store_err batch_flush(struct batch *batch, struct store_error *error);

#endif
