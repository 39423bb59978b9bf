/* SPDX-License-Identifier: MIT
 * All addresses judged again, to see what would differ. */
#include "store/ledger_in.h"

#define PAGE 500

/* ---- Pages of addresses ---------------------------------------------- */

struct page {
    struct ledger *ledger;
    int64_t keys[PAGE];
    size_t count;
};

static bool take_key(void *ctx, const struct store_value *row, size_t columns)
{
    struct page *page = ctx;

    (void)columns;
    page->keys[page->count++] = row[0].integer;
    return page->count < PAGE;
}

/* The next addresses behind a key, with all that is stored of them. */
static enum store_err load_page(struct ledger *ledger, int64_t *last,
                                size_t *count_out, struct store_error *error)
{
    struct page page = {.ledger = ledger};
    struct store_value after = store_int(*last);
    enum store_err err;

    *count_out = 0;
    err = store_run(ledger->book->store,
                    "SELECT DISTINCT key FROM state WHERE key > $1 "
                    "ORDER BY key LIMIT 500",
                    &after, 1, take_key, &page, error);
    if (err != STORE_OK && err != STORE_E_STOPPED)
        return err;
    ledger_begin_batch(ledger, ledger->now);
    if (!persons_begin(ledger, page.count))
        return ledger_nomem(error);
    for (size_t i = 0; i < page.count; i++)
        persons_add(ledger, page.keys[i]);
    if (page.count > 0)
        *last = page.keys[page.count - 1];
    *count_out = page.count;
    return persons_load_judged(ledger, error);
}

/* ---- Differences ----------------------------------------------------- */

struct trying {
    bool same_policy;
    int64_t now;
    bool (*differs)(void *ctx, const struct ledger_difference *what);
    void *ctx;
};

/* Under the book's own policy to the letter; under another one in what it comes
 * to: whether mail may go, for which cause, until when. */
static bool is_other(struct ledger *ledger, const struct trying *t,
                     const struct sheet *sheet,
                     const struct bounce_state *before)
{
    const struct bounce_cause *was, *becomes;
    struct bounce_slice text;

    if (t->same_policy) {
        text = state_text(ledger, sheet->state);
        return !slice_eq(text, sheet->text.ptr != NULL ? sheet->text
                                                       : SLICE("state\t1\n"));
    }
    if (bounce_state_standing(before, t->now, &was) !=
        bounce_state_standing(sheet->state, t->now, &becomes))
        return true;
    return was != NULL &&
           (was->since != becomes->since || was->until != becomes->until ||
            strcmp(was->category, becomes->category) != 0);
}

static enum store_err compare(struct ledger *ledger, struct person *person,
                              const struct trying *t, struct store_error *error)
{
    struct bounce_state *before = ledger_take_state(ledger);
    struct ledger_difference what = {.address = person->address,
                                     .before = before};

    if (before == NULL)
        return ledger_nomem(error);
    for (struct sheet *s = person->sheets; s != NULL; s = s->next) {
        bounce_state_init(before);
        if (s->text.ptr != NULL && bounce_state_read(s->text.ptr, s->text.len,
                                                     before, NULL) != BOUNCE_OK)
            return store_fail(error, STORE_E_DAMAGED,
                              "the state of an address cannot be read");
        if (s->state == NULL || !is_other(ledger, t, s, before))
            continue;
        what.scope = s->scope;
        what.after = s->state;
        if (!t->differs(t->ctx, &what))
            return store_fail(error, STORE_E_STOPPED, "stopped");
    }
    return STORE_OK;
}

static enum store_err try_page(struct ledger *ledger, const struct trying *t,
                               struct store_error *error)
{
    enum store_err err = STORE_OK;

    for (size_t i = 0; i < ledger->person_count && err == STORE_OK; i++) {
        ledger->state_used = 0;
        err = person_judge(ledger, &ledger->persons[i], error);
        if (err == STORE_OK)
            err = compare(ledger, &ledger->persons[i], t, error);
    }
    return err;
}

enum store_err
ledger_try(struct ledger *ledger, const struct bounce_policy *policy,
           int64_t now,
           bool (*differs)(void *ctx, const struct ledger_difference *what),
           void *ctx, uint64_t *addresses_out, struct store_error *error)
{
    struct trying t = {policy == NULL || policy == ledger->book->policy, now,
                       differs, ctx};
    int64_t last = 0;
    size_t count = PAGE;
    enum store_err err = STORE_OK;

    *addresses_out = 0;
    ledger->now = now;
    while (count == PAGE && err == STORE_OK) {
        err = store_begin(ledger->book->store, STORE_READ, error);
        if (err != STORE_OK)
            break;
        err = load_page(ledger, &last, &count, error);
        ledger->policy = policy != NULL ? policy : ledger->book->policy;
        if (err == STORE_OK)
            err = try_page(ledger, &t, error);
        *addresses_out += count;
        store_rollback(ledger->book->store);
    }
    return err;
}
