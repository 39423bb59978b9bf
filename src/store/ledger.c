/* SPDX-License-Identifier: MIT
 * A batch of records, from what came in to what is stored. Begin with apply():
 * it is the whole path. */
#include <stdlib.h>

#include "store/ledger_in.h"

struct ledger *ledger_new(struct book *book)
{
    struct ledger *ledger = calloc(1, sizeof(*ledger));
    struct bounce_engine *engine;

    if (ledger == NULL)
        return NULL;
    ledger->book = book;
    arena_init(&ledger->arena, allocator_default(), LEDGER_ARENA_MAX);
    ledger->tally = tally_new();
    ledger->holds = holds_new();
    ledger->breaker = breaker_new();
    ledger->watch = watch_new();
    ledger->finisher = finisher_new(book);
    ledger->days = event_days_new();
    if (ledger->tally == NULL || ledger->holds == NULL ||
        ledger->breaker == NULL || ledger->watch == NULL ||
        ledger->finisher == NULL || ledger->days == NULL) {
        ledger_free(ledger);
        return NULL;
    }
    /* An engine that is shared was sealed: a reader changes it no more. */
    memcpy(&engine, &book->engine, sizeof(struct bounce_engine *));
    if (engine != NULL &&
        bounce_reader_new(engine, &ledger->reader) != BOUNCE_OK) {
        ledger_free(ledger);
        return NULL;
    }
    return ledger;
}

void ledger_free(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    tally_free(ledger->tally);
    holds_free(ledger->holds);
    breaker_free(ledger->breaker);
    watch_free(ledger->watch);
    finisher_free(ledger->finisher);
    event_days_free(ledger->days);
    bounce_reader_free(ledger->reader);
    for (size_t i = 0; i < ledger->state_count; i++)
        free(ledger->states[i]);
    free(ledger->states);
    free(ledger->scratch.ptr);
    ledger_position_clear(ledger);
    arena_clear(&ledger->arena);
    free(ledger);
}

/* An entry that is not newer than all that is known of its address belongs
 * before some of it. */
static bool is_late(const struct person *person)
{
    int64_t newest = BOUNCE_NO_TIME;

    for (size_t i = 0; i < person->known_count; i++) {
        if (person->known[i].at > newest)
            newest = person->known[i].at;
    }
    for (size_t i = 0; i < person->entry_count; i++) {
        if (person->entries[i]->fresh && person->entries[i]->at <= newest)
            return true;
    }
    return false;
}

static bool number_and_count(struct ledger *ledger, struct entry *entries,
                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].fresh)
            continue;
        entries[i].seq = ++ledger->event_seq;
        if (entries[i].counts && !tally_entry(ledger, &entries[i], 1))
            return false;
    }
    return true;
}

/* Who, what of it is new, and which failure it tells of. */
static enum store_err gather(struct ledger *ledger, struct entry *entries,
                             size_t count, struct store_error *error)
{
    enum store_err err = persons_make(ledger, entries, count, error);

    if (err == STORE_OK)
        err = persons_load(ledger, error);
    if (err == STORE_OK)
        err = persons_dedupe(ledger, error);
    if (err == STORE_OK)
        err = persons_remember(ledger, error);
    if (err == STORE_OK)
        err = entries_route(ledger, error);
    for (size_t i = 0; i < ledger->person_count && err == STORE_OK; i++) {
        struct person *person = &ledger->persons[i];

        if (!person_join(ledger, person))
            return ledger_nomem(error);
        person->replay |= is_late(person);
    }
    return err;
}

/* The policy, while the counts are written. */
static enum store_err judge(struct ledger *ledger, size_t count,
                            struct store_error *error)
{
    enum store_err err, put_err;
    struct store_error put_error;

    tally_put_begin(ledger, count);
    err = persons_judge(ledger, error);
    put_err = tally_put_wait(ledger, &put_error);
    if (err == STORE_OK && put_err != STORE_OK)
        *error = put_error;
    return err == STORE_OK ? put_err : err;
}

static enum store_err apply(struct ledger *ledger, struct entry *entries,
                            size_t count, struct store_error *error)
{
    enum store_err err = ledger_read_seqs(ledger, error);

    if (err == STORE_OK)
        err = watch_open(ledger, error);
    if (err == STORE_OK)
        err = gather(ledger, entries, count, error);
    if (err == STORE_OK && !number_and_count(ledger, entries, count))
        err = ledger_nomem(error);
    if (err == STORE_OK)
        err = breaker_watch(ledger, entries, count, error);
    if (err == STORE_OK)
        err = entries_load(ledger, error);
    if (err == STORE_OK && !states_begin(ledger))
        err = ledger_nomem(error);
    if (err == STORE_OK)
        err = judge(ledger, count, error);
    if (err == STORE_OK)
        err = holds_look(ledger, error);
    if (err == STORE_OK && !entries_finish_end(ledger))
        err = ledger_nomem(error);
    if (err == STORE_OK)
        err = entries_put(ledger, entries, count, error);
    if (err == STORE_OK)
        err = holds_settle(ledger, error);
    if (err == STORE_OK)
        err = watch_entries(ledger, entries, count, error);
    if (err == STORE_OK)
        err = states_put(ledger, error);
    if (err == STORE_OK)
        err = changes_put(ledger, error);
    if (err == STORE_OK)
        err = watch_put(ledger, error);
    if (err == STORE_OK)
        err = tally_put(ledger, error);
    if (err == STORE_OK)
        err = ledger_put_positions(ledger, ledger->now, error);
    return err;
}

enum store_err ledger_transact(struct ledger *ledger, enum store_err err,
                               struct store_error *error)
{
    err = store_end(ledger->book->store, err, error);
    if (err != STORE_OK) {
        holds_drop(ledger->holds);
        watch_drop(ledger->watch);
        event_days_drop(ledger->days);
    }
    return err;
}

static void fill_result(const struct entry *e)
{
    e->result->fresh = e->fresh;
    e->result->repeated = e->fresh && !e->counts;
    e->result->seq = e->fresh ? e->seq : 0;
}

enum store_err ledger_apply(struct ledger *ledger, const struct record *records,
                            size_t count, int64_t now,
                            struct ledger_result *results, size_t *bad_out,
                            struct store_error *error)
{
    struct entry *entries;
    enum store_err err = STORE_OK;

    ledger_begin_batch(ledger, now);
    if (bad_out != NULL)
        *bad_out = count;
    entries = arena_alloc(&ledger->arena, (count + 1) * sizeof(*entries));
    if (entries == NULL)
        return ledger_nomem(error);
    if (results != NULL)
        memset(results, 0, count * sizeof(*results));
    for (size_t i = 0; i < count; i++) {
        err = entry_make(ledger, &records[i], i, &entries[i], error);
        if (err == STORE_E_VALUE && bad_out != NULL)
            *bad_out = i;
        if (err != STORE_OK)
            return err;
        entries[i].result = results != NULL ? &results[i] : NULL;
    }
    err = store_begin(ledger->book->store, STORE_WRITE, error);
    if (err != STORE_OK)
        return err;
    entries_finish_begin(ledger, entries, count);
    err = apply(ledger, entries, count, error);
    if (err != STORE_OK)
        (void)entries_finish_end(ledger);
    err = ledger_transact(ledger, err, error);
    if (err == STORE_OK)
        ledger_position_clear(ledger);
    for (size_t i = 0; i < count && err == STORE_OK && results != NULL; i++)
        fill_result(&entries[i]);
    return err;
}

bool ledger_takes(struct ledger *ledger, const struct record *record,
                  struct store_error *error)
{
    struct entry entry;

    ledger_begin_batch(ledger, ledger->now);
    return entry_make(ledger, record, 0, &entry, error) == STORE_OK;
}
