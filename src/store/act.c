/* SPDX-License-Identifier: MIT */
#include "store/act.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/hold_row.h"
#include "store/ledger_in.h"

#define PAGE 200 /* addresses that are released at once */

static void make_record(struct record *record, enum record_act what,
                        struct bounce_slice address, const struct act *act)
{
    record_init(record, NULL);
    record->act = what;
    record->event.recipient = address;
    record->event.scope = act->scope.len > 0 ? act->scope : SLICE_NULL;
    record->event.occurred_at = act->now;
    record->source = act->source;
    record->reason = act->reason;
}

enum store_err act_suppress(struct ledger *ledger, struct bounce_slice address,
                            const struct act *act,
                            struct ledger_result *result_out,
                            struct store_error *error)
{
    struct record record;
    size_t bad;

    make_record(&record, RECORD_SUPPRESS, address, act);
    record.slot = act->slot;
    record.until = act->until;
    return ledger_apply(ledger, &record, 1, act->now, result_out, &bad, error);
}

enum store_err act_release(struct ledger *ledger, struct bounce_slice address,
                           const struct act *act,
                           struct ledger_result *result_out,
                           struct store_error *error)
{
    struct record record;
    size_t bad;

    make_record(&record, RECORD_RELEASE, address, act);
    record.consent = act->consent;
    return ledger_apply(ledger, &record, 1, act->now, result_out, &bad, error);
}

/* ---- Many ------------------------------------------------------------ */

struct release {
    struct ledger *ledger;
    const struct act *act;
    struct arena arena; /* of the page */
    struct list_address *rows;
    struct bounce_state *states; /* the rows' own */
    struct record *records;
    size_t *record_of; /* of each row; SIZE_MAX: it stays as it is */
    struct ledger_result *results;
    struct book_state *seen;
    size_t count;
    bool no_memory;
};

static struct bounce_slice keep(struct release *r, struct bounce_slice text)
{
    struct bounce_slice copy = text;

    if (text.ptr != NULL) {
        copy = arena_dup(&r->arena, text);
        r->no_memory |= copy.ptr == NULL;
    }
    return copy;
}

static bool take_row(void *ctx, const struct list_address *row)
{
    struct release *r = ctx;
    struct list_address *copy = &r->rows[r->count];
    struct bounce_state *state = &r->states[r->count];

    *copy = *row;
    *state = *row->state;
    copy->state = state;
    if (row->cause != NULL)
        copy->cause = &state->causes[row->cause - row->state->causes];
    copy->address = keep(r, row->address);
    copy->scope = keep(r, row->scope);
    copy->domain = keep(r, row->domain);
    copy->provider = keep(r, row->provider);
    copy->campaign = keep(r, row->campaign);
    copy->cursor = keep(r, row->cursor);
    r->count++;
    return !r->no_memory;
}

static bool same_cause(const struct bounce_cause *a,
                       const struct bounce_cause *b)
{
    return b != NULL && a->since == b->since &&
           strcmp(a->category, b->category) == 0 &&
           strcmp(a->event_id, b->event_id) == 0;
}

/* Whether the address is still held for what the list said. */
static enum store_err still_held(struct release *r,
                                 const struct list_address *row, bool *held_out,
                                 struct store_error *error)
{
    struct book *book = r->ledger->book;
    const struct bounce_cause *cause = NULL;
    struct address address;
    enum store_err err;

    *held_out = false;
    if (address_read(book->addresses, row->address, &address) != ADDRESS_FINE)
        return STORE_OK;
    err = book_state(book, &address, row->scope, r->seen, error);
    if (err != STORE_OK)
        return err;
    bounce_state_standing(&r->seen->state, r->act->now, &cause);
    *held_out = row->cause != NULL && same_cause(row->cause, cause);
    return STORE_OK;
}

static enum store_err release_page(struct release *r, struct store_error *error)
{
    size_t count = 0, bad;

    for (size_t i = 0; i < r->count; i++) {
        struct act act = *r->act;
        bool held;
        enum store_err err = still_held(r, &r->rows[i], &held, error);

        if (err != STORE_OK)
            return err;
        r->record_of[i] = SIZE_MAX;
        if (!held)
            continue;
        act.scope = r->rows[i].scope;
        make_record(&r->records[count], RECORD_RELEASE, r->rows[i].address,
                    &act);
        r->records[count].consent = act.consent;
        r->record_of[i] = count++;
    }
    if (count == 0)
        return STORE_OK;
    return ledger_apply(r->ledger, r->records, count, r->act->now, r->results,
                        &bad, error);
}

static enum bounce_outcome outcome_of(struct release *r, size_t i, bool dry_run)
{
    struct bounce_decision decision;

    if (!dry_run)
        return r->record_of[i] == SIZE_MAX
                   ? BOUNCE_OUTCOME_NOTHING
                   : r->results[r->record_of[i]].outcome;
    r->seen->state = r->states[i];
    bounce_state_release(&r->seen->state, r->act->consent, "", r->act->now,
                         &decision);
    return decision.outcome;
}

static bool release_begin(struct release *r)
{
    arena_init(&r->arena, allocator_default(), (size_t)1 << 30);
    r->rows = calloc(PAGE, sizeof(*r->rows));
    r->states = calloc(PAGE, sizeof(*r->states));
    r->records = calloc(PAGE, sizeof(*r->records));
    r->record_of = calloc(PAGE, sizeof(*r->record_of));
    r->results = calloc(PAGE, sizeof(*r->results));
    r->seen = calloc(1, sizeof(*r->seen));
    return r->rows != NULL && r->states != NULL && r->records != NULL &&
           r->record_of != NULL && r->results != NULL && r->seen != NULL;
}

static void release_end(struct release *r)
{
    arena_clear(&r->arena);
    free(r->rows);
    free(r->states);
    free(r->records);
    free(r->record_of);
    free(r->results);
    free(r->seen);
}

static enum store_err
release_all(struct release *r, const struct list_filter *filter, bool dry_run,
            bool (*take)(void *ctx, const struct list_address *row,
                         enum bounce_outcome outcome),
            void *ctx, struct store_error *error)
{
    size_t left = filter->limit > 0 ? filter->limit : SIZE_MAX;
    struct list_filter page = *filter;
    char cursor[LIST_CURSOR], next[LIST_CURSOR];

    if (page.state.ptr == NULL)
        page.state = SLICE("suspended,suppressed");
    page.next_out = next;
    while (left > 0) {
        enum store_err err;

        arena_reset(&r->arena);
        r->count = 0;
        page.limit = left < PAGE ? left : PAGE;
        err = list_addresses(r->ledger->book, &page, r->act->now, take_row, r,
                             error);
        if (r->no_memory)
            return ledger_nomem(error);
        if (err == STORE_OK && !dry_run)
            err = release_page(r, error);
        if (err != STORE_OK)
            return err;
        for (size_t i = 0; i < r->count; i++)
            if (!take(ctx, &r->rows[i], outcome_of(r, i, dry_run)))
                return store_fail(error, STORE_E_STOPPED, "stopped");
        left -= r->count;
        if (next[0] == '\0')
            break;
        memcpy(cursor, next, sizeof(cursor));
        page.cursor = slice_cstr(cursor);
    }
    return STORE_OK;
}

enum store_err
act_release_where(struct ledger *ledger, const struct list_filter *filter,
                  const struct act *act, bool dry_run,
                  bool (*take)(void *ctx, const struct list_address *row,
                               enum bounce_outcome outcome),
                  void *ctx, struct store_error *error)
{
    struct release r = {.ledger = ledger, .act = act};
    enum store_err err = release_begin(&r) ? STORE_OK : ledger_nomem(error);

    if (err == STORE_OK)
        err = release_all(&r, filter, dry_run, take, ctx, error);
    release_end(&r);
    return err;
}

/* ---- Holds ----------------------------------------------------------- */

struct ending {
    struct ledger *ledger;
    const struct act *act;
    struct entry by_hand; /* what changes are told to come from */
    struct bounce_hold *holds;
    size_t count, cap;
};

static bool take_hold(void *ctx, const struct bounce_hold *hold)
{
    struct ending *e = ctx;

    e->holds =
        ledger_grow(e->ledger, e->holds, e->count, &e->cap, sizeof(*e->holds));
    if (e->holds == NULL)
        return false;
    e->holds[e->count++] = *hold;
    return true;
}

/* "google / 192.0.2.1", as the ledger names a route. */
static const char *name_route(struct ledger *ledger,
                              const struct bounce_hold_key *key)
{
    const char *const parts[] = {key->provider, key->domain, key->ip,
                                 key->sender_domain, key->campaign};
    size_t cap = sizeof(*key) + 16, len = 0;
    char *text = arena_calloc(&ledger->arena, 1, cap);

    for (size_t i = 0; text != NULL && i < sizeof(parts) / sizeof(parts[0]);
         i++)
        if (parts[i][0] != '\0')
            len += (size_t)snprintf(text + len, cap - len, "%s%s",
                                    len > 0 ? " / " : "", parts[i]);
    return text;
}

static void set_text(char *out, size_t cap, struct bounce_slice text)
{
    size_t len = text.len < cap ? text.len : cap - 1;

    if (len > 0)
        memcpy(out, text.ptr, len);
    out[len] = '\0';
}

static bool end_hold(struct ending *e, struct bounce_hold *hold)
{
    struct change *change = change_add(e->ledger, &e->by_hand);
    struct bounce_slice reason =
        ledger_clean(e->ledger, e->act->reason, sizeof(change->cause.rule) - 1);

    if (change == NULL)
        return false;
    (void)bounce_hold_end(hold, true, e->act->now);
    change->what = "hold";
    change->was = "held";
    change->becomes = "free";
    change->outcome = "ended";
    change->cause.since = e->act->now;
    memcpy(change->cause.category, hold->cause.category,
           sizeof(change->cause.category));
    memcpy(change->cause.entry, "release", sizeof("release"));
    set_text(change->cause.rule, sizeof(change->cause.rule), reason);
    change->reason = name_route(e->ledger, &hold->key);
    watch_freed(e->ledger, hold, true, e->act->now);
    return change->reason != NULL;
}

static enum store_err count_change(struct book *book, struct store_error *error)
{
    char text[32];
    bool found;
    enum store_err err =
        book_meta(book, "holds", text, sizeof(text), &found, error);

    if (err != STORE_OK)
        return err;
    snprintf(text, sizeof(text), "%" PRId64,
             (int64_t)(found ? strtoll(text, NULL, 10) : 0) + 1);
    return book_meta_set(book, "holds", text, error);
}

static enum store_err end_holds(struct ending *e,
                                const struct list_filter *filter,
                                struct store_error *error)
{
    struct ledger *ledger = e->ledger;
    enum store_err err = ledger_read_seqs(ledger, error);

    if (err == STORE_OK)
        err = watch_open(ledger, error);
    if (err == STORE_OK)
        err = list_holds(ledger->book, filter, false, e->act->now, take_hold, e,
                         error);
    if (err == STORE_E_STOPPED)
        return ledger_nomem(error);
    for (size_t i = 0; i < e->count && err == STORE_OK; i++)
        if (!end_hold(e, &e->holds[i]))
            err = ledger_nomem(error);
    if (err != STORE_OK || e->count == 0)
        return err;
    err = holds_end_by_hand(ledger, e->holds, e->count, e->act->now, error);
    if (err != STORE_OK)
        return err;
    err = hold_rows_put(ledger->book->store, e->holds, e->count, error);
    if (err == STORE_OK)
        err = watch_settle(ledger, e->act->now, error);
    if (err == STORE_OK)
        err = changes_put(ledger, error);
    if (err == STORE_OK)
        err = watch_put(ledger, error);
    if (err == STORE_OK)
        err = count_change(ledger->book, error);
    return err;
}

enum store_err act_end_holds(struct ledger *ledger,
                             const struct list_filter *filter,
                             const struct act *act, size_t *ended_out,
                             struct store_error *error)
{
    struct ending e = {.ledger = ledger, .act = act, .by_hand.at = act->now};
    enum store_err err;

    *ended_out = 0;
    ledger_begin_batch(ledger, act->now);
    err = store_begin(ledger->book->store, STORE_WRITE, error);
    if (err != STORE_OK)
        return err;
    err = end_holds(&e, filter, error);
    err = ledger_transact(ledger, err, error);
    if (err == STORE_OK)
        *ended_out = e.count;
    return err;
}
