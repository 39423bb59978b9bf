/* SPDX-License-Identifier: MIT
 * Old events become part of their address's checkpoint. Of each address the
 * events of the beginning go, in the order of time, up to one that is too young
 * or that shares its failure with one: what is left is judged on top of the
 * checkpoint as it was on top of the events. */
#include <stdlib.h>

#include "store/ledger_in.h"

/* ---- Which addresses ------------------------------------------------- */

struct keys {
    struct ledger *ledger;
    int64_t *list;
    size_t count, cap;
    int64_t before, last_seq;
    bool failed;
};

/* Events are numbered as they were recorded: behind the first one that is too
 * young there is none to fold. */
static bool take_event(void *ctx, const struct store_value *row, size_t columns)
{
    struct keys *keys = ctx;

    (void)columns;
    if (row[2].integer >= keys->before)
        return false;
    keys->list = ledger_grow(keys->ledger, keys->list, keys->count, &keys->cap,
                             sizeof(*keys->list));
    keys->failed |= keys->list == NULL;
    if (keys->failed)
        return false;
    keys->list[keys->count++] = row[0].integer;
    keys->last_seq = row[1].integer;
    return true;
}

static int by_key(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static size_t unique(int64_t *list, size_t count)
{
    size_t kept = 0;

    if (count > 1)
        qsort(list, count, sizeof(*list), by_key);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || list[kept - 1] != list[i])
            list[kept++] = list[i];
    }
    return kept;
}

/* ---- How much of one ------------------------------------------------- */

static bool shares_failure(const struct person *person, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = count; k < person->stored_count; k++) {
            if (person->stored[i]->own == person->stored[k]->own &&
                person->stored[i]->kind == person->stored[k]->kind)
                return true;
        }
    }
    return false;
}

/* Events of one second are judged together, so they go together. */
static bool is_cut(const struct person *person, size_t count)
{
    return count == person->stored_count ||
           person->stored[count - 1]->at != person->stored[count]->at;
}

static size_t foldable(const struct person *person, int64_t before)
{
    size_t count = 0;

    while (count < person->stored_count &&
           person->stored[count]->recorded_at < before)
        count++;
    while (count > 0 &&
           (!is_cut(person, count) || shares_failure(person, count)))
        count--;
    return count;
}

/* ---- Folding --------------------------------------------------------- */

static const struct store_column folded_columns[] = {{"rcpt", STORE_INT},
                                                     {"id64", STORE_INT}};
static const struct store_put folded_put = {"folded", folded_columns, 2, 2,
                                            STORE_KEEP};

static enum store_err drop_events(struct ledger *ledger,
                                  const struct person *person, size_t count,
                                  struct store_error *error)
{
    struct rows ids;
    enum store_err err;

    if (!rows_init(ledger, &ids, 2, count))
        return ledger_nomem(error);
    for (size_t i = 0; i < count; i++) {
        struct store_value *id = rows_add(ledger, &ids);

        if (id == NULL)
            return ledger_nomem(error);
        id[0] = store_int(person->key);
        id[1] = store_int(person->stored[i]->id64);
    }
    err = store_put_rows(ledger->book->store, &folded_put, ids.values,
                         ids.count, error);
    for (size_t i = 0; i < count && err == STORE_OK; i++) {
        struct store_value seq = store_int(person->stored[i]->seq);

        err = store_run(ledger->book->store, "DELETE FROM event WHERE seq = $1",
                        &seq, 1, NULL, NULL, error);
    }
    return err;
}

/* The checkpoint: what the first count events make of the one before. */
static enum store_err advance(struct ledger *ledger, struct person *person,
                              size_t count, struct store_error *error)
{
    size_t all = person->stored_count;
    int64_t at = person->stored[count - 1]->at;
    enum store_err err;

    person->stored_count = count;
    ledger->state_used = 0;
    err = person_judge(ledger, person, error);
    person->stored_count = all;
    for (struct sheet *s = person->sheets; s != NULL && err == STORE_OK;
         s = s->next) {
        struct bounce_slice text = state_text(ledger, s->state);

        s->base = text.ptr != NULL ? arena_dup(&ledger->arena, text) : text;
        if (s->base.ptr == NULL)
            return ledger_nomem(error);
        if (at > s->base_at)
            s->base_at = at;
        err = state_rebase(ledger, person, s, error);
    }
    return err;
}

static enum store_err fold_person(struct ledger *ledger, struct person *person,
                                  int64_t before, struct store_error *error)
{
    size_t count = foldable(person, before);
    enum store_err err = STORE_OK;

    if (count == 0)
        return STORE_OK;
    if (!person->nobody)
        err = advance(ledger, person, count, error);
    return err == STORE_OK ? drop_events(ledger, person, count, error) : err;
}

static enum store_err fold_keys(struct ledger *ledger, const struct keys *keys,
                                int64_t before, struct store_error *error)
{
    enum store_err err;

    if (!persons_begin(ledger, keys->count))
        return ledger_nomem(error);
    for (size_t i = 0; i < keys->count; i++)
        persons_add(ledger, keys->list[i]);
    err = persons_load_judged(ledger, error);
    for (size_t i = 0; i < ledger->person_count && err == STORE_OK; i++)
        err = fold_person(ledger, &ledger->persons[i], before, error);
    return err;
}

/* The next events that may be old enough, behind those of the last call: some
 * stay, because a younger one happened before them. */
static enum store_err fold_events(struct ledger *ledger, int64_t before,
                                  size_t limit, bool *more_out,
                                  struct store_error *error)
{
    struct keys keys = {.ledger = ledger, .before = before};
    struct store_value values[2] = {store_int(ledger->fold_seq),
                                    store_int((int64_t)limit)};
    enum store_err err;

    err = store_run(ledger->book->store,
                    "SELECT rcpt, seq, recorded_at FROM event WHERE seq > $1 "
                    "ORDER BY seq LIMIT $2",
                    values, 2, take_event, &keys, error);
    if (keys.failed)
        return ledger_nomem(error);
    if (err != STORE_OK && err != STORE_E_STOPPED)
        return err;
    *more_out |= keys.count == limit;
    ledger->fold_seq = keys.count == limit ? keys.last_seq : 0;
    keys.count = unique(keys.list, keys.count);
    return keys.count > 0 ? fold_keys(ledger, &keys, before, error) : STORE_OK;
}

/* ---- Raw reports ----------------------------------------------------- */

struct raws {
    int64_t before, last_seq;
    size_t count;
};

static bool take_raw(void *ctx, const struct store_value *row, size_t columns)
{
    struct raws *raws = ctx;

    (void)columns;
    if (row[1].integer >= raws->before)
        return false;
    raws->last_seq = row[0].integer;
    raws->count++;
    return true;
}

static enum store_err drop_raws(struct ledger *ledger, int64_t before,
                                size_t limit, bool *more_out,
                                struct store_error *error)
{
    struct raws raws = {.before = before};
    struct store_value value = store_int((int64_t)limit);
    enum store_err err;

    err = store_run(ledger->book->store,
                    "SELECT seq, recorded_at FROM raw ORDER BY seq LIMIT $1",
                    &value, 1, take_raw, &raws, error);
    if ((err != STORE_OK && err != STORE_E_STOPPED) || raws.count == 0)
        return err == STORE_E_STOPPED ? STORE_OK : err;
    *more_out |= raws.count == limit;
    value = store_int(raws.last_seq);
    return store_run(ledger->book->store, "DELETE FROM raw WHERE seq <= $1",
                     &value, 1, NULL, NULL, error);
}

enum store_err ledger_fold(struct ledger *ledger, int64_t events_before,
                           int64_t raw_before, size_t limit, bool *more_out,
                           struct store_error *error)
{
    enum store_err err = store_begin(ledger->book->store, STORE_WRITE, error);

    *more_out = false;
    if (err != STORE_OK)
        return err;
    ledger_begin_batch(ledger, events_before);
    err = ledger_keep_seqs(ledger, error);
    /* As long as the deliveries are there. */
    if (err == STORE_OK && ledger->fold_seq == 0)
        err = holds_fold(ledger, events_before, error);
    if (err == STORE_OK)
        err = fold_events(ledger, events_before, limit, more_out, error);
    if (err == STORE_OK)
        err = drop_raws(ledger, raw_before, limit, more_out, error);
    return ledger_transact(ledger, err, error);
}
