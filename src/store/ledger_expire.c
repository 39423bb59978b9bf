/* SPDX-License-Identifier: MIT
 * States that time changed. Who reads a row judges it by the time it is, so they
 * are right all along; but a list walks over those that ran out, so their columns
 * are brought up to date now and then. */
#include <stdlib.h>

#include "store/ledger_in.h"

struct expired {
    int64_t key;
    struct bounce_slice scope, text;
};

struct expiring {
    struct ledger *ledger;
    struct expired *list;
    size_t count, cap;
    bool failed;
};

static bool take_row(void *ctx, const struct store_value *row, size_t columns)
{
    struct expiring *e = ctx;
    struct expired *x;

    (void)columns;
    e->list =
        ledger_grow(e->ledger, e->list, e->count, &e->cap, sizeof(*e->list));
    e->failed |= e->list == NULL;
    if (e->failed)
        return false;
    x = &e->list[e->count++];
    x->key = row[0].integer;
    x->scope = ledger_keep(e->ledger, &row[1], &e->failed);
    x->text = ledger_keep(e->ledger, &row[2], &e->failed);
    return !e->failed;
}

static bool take_campaign(void *ctx, const struct store_value *row,
                          size_t columns)
{
    struct expiring *e = ctx;

    (void)columns;
    /* One row at a time: there is room for its text. */
    e->list[0].text = ledger_keep(e->ledger, &row[0], &e->failed);
    return !e->failed;
}

/* The campaign of the event that a cause names; NULL: it is not known. */
static enum store_err find_campaign(struct ledger *ledger, int64_t key,
                                    const char *id,
                                    struct bounce_slice *campaign_out,
                                    struct store_error *error)
{
    struct expired found = {.text = SLICE_NULL};
    struct expiring e = {.ledger = ledger, .list = &found};
    struct store_value values[2] = {store_int(key), store_text(slice_cstr(id))};
    enum store_err err =
        store_run(ledger->book->store,
                  "SELECT campaign FROM event WHERE rcpt = $1 AND id = $2",
                  values, 2, take_campaign, &e, error);

    *campaign_out = found.text;
    return e.failed ? ledger_nomem(error) : err;
}

/* The columns that filters look at, as they are at now. */
static enum store_err rewrite(struct ledger *ledger, const struct expired *x,
                              struct store_error *error)
{
    struct bounce_state *state;
    const struct bounce_cause *cause;
    const struct bounce_category *category = NULL;
    struct store_value values[9] = {store_int(x->key), store_text(x->scope)};
    struct bounce_slice campaign = SLICE_NULL;
    enum store_err err = STORE_OK;

    ledger->state_used = 0;
    state = ledger_take_state(ledger);
    if (state == NULL)
        return ledger_nomem(error);
    if (bounce_state_read(x->text.ptr, x->text.len, state, NULL) != BOUNCE_OK)
        return store_fail(error, STORE_E_DAMAGED,
                          "the state of an address cannot be read");
    values[2] = store_int(bounce_state_standing(state, ledger->now, &cause));
    if (cause != NULL) {
        values[3] = store_int(cause - state->causes);
        values[4] = store_time(cause->since);
        values[5] = store_time(cause->until);
        if (cause->event_id[0] != '\0')
            err = find_campaign(ledger, x->key, cause->event_id, &campaign,
                                error);
        values[8] = store_text(campaign);
    }
    if (cause != NULL && cause->category[0] != '\0') {
        values[6] = store_text(slice_cstr(cause->category));
        if (ledger->book->engine != NULL)
            category = bounce_category_find(ledger->book->engine,
                                            slice_cstr(cause->category));
        if (category != NULL)
            values[7] = store_int(category->cls);
    }
    if (err != STORE_OK)
        return err;
    return store_run(ledger->book->store,
                     "UPDATE state SET standing = $3, slot = $4, since = $5, "
                     "until = $6, category = $7, class = $8, campaign = $9 "
                     "WHERE key = $1 AND scope = $2",
                     values, 9, NULL, NULL, error);
}

static enum store_err expire(struct ledger *ledger, size_t limit,
                             bool *more_out, struct store_error *error)
{
    struct expiring e = {.ledger = ledger};
    struct store_value values[2] = {store_int(ledger->now),
                                    store_int((int64_t)limit)};
    enum store_err err =
        store_run(ledger->book->store,
                  "SELECT key, scope, text FROM state WHERE "
                  "standing <> 0 AND until IS NOT NULL AND until <= $1 "
                  "ORDER BY until, since, key, scope LIMIT $2",
                  values, 2, take_row, &e, error);

    if (e.failed)
        return ledger_nomem(error);
    for (size_t i = 0; i < e.count && err == STORE_OK; i++)
        err = rewrite(ledger, &e.list[i], error);
    *more_out = e.count == limit;
    return err;
}

enum store_err ledger_expire(struct ledger *ledger, int64_t now, size_t limit,
                             bool *more_out, struct store_error *error)
{
    enum store_err err = store_begin(ledger->book->store, STORE_WRITE, error);

    *more_out = false;
    if (err != STORE_OK)
        return err;
    ledger_begin_batch(ledger, now);
    err = expire(ledger, limit, more_out, error);
    return ledger_transact(ledger, err, error);
}
