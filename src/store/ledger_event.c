/* SPDX-License-Identifier: MIT
 * Entries as rows of table event. */
#include <stdlib.h>

#include "store/ledger_in.h"

#define FACTS_MAX 512

static const struct store_column event_columns[] = {
    {"seq", STORE_INT},        {"rcpt", STORE_INT},
    {"at", STORE_INT},         {"recorded_at", STORE_INT},
    {"id64", STORE_INT},       {"failure", STORE_INT},
    {"mid", STORE_INT},        {"qid", STORE_INT},
    {"kind", STORE_INT},       {"counts", STORE_INT},
    {"review", STORE_INT},     {"id", STORE_TEXT},
    {"class", STORE_INT},      {"category", STORE_TEXT},
    {"confidence", STORE_INT}, {"permanent", STORE_INT},
    {"verified", STORE_INT},   {"rule", STORE_TEXT},
    {"provider", STORE_TEXT},  {"domain", STORE_TEXT},
    {"scope", STORE_TEXT},     {"campaign", STORE_TEXT},
    {"ip", STORE_TEXT},        {"sender_domain", STORE_TEXT},
    {"facts", STORE_TEXT},     {"source", STORE_TEXT},
    {"offset", STORE_INT},     {"body", STORE_TEXT}};
#define EVENT_COLUMNS (sizeof(event_columns) / sizeof(event_columns[0]))

/* seq is new: there is no conflict. */
static const struct store_put event_put = {"event", event_columns,
                                           EVENT_COLUMNS, 0, STORE_KEEP};

static const struct store_column raw_columns[] = {
    {"seq", STORE_INT}, {"recorded_at", STORE_INT}, {"data", STORE_BLOB}};
static const struct store_put raw_put = {"raw", raw_columns, 3, 0, STORE_KEEP};

static const struct store_value null;

/* NULL where it is the number that stands for unknown. */
static struct store_value unless(int64_t unknown, int64_t value)
{
    return value != unknown ? store_int(value) : null;
}

static struct bounce_slice facts_text(struct ledger *ledger,
                                      const struct entry *e, bool *failed)
{
    char text[FACTS_MAX];
    size_t len = record_facts_write(&e->facts, text, sizeof(text));
    struct bounce_slice copy;

    if (len == 0 || len > sizeof(text))
        return SLICE_NULL;
    copy = arena_dup(&ledger->arena, slice_make(text, len));
    *failed |= copy.ptr == NULL;
    return copy;
}

static bool fill_row(struct ledger *ledger, const struct entry *e,
                     struct store_value *row)
{
    bool failed = false;

    row[0] = store_int(e->seq);
    row[1] = store_int(e->rcpt);
    row[2] = store_int(e->at);
    row[3] = store_int(e->recorded_at);
    row[4] = store_int(e->id64);
    row[5] = store_int(e->failure);
    row[6] = unless(0, e->mid);
    row[7] = unless(0, e->qid);
    row[8] = store_int(e->kind);
    row[9] = store_int(e->counts);
    row[10] = store_int(e->review);
    row[11] = store_text(e->id);
    row[12] = store_int(e->cls);
    row[13] = store_text(e->category);
    row[14] = unless(-1, e->confidence);
    row[15] = store_int(e->permanent);
    row[16] = store_int(e->verified);
    row[17] = store_text(e->rule);
    row[18] = store_text(e->provider);
    row[19] = store_text(e->domain);
    row[20] = store_text(e->scope);
    row[21] = store_text(e->campaign);
    row[22] = store_text(e->ip);
    row[23] = store_text(e->sender_domain);
    row[24] = store_text(facts_text(ledger, e, &failed));
    row[25] = store_text(e->source);
    row[26] = e->offset < 0 ? null : store_int(e->offset);
    row[27] = store_text(e->body);
    return !failed;
}

/* A report of many recipients is kept once, with the first. */
static enum store_err put_raws(struct ledger *ledger,
                               const struct entry *entries, size_t count,
                               struct store_error *error)
{
    const char *last = NULL;
    struct rows rows;

    if (ledger->book->keep_raw_days == 0 ||
        address_hidden(ledger->book->addresses))
        return STORE_OK;
    if (!rows_init(ledger, &rows, 3, 16))
        return ledger_nomem(error);
    for (size_t i = 0; i < count; i++) {
        const struct entry *e = &entries[i];
        struct store_value *row;

        if (!e->fresh || e->record->raw.len == 0 || e->record->raw.ptr == last)
            continue;
        last = e->record->raw.ptr;
        row = rows_add(ledger, &rows);
        if (row == NULL)
            return ledger_nomem(error);
        row[0] = store_int(e->seq);
        row[1] = store_int(e->recorded_at);
        row[2] = store_blob(e->record->raw);
    }
    return store_put_rows(ledger->book->store, &raw_put, rows.values,
                          rows.count, error);
}

enum store_err entries_put(struct ledger *ledger, const struct entry *entries,
                           size_t count, struct store_error *error)
{
    enum store_err err = STORE_OK;
    struct rows rows;

    if (!rows_init(ledger, &rows, EVENT_COLUMNS, 16))
        return ledger_nomem(error);
    for (size_t i = 0; i < count && err == STORE_OK; i++) {
        struct store_value *row;

        if (!entries[i].fresh)
            continue;
        err = event_days_note(ledger->days, ledger->book, entries[i].at,
                              entries[i].seq, error);
        if (err != STORE_OK)
            return err;
        row = rows_add(ledger, &rows);
        if (row == NULL || !fill_row(ledger, &entries[i], row))
            return ledger_nomem(error);
        err = rows_put(ledger, &rows, &event_put, false, error);
    }
    if (err == STORE_OK)
        err = rows_put(ledger, &rows, &event_put, true, error);
    if (err != STORE_OK)
        return err;
    return put_raws(ledger, entries, count, error);
}

/* ---- Stored ones ----------------------------------------------------- */

static const struct store_column rcpt_keys[] = {{"rcpt", STORE_INT}};
/* All but source, offset and body, which the policy does not ask for. */
static const struct store_get stored_get = {
    "event",
    "seq, rcpt, at, recorded_at, id64, failure, mid, qid, kind, counts, "
    "review, id, class, category, confidence, permanent, verified, rule, "
    "provider, domain, scope, campaign, ip, sender_domain, facts",
    rcpt_keys, 1};

struct loading {
    struct ledger *ledger;
    bool failed, damaged;
};

static void fill_numbers(struct entry *e, const struct store_value *row)
{
    e->seq = row[0].integer;
    e->rcpt = row[1].integer;
    e->at = row[2].integer;
    e->recorded_at = row[3].integer;
    e->id64 = row[4].integer;
    e->failure = row[5].integer;
    e->mid = value_int(&row[6]);
    e->qid = value_int(&row[7]);
    e->kind = (int)row[8].integer;
    e->counts = row[9].integer != 0;
    e->review = row[10].integer != 0;
    e->cls = (enum bounce_class)row[12].integer;
    e->confidence = row[14].type == STORE_INT ? (int)row[14].integer : -1;
    e->permanent = (int)row[15].integer;
    e->verified = (int)row[16].integer;
    e->offset = -1;
}

static bool take_stored(void *ctx, const struct store_value *row,
                        size_t columns)
{
    struct loading *l = ctx;
    struct ledger *ledger = l->ledger;
    struct person *person = person_find(ledger, row[1].integer);
    struct entry *e;

    (void)columns;
    if (person == NULL)
        return true;
    person->stored = ledger_grow(ledger, person->stored, person->stored_count,
                                 &person->stored_cap, sizeof(struct entry *));
    e = arena_calloc(&ledger->arena, 1, sizeof(*e));
    if (person->stored == NULL || e == NULL) {
        l->failed = true;
        return false;
    }
    person->stored[person->stored_count++] = e;
    e->person = person;
    fill_numbers(e, row);
    e->id = ledger_keep(ledger, &row[11], &l->failed);
    e->category = ledger_keep(ledger, &row[13], &l->failed);
    e->rule = ledger_keep(ledger, &row[17], &l->failed);
    e->provider = ledger_keep(ledger, &row[18], &l->failed);
    e->domain = ledger_keep(ledger, &row[19], &l->failed);
    e->scope = ledger_keep(ledger, &row[20], &l->failed);
    e->campaign = ledger_keep(ledger, &row[21], &l->failed);
    e->ip = ledger_keep(ledger, &row[22], &l->failed);
    e->sender_domain = ledger_keep(ledger, &row[23], &l->failed);
    e->address = person->address;
    l->damaged |= !record_facts_read(row[24].text, &e->facts);
    return !l->failed && !l->damaged;
}

static int by_time(const void *a, const void *b)
{
    const struct entry *x = *(const struct entry *const *)a;
    const struct entry *y = *(const struct entry *const *)b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* What person_join() found out about them. */
static int by_seq(const void *a, const void *b)
{
    const struct known *x = a, *y = b;

    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void name_failures(struct person *person)
{
    qsort(person->known, person->known_count, sizeof(*person->known), by_seq);
    for (size_t i = 0; i < person->stored_count; i++) {
        struct entry *e = person->stored[i];
        struct known key = {.seq = e->seq}, *known;

        known = bsearch(&key, person->known, person->known_count, sizeof(key),
                        by_seq);
        e->own = known != NULL ? known->becomes : e->failure;
        e->told_at = known != NULL ? known->told_at : e->at;
    }
}

enum store_err entries_load(struct ledger *ledger, struct store_error *error)
{
    struct loading l = {ledger, false, false};
    enum store_err err;
    struct rows keys;

    if (!rows_init(ledger, &keys, 1, 16))
        return ledger_nomem(error);
    for (size_t i = 0; i < ledger->person_count; i++) {
        struct store_value *key;

        if (!ledger->persons[i].replay)
            continue;
        key = rows_add(ledger, &keys);
        if (key == NULL)
            return ledger_nomem(error);
        *key = store_int(ledger->persons[i].key);
    }
    err = store_get_rows(ledger->book->store, &stored_get, keys.values,
                         keys.count, take_stored, &l, error);
    if (l.failed)
        return ledger_nomem(error);
    if (l.damaged)
        return store_fail(error, STORE_E_DAMAGED,
                          "the facts of an event cannot be read");
    for (size_t i = 0; i < ledger->person_count && err == STORE_OK; i++) {
        struct person *person = &ledger->persons[i];

        if (!person->replay || person->stored_count == 0)
            continue;
        qsort(person->stored, person->stored_count, sizeof(struct entry *),
              by_time);
        name_failures(person);
    }
    return err;
}

enum store_err entry_update(struct ledger *ledger, const struct entry *e,
                            struct store_error *error)
{
    struct store_value values[13];
    enum store_err err = tally_put_wait(ledger, error);

    if (err != STORE_OK)
        return err;
    values[0] = store_int(e->seq);
    values[1] = store_int(e->failure);
    values[2] = store_int(e->counts);
    values[3] = store_int(e->verified);
    values[4] = store_text(e->scope);
    values[5] = store_text(e->campaign);
    values[6] = store_text(e->ip);
    values[7] = store_text(e->sender_domain);
    values[8] = store_int(e->cls);
    values[9] = store_text(e->category);
    values[10] = unless(-1, e->confidence);
    values[11] = store_text(e->rule);
    values[12] = store_text(e->provider);
    return store_run(
        ledger->book->store,
        "UPDATE event SET failure = $2, counts = $3, verified = $4, "
        "scope = $5, campaign = $6, ip = $7, sender_domain = $8, class = $9, "
        "category = $10, confidence = $11, rule = $12, provider = $13 "
        "WHERE seq = $1",
        values, 13, NULL, NULL, error);
}
