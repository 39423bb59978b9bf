/* SPDX-License-Identifier: MIT
 * Rates, from the counts of days. */
#ifndef BOUNCE_STORE_STATS_H
#define BOUNCE_STORE_STATS_H

#include "store/list.h"

enum stats_by {
    STATS_DAY,
    STATS_CLASS,
    STATS_CATEGORY,
    STATS_PROVIDER,
    STATS_DOMAIN,
    STATS_CAMPAIGN,
    STATS_SCOPE,
    STATS_IP,
    STATS_SENDER_DOMAIN
};

struct stats_row {
    struct bounce_slice value; /* "2026-11-22", "google", ... */
    uint64_t sent, delivered, bounced, delayed, complaints, unsubscribes;
    uint64_t hard, soft, block, admin, undetermined; /* of bounced */
    double bounce_rate, complaint_rate; /* of sent, else of bounced +
                                         * delivered; negative: unknown, tally_is_base() */
    bool bounce_warning;                /* above 2 % */
    bool complaint_warning;             /* above 0.1 % */
};
/* Most bounces first (days in order). filter: since, until, and at most one of
 * provider, domain, campaign, scope, ip, sender_domain, for STATS_DAY, _CLASS
 * and _CATEGORY; limit. */
enum store_err stats_rows(struct book *book, enum stats_by by,
                          const struct list_filter *filter,
                          bool (*take)(void *ctx, const struct stats_row *row),
                          void *ctx, struct store_error *error);

/* One figure for a sending domain, IP or campaign, 0 (worst) to 100, and what
 * moves it: docs/store.md has the formula. There is none while the store knows
 * neither what was sent nor what was delivered. */
struct stats_reputation {
    struct bounce_slice value;
    unsigned figure;
    double hard_rate, block_rate, complaint_rate; /* of sent */
    double steadiness;     /* 1 - variation of the daily volume, 0..1 */
    double interval_hours; /* median between mails to one address; negative */
    double block_loss, hard_loss, complaint_loss, volume_loss; /* points */
    uint64_t sent;
};
enum store_err
stats_reputation(struct book *book, enum stats_by by,
                 const struct list_filter *filter,
                 bool (*take)(void *ctx, const struct stats_reputation *row),
                 void *ctx, struct store_error *error);

#endif
