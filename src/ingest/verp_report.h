/* SPDX-License-Identifier: MIT
 * The token in the address that a report was sent to (store/verp.h). */
#ifndef BOUNCE_INGEST_VERP_REPORT_H
#define BOUNCE_INGEST_VERP_REPORT_H

#include "store/record.h"
#include "store/verp.h"

/* Looks at the message's own To, Delivered-To, X-Original-To and their like for
 * a token; the best one found decides. seen_out as verp_verify(). */
enum verp_verdict verp_report_check(const struct verp_key *keys, size_t count,
                                    struct bounce_slice message, int64_t now,
                                    int64_t max_age_s,
                                    struct verp_seen *seen_out);

/* What the token says about the records of one report: a good one vouches for
 * the recipient that it was made for (and names it where the report does not,
 * or names the mailbox it was forwarded to), a bad one makes them unverified.
 * A good one for somebody else vouches for nothing: else a token that was seen
 * once would do for any address. Returns how many records are vouched for.
 * Slices borrow from seen. */
size_t verp_report_apply(enum verp_verdict verdict,
                         const struct verp_seen *seen, struct record *records,
                         size_t count);

#endif
