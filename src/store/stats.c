/* SPDX-License-Identifier: MIT
 * Rates and reputation, from counts that stats_read.c reads. */
#include <stdlib.h>

#include "base/date.h"
#include "base/hash.h"
#include "base/root.h"
#include "store/stats_in.h"
#include "store/tally.h"

#define ARENA_MAX ((size_t)4 << 30)

#define BOUNCE_WARNING    0.02
#define COMPLAINT_WARNING 0.001

/* ---- Bins ------------------------------------------------------------ */

static bool grow(struct totals *t)
{
    size_t count = t->slot_count == 0 ? 256 : t->slot_count * 4;
    struct bin **slots = arena_calloc(&t->arena, count, sizeof(struct bin *));

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < t->slot_count; i++) {
        while (t->slots[i] != NULL) {
            struct bin *bin = t->slots[i];
            size_t slot = hash_bytes(bin->value) & (count - 1);

            t->slots[i] = bin->next;
            bin->next = slots[slot];
            slots[slot] = bin;
        }
    }
    t->slots = slots;
    t->slot_count = count;
    return true;
}

void stats_clear(struct totals *t)
{
    t->slots = NULL;
    t->slot_count = t->count = 0;
    memset(&t->all, 0, sizeof(t->all));
}

/* NULL when memory is out. */
static struct bin *bin_of(struct totals *t, struct bounce_slice value)
{
    struct bin *bin;
    size_t slot;

    if (t->count >= t->slot_count && !grow(t))
        return NULL;
    slot = hash_bytes(value) & (t->slot_count - 1);
    for (bin = t->slots[slot]; bin != NULL; bin = bin->next)
        if (slice_eq(bin->value, value))
            return bin;
    bin = arena_calloc(&t->arena, 1, sizeof(*bin));
    if (bin == NULL)
        return NULL;
    bin->value = arena_dup(&t->arena, value);
    if (bin->value.ptr == NULL)
        return NULL;
    bin->day = INT64_MIN;
    bin->next = t->slots[slot];
    t->slots[slot] = bin;
    t->count++;
    return bin;
}

static void add_bounce(const struct bounce_engine *engine,
                       struct bounce_slice detail, uint64_t n,
                       struct stats_row *row)
{
    const struct bounce_category *category =
        bounce_category_find(engine, detail);

    row->bounced += n;
    switch (category != NULL ? category->cls : BOUNCE_CLASS_NONE) {
    case BOUNCE_CLASS_HARD:
        row->hard += n;
        break;
    case BOUNCE_CLASS_SOFT:
        row->soft += n;
        break;
    case BOUNCE_CLASS_BLOCK:
        row->block += n;
        break;
    case BOUNCE_CLASS_ADMIN:
        row->admin += n;
        break;
    default:
        row->undetermined += n;
        break;
    }
}

static void close_day(struct bin *bin)
{
    const struct {
        uint64_t n;
        struct volume *volume;
    } parts[] = {{bin->sent_today, &bin->sent}, {bin->told_today, &bin->told}};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        double n = (double)parts[i].n;

        if (parts[i].n == 0)
            continue;
        parts[i].volume->days++;
        parts[i].volume->sum += n;
        parts[i].volume->squares += n * n;
    }
    bin->sent_today = bin->told_today = 0;
}

/* Rows of one bin come in the order of their days. */
static void add(const struct bounce_engine *engine, struct bin *bin,
                int64_t day, struct bounce_slice what,
                struct bounce_slice detail, uint64_t n)
{
    struct stats_row *row = &bin->row;

    if (day != bin->day) {
        close_day(bin);
        bin->day = day;
    }
    if (slice_eq(what, SLICE("sent"))) {
        row->sent += n;
        bin->sent_today += n;
    } else if (slice_eq(what, SLICE("delivery"))) {
        row->delivered += n;
        bin->told_today += n;
    } else if (slice_eq(what, SLICE("bounce"))) {
        add_bounce(engine, detail, n, row);
        bin->told_today += n;
    } else if (slice_eq(what, SLICE("delay"))) {
        row->delayed += n;
    } else if (slice_eq(what, SLICE("feedback"))) {
        if (slice_eq(detail, SLICE("complaint")))
            row->complaints += n;
    } else if (slice_eq(what, SLICE("unsubscribe"))) {
        row->unsubscribes += n;
    }
}

/* false: memory is out. */
static bool add_interval(struct totals *t, struct bin *bin,
                         struct bounce_slice detail, uint64_t n)
{
    unsigned bucket;

    if (detail.len == 0 || slice_parse_uint(detail, 2, &bucket) != detail.len)
        return true;
    if (bin->intervals == NULL)
        bin->intervals =
            arena_calloc(&t->arena, STATS_BUCKETS, sizeof(*bin->intervals));
    if (bin->intervals == NULL)
        return false;
    bin->intervals[bucket < STATS_BUCKETS ? bucket : STATS_BUCKETS - 1] += n;
    return true;
}

/* The bin that a row of tally belongs to; a NULL slice: to none. */
static struct bounce_slice bin_name(const struct totals *t, int64_t day,
                                    struct bounce_slice value,
                                    struct bounce_slice detail,
                                    char iso[DATE_ISO_SIZE])
{
    const struct bounce_category *category;

    switch (t->by) {
    case STATS_DAY:
        return date_format_iso(day * STATS_DAY_S, iso) < 10
                   ? SLICE_NULL
                   : slice_make(iso, 10);
    case STATS_CATEGORY:
        return detail.len > 0 ? detail : SLICE_NULL;
    case STATS_CLASS:
        category = bounce_category_find(t->book->engine, detail);
        return category != NULL ? slice_cstr(bounce_class_name(category->cls))
                                : SLICE_NULL;
    default:
        return value;
    }
}

bool stats_take(void *ctx, const struct store_value *row, size_t columns)
{
    struct totals *t = ctx;
    int64_t day = row[0].integer, n = row[4].integer;
    struct bounce_slice what = row[2].text, detail = row[3].text, name;
    bool split = t->by == STATS_CATEGORY || t->by == STATS_CLASS;
    char iso[DATE_ISO_SIZE];
    struct bin *bin;

    (void)columns;
    if (n <= 0)
        return true;
    add(t->book->engine, &t->all, day, what, detail, (uint64_t)n);
    /* What has no category: sent mail, deliveries, hours of intervals. */
    if (split &&
        (slice_eq(what, SLICE("sent")) || slice_eq(what, SLICE("delivery")) ||
         slice_eq(what, SLICE("interval"))))
        return true;
    name = bin_name(t, day, row[1].text, detail, iso);
    if (name.ptr == NULL)
        return true;
    bin = bin_of(t, name);
    if (bin != NULL)
        add(t->book->engine, bin, day, what, detail, (uint64_t)n);
    t->no_memory = bin == NULL || (slice_eq(what, SLICE("interval")) &&
                                   !add_interval(t, bin, detail, (uint64_t)n));
    return !t->no_memory;
}

/* ---- Rates ----------------------------------------------------------- */

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : -1;
}

struct through {
    uint64_t through, bounced;
};

static bool take_through(void *ctx, const struct store_value *row,
                         size_t columns)
{
    struct through *sums = ctx;
    uint64_t n = (uint64_t)(row[1].integer > 0 ? row[1].integer : 0);

    (void)columns;
    if (slice_eq(row[0].text, SLICE("bounce")))
        sums->bounced += n;
    else
        sums->through += n;
    return true;
}

/* Where failures are all that is ever told, all would seem to fail. */
static enum store_err ask_based(struct totals *t, struct store_error *error)
{
    struct through sums = {0, 0};
    enum store_err err =
        store_run(t->book->store,
                  "SELECT what, n FROM tally_month WHERE dim = 'all' AND "
                  "what IN ('sent', 'delivery', 'bounce')",
                  NULL, 0, take_through, &sums, error);

    t->based = tally_is_base(sums.through, sums.bounced);
    return err;
}

/* What rates are shares of. */
static uint64_t base_of(const struct totals *t, const struct stats_row *row)
{
    if (!t->based)
        return 0;
    return row->sent > 0 ? row->sent : row->bounced + row->delivered;
}

static void rate(const struct totals *t, struct stats_row *row)
{
    uint64_t base = base_of(t, row);

    row->bounce_rate = share(row->bounced, base);
    row->complaint_rate = share(row->complaints, base);
    row->bounce_warning = row->bounce_rate > BOUNCE_WARNING;
    row->complaint_warning = row->complaint_rate > COMPLAINT_WARNING;
}

/* A class's share is one of all mail. */
static void rate_part(const struct totals *t, struct stats_row *row)
{
    const struct stats_row *all = &t->all.row;
    uint64_t base = base_of(t, all);

    row->sent = all->sent;
    row->delivered = all->delivered;
    row->bounce_rate = share(row->bounced, base);
    row->complaint_rate = share(row->complaints, base);
    row->bounce_warning = row->bounce_rate > BOUNCE_WARNING;
    row->complaint_warning = row->complaint_rate > COMPLAINT_WARNING;
}

static int by_day(const void *a, const void *b)
{
    const struct bin *x = *(struct bin *const *)a;
    const struct bin *y = *(struct bin *const *)b;

    return slice_compare(x->value, y->value);
}

static int by_bounces(const void *a, const void *b)
{
    const struct bin *x = *(struct bin *const *)a;
    const struct bin *y = *(struct bin *const *)b;

    if (x->row.bounced != y->row.bounced)
        return x->row.bounced > y->row.bounced ? -1 : 1;
    if (x->row.complaints != y->row.complaints)
        return x->row.complaints > y->row.complaints ? -1 : 1;
    if (x->row.sent != y->row.sent)
        return x->row.sent > y->row.sent ? -1 : 1;
    return slice_compare(x->value, y->value);
}

/* All bins in order; NULL when memory is out. */
static struct bin **sorted(struct totals *t,
                           int (*compare)(const void *a, const void *b))
{
    struct bin **bins =
        arena_alloc(&t->arena, (t->count + 1) * sizeof(struct bin *));
    size_t count = 0;

    if (bins == NULL)
        return NULL;
    for (size_t i = 0; i < t->slot_count; i++)
        for (struct bin *bin = t->slots[i]; bin != NULL; bin = bin->next)
            bins[count++] = bin;
    qsort(bins, count, sizeof(struct bin *), compare);
    return bins;
}

static enum store_err give_rows(struct totals *t,
                                bool (*take)(void *ctx,
                                             const struct stats_row *row),
                                void *ctx, struct store_error *error)
{
    struct bin **bins = sorted(t, t->by == STATS_DAY ? by_day : by_bounces);
    size_t first = 0, count = t->count;

    if (bins == NULL)
        return list_no_memory(error);
    if (t->filter->limit > 0 && count > t->filter->limit) {
        /* The newest days, in their order. */
        if (t->by == STATS_DAY)
            first = count - t->filter->limit;
        count = t->filter->limit;
    }
    for (size_t i = first; i < first + count; i++) {
        struct stats_row *row = &bins[i]->row;

        row->value = bins[i]->value;
        if (t->by == STATS_CLASS || t->by == STATS_CATEGORY)
            rate_part(t, row);
        else
            rate(t, row);
        if (!take(ctx, row))
            return store_fail(error, STORE_E_STOPPED, "stopped");
    }
    return STORE_OK;
}

static struct totals *new_totals(struct book *book, enum stats_by by,
                                 const struct list_filter *filter)
{
    struct totals *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return NULL;
    t->book = book;
    t->by = by;
    t->filter = filter;
    arena_init(&t->arena, allocator_default(), ARENA_MAX);
    return t;
}

static void free_totals(struct totals *t)
{
    arena_clear(&t->arena);
    free(t);
}

enum store_err stats_rows(struct book *book, enum stats_by by,
                          const struct list_filter *filter,
                          bool (*take)(void *ctx, const struct stats_row *row),
                          void *ctx, struct store_error *error)
{
    struct totals *t = new_totals(book, by, filter);
    enum store_err err;

    if (t == NULL)
        return list_no_memory(error);
    err = ask_based(t, error);
    if (err == STORE_OK)
        err = stats_read(t, by == STATS_DAY, error);
    if (err == STORE_OK)
        err = give_rows(t, take, ctx, error);
    free_totals(t);
    return err;
}

/* ---- Reputation ------------------------------------------------------ */

/* What a rate costs: nothing at 0, all of it at worst. */
static double loss(double share_of_mail, double worst, double points)
{
    if (share_of_mail <= 0)
        return 0;
    return share_of_mail < worst ? points * share_of_mail / worst : points;
}

/* 1 less the variation (standard deviation over mean) of the days on which mail
 * was sent at all: a newsletter every Monday is steady. Two days tell nothing. */
static double steadiness(const struct volume *volume)
{
    double mean, variance, variation;

    if (volume->days < 3)
        return 1;
    mean = volume->sum / (double)volume->days;
    variance = volume->squares / (double)volume->days - mean * mean;
    variation = variance > 0 ? root_square(variance) / mean : 0;
    return variation < 1 ? 1 - variation : 0;
}

/* The middle of the intervals, taken to lie evenly within their power of two. */
static double median_hours(const uint64_t *intervals)
{
    uint64_t total = 0, below = 0;

    if (intervals == NULL)
        return -1;

    for (unsigned i = 0; i < STATS_BUCKETS; i++)
        total += intervals[i];
    for (unsigned i = 0; i < STATS_BUCKETS && total > 0; i++) {
        /* The first goes from 0 to 2 hours. */
        double from = i > 0 ? (double)(1ULL << i) : 0;
        double width = i > 0 ? from : 2;

        if (2 * (below + intervals[i]) >= total)
            return from + width * ((double)total / 2 - (double)below) /
                              (double)intervals[i];
        below += intervals[i];
    }
    return -1;
}

static bool give_reputation(const struct totals *t, struct bin *bin,
                            bool (*take)(void *ctx,
                                         const struct stats_reputation *row),
                            void *ctx)
{
    const struct stats_row *row = &bin->row;
    uint64_t base = base_of(t, row);
    struct stats_reputation r = {.value = bin->value, .sent = row->sent};
    double figure;

    close_day(bin);
    r.hard_rate = share(row->hard, base);
    r.block_rate = share(row->block, base);
    r.complaint_rate = share(row->complaints, base);
    r.steadiness = steadiness(row->sent > 0 ? &bin->sent : &bin->told);
    r.interval_hours = median_hours(bin->intervals);
    r.complaint_loss = loss(r.complaint_rate, 0.003, 40);
    r.hard_loss = loss(r.hard_rate, 0.05, 25);
    r.block_loss = loss(r.block_rate, 0.05, 25);
    r.volume_loss = 10 * (1 - r.steadiness);
    figure =
        100 - r.complaint_loss - r.hard_loss - r.block_loss - r.volume_loss;
    r.figure = figure > 0 ? (unsigned)(figure + 0.5) : 0;
    return take(ctx, &r);
}

enum store_err
stats_reputation(struct book *book, enum stats_by by,
                 const struct list_filter *filter,
                 bool (*take)(void *ctx, const struct stats_reputation *row),
                 void *ctx, struct store_error *error)
{
    struct totals *t;
    struct bin **bins;
    size_t count;
    enum store_err err;

    if (by != STATS_IP && by != STATS_SENDER_DOMAIN && by != STATS_CAMPAIGN)
        return store_fail(error, STORE_E_VALUE,
                          "reputation is of an ip, a sender domain or a "
                          "campaign");
    t = new_totals(book, by, filter);
    if (t == NULL)
        return list_no_memory(error);
    err = ask_based(t, error);
    if (err == STORE_OK && t->based)
        err = stats_read(t, true, error);
    bins = err == STORE_OK ? sorted(t, by_bounces) : NULL;
    if (err == STORE_OK && bins == NULL)
        err = list_no_memory(error);
    count = filter->limit > 0 && t->count > filter->limit ? filter->limit
                                                          : t->count;
    for (size_t i = 0; i < count && err == STORE_OK; i++)
        if (!give_reputation(t, bins[i], take, ctx))
            err = store_fail(error, STORE_E_STOPPED, "stopped");
    free_totals(t);
    return err;
}
