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
#define SELECT                                                                 \
    "SELECT at, kind, id, category, entry, rule, confidence, verified, "       \
    "base_s, max_s, reset_s, by_hand, after FROM hold_log "                    \
    "WHERE provider = $1 AND domain = $2 AND ip = $3 AND "                     \
    "sender_domain = $4 AND campaign = $5 AND "

/* ---- Rows ------------------------------------------------------------ */

struct item {
    int64_t at;
    enum kind kind;
    struct bounce_hold_request request;
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
    h->cause = item->request.cause;
    h->cause.since = numbers[0];
    h->cause.until = numbers[1];
    h->base_s = numbers[2];
    h->step = (unsigned)numbers[3];
    h->open = numbers[4] == 1;
    h->by_hand = numbers[5] == 1;
    h->delivered_at = numbers[6];
    h->ended_at = numbers[7];
}

static void take_text(char *out, size_t cap, struct bounce_slice text)
{
    size_t len = text.len < cap ? text.len : cap - 1;

    memset(out, 0, cap);
    if (len > 0)
        memcpy(out, text.ptr, len);
}
#define TAKE_TEXT(array, value) take_text(array, sizeof(array), (value).text)

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
    cause = &item->request.cause;
    item->at = cause->since = row[0].integer;
    item->kind = (enum kind)row[1].integer;
    cause->until = BOUNCE_NO_TIME;
    TAKE_TEXT(cause->event_id, row[2]);
    TAKE_TEXT(cause->category, row[3]);
    TAKE_TEXT(cause->entry, row[4]);
    TAKE_TEXT(cause->rule, row[5]);
    cause->confidence = (unsigned)row[6].integer;
    cause->verified = (int)row[7].integer;
    item->request.base_s = row[8].integer;
    item->request.max_s = row[9].integer;
    item->request.reset_s = row[10].integer;
    item->request.by_hand = row[11].integer != 0;
    if (row[12].type == STORE_TEXT)
        TAKE_TEXT(item->after, row[12]);
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
    const struct bounce_hold_request *r = &item->request;

    for (unsigned i = 0; i < HOLD_PARTS; i++)
        row[i] = store_text(slice_cstr(hold_part(key, i)));
    row[5] = store_int(item->at);
    row[6] = store_int(item->kind);
    row[7] = store_text(slice_cstr(r->cause.event_id));
    row[8] = store_text(slice_cstr(r->cause.category));
    row[9] = store_text(slice_cstr(r->cause.entry));
    row[10] = store_text(slice_cstr(r->cause.rule));
    row[11] = store_int(r->cause.confidence);
    row[12] = store_int(r->cause.verified);
    row[13] = store_int(r->base_s);
    row[14] = store_int(r->max_s);
    row[15] = store_int(r->reset_s);
    row[16] = store_int(r->by_hand);
    if (after[0] != '\0')
        row[17] = store_text(slice_cstr(after));
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

        if (w->request == NULL || (last != NULL && same_row(last, w)))
            continue;
        last = w;
        item = arena_calloc(&ledger->arena, 1, sizeof(*item));
        row = rows_add(ledger, &rows);
        if (item == NULL || row == NULL)
            return ledger_nomem(error);
        item->at = w->entry->at;
        item->kind = KIND_REQUEST;
        item->request = *w->request;
        fill_row(&w->request->key, item, w->took ? w->after : "", row);
    }
    return store_put_rows(ledger->book->store, &log_put, rows.values,
                          rows.count, error);
}

/* ---- Deliveries ------------------------------------------------------ */

static bool take_time(void *ctx, const struct store_value *row, size_t count)
{
    (void)count;
    *(int64_t *)ctx = value_time(&row[0]);
    return true;
}

/* The literal 3 (BOUNCE_KIND_DELIVERY) is what the index says. */
#define DELIVERIES "SELECT at FROM event WHERE kind = 3"

enum store_err hold_log_newest(struct ledger *ledger, int64_t *newest_out,
                               struct store_error *error)
{
    *newest_out = BOUNCE_NO_TIME;
    return store_run(ledger->book->store,
                     DELIVERIES " ORDER BY at DESC LIMIT 1", NULL, 0, take_time,
                     newest_out, error);
}

/* Whether deliveries that nobody vouches for end nothing: the policy says that
 * of itself only where it is asked. */
static bool wants_verified(struct ledger *ledger)
{
    struct bounce_policy_input input;
    struct bounce_decision decision;
    struct bounce_state *state;

    ledger->state_used = 0; /* all addresses were judged */
    state = ledger_take_state(ledger);
    if (state == NULL)
        return false;
    bounce_state_init(state);
    bounce_policy_input_init(&input, NULL, 0);
    input.kind = BOUNCE_KIND_DELIVERY;
    input.verified = 0;
    return bounce_policy_apply(ledger->policy, &input, state, NULL,
                               &decision) == BOUNCE_OK &&
           strcmp(decision.reason, "unverified") == 0;
}

/* The first or the last delivery over a route from one time to another. */
static enum store_err find_delivery(struct ledger *ledger,
                                    const struct bounce_hold_key *key,
                                    int64_t from, int64_t to, bool last,
                                    int64_t *at_out, struct store_error *error)
{
    static const char *const parts[HOLD_PARTS] = {
        " AND lower(provider) = $", " AND lower(domain) = $",
        " AND lower(ip) = $", " AND lower(sender_domain) = $",
        " AND lower(campaign) = $"};
    struct store_value values[HOLD_PARTS + 2];
    char sql[400];
    size_t count = 2;
    int len = snprintf(sql, sizeof(sql), "%s",
                       DELIVERIES " AND at >= $1 AND at <= $2");

    values[0] = store_int(from);
    values[1] = store_int(to);
    for (unsigned i = 0; i < HOLD_PARTS; i++) {
        if (hold_part(key, i)[0] == '\0')
            continue;
        values[count++] = store_text(slice_cstr(hold_part(key, i)));
        len += snprintf(sql + len, sizeof(sql) - (size_t)len, "%s%zu", parts[i],
                        count);
    }
    snprintf(sql + len, sizeof(sql) - (size_t)len, "%s ORDER BY at%s LIMIT 1",
             wants_verified(ledger) ? " AND verified = 1" : "",
             last ? " DESC" : "");
    *at_out = BOUNCE_NO_TIME;
    return store_run(ledger->book->store, sql, values, count, take_time, at_out,
                     error);
}

/* Of those that find the hold open: the first one ends it; when only a person
 * can do that, the last one is remembered. */
static enum store_err deliver(struct ledger *ledger, struct bounce_hold *hold,
                              int64_t from, int64_t to,
                              struct store_error *error)
{
    int64_t until = hold->cause.until, at;
    enum store_err err;

    if (!hold->open)
        return STORE_OK;
    if (until != BOUNCE_NO_TIME && until + HOLD_LATELY_S < to)
        to = until + HOLD_LATELY_S;
    if (from > to)
        return STORE_OK;
    err =
        find_delivery(ledger, &hold->key, from, to, hold->by_hand, &at, error);
    if (err == STORE_OK && at != BOUNCE_NO_TIME)
        (void)bounce_hold_end(hold, false, at);
    return err;
}

/* ---- Again ----------------------------------------------------------- */

static void do_item(struct bounce_hold *hold, struct item *item)
{
    bool changed;

    item->request.key = hold->key;
    changed = item->kind == KIND_END ? bounce_hold_end(hold, true, item->at)
                                     : bounce_hold_open(hold, &item->request);
    if (changed)
        hold_log_write(hold, item->becomes, sizeof(item->becomes));
}

static enum store_err do_items(struct items *items, struct bounce_hold *hold,
                               int64_t since, struct store_error *error)
{
    struct ledger *ledger = items->ledger;
    enum store_err err = STORE_OK;

    for (size_t i = 0; i < items->count && err == STORE_OK; i++) {
        struct item *item = &items->list[i];
        bool end = item->kind == KIND_END;

        if (item->kind == KIND_BASE)
            continue;
        err = deliver(ledger, hold, since, item->at - (end ? 0 : 1), error);
        if (since < item->at)
            since = item->at;
        do_item(hold, item);
    }
    return err == STORE_OK ? deliver(ledger, hold, since, INT64_MAX, error)
                           : err;
}

static enum store_err put_items(struct items *items,
                                const struct bounce_hold_key *key,
                                struct store_error *error)
{
    struct rows rows;

    if (!rows_init(items->ledger, &rows, COLUMNS, 16))
        return ledger_nomem(error);
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->list[i];
        struct store_value *row;

        if (item->kind == KIND_BASE || strcmp(item->after, item->becomes) == 0)
            continue;
        row = rows_add(items->ledger, &rows);
        if (row == NULL)
            return ledger_nomem(error);
        fill_row(key, item, item->becomes, row);
    }
    return store_put_rows(items->ledger->book->store, &log_put, rows.values,
                          rows.count, error);
}

/* The hold as it was before a time, and since when deliveries may have changed
 * it. What is older than the base goes on top of that. */
static enum store_err read_start(struct ledger *ledger,
                                 struct bounce_hold *hold, int64_t from,
                                 int64_t *since_out, struct store_error *error)
{
    struct items items = {.ledger = ledger};
    enum store_err err = read_items(
        &items, &hold->key, from,
        SELECT "(at < $6 OR kind = 3) AND after IS NOT NULL "
               "ORDER BY CASE WHEN at < $6 THEN 0 ELSE 1 END, at DESC, "
               "kind DESC, id DESC LIMIT 1",
        error);
    struct bounce_hold start = {.key = hold->key,
                                .cause.since = BOUNCE_NO_TIME,
                                .cause.until = BOUNCE_NO_TIME,
                                .delivered_at = BOUNCE_NO_TIME,
                                .ended_at = BOUNCE_NO_TIME};

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

enum store_err hold_log_redo(struct ledger *ledger, struct bounce_hold *hold,
                             int64_t from, struct store_error *error)
{
    struct items items = {.ledger = ledger};
    int64_t since;
    enum store_err err = read_start(ledger, hold, from, &since, error);

    if (err == STORE_OK)
        err = read_items(&items, &hold->key, from,
                         SELECT "at >= $6 ORDER BY at, kind, id", error);
    if (err == STORE_OK)
        err = do_items(&items, hold, since, error);
    return err == STORE_OK ? put_items(&items, &hold->key, error) : err;
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
    enum store_err err = STORE_OK;

    if (item == NULL)
        return ledger_nomem(error);
    for (size_t i = 0; i < count && err == STORE_OK; i++) {
        item->at = at;
        item->kind = KIND_END;
        item->request.cause = holds[i].cause;
        item->request.cause.event_id[0] = '\0';
        err = put_row(ledger, &holds[i], item, "", error);
        if (err == STORE_OK)
            err = hold_log_redo(ledger, &holds[i], at, error);
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
    TAKE_TEXT(key->provider, row[0]);
    TAKE_TEXT(key->domain, row[1]);
    TAKE_TEXT(key->ip, row[2]);
    TAKE_TEXT(key->sender_domain, row[3]);
    TAKE_TEXT(key->campaign, row[4]);
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
        err = deliver(ledger, &hold, since, before - 1, error);
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
    item->request.cause = hold.cause;
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
