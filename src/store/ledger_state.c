/* SPDX-License-Identifier: MIT
 * Sheets as rows of table state. */
#include "store/ledger_in.h"

#define TEXT_GUESS 4096

static const struct store_column state_columns[] = {
    {"key", STORE_INT},       {"scope", STORE_TEXT},
    {"address", STORE_TEXT},  {"domain", STORE_TEXT},
    {"standing", STORE_INT},  {"slot", STORE_INT},
    {"since", STORE_INT},     {"until", STORE_INT},
    {"category", STORE_TEXT}, {"class", STORE_INT},
    {"provider", STORE_TEXT}, {"campaign", STORE_TEXT},
    {"newest_at", STORE_INT}, {"text", STORE_TEXT},
    {"base", STORE_TEXT},     {"base_at", STORE_INT}};
#define STATE_COLUMNS (sizeof(state_columns) / sizeof(state_columns[0]))
static const struct store_put state_put = {"state", state_columns,
                                           STATE_COLUMNS, 2, STORE_REPLACE};
static const struct store_put state_new = {"state", state_columns,
                                           STATE_COLUMNS, 2, STORE_NEW};

/* A delivery before all that is there resets nothing: without its time an
 * address that gets its mail keeps its text. Whatever comes later is newer than
 * it, and what comes late has the address replayed. */
static void drop_idle_delivery(struct bounce_state *state)
{
    int64_t oldest = INT64_MAX;

    for (size_t i = 0; i < BOUNCE_COUNTERS; i++) {
        const struct bounce_counter *c = &state->counters[i];

        if (c->id[0] == '\0')
            break;
        if (c->first_at < oldest)
            oldest = c->first_at;
        if (c->kept > 0 && c->failures[0].at < oldest)
            oldest = c->failures[0].at;
    }
    for (size_t i = 0; i < BOUNCE_SLOTS; i++) {
        if (state->causes[i].since != BOUNCE_NO_TIME &&
            state->causes[i].since < oldest)
            oldest = state->causes[i].since;
    }
    if (state->delivered_at < oldest)
        state->delivered_at = BOUNCE_NO_TIME;
}

struct bounce_slice state_text(struct ledger *ledger,
                               struct bounce_state *state)
{
    struct scratch *scratch = &ledger->scratch;
    char *buf = scratch_room(scratch, TEXT_GUESS);
    size_t len;

    if (buf == NULL)
        return SLICE_NULL;
    drop_idle_delivery(state);
    len = bounce_state_write(state, buf, scratch->cap);
    if (len > scratch->cap) {
        buf = scratch_room(scratch, len);
        if (buf == NULL)
            return SLICE_NULL;
        bounce_state_write(state, buf, len);
    }
    return slice_make(buf, len);
}

/* ---- What filters look at -------------------------------------------- */

static struct bounce_slice provider_of(const struct person *person,
                                       const struct sheet *sheet)
{
    struct bounce_slice provider = sheet->provider;

    /* They come in the order of time: the newest that knows it. */
    for (size_t i = 0; i < person->stored_count; i++) {
        if (person->stored[i]->provider.ptr != NULL)
            provider = person->stored[i]->provider;
    }
    for (size_t i = 0; i < person->entry_count; i++) {
        if (person->entries[i]->fresh &&
            person->entries[i]->provider.ptr != NULL)
            provider = person->entries[i]->provider;
    }
    return provider;
}

static int64_t first_at(const struct person *person)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < person->known_count; i++) {
        if (person->known[i].at < first)
            first = person->known[i].at;
    }
    for (size_t i = 0; i < person->entry_count; i++) {
        if (person->entries[i]->fresh && person->entries[i]->at < first)
            first = person->entries[i]->at;
    }
    return first != INT64_MAX ? first : BOUNCE_NO_TIME;
}

static const struct entry *entry_of(const struct person *person,
                                    const struct bounce_cause *cause)
{
    struct bounce_slice id = slice_cstr(cause->event_id);

    for (size_t i = 0; id.len > 0 && i < person->entry_count; i++) {
        if (slice_eq(person->entries[i]->id, id))
            return person->entries[i];
    }
    for (size_t i = 0; id.len > 0 && i < person->stored_count; i++) {
        if (slice_eq(person->stored[i]->id, id))
            return person->stored[i];
    }
    return NULL;
}

/* What was stored of the same cause stays when its event is not at hand. */
static struct bounce_slice campaign_of(const struct person *person,
                                       const struct sheet *sheet,
                                       const struct bounce_cause *cause)
{
    const struct entry *entry = entry_of(person, cause);

    if (entry != NULL)
        return entry->campaign;
    return sheet->since == cause->since ? sheet->campaign : SLICE_NULL;
}

/* When the state last changed, as far as it says so itself: the columns follow
 * from the text alone, whatever the order in which it became so. */
static int64_t changed_at(const struct bounce_state *state)
{
    int64_t at = state->delivered_at;

    for (size_t i = 0; i < BOUNCE_SLOTS; i++) {
        if (state->causes[i].since > at)
            at = state->causes[i].since;
        if (state->released_at[i] > at)
            at = state->released_at[i];
    }
    for (size_t i = 0; i < BOUNCE_COUNTERS; i++) {
        if (state->counters[i].last.since > at)
            at = state->counters[i].last.since;
    }
    return at;
}

static void fill_cause(struct ledger *ledger, const struct person *person,
                       const struct sheet *sheet, struct store_value *row)
{
    const struct bounce_cause *cause;
    const struct bounce_category *category = NULL;

    row[4] = store_int(
        bounce_state_standing(sheet->state, changed_at(sheet->state), &cause));
    if (cause == NULL)
        return;
    row[5] = store_int(cause - sheet->state->causes);
    row[6] = store_time(cause->since);
    row[7] = store_time(cause->until);
    row[11] = store_text(campaign_of(person, sheet, cause));
    if (cause->category[0] == '\0')
        return;
    row[8] = store_text(slice_cstr(cause->category));
    if (ledger->book->engine != NULL)
        category = bounce_category_find(ledger->book->engine,
                                        slice_cstr(cause->category));
    if (category != NULL)
        row[9] = store_int(category->cls);
}

static bool fill_row(struct ledger *ledger, const struct person *person,
                     const struct sheet *sheet, struct bounce_slice text,
                     struct store_value *row)
{
    int64_t at = changed_at(sheet->state);
    bool failed = false;

    row[0] = store_int(person->key);
    row[1] = store_text(sheet->scope);
    row[2] = store_text(person->address);
    row[3] = store_text(slice_from(person->address,
                                   slice_rfind_byte(person->address, '@') + 1));
    fill_cause(ledger, person, sheet, row);
    /* Its state's memory is for the next address. */
    row[8].text = ledger_keep(ledger, &row[8], &failed);
    row[10] = store_text(provider_of(person, sheet));
    row[12] = store_time(at != BOUNCE_NO_TIME ? at : first_at(person));
    row[13] = store_text(text);
    row[14] = store_text(sheet->base);
    row[15] = store_time(sheet->base_at);
    return !failed;
}

/* ---- Changed ones ---------------------------------------------------- */

/* A replay may change what no fresh event explains. */
static bool tell_replay(struct ledger *ledger, const struct person *person,
                        const struct sheet *sheet, enum bounce_standing was,
                        enum bounce_standing becomes)
{
    const struct bounce_cause *cause;
    struct change *change;
    const struct entry *entry = NULL;

    for (size_t i = 0; i < person->entry_count; i++) {
        if (person->entries[i]->fresh)
            entry = person->entries[i];
    }
    if (entry == NULL && person->stored_count > 0)
        entry = person->stored[person->stored_count - 1];
    if (entry == NULL)
        return true;
    change = change_add(ledger, entry);
    if (change == NULL)
        return false;
    bounce_state_standing(sheet->state, ledger->now, &cause);
    change->what = "state";
    change->of_person = true;
    change->was = bounce_standing_name(was);
    change->becomes = bounce_standing_name(becomes);
    change->outcome = bounce_outcome_name(
        becomes == BOUNCE_SUPPRESSED  ? BOUNCE_OUTCOME_SUPPRESSED
        : becomes == BOUNCE_SUSPENDED ? BOUNCE_OUTCOME_SUSPENDED
                                      : BOUNCE_OUTCOME_RESET);
    change->reason = "replayed";
    change->scope = sheet->scope;
    if (cause != NULL)
        change->cause = *cause;
    return true;
}

static bool explain(struct ledger *ledger, const struct person *person,
                    const struct sheet *sheet)
{
    struct bounce_state *before;
    enum bounce_standing was = BOUNCE_ACTIVE, becomes;
    const struct change *last = NULL;

    if (sheet->text.ptr != NULL) {
        before = ledger_take_state(ledger);
        if (before == NULL)
            return false;
        if (bounce_state_read(sheet->text.ptr, sheet->text.len, before, NULL) ==
            BOUNCE_OK)
            was = bounce_state_standing(before, ledger->now, NULL);
    }
    becomes = bounce_state_standing(sheet->state, ledger->now, NULL);
    for (size_t i = ledger->change_count;
         i > ledger->change_from && last == NULL; i--) {
        const struct change *c = ledger->change_list[i - 1];

        if (c->of_person && slice_eq(c->scope, sheet->scope))
            last = c;
    }
    if (was == becomes ||
        (last != NULL &&
         strcmp(last->becomes, bounce_standing_name(becomes)) == 0))
        return true;
    return tell_replay(ledger, person, sheet, was, becomes);
}

static bool is_initial(struct bounce_slice text)
{
    return slice_find_byte(text, '\n') == text.len - 1;
}

static enum store_err keep(struct ledger *ledger, struct person *person,
                           struct sheet *sheet, struct store_error *error)
{
    struct bounce_slice text = state_text(ledger, sheet->state);
    struct store_value *row;

    if (text.ptr == NULL)
        return ledger_nomem(error);
    if (slice_eq(text, sheet->text) && !sheet->renewed)
        return STORE_OK;
    if (person->replay && !explain(ledger, person, sheet))
        return ledger_nomem(error);
    if (sheet->scope.len > 0 && is_initial(text) && sheet->base.ptr == NULL)
        return sheet->stored ? state_drop(ledger, person, &sheet->scope, error)
                             : STORE_OK;
    text = arena_dup(&ledger->arena, text);
    row = rows_add(ledger, sheet->stored ? &ledger->state_rows.stored
                                         : &ledger->state_rows.fresh);
    if (text.ptr == NULL || row == NULL ||
        !fill_row(ledger, person, sheet, text, row))
        return ledger_nomem(error);
    return STORE_OK;
}

enum store_err person_keep(struct ledger *ledger, struct person *person,
                           struct store_error *error)
{
    enum store_err err = STORE_OK;

    for (struct sheet *s = person->sheets; s != NULL && err == STORE_OK;
         s = s->next) {
        if (s->state != NULL)
            err = keep(ledger, person, s, error);
    }
    return err;
}

bool states_begin(struct ledger *ledger)
{
    return row_pair_init(ledger, &ledger->state_rows, STATE_COLUMNS);
}

enum store_err states_put(struct ledger *ledger, struct store_error *error)
{
    return row_pair_put(ledger, &ledger->state_rows, &state_put, &state_new,
                        error);
}

enum store_err state_drop(struct ledger *ledger, const struct person *person,
                          const struct bounce_slice *scope,
                          struct store_error *error)
{
    struct store_value values[2] = {store_int(person->key)};
    enum store_err err = tally_put_wait(ledger, error);

    if (err != STORE_OK)
        return err;
    if (scope == NULL)
        return store_run(ledger->book->store,
                         "DELETE FROM state WHERE key = $1", values, 1, NULL,
                         NULL, error);
    values[1] = store_text(*scope);
    return store_run(ledger->book->store,
                     "DELETE FROM state WHERE key = $1 AND scope = $2", values,
                     2, NULL, NULL, error);
}

enum store_err state_rebase(struct ledger *ledger, const struct person *person,
                            const struct sheet *sheet,
                            struct store_error *error)
{
    struct store_value values[4] = {
        store_int(person->key), store_text(sheet->scope),
        store_text(sheet->base), store_time(sheet->base_at)};

    return store_run(ledger->book->store,
                     "UPDATE state SET base = $3, base_at = $4 "
                     "WHERE key = $1 AND scope = $2",
                     values, 4, NULL, NULL, error);
}
