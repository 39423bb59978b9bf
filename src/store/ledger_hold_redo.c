/* SPDX-License-Identifier: MIT
 * Holds for which something came too late. A hold is what the policy makes of
 * its log and the deliveries in the order of their time: it is taken as it was
 * before, and everything since then is done again, until it is what it was. */
#include "store/ledger_hold_log.h"

#include <stdlib.h>

#define PAGE 200 /* rows that are done again at once: what read_stored() says */

static void do_item(struct bounce_hold *hold, struct hold_item *item)
{
    const struct bounce_hold_request request = {.key = hold->key,
                                                .cause = item->cause,
                                                .base_s = item->base_s,
                                                .max_s = item->max_s,
                                                .reset_s = item->reset_s,
                                                .by_hand = item->by_hand};
    bool changed = item->kind == HOLD_END
                       ? bounce_hold_end(hold, true, item->at)
                       : bounce_hold_open(hold, &request);

    if (changed)
        hold_log_write(hold, item->becomes, sizeof(item->becomes));
}

/* How far a hold was done again. */
struct redoing {
    struct hold_items stored; /* a page of the log */
    struct hold_item *own; /* requests that were put off, in the log's order */
    size_t own_count, own_at, own_done;
    struct hold_item **page; /* of both, in order */
    size_t page_count, page_cap;
    struct bounce_hold *hold;
    const struct bounce_hold *before; /* as it was in the end */
    int64_t since; /* deliveries from here on were not looked at */
    const struct hold_news *news; /* what came in, in order */
    size_t count, passed;
    struct rows *changed; /* of the log that are others */
    bool agrees;          /* with what was before: the rest is as it was */
    bool ended;
};

/* As the log is ordered. */
static int by_place(const void *a, const void *b)
{
    const struct hold_item *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return strcmp(x->id, y->id);
}

static bool take_own(struct redoing *r)
{
    size_t kept = 0;

    r->own =
        arena_alloc(&r->stored.ledger->arena, (r->count + 1) * sizeof(*r->own));
    if (r->own == NULL)
        return false;
    for (size_t i = 0; i < r->count; i++) {
        const struct wish *w = r->news[i].wish;

        if (w != NULL && w->request != NULL) {
            hold_log_item(w, &r->own[r->own_count]);
            r->own[r->own_count++].fresh = true;
        }
    }
    if (r->own_count > 1)
        qsort(r->own, r->own_count, sizeof(*r->own), by_place);
    for (size_t i = 0; i < r->own_count; i++) {
        if (kept == 0 || by_place(&r->own[kept - 1], &r->own[i]) != 0)
            r->own[kept++] = r->own[i];
    }
    r->own_count = kept;
    return true;
}

static enum store_err read_stored(struct redoing *r, int64_t from,
                                  struct store_error *error)
{
    struct hold_items *items = &r->stored;
    const struct hold_item *last =
        items->count > 0 ? &items->list[items->count - 1] : NULL;
    struct store_value values[HOLD_PARTS + 3];
    enum store_err err;

    hold_key_values(&r->hold->key, values);
    values[HOLD_PARTS] = store_int(last != NULL ? last->at : from);
    values[HOLD_PARTS + 1] = store_int(last != NULL ? (int64_t)last->kind : -1);
    values[HOLD_PARTS + 2] = store_text(
        last != NULL ? arena_dup(&items->ledger->arena, slice_cstr(last->id))
                     : SLICE(""));
    items->count = 0;
    err = store_run(items->ledger->book->store,
                    HOLD_LOG_SELECT "at >= $6 AND (at > $6 OR kind > $7 OR "
                                    "(kind = $7 AND id > $8)) "
                                    "ORDER BY at, kind, id LIMIT 200",
                    values, HOLD_PARTS + 3, hold_log_take, items, error);
    r->ended = items->count < PAGE;
    return items->failed ? ledger_nomem(error) : err;
}

static bool page_add(struct redoing *r, struct hold_item *item)
{
    r->page = ledger_grow(r->stored.ledger, r->page, r->page_count,
                          &r->page_cap, sizeof(struct hold_item *));
    if (r->page == NULL)
        return false;
    r->page[r->page_count++] = item;
    return true;
}

/* The stored ones with those of the batch between them. */
static enum store_err read_page(struct redoing *r, int64_t from,
                                struct store_error *error)
{
    enum store_err err = read_stored(r, from, error);
    size_t i = 0;

    r->page_count = 0;
    while (err == STORE_OK) {
        struct hold_item *own =
            r->own_at < r->own_count ? &r->own[r->own_at] : NULL;
        struct hold_item *stored =
            i < r->stored.count ? &r->stored.list[i] : NULL;
        int order = own == NULL      ? -1
                    : stored == NULL ? 1
                                     : by_place(stored, own);

        if (stored == NULL && (own == NULL || !r->ended))
            break;
        if (order == 0)
            own->fresh = false;
        r->own_at += order >= 0;
        i += order <= 0;
        if (!page_add(r, order <= 0 ? stored : own))
            err = ledger_nomem(error);
    }
    return err;
}

/* Whether all that came in is done, and the hold is what it was before behind
 * this row. */
static bool has_met(struct redoing *r, const struct hold_item *item)
{
    while (r->passed < r->count && r->news[r->passed].at < item->at)
        r->passed++;
    return (r->passed == r->count || r->news[r->passed].at > item->at) &&
           item->after[0] != '\0' && strcmp(item->after, item->becomes) == 0;
}

/* Notes the rows behind which the hold is another than it was. */
static bool note_changed(struct redoing *r)
{
    struct ledger *ledger = r->stored.ledger;

    for (size_t i = 0; i < r->page_count; i++) {
        const struct hold_item *item = r->page[i];
        struct hold_item *copy;
        struct store_value *row;

        if (item->fresh || item->kind == HOLD_BASE ||
            strcmp(item->after, item->becomes) == 0)
            continue;
        copy = arena_alloc(&ledger->arena, sizeof(*copy));
        row = rows_add(ledger, r->changed);
        if (copy == NULL || row == NULL)
            return false;
        *copy = *item;
        hold_log_fill(&r->before->key, copy, copy->becomes, row);
    }
    return true;
}

static bool note_own(const struct redoing *r, struct rows *fresh)
{
    for (size_t i = 0; i < r->own_count; i++) {
        struct store_value *row;

        if (!r->own[i].fresh)
            continue;
        row = rows_add(r->stored.ledger, fresh);
        if (row == NULL)
            return false;
        hold_log_fill(&r->before->key, &r->own[i], r->own[i].becomes, row);
    }
    return true;
}

static enum store_err do_page(struct redoing *r, struct store_error *error)
{
    enum store_err err = STORE_OK;

    for (size_t i = 0; i < r->page_count && err == STORE_OK && !r->agrees;
         i++) {
        struct hold_item *item = r->page[i];
        bool end = item->kind == HOLD_END;

        if (item->kind == HOLD_BASE)
            continue;
        err = hold_log_deliver(r->stored.ledger, r->hold, r->since,
                               item->at - (end ? 0 : 1), error);
        if (r->since < item->at)
            r->since = item->at;
        do_item(r->hold, item);
        if (item->fresh)
            r->own_done = (size_t)(item - r->own) + 1;
        r->agrees = has_met(r, item);
        if (r->agrees)
            r->page_count = i + 1;
    }
    if (err == STORE_OK && !note_changed(r))
        return ledger_nomem(error);
    return err;
}

/* What the hold was next tells which deliveries were known then: the one that
 * ended it, and none before. Others came in from the given time on. */
static void skip_known(struct redoing *r, int64_t from)
{
    int64_t delivered_at = r->before->delivered_at;
    size_t i = 0;

    if (r->hold->by_hand || !r->hold->open)
        return;
    while (i < r->page_count && r->page[i]->after[0] == '\0')
        i++;
    if (i < r->page_count) {
        struct bounce_hold next = {.step = 0};

        hold_log_read_after(r->page[i], &next);
        delivered_at = next.delivered_at;
    } else if (!r->ended) {
        return;
    }
    if (delivered_at >= r->since && delivered_at < from)
        from = delivered_at;
    if (from > r->since)
        r->since = from;
}

/* From one time that came in to where nothing differs any more. */
static enum store_err redo_some(struct redoing *r, int64_t from,
                                struct store_error *error)
{
    struct ledger *ledger = r->stored.ledger;
    enum store_err err =
        hold_log_start(ledger, r->hold, from, &r->since, error);
    bool first = true;

    r->agrees = false;
    r->stored.count = 0;
    r->own_at = r->own_done;
    while (r->own_at < r->own_count && r->own[r->own_at].at < from)
        r->own_at++;
    do {
        if (err == STORE_OK)
            err = read_page(r, from, error);
        if (err == STORE_OK && first)
            skip_known(r, from);
        first = false;
        if (err == STORE_OK)
            err = do_page(r, error);
    } while (err == STORE_OK && !r->agrees && !r->ended);
    if (err != STORE_OK || r->agrees)
        return err;
    r->passed = r->count;
    return hold_log_deliver(ledger, r->hold, r->since, INT64_MAX, error);
}

enum store_err hold_log_redo(struct ledger *ledger, struct bounce_hold *hold,
                             const struct hold_news *news, size_t count,
                             struct row_pair *rows, struct store_error *error)
{
    struct bounce_hold done = *hold;
    struct redoing r = {.stored.ledger = ledger,
                        .hold = &done,
                        .before = hold,
                        .news = news,
                        .count = count,
                        .changed = &rows->stored};
    enum store_err err = take_own(&r) ? STORE_OK : ledger_nomem(error);

    while (r.passed < count && err == STORE_OK)
        err = redo_some(&r, news[r.passed].at, error);
    if (err == STORE_OK && !note_own(&r, &rows->fresh))
        return ledger_nomem(error);
    if (err == STORE_OK && !r.agrees)
        *hold = done;
    return err;
}
