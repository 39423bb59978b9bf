/* SPDX-License-Identifier: MIT
 * Counts as stats.c wants them. They come from table tally, whose key is (dim,
 * day, value, ...), and whole months of a long range from tally_month, which is
 * alike: a few values are looked up, all of them are one range. Where most values
 * are not shown, tally_total says in which order to look them up. */
#include <stdlib.h>

#include "store/month.h"
#include "store/stats_in.h"

#define KEYS_STEP 2000
#define RANK_STEP 100   /* values that are looked up at once */
#define RANK_KEYS 20000 /* look-ups beyond which all of a range is read */

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

static bool take_day(void *ctx, const struct store_value *row, size_t columns)
{
    (void)columns;
    *(int64_t *)ctx = row[0].integer;
    return true;
}

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
                    NULL, 0, take_day, &oldest, error);
    if (err == STORE_OK)
        err = store_run(store,
                        "SELECT day FROM tally WHERE dim = 'all' ORDER BY day "
                        "DESC LIMIT 1",
                        NULL, 0, take_day, &newest, error);
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

/* What a query says of periods from one to before another. */
static enum store_err read_range(struct totals *t, const char *select,
                                 const char *column, const char *rest,
                                 int64_t from, int64_t end,
                                 struct store_error *error)
{
    struct query *q = &t->query;

    if (from >= end)
        return STORE_OK;
    query_init(q, select);
    query_add(q, " WHERE dim = ");
    query_value(q, store_text(slice_cstr(t->dim)));
    query_add(q, " AND ");
    query_add(q, column);
    query_add(q, " >= ");
    query_value(q, store_int(from));
    query_add(q, " AND ");
    query_add(q, column);
    query_add(q, " < ");
    query_value(q, store_int(end));
    query_add(q, rest);
    return query_run(q, t->book->store, stats_take, t, error);
}

static enum store_err read_by_day(struct totals *t, struct store_error *error)
{
    return read_range(t, "SELECT day, value, what, detail, n FROM tally", "day",
                      " ORDER BY day, value, what, detail", t->first_day,
                      t->last_day + 1, error);
}

/* In no order: adding up is quicker here than where rows must be sorted for it. */
static enum store_err read_sums(struct totals *t, struct store_error *error)
{
    static const char days[] = "SELECT 0, value, what, detail, n FROM tally";
    static const char months[] =
        "SELECT 0, value, what, detail, n FROM tally_month";
    enum store_err err =
        read_range(t, days, "day", "", t->first_day, t->months, error);

    if (err == STORE_OK)
        err =
            read_range(t, months, "month", "", t->months, t->months_end, error);
    if (err == STORE_OK)
        err = read_range(t, days, "day", "", t->months_end, t->last_day + 1,
                         error);
    return err;
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

static enum store_err read_values(struct totals *t,
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

/* ---- The first ones -------------------------------------------------- */

/* Some values in the order of what they have over all time: in no range does any
 * of them have more bounces. */
struct rank {
    struct totals *t;
    struct bounce_slice values[RANK_STEP];
    uint64_t bounced; /* of the last one */
    size_t count;
};

static bool take_rank(void *ctx, const struct store_value *row, size_t columns)
{
    struct rank *rank = ctx;
    struct bounce_slice *value = &rank->values[rank->count++];

    (void)columns;
    *value = arena_dup(&rank->t->arena, row[0].text);
    rank->bounced = row[1].integer > 0 ? (uint64_t)row[1].integer : 0;
    rank->t->no_memory |= value->ptr == NULL;
    return !rank->t->no_memory;
}

static enum store_err read_rank(struct rank *rank, size_t from,
                                struct store_error *error)
{
    struct query *q = &rank->t->query;

    rank->count = 0;
    query_init(q, "SELECT value, bounced FROM tally_total WHERE dim = ");
    query_value(q, store_text(slice_cstr(rank->t->dim)));
    query_add(q, " ORDER BY bounced DESC, complaints DESC, sent DESC, value "
                 "LIMIT ");
    query_value(q, store_int(RANK_STEP));
    query_add(q, " OFFSET ");
    query_value(q, store_int((int64_t)from));
    return query_run(q, rank->t->book->store, take_rank, rank, error);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x > y ? -1 : x < y;
}

/* Whether no value behind those of rank can be one of the first. */
static bool are_found(struct totals *t, const struct rank *rank)
{
    uint64_t *bounced;
    size_t count = 0;

    if (t->count < t->filter->limit)
        return false;
    if (t->whole)
        return true;
    bounced = arena_alloc(&t->arena, t->count * sizeof(*bounced));
    if (bounced == NULL)
        return false;
    for (size_t i = 0; i < t->slot_count; i++)
        for (const struct bin *bin = t->slots[i]; bin != NULL; bin = bin->next)
            bounced[count++] = bin->row.bounced;
    qsort(bounced, count, sizeof(*bounced), by_number);
    return rank->bounced < bounced[t->filter->limit - 1];
}

/* How many look-ups one value takes, and one more. */
static size_t keys_of_value(const struct totals *t)
{
    int64_t days = t->months > t->first_day ? t->months - t->first_day : 0;

    if (t->last_day + 1 > t->months_end)
        days += t->last_day + 1 - t->months_end;
    return (size_t)(days + (t->months_end - t->months) / 28) + 1;
}

/* The rows that will be shown and some more, unless that takes longer than
 * reading all of them. */
static enum store_err read_first(struct totals *t, bool *found_out,
                                 struct store_error *error)
{
    struct rank *rank = arena_alloc(&t->arena, sizeof(*rank));
    size_t most = RANK_KEYS / keys_of_value(t);

    *found_out = false;
    if (rank == NULL)
        return list_no_memory(error);
    rank->t = t;
    for (size_t from = 0; from <= most && !*found_out; from += RANK_STEP) {
        enum store_err err = read_rank(rank, from, error);

        if (err == STORE_OK)
            err = read_values(t, rank->values, rank->count, error);
        if (err != STORE_OK)
            return err;
        *found_out = rank->count < RANK_STEP || are_found(t, rank);
    }
    if (!*found_out)
        stats_clear(t);
    return STORE_OK;
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
        err = read_first(t, &found, error);
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
    return by_day ? read_values_by_day(t, t->by != STATS_DAY, error)
                  : read_values(t, t->values.list, t->values.count, error);
}

enum store_err stats_read(struct totals *t, bool by_day,
                          struct store_error *error)
{
    enum store_err err = read_filter(t, error);

    if (err == STORE_OK)
        err = store_begin(t->book->store, STORE_READ, error);
    if (err != STORE_OK)
        return err;
    err = list_end(t->book->store, read_counts(t, by_day, error), error);
    return t->no_memory ? list_no_memory(error) : err;
}
