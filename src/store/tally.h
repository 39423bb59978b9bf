/* SPDX-License-Identifier: MIT
 * The tables of counts, as those see them who write rows: days (dim, day, value,
 * what, detail, n), their sums by month (in place of the day the one that
 * month_begin() says), and what each value came to in all (dim, value, bounced,
 * complaints, sent). Numbers are added to what is there. */
#ifndef BOUNCE_STORE_TALLY_H
#define BOUNCE_STORE_TALLY_H

#include "store/store.h"

#define TALLY_COLUMNS       6
#define TALLY_TOTAL_COLUMNS 5

/* Whether through (mails that were delivered, or sent) is what failures are a share
 * of: who knows of less than a third of the bounces hears of failures alone, and
 * of a delivery now and then. */
static inline bool tally_is_base(uint64_t through, uint64_t bounced)
{
    return through * 3 >= bounced;
}

extern const struct store_put tally_days, tally_months, tally_totals;

#endif
