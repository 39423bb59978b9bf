/* SPDX-License-Identifier: MIT
 * What holds were made from: table hold_log, of which a row is a request for a
 * hold, an end by hand, or what everything up to a time came to; deliveries are
 * in table event (ledger_hold_delivery.c). What comes in order goes on top of
 * the hold, what is late is done by ledger_hold_redo.c. */
#include "store/ledger_hold_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

/* ---- Rows ------------------------------------------------------------ */

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

void hold_log_read_after(const struct hold_item *item, struct bounce_hold *h)
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

bool hold_log_take(void *ctx, const struct store_value *row, size_t count)
{
    struct hold_items *items = ctx;
    struct hold_item *item;
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
    item->kind = (enum hold_item_kind)row[1].integer;
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

static enum store_err read_items(struct hold_items *items,
                                 const struct bounce_hold_key *key, int64_t at,
                                 const char *sql, struct store_error *error)
{
    struct store_value values[HOLD_PARTS + 1];
    enum store_err err;

    hold_key_values(key, values);
    values[HOLD_PARTS] = store_int(at);
    err = store_run(items->ledger->book->store, sql, values, HOLD_PARTS + 1,
                    hold_log_take, items, error);
    return items->failed ? ledger_nomem(error) : err;
}

void hold_log_fill(const struct bounce_hold_key *key,
                   const struct hold_item *item, const char *after,
                   struct store_value *row)
{
    hold_key_values(key, row);
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

void hold_log_item(const struct wish *w, struct hold_item *item)
{
    memset(item, 0, sizeof(*item));
    item->at = w->entry->at;
    item->kind = HOLD_REQUEST;
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
        struct hold_item *item;
        struct store_value *row;

        if (w->request == NULL || w->put_off ||
            (last != NULL && same_row(last, w)))
            continue;
        last = w;
        item = arena_alloc(&ledger->arena, sizeof(*item));
        row = rows_add(ledger, &rows);
        if (item == NULL || row == NULL)
            return ledger_nomem(error);
        hold_log_item(w, item);
        hold_log_fill(&w->request->key, item, w->took ? w->after : "", row);
    }
    return store_put_rows(ledger->book->store, &log_new, rows.values,
                          rows.count, error);
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

enum store_err hold_log_start(struct ledger *ledger, struct bounce_hold *hold,
                              int64_t from, int64_t *since_out,
                              struct store_error *error)
{
    struct hold_items items = {.ledger = ledger};
    enum store_err err = read_items(
        &items, &hold->key, from,
        HOLD_LOG_SELECT "after IS NOT NULL AND at < $6 "
                        "ORDER BY at DESC, kind DESC, id DESC LIMIT 1",
        error);
    struct bounce_hold start = {.key = hold->key,
                                .cause.since = BOUNCE_NO_TIME,
                                .cause.until = BOUNCE_NO_TIME,
                                .delivered_at = BOUNCE_NO_TIME,
                                .ended_at = BOUNCE_NO_TIME};

    if (err == STORE_OK && items.count == 0)
        err = read_items(&items, &hold->key, from,
                         HOLD_LOG_SELECT
                         "after IS NOT NULL AND at >= $6 AND kind = 3",
                         error);
    *since_out = INT64_MIN + 1;
    if (err != STORE_OK)
        return err;
    if (items.count > 0) {
        hold_log_read_after(&items.list[0], &start);
        *since_out =
            items.list[0].at + (items.list[0].kind == HOLD_REQUEST ? 0 : 1);
    }
    *hold = start;
    return STORE_OK;
}

static enum store_err put_row(struct ledger *ledger,
                              const struct bounce_hold *hold,
                              const struct hold_item *item, const char *after,
                              struct store_error *error)
{
    struct store_value row[COLUMNS];

    memset(row, 0, sizeof(row));
    hold_log_fill(&hold->key, item, after, row);
    return store_put_rows(ledger->book->store, &log_put, row, 1, error);
}

enum store_err hold_log_put_end(struct ledger *ledger,
                                const struct bounce_hold *hold, int64_t at,
                                struct store_error *error)
{
    const struct hold_item item = {
        .at = at, .kind = HOLD_END, .cause = hold->cause};

    return put_row(ledger, hold, &item, "", error);
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
    struct hold_item *item = arena_calloc(&ledger->arena, 1, sizeof(*item));
    int64_t since;
    enum store_err err = hold_log_start(ledger, &hold, before, &since, error);

    if (item == NULL)
        return ledger_nomem(error);
    if (err == STORE_OK)
        err = hold_log_deliver(ledger, &hold, since, before - 1, error);
    hold_key_values(key, values);
    values[HOLD_PARTS] = store_int(before);
    if (err == STORE_OK)
        err = store_run(ledger->book->store,
                        "DELETE FROM hold_log WHERE provider = $1 AND "
                        "domain = $2 AND ip = $3 AND sender_domain = $4 AND "
                        "campaign = $5 AND at < $6",
                        values, HOLD_PARTS + 1, NULL, NULL, error);
    item->at = before - 1;
    item->kind = HOLD_BASE;
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
