/* SPDX-License-Identifier: MIT
 * The policy over an address's events. Those that come in the order of time go
 * on top of its states; when one is older than what is known, or what is known
 * changed, all of them are judged again from the checkpoint. */
#include "store/ledger_in.h"

#include <stdlib.h>

/* ---- Sheets ---------------------------------------------------------- */

struct bounce_state *sheet_state(struct ledger *ledger,
                                 const struct person *person,
                                 struct sheet *sheet, struct store_error *error)
{
    struct bounce_slice text = person->replay ? sheet->base : sheet->text;

    if (sheet->state != NULL)
        return sheet->state;
    sheet->state = ledger_take_state(ledger);
    if (sheet->state == NULL) {
        (void)ledger_nomem(error);
        return NULL;
    }
    if (text.ptr == NULL) {
        bounce_state_init(sheet->state);
    } else if (bounce_state_read(text.ptr, text.len, sheet->state, NULL) !=
               BOUNCE_OK) {
        (void)store_fail(error, STORE_E_DAMAGED,
                         "the state of an address cannot be read");
        return NULL;
    }
    return sheet->state;
}

/* ---- One entry ------------------------------------------------------- */

struct judging {
    struct ledger *ledger;
    struct person *person;
    struct entry *entry;
    struct sheet *store, *scope; /* scope NULL: the entry has none */
    struct bounce_decision decision;
    bool resets; /* a delivery that finds something to reset */
};

/* Failures that count, a suspension, or what a delivery of this very second
 * takes back. */
static bool can_be_reset(const struct bounce_state *state, int64_t now)
{
    const struct bounce_cause *counted = &state->causes[BOUNCE_SLOT_COUNTED];
    int64_t floor = state->delivered_at;

    if (state->released_at[BOUNCE_SLOT_COUNTED] > floor)
        floor = state->released_at[BOUNCE_SLOT_COUNTED];
    for (size_t i = 0; i < BOUNCE_COUNTERS; i++) {
        if (state->counters[i].id[0] != '\0' &&
            state->counters[i].last.since > floor)
            return true;
    }
    return state->causes[BOUNCE_SLOT_SUSPENSION].since != BOUNCE_NO_TIME ||
           counted->since == now;
}

static void text_of(struct bounce_slice slice, char *out, size_t size)
{
    size_t len = slice.len < size ? slice.len : size - 1;

    if (len > 0)
        memcpy(out, slice.ptr, len);
    out[len] = '\0';
}

/* An import knows what was the matter, and lists ask for it. */
static void name_cause(struct bounce_cause *cause, const struct entry *e)
{
    text_of(e->category, cause->category, sizeof(cause->category));
    text_of(e->id, cause->event_id, sizeof(cause->event_id));
}

static void act(struct judging *j)
{
    const struct entry *e = j->entry;
    struct sheet *sheet = j->scope != NULL ? j->scope : j->store;
    char reason[128], entry[64];

    text_of(e->rule, reason, sizeof(reason));
    if (e->kind == RECORD_RELEASE) {
        bounce_state_release(sheet->state, e->facts.consent, reason, e->at,
                             &j->decision);
    } else {
        text_of(e->source.ptr != NULL ? e->source : SLICE("by hand"), entry,
                sizeof(entry));
        bounce_state_suppress(sheet->state, e->facts.slot, e->facts.until,
                              entry, reason, e->at, &j->decision);
        if (j->decision.changed)
            name_cause(&sheet->state->causes[e->facts.slot], e);
    }
    j->decision.in_scope = sheet == j->scope;
}

static enum store_err decide(struct judging *j, struct store_error *error)
{
    struct entry *e = j->entry;
    struct bounce_policy_input input;

    j->resets = false;
    if (e->kind >= RECORD_SUPPRESS) {
        act(j);
        return STORE_OK;
    }
    if (e->kind == BOUNCE_KIND_DELIVERY)
        j->resets = can_be_reset(j->store->state, e->at) ||
                    (j->scope != NULL && can_be_reset(j->scope->state, e->at));
    entry_input(e, &input);
    if (bounce_policy_apply(j->ledger->policy, &input, j->store->state,
                            j->scope != NULL ? j->scope->state : NULL,
                            &j->decision) != BOUNCE_OK)
        return store_fail(error, STORE_E_VALUE, "an event of no time");
    return STORE_OK;
}

/* ---- What follows ---------------------------------------------------- */

static bool is_worth_telling(const struct judging *j)
{
    const struct bounce_decision *d = &j->decision;

    if (j->entry->kind == BOUNCE_KIND_DELIVERY)
        return d->changed && j->resets;
    return d->outcome != BOUNCE_OUTCOME_NOTHING || d->incident || d->review ||
           d->gave_up;
}

static bool tell(struct judging *j)
{
    const struct bounce_decision *d = &j->decision;
    struct change *change = change_add(j->ledger, j->entry);

    if (change == NULL)
        return false;
    change->what = "state";
    change->of_person = true;
    change->was = bounce_standing_name(d->from);
    change->becomes = bounce_standing_name(d->to);
    change->outcome = bounce_outcome_name(d->outcome);
    change->reason = d->reason;
    change->scope = d->in_scope ? j->entry->scope : SLICE("");
    change->cause = d->cause;
    change->label = d->label;
    memcpy(change->counter, d->counter, sizeof(change->counter));
    change->count = d->count;
    change->needed = d->needed;
    change->flags = (d->incident ? 1U : 0) | (d->alert ? 2U : 0) |
                    (d->review ? 4U : 0) | (d->observed ? 8U : 0);
    return true;
}

static bool was_believed(const struct bounce_decision *d)
{
    return strcmp(d->reason, "unverified") != 0;
}

static bool settle_holds(struct judging *j)
{
    const struct entry *e = j->entry;

    if (j->decision.wants_hold)
        return holds_want(j->ledger, e, &j->decision);
    if (e->kind == BOUNCE_KIND_DELIVERY && was_believed(&j->decision))
        return holds_deliver(j->ledger, e);
    return true;
}

static bool follow(struct judging *j)
{
    struct entry *e = j->entry;
    const struct bounce_decision *d = &j->decision;

    /* Nobody's entry has no state, but what it says of a route holds. */
    if (e->fresh) {
        e->review |= d->review || d->incident;
        if (e->result != NULL && !j->person->nobody) {
            e->result->outcome = d->outcome;
            e->result->changed = d->changed;
        }
        if (!j->person->nobody && is_worth_telling(j) && !tell(j))
            return false;
    }
    return (!e->fresh && !e->routed) || settle_holds(j);
}

static enum store_err judge(struct judging *j, struct store_error *error)
{
    struct ledger *ledger = j->ledger;
    struct entry *e = j->entry;
    enum store_err err;

    j->store = person_sheet(ledger, j->person, SLICE(""));
    j->scope =
        e->scope.ptr != NULL ? person_sheet(ledger, j->person, e->scope) : NULL;
    if (j->store == NULL || (e->scope.ptr != NULL && j->scope == NULL))
        return ledger_nomem(error);
    if (sheet_state(ledger, j->person, j->store, error) == NULL ||
        (j->scope != NULL &&
         sheet_state(ledger, j->person, j->scope, error) == NULL))
        return error->code;
    err = decide(j, error);
    if (err != STORE_OK)
        return err;
    return follow(j) ? STORE_OK : ledger_nomem(error);
}

/* ---- One address ----------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
    const struct entry *x = *(const struct entry *const *)a;
    const struct entry *y = *(const struct entry *const *)b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Of a failure whose events were two failures until now, one counts no more. */
static enum store_err count_once(struct ledger *ledger, struct person *person,
                                 struct entry *e, struct store_error *error)
{
    if (!e->counts)
        return STORE_OK;
    for (size_t i = 0; i < person->stored_count; i++) {
        const struct entry *other = person->stored[i];

        if (other != e && other->counts && other->own == e->own &&
            other->kind == e->kind && other->seq < e->seq) {
            e->counts = false;
            return tally_entry(ledger, e, -1) ? STORE_OK : ledger_nomem(error);
        }
    }
    return STORE_OK;
}

static enum store_err rename_failures(struct ledger *ledger,
                                      struct person *person,
                                      struct store_error *error)
{
    enum store_err err = STORE_OK;

    for (size_t i = 0; i < person->stored_count && err == STORE_OK; i++) {
        struct entry *e = person->stored[i];
        bool counted = e->counts, renamed = e->own != e->failure;

        if (renamed)
            err = count_once(ledger, person, e, error);
        if (err == STORE_OK && (renamed || counted != e->counts)) {
            e->failure = e->own;
            err = entry_update(ledger, e, error);
        }
    }
    return err;
}

/* Stored and fresh, in the order of time. */
static struct entry **merge(struct ledger *ledger, struct person *person,
                            size_t *count_out)
{
    size_t all = person->stored_count + person->entry_count;
    struct entry **list =
        arena_alloc(&ledger->arena, (all + 1) * sizeof(struct entry *));
    size_t count = 0;

    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < person->stored_count; i++)
        list[count++] = person->stored[i];
    for (size_t i = 0; i < person->entry_count; i++) {
        if (person->entries[i]->fresh)
            list[count++] = person->entries[i];
    }
    if (person->stored_count > 0)
        qsort(list, count, sizeof(struct entry *), by_time);
    *count_out = count;
    return list;
}

enum store_err person_judge(struct ledger *ledger, struct person *person,
                            struct store_error *error)
{
    struct judging j = {.ledger = ledger, .person = person};
    enum store_err err = STORE_OK;
    struct entry **list;
    size_t count;

    list = merge(ledger, person, &count);
    if (list == NULL)
        return ledger_nomem(error);
    /* What no event speaks of any more must go back to its base too. */
    for (struct sheet *s = person->replay ? person->sheets : NULL; s != NULL;
         s = s->next) {
        if (sheet_state(ledger, person, s, error) == NULL)
            return error->code;
    }
    for (size_t i = 0; i < count && err == STORE_OK; i++) {
        j.entry = list[i];
        err = judge(&j, error);
    }
    return err;
}

static bool is_needed(const struct person *person)
{
    for (size_t i = 0; i < person->entry_count; i++) {
        if (person->entries[i]->fresh)
            return true;
    }
    return person->replay;
}

/* Standing at now, after all of the batch. */
static enum store_err tell_standing(struct ledger *ledger,
                                    struct person *person,
                                    struct store_error *error)
{
    struct sheet *store;

    for (size_t i = 0; i < person->entry_count; i++) {
        struct entry *e = person->entries[i];
        struct sheet *scope = NULL;
        enum bounce_standing narrow = BOUNCE_ACTIVE;

        if (e->result == NULL)
            continue;
        store = person_sheet(ledger, person, SLICE(""));
        if (e->scope.ptr != NULL)
            scope = person_sheet(ledger, person, e->scope);
        if (store == NULL || (e->scope.ptr != NULL && scope == NULL))
            return ledger_nomem(error);
        if (sheet_state(ledger, person, store, error) == NULL ||
            (scope != NULL &&
             sheet_state(ledger, person, scope, error) == NULL))
            return error->code;
        e->result->standing =
            bounce_state_standing(store->state, ledger->now, NULL);
        if (scope != NULL)
            narrow = bounce_state_standing(scope->state, ledger->now, NULL);
        if (narrow > e->result->standing)
            e->result->standing = narrow;
    }
    return STORE_OK;
}

enum store_err persons_judge(struct ledger *ledger, struct store_error *error)
{
    enum store_err err = STORE_OK;

    for (size_t i = 0; i < ledger->person_count && err == STORE_OK; i++) {
        struct person *person = &ledger->persons[i];

        /* The states of one address are written before those of the next are
         * read into the same memory. */
        ledger->state_used = 0;
        ledger->change_from = ledger->change_count;
        if (is_needed(person)) {
            if (person->replay)
                err = rename_failures(ledger, person, error);
            if (err == STORE_OK)
                err = person_judge(ledger, person, error);
        }
        if (err == STORE_OK && !person->nobody)
            err = tell_standing(ledger, person, error);
        if (err == STORE_OK && !person->nobody && is_needed(person))
            err = person_keep(ledger, person, error);
    }
    return err;
}
