/* SPDX-License-Identifier: MIT
 * Rows of table hold_log, for ledger_hold_log.c and ledger_hold_redo.c. */
#ifndef BOUNCE_STORE_LEDGER_HOLD_LOG_H
#define BOUNCE_STORE_LEDGER_HOLD_LOG_H

#include "store/ledger_hold_in.h"

enum hold_item_kind {
    HOLD_REQUEST = 1,
    HOLD_END = 2, /* by hand */
    HOLD_BASE = 3 /* what everything up to this second came to */
};

struct hold_item {
    int64_t at;
    enum hold_item_kind kind;
    char id[64];
    struct bounce_cause cause;
    int64_t base_s, max_s, reset_s;
    bool by_hand;
    bool fresh;                    /* not stored so far */
    char after[160], becomes[160]; /* "": no other than before */
};

/* Rows that are read, in the arena of the batch. */
struct hold_items {
    struct ledger *ledger;
    struct hold_item *list;
    size_t count, cap;
    bool failed; /* memory is out */
};

/* What hold_log_take() takes, its context being a struct hold_items; the key is
 * $1 to $5, a condition follows. */
#define HOLD_LOG_SELECT                                                        \
    "SELECT at, kind, id, category, entry, rule, confidence, verified, "       \
    "base_s, max_s, reset_s, by_hand, after FROM hold_log "                    \
    "WHERE provider = $1 AND domain = $2 AND ip = $3 AND "                     \
    "sender_domain = $4 AND campaign = $5 AND "
bool hold_log_take(void *ctx, const struct store_value *row, size_t count);

/* What asked for a hold. */
void hold_log_item(const struct wish *w, struct hold_item *item_out);
/* A row to be put; texts of key, item and after are borrowed. */
void hold_log_fill(const struct bounce_hold_key *key,
                   const struct hold_item *item, const char *after,
                   struct store_value *row);
/* The hold of a row with after; its cause is the row's. */
void hold_log_read_after(const struct hold_item *item,
                         struct bounce_hold *hold);
/* The hold as it was before a time, and since when deliveries may have changed
 * it. What is older than the base goes on top of that. */
enum store_err hold_log_start(struct ledger *ledger, struct bounce_hold *hold,
                              int64_t from, int64_t *since_out,
                              struct store_error *error);

#endif
