/* SPDX-License-Identifier: MIT
 * Lines of a sent log, in the names that programs give its columns. */
#ifndef BOUNCE_INGEST_SENT_H
#define BOUNCE_INGEST_SENT_H

#include "ingest/rows.h"
#include "store/ledger.h"

/* Fills what the row says; at is now when it names no time. Without titles the
 * columns are message id, recipient, scope, campaign, IP, sender domain, time.
 * Slices borrow from the row. Returns a flaw of the row, static, or NULL. */
const char *sent_read(const struct row *row, int64_t now,
                      struct sent *sent_out);

#endif
