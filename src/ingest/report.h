/* SPDX-License-Identifier: MIT
 * A report that was read, as records. */
#ifndef BOUNCE_INGEST_REPORT_H
#define BOUNCE_INGEST_REPORT_H

#include "base/arena.h"
#include "store/record.h"
#include "store/verp.h"

struct report_options {
    /* What the report does not say itself; NULL: unknown. */
    struct bounce_slice scope, campaign, ip, sender_domain;
    struct bounce_slice source; /* kept with each record */
    int64_t offset;             /* in source; -1 unknown */
    int64_t now;                /* Unix seconds: for the age of tokens */
    int64_t since;              /* events before are passed over; 0: none */
    int64_t engaged_at;         /* newest open or click; 0: unknown */
    bool keep_raw;              /* the first record gets the message */
    const struct verp_key *keys;
    size_t key_count;
    int64_t max_age_s; /* of a token; 0: any */
};

struct report_records {
    struct record *records; /* in the arena; none for what is no report */
    size_t count;
    size_t old;                /* events that were passed over */
    size_t unsafe;             /* without a recipient */
    size_t vouched;            /* by a token */
    enum verp_verdict verdict; /* of the token */
    struct verp_seen seen;     /* that records may point into */
};

/* The events of result, which message gave; slices borrow from both, from
 * options and from out, which must stay where it is. false: memory is out. */
bool report_to_records(const struct bounce_result *result,
                       struct bounce_slice message,
                       const struct report_options *options,
                       struct arena *arena, struct report_records *out);

#endif
