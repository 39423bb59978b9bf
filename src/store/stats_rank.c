/* SPDX-License-Identifier: MIT
 * The values that a page of rates begins with, found before all about them is
 * read. Where most of what is counted is asked for, tally_total says in which
 * order to look values up; else bounces alone are added up, which an index has
 * side by side (schema/ *-4.sql): where mail is logged, most counts are of what
 * was sent and delivered. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/vec.h"
#include "store/stats_in.h"

#define RANK_STEP 100    /* values that are looked up at once */
#define RANK_KEYS 20000  /* look-ups beyond which bounces are added up, */
#define TOP_KEYS  100000 /* beyond which all of a range is read */
#define RIVALS    5000   /* values that are told from others by a join */

/* The largest numbers that a page has room for: a heap, the least on top. */
struct page {
    uint64_t *numbers;
    size_t count, most;
};

/* For count numbers: where the page has room for more it never fills. */
static bool page_init(struct page *page, struct totals *t, size_t count)
{
    size_t limit = t->filter->limit;

    *page = (struct page){.most = limit <= count ? limit : count + 1};
    page->numbers = arena_alloc(&t->arena, page->most * sizeof(*page->numbers));
    return page->numbers != NULL;
}

static void page_sink(struct page *page, uint64_t number)
{
    uint64_t *numbers = page->numbers;
    size_t at = 0, below;

    while ((below = 2 * at + 1) < page->most) {
        if (below + 1 < page->most && numbers[below + 1] < numbers[below])
            below++;
        if (numbers[below] >= number)
            break;
        numbers[at] = numbers[below];
        at = below;
    }
    numbers[at] = number;
}

static void page_add(struct page *page, uint64_t number)
{
    uint64_t *numbers = page->numbers;
    size_t at = page->count;

    if (page->count == page->most) {
        if (number > numbers[0])
            page_sink(page, number);
        return;
    }
    page->count++;
    for (; at > 0 && numbers[(at - 1) / 2] > number; at = (at - 1) / 2)
        numbers[at] = numbers[(at - 1) / 2];
    numbers[at] = number;
}

/* 0 where the page has room for more. */
static uint64_t page_last(const struct page *page)
{
    return page->count == page->most ? page->numbers[0] : 0;
}

/* How many look-ups one value takes, and one more. */
static size_t keys_of_value(const struct totals *t)
{
    int64_t days = t->months > t->first_day ? t->months - t->first_day : 0;

    if (t->last_day + 1 > t->months_end)
        days += t->last_day + 1 - t->months_end;
    return (size_t)(days + (t->months_end - t->months) / 28) + 1;
}

/* ---- By what they have over all time ----------------------------------- */

/* Some values in the order of what they have over all time: in no range does any
 * of them have more bounces. */
struct rank {
    struct totals *t;
    struct bounce_slice values[RANK_STEP];
    uint64_t bounced; /* of the last one */
    size_t count;
    int64_t rivals;
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

/* How many values have as many bounces over all time, counted to most + 1. */
static enum store_err count_rivals(struct rank *rank, uint64_t bounced,
                                   int64_t most, struct store_error *error)
{
    struct query *q = &rank->t->query;

    query_init(q, "SELECT count(*) FROM (SELECT 1 FROM tally_total "
                  "WHERE dim = ");
    query_value(q, store_text(slice_cstr(rank->t->dim)));
    query_add(q, " AND bounced >= ");
    query_value(q, store_int((int64_t)bounced));
    query_add(q, " LIMIT ");
    query_value(q, store_int(most + 1));
    query_add(q, ") AS rivals");
    return query_run(q, rank->t->book->store, store_take_int, &rank->rivals,
                     error);
}

/* Bounces of the last value that a page has room for, of those that were read. */
static uint64_t last_read(struct totals *t)
{
    struct page page;

    if (!page_init(&page, t, t->count))
        return 0;
    for (size_t i = 0; i < t->slot_count; i++)
        for (const struct bin *bin = t->slots[i]; bin != NULL; bin = bin->next)
            page_add(&page, bin->row.bounced);
    return page_last(&page);
}

/* Whether no value behind those of rank can be one of the first; last: what the
 * last of the first has, of those that were read. */
static bool are_found(const struct rank *rank, uint64_t last)
{
    const struct totals *t = rank->t;

    return rank->count < RANK_STEP ||
           (t->whole && t->count >= t->filter->limit) || rank->bounced < last;
}

/* Looks values up until none behind can be one of the first. Gives up where that
 * takes too many of them; then *least_out bounces over all time have all the
 * first ones, and few others: 0 where there are many. */
static enum store_err read_by_total(struct totals *t, uint64_t *least_out,
                                    bool *found_out, struct store_error *error)
{
    struct rank *rank = arena_alloc(&t->arena, sizeof(*rank));
    size_t most = RANK_KEYS / keys_of_value(t);
    enum store_err err = STORE_OK;

    if (rank == NULL)
        return list_no_memory(error);
    rank->t = t;
    rank->rivals = 0;
    *found_out = false;
    if (t->filter->limit > most / 2)
        return STORE_OK;
    for (size_t from = 0; from <= most && (size_t)rank->rivals <= most;
         from += RANK_STEP) {
        err = read_rank(rank, from, error);
        if (err == STORE_OK)
            err = stats_read_values(t, rank->values, rank->count, error);
        if (err != STORE_OK)
            return err;
        *least_out = last_read(t);
        *found_out = are_found(rank, *least_out);
        if (*found_out)
            return STORE_OK;
        /* The least of few is far below the one that the page ends with. */
        if (*least_out > 0 && from + RANK_STEP >= 2 * t->filter->limit)
            err = count_rivals(rank, *least_out, RIVALS, error);
        if (err != STORE_OK)
            return err;
    }
    if (rank->rivals == 0 || rank->rivals > RIVALS)
        *least_out = 0;
    stats_clear(t);
    return STORE_OK;
}

/* ---- By their bounces --------------------------------------------------- */

struct top {
    struct bounce_slice value;
    uint64_t bounced;
    uint32_t hash;
};

struct tops {
    struct totals *t;
    struct vec list; /* of struct top */
    uint32_t *slots; /* index in list + 1; half of them are free */
    size_t mask;
};

static struct top *top_at(const struct tops *tops, size_t index)
{
    return VEC_AT(tops->list, struct top, index);
}

static size_t slot_of(const struct tops *tops, const struct top *top)
{
    size_t slot = top->hash & tops->mask;

    while (tops->slots[slot] != 0) {
        const struct top *other = top_at(tops, tops->slots[slot] - 1);

        if (other->hash == top->hash && slice_eq(other->value, top->value))
            break;
        slot = (slot + 1) & tops->mask;
    }
    return slot;
}

static bool make_room(struct tops *tops)
{
    size_t slots = tops->slots != NULL ? (tops->mask + 1) * 4 : 4096;

    if (tops->slots != NULL && tops->list.count * 2 < tops->mask)
        return true;
    tops->slots = arena_calloc(&tops->t->arena, slots, sizeof(*tops->slots));
    if (tops->slots == NULL)
        return false;
    tops->mask = slots - 1;
    for (size_t i = 0; i < tops->list.count; i++)
        tops->slots[slot_of(tops, top_at(tops, i))] = (uint32_t)i + 1;
    return true;
}

static bool add_top(struct tops *tops, struct bounce_slice value, uint64_t n)
{
    struct top top = {.value = value, .hash = hash_bytes(value)};
    size_t slot;

    if (!make_room(tops))
        return false;
    slot = slot_of(tops, &top);
    if (tops->slots[slot] == 0) {
        top.value = arena_dup(&tops->t->arena, value);
        if (top.value.ptr == NULL ||
            vec_push(&tops->list, &tops->t->arena, &top) == SIZE_MAX)
            return false;
        tops->slots[slot] = (uint32_t)tops->list.count;
    }
    top_at(tops, tops->slots[slot] - 1)->bounced += n;
    return true;
}

static bool take_bounces(void *ctx, const struct store_value *row,
                         size_t columns)
{
    struct tops *tops = ctx;

    (void)columns;
    if (row[1].integer <= 0)
        return true;
    tops->t->no_memory = !add_top(tops, row[0].text, (uint64_t)row[1].integer);
    return !tops->t->no_memory;
}

/* The values with the most bounces, and those that have as many as the last one:
 * mail that was sent tells which is before the other. 0: too few have any. */
static enum store_err find_tops(struct tops *tops, struct bounce_slice **out,
                                size_t *count_out, struct store_error *error)
{
    size_t all = tops->list.count;
    struct bounce_slice *values =
        arena_alloc(&tops->t->arena, (all + 1) * sizeof(*values));
    struct page page;
    uint64_t last;

    *count_out = 0;
    *out = values;
    if (values == NULL || !page_init(&page, tops->t, all))
        return list_no_memory(error);
    for (size_t i = 0; i < all; i++)
        page_add(&page, top_at(tops, i)->bounced);
    last = page_last(&page);
    for (size_t i = 0; i < all && last > 0; i++)
        if (top_at(tops, i)->bounced >= last)
            values[(*count_out)++] = top_at(tops, i)->value;
    return STORE_OK;
}

/* least: no value with fewer bounces over all time is one of the first. */
static enum store_err read_by_bounces(struct totals *t, uint64_t least,
                                      bool *found_out,
                                      struct store_error *error)
{
    struct tops tops = {.t = t, .list = VEC_OF(struct top)};
    const struct stats_rows rows = {.select = "SELECT value, n",
                                    .rest = " AND what = 'bounce'",
                                    .least = least,
                                    .take = take_bounces,
                                    .ctx = &tops};
    struct bounce_slice *values;
    size_t count;
    enum store_err err = stats_read_rows(t, &rows, error);

    if (err == STORE_OK)
        err = find_tops(&tops, &values, &count, error);
    if (err != STORE_OK)
        return err;
    *found_out = count > 0 && count <= TOP_KEYS / keys_of_value(t);
    return *found_out ? stats_read_values(t, values, count, error) : STORE_OK;
}

enum store_err stats_read_first(struct totals *t, bool *found_out,
                                struct store_error *error)
{
    uint64_t least = 0;
    enum store_err err = read_by_total(t, &least, found_out, error);

    return err == STORE_OK && !*found_out
               ? read_by_bounces(t, least, found_out, error)
               : err;
}
