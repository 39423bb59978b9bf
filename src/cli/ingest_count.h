/* SPDX-License-Identifier: MIT
 * What an ingest did, and its summary. */
#ifndef BOUNCE_CLI_INGEST_COUNT_H
#define BOUNCE_CLI_INGEST_COUNT_H

#include "cli/tally.h"
#include "store/ledger.h"

struct ingest_count {
    struct tally tally; /* of new events */
    uint64_t messages, reports, unreadable;
    uint64_t fresh, known, repeated; /* events; the last is of the fresh */
    uint64_t old;                    /* events before --since */
    uint64_t bad;                    /* events that cannot be stored */
    uint64_t outcomes[8];            /* of fresh ones that changed something */
    uint64_t unsafe; /* fresh ones without a recipient that is safe */
    uint64_t vouched, distrusted; /* events with a good token, with a bad one */
};

void ingest_count_result(struct ingest_count *count,
                         const struct bounce_engine *engine,
                         const struct bounce_event *event,
                         const struct ledger_result *result);
/* For people. */
void ingest_count_write(const struct ingest_count *count,
                        const struct bounce_engine *engine, struct out *out);
void ingest_count_json(const struct ingest_count *count,
                       const struct bounce_engine *engine, struct out *out);

#endif
