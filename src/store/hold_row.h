/* SPDX-License-Identifier: MIT
 * A row of table hold as the policy's struct, for those who read it. */
#ifndef BOUNCE_STORE_HOLD_ROW_H
#define BOUNCE_STORE_HOLD_ROW_H

#include "store/store.h"

#define HOLD_COLUMNS                                                           \
    "provider, domain, ip, sender_domain, campaign, since, until, category, "  \
    "entry, rule, event_id, confidence, verified, base_s, step, open, "        \
    "by_hand, delivered_at, ended_at"
#define HOLD_COLUMN_COUNT 19

/* The same for a put, and newest_at (ledger_hold.c) behind them. */
extern const struct store_column hold_row_columns[HOLD_COLUMN_COUNT + 1];

/* row has the columns of HOLD_COLUMNS in their order. */
void hold_row_read(const struct store_value *row, struct bounce_hold *hold_out);
/* The other way; text is borrowed. */
void hold_row_fill(const struct bounce_hold *hold, struct store_value *row);
enum store_err hold_rows_put(struct store *store,
                             const struct bounce_hold *holds, size_t count,
                             struct store_error *error);

#endif
