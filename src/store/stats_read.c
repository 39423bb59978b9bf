/* SPDX-License-Identifier: MIT
 * Counts as stats.c wants them. They come from table tally, whose key is (dim,
 * day, value, ...), and whole months of a long range from tally_month, which is
 * alike: a few values are looked up, all of them are one range. Where most values
 * are not shown, stats_rank.c finds those that are. */
#include <stdlib.h>

#include "store/month.h"
#include "store/stats_in.h"

#define KEYS_STEP 2000

static const char *const dims[] = {[STATS_PROVIDER] = "provider",
                                   [STATS_DOMAIN] = "domain",
                                   [STATS_CAMPAIGN] = "campaign",
                                   [STATS_SCOPE] = "scope",
                                   [STATS_IP] = "ip",
                                   [STATS_SENDER_DOMAIN] = "sender_domain"};

static struct bounce_slice field_of(const struct list_filter *f,
                                    enum stats_by by)
{
    switch (by) {
    case STATS_PROVIDER:
        return f->provider;
    case STATS_DOMAIN:
        return f->domain;
    case STATS_CAMPAIGN:
        return f->campaign;
    case STATS_SCOPE:
        return f->scope;
    case STATS_IP:
        return f->ip;
    case STATS_SENDER_DOMAIN:
        return f->sender_domain;
    default:
        return SLICE_NULL;
    }
}

/* Which dimension is asked, and for which of its values. */
static enum store_err read_filter(struct totals *t, struct store_error *error)
{
    const struct list_filter *f = t->filter;
    enum stats_by by = t->by;
    bool whole = by == STATS_DAY || by == STATS_CLASS || by == STATS_CATEGORY;

    for (unsigned i = STATS_PROVIDER; i <= STATS_SENDER_DOMAIN; i++) {
        if (field_of(f, (enum stats_by)i).ptr == NULL || by == (enum stats_by)i)
            continue;
        if (!whole)
            return store_fail(error, STORE_E_VALUE,
                              "counts by %s and by %s are not kept together",
                              dims[by], dims[i]);
        by = (enum stats_by)i;
        whole = false;
    }
    if (f->address.ptr != NULL || f->state.ptr != NULL || f->cls.ptr != NULL ||
        f->category.ptr != NULL || f->kind.ptr != NULL || f->rule.ptr != NULL ||
        f->cursor.len > 0)
        return store_fail(error, STORE_E_VALUE,
                          "counts are chosen by time and by one of provider, "
                          "domain, campaign, scope, ip and sender domain");
    t->dim = whole ? "all" : dims[by];
    if (by == STATS_DOMAIN)
        return words_domains(t->book, f->domain, &t->arena, &t->values, error);
    return words_read(field_of(f, by), t->dim, &t->values, error);
}

/* ---- The range ------------------------------------------------------- */

static int64_t day_of(int64_t time)
{
    return time >= 0 ? time / STATS_DAY_S
                     : -((-time + STATS_DAY_S - 1) / STATS_DAY_S);
}

/* The months that are asked for with all that is counted in them: none of their
 * days has counts and is left out. */
static void find_months(struct totals *t, int64_t oldest, int64_t newest)
{
    int64_t begin = month_begin(t->first_day);
    int64_t last = month_begin(t->last_day);

    t->months = begin == t->first_day || t->first_day <= oldest
                    ? begin
                    : month_after(begin);
    t->months_end =
        t->last_day >= newest || month_after(last) - 1 == t->last_day
            ? month_after(last)
            : last;
    if (t->months >= t->months_end)
        t->months = t->months_end = t->last_day + 1;
    t->whole = t->first_day <= oldest && t->last_day >= newest;
}

/* The days that are asked for and counted. */
static enum store_err read_days(struct totals *t, struct store_error *error)
{
    struct store *store = t->book->store;
    int64_t oldest = 0, newest = -1;
    enum store_err err;

    err = store_run(store,
                    "SELECT day FROM tally WHERE dim = 'all' ORDER BY day "
                    "LIMIT 1",
                    NULL, 0, store_take_int, &oldest, error);
    if (err == STORE_OK)
        err = store_run(store,
                        "SELECT day FROM tally WHERE dim = 'all' ORDER BY day "
                        "DESC LIMIT 1",
                        NULL, 0, store_take_int, &newest, error);
    t->first_day = oldest;
    t->last_day = newest;
    if (t->filter->since != BOUNCE_NO_TIME &&
        day_of(t->filter->since) > t->first_day)
        t->first_day = day_of(t->filter->since);
    if (t->filter->until != BOUNCE_NO_TIME &&
        day_of(t->filter->until - 1) < t->last_day)
        t->last_day = day_of(t->filter->until - 1);
    find_months(t, oldest, newest);
    return err;
}

/* ---- All values ------------------------------------------------------ */

/* Periods of a table, from one to before another. */
struct range {
    const char *table, *column;
    int64_t from, end;
};

/* " AND ..." for values that have so many bounces over all time. */
static void add_least(struct totals *t, uint64_t least)
{
    struct query *q = &t->query;

    query_add(q, " AND value IN (SELECT value FROM tally_total WHERE dim = ");
    query_value(q, store_text(slice_cstr(t->dim)));
    query_add(q, " AND bounced >= ");
    query_value(q, store_int((int64_t)least));
    query_add(q, ")");
}

static enum store_err read_range(struct totals *t,
                                 const struct stats_rows *rows,
                                 const struct range *range,
                                 struct store_error *error)
{
    struct query *q = &t->query;

    if (range->from >= range->end)
        return STORE_OK;
    query_init(q, rows->select);
    query_add(q, " FROM ");
    query_add(q, range->table);
    query_add(q, " WHERE dim = ");
    query_value(q, store_text(slice_cstr(t->dim)));
    query_add(q, " AND ");
    query_add(q, range->column);
    query_add(q, " >= ");
    query_value(q, store_int(range->from));
    query_add(q, " AND ");
    query_add(q, range->column);
    query_add(q, " < ");
    query_value(q, store_int(range->end));
    if (rows->least > 0)
        add_least(t, rows->least);
    query_add(q, rows->rest);
    return query_run(q, t->book->store, rows->take, rows->ctx, error);
}

static enum store_err read_by_day(struct totals *t, struct store_error *error)
{
    const struct stats_rows rows = {
        .select = "SELECT day, value, what, detail, n",
        .rest = " ORDER BY day, value, what, detail",
        .take = stats_take,
        .ctx = t};
    const struct range range = {"tally", "day", t->first_day, t->last_day + 1};

    return read_range(t, &rows, &range, error);
}

/* In no order: adding up is quicker here than where rows must be sorted for it. */
enum store_err stats_read_rows(struct totals *t, const struct stats_rows *rows,
                               struct store_error *error)
{
    const struct range ranges[] = {
        {"tally", "day", t->first_day, t->months},
        {"tally_month", "month", t->months, t->months_end},
        {"tally", "day", t->months_end, t->last_day + 1}};
    enum store_err err = STORE_OK;

    for (size_t i = 0; i < 3 && err == STORE_OK; i++)
        err = read_range(t, rows, &ranges[i], error);
    return err;
}

static enum store_err read_sums(struct totals *t, struct store_error *error)
{
    const struct stats_rows rows = {.select =
                                        "SELECT 0, value, what, detail, n",
                                    .rest = "",
                                    .take = stats_take,
                                    .ctx = t};

    return stats_read_rows(t, &rows, error);
}

/* ---- Some values ----------------------------------------------------- */

static const struct store_column day_keys[] = {
    {"dim", STORE_TEXT}, {"day", STORE_INT}, {"value", STORE_TEXT}};
static const struct store_get day_get = {"tally", "day, value, what, detail, n",
                                         day_keys, 3};
static const struct store_column month_keys[] = {
    {"dim", STORE_TEXT}, {"month", STORE_INT}, {"value", STORE_TEXT}};
static const struct store_get month_get = {
    "tally_month", "month, value, what, detail, n", month_keys, 3};

/* Values over periods from one to before another; step keys at once. */
struct span {
    const struct bounce_slice *values;
    size_t count;
    int64_t from, end;
    bool months;
    size_t step;
};

static enum store_err read_span(struct totals *t, const struct span *span,
                                struct store_error *error)
{
    const struct store_get *get = span->months ? &month_get : &day_get;
    struct store_value *keys =
        arena_alloc(&t->arena, span->step * 3 * sizeof(*keys));
    enum store_err err = STORE_OK;
    size_t count = 0;

    if (keys == NULL)
        return list_no_memory(error);
    for (size_t i = 0; i < span->count && err == STORE_OK; i++) {
        int64_t at = span->from;

        while (at < span->end && err == STORE_OK) {
            keys[3 * count] = store_text(slice_cstr(t->dim));
            keys[3 * count + 1] = store_int(at);
            keys[3 * count + 2] = store_text(span->values[i]);
            at = span->months ? month_after(at) : at + 1;
            if (++count < span->step)
                continue;
            err = store_get_rows(t->book->store, get, keys, count, stats_take,
                                 t, error);
            count = 0;
        }
    }
    if (err == STORE_OK)
        err = store_get_rows(t->book->store, get, keys, count, stats_take, t,
                             error);
    return err;
}

/* ordered: one day after the other. */
static enum store_err read_values_by_day(struct totals *t, bool ordered,
                                         struct store_error *error)
{
    struct span span = {.values = t->values.list,
                        .count = t->values.count,
                        .from = t->first_day,
                        .end = t->last_day + 1,
                        .step = ordered ? 1 : KEYS_STEP};

    return read_span(t, &span, error);
}

enum store_err stats_read_values(struct totals *t,
                                 const struct bounce_slice *values,
                                 size_t count, struct store_error *error)
{
    const struct span spans[] = {
        {values, count, t->first_day, t->months, false, KEYS_STEP},
        {values, count, t->months, t->months_end, true, KEYS_STEP},
        {values, count, t->months_end, t->last_day + 1, false, KEYS_STEP}};
    enum store_err err = STORE_OK;

    for (size_t i = 0; i < 3 && err == STORE_OK; i++)
        err = read_span(t, &spans[i], error);
    return err;
}

/* ---- Reading --------------------------------------------------------- */

static enum store_err read_any(struct totals *t, bool by_day,
                               struct store_error *error)
{
    bool found = false;
    enum store_err err = STORE_OK;

    if (by_day)
        return read_by_day(t, error);
    if (t->by >= STATS_PROVIDER && t->filter->limit > 0)
        err = stats_read_first(t, &found, error);
    return err == STORE_OK && !found ? read_sums(t, error) : err;
}

static enum store_err read_counts(struct totals *t, bool by_day,
                                  struct store_error *error)
{
    enum store_err err = read_days(t, error);

    if (err != STORE_OK || t->first_day > t->last_day)
        return err;
    if (t->values.any)
        return read_any(t, by_day, error);
    return by_day
               ? read_values_by_day(t, t->by != STATS_DAY, error)
               : stats_read_values(t, t->values.list, t->values.count, error);
}

enum store_err stats_read(struct totals *t, bool by_day,
                          struct store_error *error)
{
    enum store_err err = read_filter(t, error);

    if (err == STORE_OK)
        err = store_begin(t->book->store, STORE_READ, error);
    if (err != STORE_OK)
        return err;
    err = store_end(t->book->store, read_counts(t, by_day, error), error);
    return t->no_memory ? list_no_memory(error) : err;
}
