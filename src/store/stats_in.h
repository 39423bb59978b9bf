/* SPDX-License-Identifier: MIT
 * What stats.c and stats_read.c share. */
#ifndef BOUNCE_STORE_STATS_IN_H
#define BOUNCE_STORE_STATS_IN_H

#include "store/list_query.h"
#include "store/stats.h"

#define STATS_DAY_S   ((int64_t)24 * 3600)
#define STATS_BUCKETS 32 /* of intervals: powers of two of hours */

/* The counts of one value: a day, a class, a provider, ... */
struct bin {
    struct bin *next; /* in its slot */
    struct bounce_slice value;
    struct stats_row row;
    int64_t day; /* of volume_today */
    uint64_t sent_today, told_today;
    struct volume {
        uint64_t days;
        double sum, squares;
    } sent, told; /* told: bounces and deliveries, where no log of mail is */
    uint64_t *intervals; /* STATS_BUCKETS of them; NULL: none were told */
};

struct totals {
    struct book *book;
    const struct list_filter *filter;
    enum stats_by by;
    const char *dim;
    struct words values; /* of dim; any: all of them */
    /* What is read: days of table tally from first_day to last_day, those from
     * months on to before months_end left out and read from tally_month. */
    int64_t first_day, months, months_end, last_day;
    bool whole; /* all that was ever counted */
    bool based; /* the store is told of mail that went through, or was sent */
    struct arena arena;
    struct bin **slots;
    size_t slot_count, count;
    struct bin all; /* for shares of the whole */
    struct query query;
    bool no_memory;
};

/* Adds a row (day, value, what, detail, n) of tally to its bin; struct totals is
 * ctx. false: memory is out. */
bool stats_take(void *ctx, const struct store_value *row, size_t columns);
/* Empties the bins. */
void stats_clear(struct totals *totals);
/* Reads all counts that the filter asks for. by_day: they are told apart by
 * day, and come in the order of their days. */
enum store_err stats_read(struct totals *totals, bool by_day,
                          struct store_error *error);
/* Rows of tally and tally_month. */
struct stats_rows {
    const char *select, *rest; /* "SELECT ...", "" or " AND ..." */
    uint64_t least; /* bounces over all time of values they are of; 0: of all */
    store_row_fn *take;
    void *ctx;
};
/* Gives those of the range: of days and of whole months. In no order. */
enum store_err stats_read_rows(struct totals *totals,
                               const struct stats_rows *rows,
                               struct store_error *error);
/* Adds all that is counted of some values to their bins. */
enum store_err stats_read_values(struct totals *totals,
                                 const struct bounce_slice *values,
                                 size_t count, struct store_error *error);
/* Reads at least the rows that a page of filter->limit begins with, when that is
 * quicker than reading all: else *found_out is false, and the bins are empty. */
enum store_err stats_read_first(struct totals *totals, bool *found_out,
                                struct store_error *error);

#endif
