/* SPDX-License-Identifier: MIT
 * What holds were made from: table hold_log, and the deliveries in table event.
 * A hold is what the policy makes of all of that in the order of its time. What
 * comes in order goes on top of the hold; for what is late, the hold is taken as
 * it was before, and everything since then is done again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/ledger_hold_in.h"

enum kind {
    KIND_REQUEST = 1,
    KIND_END = 2, /* by hand */
    KIND_BASE = 3 /* what everything up to this second came to */
};

static const struct store_column columns[] = {
    {"provider", STORE_TEXT}, {"domain", STORE_TEXT},
    {"ip", STORE_TEXT},       {"sender_domain", STORE_TEXT},
    {"campaign", STORE_TEXT}, {"at", STORE_INT},
    {"kind", STORE_INT},      {"id", STORE_TEXT},
    {"category", STORE_TEXT}, {"entry", STORE_TEXT},
    {"rule", STORE_TEXT},     {"confidence", STORE_INT},
    {"verified", STORE_INT},  {"base_s", STORE_INT},
    {"max_s", STORE_INT},     {"reset_s", STORE_INT},
    {"by_hand", STORE_INT},   {"after", STORE_TEXT}};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
static const struct store_put log_put = {"hold_log", columns, COLUMNS,
                                         HOLD_PARTS + 3, STORE_REPLACE};
static const struct store_put log_new = {"hold_log", columns, COLUMNS,
                                         HOLD_PARTS + 3, STORE_KEEP};
#define PAGE 200 /* rows that are done again at once */
#define SELECT                                                                 \
    "SELECT at, kind, id, category, entry, rule, confidence, verified, "       \
    "base_s, max_s, reset_s, by_hand, after FROM hold_log "                    \
    "WHERE provider = $1 AND domain = $2 AND ip = $3 AND "                     \
    "sender_domain = $4 AND campaign = $5 AND "

/* ---- Rows ------------------------------------------------------------ */

struct item {
    int64_t at;
    enum kind kind;
    char id[64];
    struct bounce_cause cause;
    int64_t base_s, max_s, reset_s;
    bool by_hand;
    bool fresh;                    /* not stored so far */
    char after[160], becomes[160]; /* "": no other than before */
};

static size_t put_number(char *out, size_t cap, int64_t number)
{
    int len = number == BOUNCE_NO_TIME
                  ? snprintf(out, cap, "- ")
                  : snprintf(out, cap, "%" PRId64 " ", number);

    return (size_t)len < cap ? (size_t)len : cap;
}

void hold_log_write(const struct bounce_hold *h, char *out, size_t cap)
{
    const int64_t numbers[] = {h->cause.since,   h->cause.until, h->base_s,
                               (int64_t)h->step, h->open,        h->by_hand,
                               h->delivered_at,  h->ended_at};
    size_t len = 0;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        len += put_number(out + len, cap - len, numbers[i]);
    out[len > 0 ? len - 1 : 0] = '\0';
}

/* The hold of a row with after; its cause is the row's. */
static void read_after(const struct item *item, struct bounce_hold *h)
{
    int64_t numbers[8];
    const char *at = item->after;

    for (size_t i = 0; i < 8; i++) {
        char *end;

        numbers[i] = BOUNCE_NO_TIME;
        if (at[0] == '-' && (at[1] == ' ' || at[1] == '\0')) {
            at += at[1] == ' ' ? 2 : 1;
            continue;
        }
        numbers[i] = strtoll(at, &end, 10);
        at = *end == ' ' ? end + 1 : end;
    }
    h->cause = item->cause;
    h->cause.since = numbers[0];
    h->cause.until = numbers[1];
    h->base_s = numbers[2];
    h->step = (unsigned)numbers[3];
    h->open = numbers[4] == 1;
    h->by_hand = numbers[5] == 1;
    h->delivered_at = numbers[6];
    h->ended_at = numbers[7];
}

struct items {
    struct ledger *ledger;
    struct item *list;
    size_t count, cap;
    bool failed;
};

static bool take_item(void *ctx, const struct store_value *row, size_t count)
{
    struct items *items = ctx;
    struct item *item;
    struct bounce_cause *cause;

    (void)count;
    items->list = ledger_grow(items->ledger, items->list, items->count,
                              &items->cap, sizeof(*items->list));
    items->failed |= items->list == NULL;
    if (items->failed)
        return false;
    item = &items->list[items->count++];
    memset(item, 0, sizeof(*item));
    cause = &item->cause;
    STORE_COPY_TEXT(&row[2], item->id);
    item->at = cause->since = row[0].integer;
    item->kind = (enum kind)row[1].integer;
    cause->until = BOUNCE_NO_TIME;
    STORE_COPY_TEXT(&row[2], cause->event_id);
    STORE_COPY_TEXT(&row[3], cause->category);
    STORE_COPY_TEXT(&row[4], cause->entry);
    STORE_COPY_TEXT(&row[5], cause->rule);
    cause->confidence = (unsigned)row[6].integer;
    cause->verified = (int)row[7].integer;
    item->base_s = row[8].integer;
    item->max_s = row[9].integer;
    item->reset_s = row[10].integer;
    item->by_hand = row[11].integer != 0;
    STORE_COPY_TEXT(&row[12], item->after);
    return true;
}

static enum store_err read_items(struct items *items,
                                 const struct bounce_hold_key *key, int64_t at,
                                 const char *sql, struct store_error *error)
{
    struct store_value values[HOLD_PARTS + 1];
    enum store_err err;

    for (unsigned i = 0; i < HOLD_PARTS; i++)
        values[i] = store_text(slice_cstr(hold_part(key, i)));
    values[HOLD_PARTS] = store_int(at);
    err = store_run(items->ledger->book->store, sql, values, HOLD_PARTS + 1,
                    take_item, items, error);
    return items->failed ? ledger_nomem(error) : err;
}

/* texts: those of key and cause are borrowed. */
static void fill_row(const struct bounce_hold_key *key, const struct item *item,
                     const char *after, struct store_value *row)
{
    for (unsigned i = 0; i < HOLD_PARTS; i++)
        row[i] = store_text(slice_cstr(hold_part(key, i)));
    row[5] = store_int(item->at);
    row[6] = store_int(item->kind);
    row[7] = store_text(slice_cstr(item->id));
    row[8] = store_text(slice_cstr(item->cause.category));
    row[9] = store_text(slice_cstr(item->cause.entry));
    row[10] = store_text(slice_cstr(item->cause.rule));
    row[11] = store_int(item->cause.confidence);
    row[12] = store_int(item->cause.verified);
    row[13] = store_int(item->base_s);
    row[14] = store_int(item->max_s);
    row[15] = store_int(item->reset_s);
    row[16] = store_int(item->by_hand);
    if (after[0] != '\0')
        row[17] = store_text(slice_cstr(after));
}

/* What asked for a hold. */
static void make_item(const struct wish *w, struct item *item)
{
    memset(item, 0, sizeof(*item));
    item->at = w->entry->at;
    item->kind = KIND_REQUEST;
    item->cause = w->request->cause;
    memcpy(item->id, item->cause.event_id, sizeof(item->id));
    item->base_s = w->request->base_s;
    item->max_s = w->request->max_s;
    item->reset_s = w->request->reset_s;
    item->by_hand = w->request->by_hand;
}

static bool same_row(const struct wish *a, const struct wish *b)
{
    return a->held == b->held && a->entry->at == b->entry->at &&
           strcmp(a->request->cause.event_id, b->request->cause.event_id) == 0;
}

enum store_err hold_log_put(struct ledger *ledger, const struct wish *wishes,
                            size_t count, struct store_error *error)
{
    const struct wish *last = NULL;
    struct rows rows;

    if (!rows_init(ledger, &rows, COLUMNS, 16))
        return ledger_nomem(error);
    for (size_t i = 0; i < count; i++) {
        const struct wish *w = &wishes[i];
        struct item *item;
        struct store_value *row;

        if (w->request == NULL || w->put_off ||
            (last != NULL && same_row(last, w)))
            continue;
        last = w;
        item = arena_alloc(&ledger->arena, sizeof(*item));
        row = rows_add(ledger, &rows);
        if (item == NULL || row == NULL)
            return ledger_nomem(error);
        make_item(w, item);
        fill_row(&w->request->key, item, w->took ? w->after : "", row);
    }
    return store_put_rows(ledger->book->store, &log_new, rows.values,
                          rows.count, error);
}

/* ---- Again ----------------------------------------------------------- */

static void do_item(struct bounce_hold *hold, struct item *item)
{
    const struct bounce_hold_request request = {.key = hold->key,
                                                .cause = item->cause,
                                                .base_s = item->base_s,
                                                .max_s = item->max_s,
                                                .reset_s = item->reset_s,
                                                .by_hand = item->by_hand};
    bool changed = item->kind == KIND_END
                       ? bounce_hold_end(hold, true, item->at)
                       : bounce_hold_open(hold, &request);

    if (changed)
        hold_log_write(hold, item->becomes, sizeof(item->becomes));
}

enum store_err hold_log_begin(struct ledger *ledger, struct row_pair *rows,
                              struct store_error *error)
{
    return row_pair_init(ledger, rows, COLUMNS) ? STORE_OK
                                                : ledger_nomem(error);
}

enum store_err hold_log_end(struct ledger *ledger, const struct row_pair *rows,
                            struct store_error *error)
{
    return row_pair_put(ledger, rows, &log_put, &log_new, error);
}

/* The hold as it was before a time, and since when deliveries may have changed
 * it. What is older than the base goes on top of that. */
static enum store_err read_start(struct ledger *ledger,
                                 struct bounce_hold *hold, int64_t from,
                                 int64_t *since_out, struct store_error *error)
{
    struct items items = {.ledger = ledger};
    enum store_err err =
        read_items(&items, &hold->key, from,
                   SELECT "after IS NOT NULL AND at < $6 "
                          "ORDER BY at DESC, kind DESC, id DESC LIMIT 1",
                   error);
    struct bounce_hold start = {.key = hold->key,
                                .cause.since = BOUNCE_NO_TIME,
                                .cause.until = BOUNCE_NO_TIME,
                                .delivered_at = BOUNCE_NO_TIME,
                                .ended_at = BOUNCE_NO_TIME};

    if (err == STORE_OK && items.count == 0)
        err = read_items(&items, &hold->key, from,
                         SELECT "after IS NOT NULL AND at >= $6 AND kind = 3",
                         error);
    *since_out = INT64_MIN + 1;
    if (err != STORE_OK)
        return err;
    if (items.count > 0) {
        read_after(&items.list[0], &start);
        *since_out =
            items.list[0].at + (items.list[0].kind == KIND_REQUEST ? 0 : 1);
    }
    *hold = start;
    return STORE_OK;
}

/* How far a hold was done again. */
struct redoing {
    struct items stored; /* a page of the log */
    struct item *own;    /* requests that were put off, in the log's order */
    size_t own_count, own_at, own_done;
    struct item **page; /* of both, in order */
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
    const struct item *x = a, *y = b;

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
            make_item(w, &r->own[r->own_count]);
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
    struct items *items = &r->stored;
    const struct item *last =
        items->count > 0 ? &items->list[items->count - 1] : NULL;
    struct store_value values[HOLD_PARTS + 3];
    enum store_err err;

    for (unsigned i = 0; i < HOLD_PARTS; i++)
        values[i] = store_text(slice_cstr(hold_part(&r->hold->key, i)));
    values[HOLD_PARTS] = store_int(last != NULL ? last->at : from);
    values[HOLD_PARTS + 1] = store_int(last != NULL ? (int64_t)last->kind : -1);
    values[HOLD_PARTS + 2] = store_text(
        last != NULL ? arena_dup(&items->ledger->arena, slice_cstr(last->id))
                     : SLICE(""));
    items->count = 0;
    err = store_run(items->ledger->book->store,
                    SELECT "at >= $6 AND (at > $6 OR kind > $7 OR "
                           "(kind = $7 AND id > $8)) "
                           "ORDER BY at, kind, id LIMIT 200",
                    values, HOLD_PARTS + 3, take_item, items, error);
    r->ended = items->count < PAGE;
    return items->failed ? ledger_nomem(error) : err;
}

static bool page_add(struct redoing *r, struct item *item)
{
    r->page = ledger_grow(r->stored.ledger, r->page, r->page_count,
                          &r->page_cap, sizeof(struct item *));
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
        struct item *own = r->own_at < r->own_count ? &r->own[r->own_at] : NULL;
        struct item *stored = i < r->stored.count ? &r->stored.list[i] : NULL;
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
static bool has_met(struct redoing *r, const struct item *item)
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
        const struct item *item = r->page[i];
        struct item *copy;
        struct store_value *row;

        if (item->fresh || item->kind == KIND_BASE ||
            strcmp(item->after, item->becomes) == 0)
            continue;
        copy = arena_alloc(&ledger->arena, sizeof(*copy));
        row = rows_add(ledger, r->changed);
        if (copy == NULL || row == NULL)
            return false;
        *copy = *item;
        fill_row(&r->before->key, copy, copy->becomes, row);
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
        fill_row(&r->before->key, &r->own[i], r->own[i].becomes, row);
    }
    return true;
}

static enum store_err do_page(struct redoing *r, struct store_error *error)
{
    enum store_err err = STORE_OK;

    for (size_t i = 0; i < r->page_count && err == STORE_OK && !r->agrees;
         i++) {
        struct item *item = r->page[i];
        bool end = item->kind == KIND_END;

        if (item->kind == KIND_BASE)
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

        read_after(r->page[i], &next);
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
    enum store_err err = read_start(ledger, r->hold, from, &r->since, error);
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

/* ---- By hand --------------------------------------------------------- */

static enum store_err put_row(struct ledger *ledger,
                              const struct bounce_hold *hold,
                              const struct item *item, const char *after,
                              struct store_error *error)
{
    struct store_value row[COLUMNS];

    memset(row, 0, sizeof(row));
    fill_row(&hold->key, item, after, row);
    return store_put_rows(ledger->book->store, &log_put, row, 1, error);
}

static enum store_err note_newest(struct ledger *ledger,
                                  const struct bounce_hold *hold, int64_t at,
                                  struct store_error *error)
{
    struct store_value values[HOLD_PARTS + 1];

    for (unsigned i = 0; i < HOLD_PARTS; i++)
        values[i] = store_text(slice_cstr(hold_part(&hold->key, i)));
    values[HOLD_PARTS] = store_int(at);
    return store_run(ledger->book->store,
                     "UPDATE hold SET newest_at = $6 WHERE provider = $1 AND "
                     "domain = $2 AND ip = $3 AND sender_domain = $4 AND "
                     "campaign = $5 AND (newest_at IS NULL OR newest_at < $6)",
                     values, HOLD_PARTS + 1, NULL, NULL, error);
}

enum store_err holds_end_by_hand(struct ledger *ledger,
                                 struct bounce_hold *holds, size_t count,
                                 int64_t at, struct store_error *error)
{
    struct item *item = arena_calloc(&ledger->arena, 1, sizeof(*item));
    const struct hold_news news = {at, NULL};
    enum store_err err = STORE_OK;
    struct row_pair rows;

    if (item == NULL)
        return ledger_nomem(error);
    for (size_t i = 0; i < count && err == STORE_OK; i++) {
        item->at = at;
        item->kind = KIND_END;
        item->cause = holds[i].cause;
        err = put_row(ledger, &holds[i], item, "", error);
        if (err == STORE_OK)
            err = hold_log_begin(ledger, &rows, error);
        if (err == STORE_OK)
            err = hold_log_redo(ledger, &holds[i], &news, 1, &rows, error);
        if (err == STORE_OK)
            err = hold_log_end(ledger, &rows, error);
        if (err == STORE_OK)
            err = note_newest(ledger, &holds[i], at, error);
    }
    return err;
}

/* ---- Folding --------------------------------------------------------- */

#define ROUTES 100 /* that are folded after one look */

struct routes {
    struct bounce_hold_key list[ROUTES];
    size_t count;
};

static bool take_route(void *ctx, const struct store_value *row, size_t count)
{
    struct routes *routes = ctx;
    struct bounce_hold_key *key = &routes->list[routes->count++];

    (void)count;
    STORE_COPY_TEXT(&row[0], key->provider);
    STORE_COPY_TEXT(&row[1], key->domain);
    STORE_COPY_TEXT(&row[2], key->ip);
    STORE_COPY_TEXT(&row[3], key->sender_domain);
    STORE_COPY_TEXT(&row[4], key->campaign);
    return routes->count < ROUTES;
}

/* What the log before a time comes to, in one row. */
static enum store_err fold_route(struct ledger *ledger,
                                 const struct bounce_hold_key *key,
                                 int64_t before, struct store_error *error)
{
    struct bounce_hold hold = {.key = *key};
    struct store_value values[HOLD_PARTS + 1];
    struct item *item = arena_calloc(&ledger->arena, 1, sizeof(*item));
    int64_t since;
    enum store_err err = read_start(ledger, &hold, before, &since, error);

    if (item == NULL)
        return ledger_nomem(error);
    if (err == STORE_OK)
        err = hold_log_deliver(ledger, &hold, since, before - 1, error);
    for (unsigned i = 0; i < HOLD_PARTS; i++)
        values[i] = store_text(slice_cstr(hold_part(key, i)));
    values[HOLD_PARTS] = store_int(before);
    if (err == STORE_OK)
        err = store_run(ledger->book->store,
                        "DELETE FROM hold_log WHERE provider = $1 AND "
                        "domain = $2 AND ip = $3 AND sender_domain = $4 AND "
                        "campaign = $5 AND at < $6",
                        values, HOLD_PARTS + 1, NULL, NULL, error);
    item->at = before - 1;
    item->kind = KIND_BASE;
    item->cause = hold.cause;
    memcpy(item->id, hold.cause.event_id, sizeof(item->id));
    hold_log_write(&hold, item->becomes, sizeof(item->becomes));
    return err == STORE_OK ? put_row(ledger, &hold, item, item->becomes, error)
                           : err;
}

enum store_err holds_fold(struct ledger *ledger, int64_t before,
                          struct store_error *error)
{
    struct routes *routes = arena_alloc(&ledger->arena, sizeof(*routes));
    struct store_value value = store_int(before);
    enum store_err err = STORE_OK;

    if (routes == NULL)
        return ledger_nomem(error);
    do {
        routes->count = 0;
        err = store_run(ledger->book->store,
                        "SELECT DISTINCT provider, domain, ip, sender_domain, "
                        "campaign FROM hold_log WHERE at < $1 AND kind <> 3",
                        &value, 1, take_route, routes, error);
        if (err == STORE_E_STOPPED)
            err = STORE_OK;
        for (size_t i = 0; i < routes->count && err == STORE_OK; i++)
            err = fold_route(ledger, &routes->list[i], before, error);
    } while (err == STORE_OK && routes->count == ROUTES);
    return err;
}
