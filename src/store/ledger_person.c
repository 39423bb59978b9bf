/* SPDX-License-Identifier: MIT
 * Who the entries of a batch are about, and what is stored of them. */
#include <stdlib.h>

#include "store/ledger_in.h"

#define MAX_REKEYS 16

/* ---- By key ---------------------------------------------------------- */

static void place(struct ledger *ledger, size_t index)
{
    size_t slot = (size_t)ledger->persons[index].key & ledger->slot_mask;

    while (ledger->slots[slot] != 0)
        slot = (slot + 1) & ledger->slot_mask;
    ledger->slots[slot] = (uint32_t)index + 1;
}

static void place_all(struct ledger *ledger)
{
    memset(ledger->slots, 0, (ledger->slot_mask + 1) * sizeof(*ledger->slots));
    for (size_t i = 0; i < ledger->person_count; i++)
        place(ledger, i);
}

struct person *person_find(const struct ledger *ledger, int64_t key)
{
    size_t slot = (size_t)key & ledger->slot_mask;

    for (; ledger->slots[slot] != 0; slot = (slot + 1) & ledger->slot_mask) {
        struct person *person = &ledger->persons[ledger->slots[slot] - 1];

        if (person->key == key)
            return person;
    }
    return NULL;
}

bool persons_begin(struct ledger *ledger, size_t count)
{
    size_t slots = 16;

    while (slots < count * 2)
        slots *= 2;
    ledger->persons =
        arena_calloc(&ledger->arena, count + 1, sizeof(struct person));
    ledger->slots = arena_calloc(&ledger->arena, slots, sizeof(*ledger->slots));
    ledger->slot_mask = slots - 1;
    ledger->person_count = 0;
    return ledger->persons != NULL && ledger->slots != NULL;
}

struct person *persons_add(struct ledger *ledger, int64_t key)
{
    struct person *person = &ledger->persons[ledger->person_count++];

    person->key = key;
    place(ledger, ledger->person_count - 1);
    return person;
}

/* ---- Grouping -------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
    const struct entry *x = *(const struct entry *const *)a;
    const struct entry *y = *(const struct entry *const *)b;
    int order;

    if (x->rcpt != y->rcpt)
        return x->rcpt < y->rcpt ? -1 : 1;
    order = slice_compare(x->folded, y->folded);
    if (order != 0)
        return order;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

enum store_err persons_make(struct ledger *ledger, struct entry *entries,
                            size_t count, struct store_error *error)
{
    struct entry **list =
        arena_alloc(&ledger->arena, (count + 1) * sizeof(struct entry *));
    struct person *person = NULL;

    if (list == NULL || !persons_begin(ledger, count))
        return ledger_nomem(error);
    for (size_t i = 0; i < count; i++)
        list[i] = &entries[i];
    if (count > 1)
        qsort(list, count, sizeof(struct entry *), by_address);
    for (size_t i = 0; i < count; i++) {
        if (person == NULL || person->key != list[i]->rcpt ||
            !slice_eq(person->folded, list[i]->folded)) {
            person = persons_add(ledger, list[i]->rcpt);
            person->address = list[i]->address;
            person->folded = list[i]->folded;
            person->domain = list[i]->domain;
            person->entries = &list[i];
            person->nobody = list[i]->address.ptr == NULL;
        }
        person->entry_count++;
        list[i]->person = person;
    }
    return STORE_OK;
}

/* ---- States ---------------------------------------------------------- */

struct sheet *person_sheet(struct ledger *ledger, struct person *person,
                           struct bounce_slice scope)
{
    struct sheet **at = &person->sheets, *sheet;

    for (; *at != NULL; at = &(*at)->next) {
        if (slice_eq((*at)->scope, scope))
            return *at;
    }
    sheet = arena_calloc(&ledger->arena, 1, sizeof(*sheet));
    if (sheet == NULL)
        return NULL;
    sheet->scope = scope;
    sheet->since = sheet->base_at = BOUNCE_NO_TIME;
    *at = sheet;
    return sheet;
}

static const struct store_column state_keys[] = {{"key", STORE_INT}};
static const struct store_get state_get = {
    "state",
    "key, scope, address, text, base, base_at, provider, campaign, category, "
    "since",
    state_keys, 1};

struct loading {
    struct ledger *ledger;
    bool failed;
};

static bool is_mine(struct ledger *ledger, struct person *person,
                    struct bounce_slice address)
{
    struct address own;

    if (person->address.ptr == NULL || slice_eq(address, person->address))
        return true;
    memcpy(own.text, person->address.ptr, person->address.len);
    own.len = person->address.len;
    memcpy(own.folded, person->folded.ptr, person->folded.len);
    own.folded_len = person->folded.len;
    return book_same_address(ledger->book, address, &own);
}

/* The person that the row is about; others with its key must take another. */
static struct person *whose(struct ledger *ledger, int64_t key,
                            struct bounce_slice address)
{
    size_t slot = (size_t)key & ledger->slot_mask;
    struct person *found = NULL;

    for (; ledger->slots[slot] != 0; slot = (slot + 1) & ledger->slot_mask) {
        struct person *person = &ledger->persons[ledger->slots[slot] - 1];

        if (person->key != key || person->nobody)
            continue;
        if (is_mine(ledger, person, address))
            found = person;
        else
            person->foreign = true;
    }
    return found;
}

static bool fill_sheet(struct ledger *ledger, struct sheet *sheet,
                       const struct store_value *row)
{
    bool failed = false;

    sheet->stored = true;
    sheet->text = ledger_keep(ledger, &row[3], &failed);
    sheet->base = ledger_keep(ledger, &row[4], &failed);
    sheet->base_at = value_time(&row[5]);
    sheet->provider = ledger_keep(ledger, &row[6], &failed);
    sheet->campaign = ledger_keep(ledger, &row[7], &failed);
    sheet->category = ledger_keep(ledger, &row[8], &failed);
    sheet->since = value_time(&row[9]);
    return !failed;
}

static bool take_state(void *ctx, const struct store_value *row, size_t columns)
{
    struct loading *l = ctx;
    struct person *person = whose(l->ledger, row[0].integer, row[2].text);
    struct sheet *sheet;

    (void)columns;
    if (person == NULL)
        return true;
    if (!slice_eq(person->address, row[2].text) || !person->settled)
        person->address = ledger_keep(l->ledger, &row[2], &l->failed);
    person->settled = true;
    sheet = person_sheet(l->ledger, person,
                         ledger_keep(l->ledger, &row[1], &l->failed));
    if (sheet == NULL || !fill_sheet(l->ledger, sheet, row))
        l->failed = true;
    return !l->failed;
}

static enum store_err get_states(struct ledger *ledger,
                                 const struct store_value *keys, size_t count,
                                 struct store_error *error)
{
    struct loading l = {ledger, false};
    enum store_err err = store_get_rows(ledger->book->store, &state_get, keys,
                                        count, take_state, &l, error);

    return l.failed ? ledger_nomem(error) : err;
}

static bool shares_key(const struct ledger *ledger, const struct person *person)
{
    for (size_t i = 0; i < ledger->person_count; i++) {
        if (&ledger->persons[i] != person &&
            ledger->persons[i].key == person->key)
            return true;
    }
    return false;
}

/* The next key that neither the store nor the batch gives to another. */
static enum store_err rekey(struct ledger *ledger, struct person *person,
                            struct store_error *error)
{
    struct address address;
    enum store_err err = STORE_OK;

    if (address_read(ledger->book->addresses, person->address, &address) !=
        ADDRESS_FINE)
        return store_fail(error, STORE_E_VALUE, "an address cannot be read");
    for (unsigned attempt = 1; attempt <= MAX_REKEYS; attempt++) {
        struct store_value key;

        address_rekey(ledger->book->addresses, &address, attempt);
        key = store_int(address.key);
        person->key = address.key;
        person->foreign = false;
        place_all(ledger);
        err = get_states(ledger, &key, 1, error);
        if (err != STORE_OK)
            return err;
        if (!person->foreign && !shares_key(ledger, person))
            break;
    }
    if (person->foreign)
        return store_fail(error, STORE_E_DAMAGED,
                          "too many addresses share one key");
    for (size_t i = 0; i < person->entry_count; i++)
        person->entries[i]->rcpt = person->key;
    return STORE_OK;
}

static struct store_value *person_keys(struct ledger *ledger, bool all,
                                       size_t *count_out)
{
    struct store_value *keys =
        arena_alloc(&ledger->arena, (ledger->person_count + 1) * sizeof(*keys));

    *count_out = 0;
    for (size_t i = 0; keys != NULL && i < ledger->person_count; i++) {
        if (all || !ledger->persons[i].nobody)
            keys[(*count_out)++] = store_int(ledger->persons[i].key);
    }
    return keys;
}

enum store_err persons_load_states(struct ledger *ledger,
                                   struct store_error *error)
{
    size_t count;
    struct store_value *keys = person_keys(ledger, false, &count);
    enum store_err err;

    if (keys == NULL)
        return ledger_nomem(error);
    err = get_states(ledger, keys, count, error);
    for (size_t i = 0; i < ledger->person_count && err == STORE_OK; i++) {
        struct person *person = &ledger->persons[i];
        /* They are in the order of their keys. */
        bool twin = i > 0 && ledger->persons[i - 1].key == person->key;

        if (!person->nobody && !person->settled && (person->foreign || twin))
            err = rekey(ledger, person, error);
        person->settled = true;
    }
    return err;
}

/* ---- Known events ---------------------------------------------------- */

static const struct store_column rcpt_keys[] = {{"rcpt", STORE_INT}};
static const struct store_get known_get = {
    "event", "rcpt, at, seq, id64, failure, mid, qid, kind", rcpt_keys, 1};

static bool take_known(void *ctx, const struct store_value *row, size_t columns)
{
    struct loading *l = ctx;
    struct person *person = person_find(l->ledger, row[0].integer);
    struct known *known;

    (void)columns;
    if (person == NULL)
        return true;
    known = ledger_grow(l->ledger, person->known, person->known_count,
                        &person->known_cap, sizeof(*known));
    if (known == NULL) {
        l->failed = true;
        return false;
    }
    person->known = known;
    known[person->known_count++] = (struct known){.at = row[1].integer,
                                                  .seq = row[2].integer,
                                                  .id64 = row[3].integer,
                                                  .failure = row[4].integer,
                                                  .mid = value_int(&row[5]),
                                                  .qid = value_int(&row[6]),
                                                  .kind = (int)row[7].integer,
                                                  .becomes = row[4].integer};
    return true;
}

enum store_err persons_load_known(struct ledger *ledger,
                                  struct store_error *error)
{
    struct loading l = {ledger, false};
    size_t count;
    struct store_value *keys = person_keys(ledger, true, &count);
    enum store_err err;

    if (keys == NULL)
        return ledger_nomem(error);
    err = store_get_rows(ledger->book->store, &known_get, keys, count,
                         take_known, &l, error);
    return l.failed ? ledger_nomem(error) : err;
}

enum store_err persons_load(struct ledger *ledger, struct store_error *error)
{
    enum store_err err = persons_load_states(ledger, error);

    return err == STORE_OK ? persons_load_known(ledger, error) : err;
}

enum store_err persons_load_judged(struct ledger *ledger,
                                   struct store_error *error)
{
    enum store_err err = persons_load(ledger, error);

    for (size_t i = 0; i < ledger->person_count && err == STORE_OK; i++) {
        struct person *person = &ledger->persons[i];

        /* Without a state row it is an event without an address. */
        person->nobody = person->sheets == NULL;
        if (!person_join(ledger, person))
            return ledger_nomem(error);
        person->replay = true;
    }
    return err == STORE_OK ? entries_load(ledger, error) : err;
}

/* ---- Once ------------------------------------------------------------ */

/* An event by its id; known ones come before those of the batch. */
struct told {
    int64_t id64;
    struct entry *entry; /* NULL: known */
};

static int by_id(const void *a, const void *b)
{
    const struct told *x = a, *y = b;
    size_t before = x->entry != NULL ? x->entry->index + 1 : 0;
    size_t after = y->entry != NULL ? y->entry->index + 1 : 0;

    if (x->id64 != y->id64)
        return x->id64 < y->id64 ? -1 : 1;
    return before < after ? -1 : before > after;
}

/* Of those with one id the first alone is fresh, unless it is known. */
static bool find_fresh(struct ledger *ledger, struct person *person)
{
    size_t count = person->known_count + person->entry_count, at = 0;
    struct told *list;

    if (count == 1)
        return true;
    list = arena_alloc(&ledger->arena, count * sizeof(*list));
    if (list == NULL)
        return false;
    for (size_t i = 0; i < person->known_count; i++)
        list[at++] = (struct told){person->known[i].id64, NULL};
    for (size_t i = 0; i < person->entry_count; i++)
        list[at++] =
            (struct told){person->entries[i]->id64, person->entries[i]};
    qsort(list, count, sizeof(*list), by_id);
    for (size_t i = 1; i < count; i++) {
        if (list[i].entry != NULL && list[i].id64 == list[i - 1].id64)
            list[i].entry->fresh = false;
    }
    return true;
}

static bool was_folded(const struct person *person)
{
    for (const struct sheet *s = person->sheets; s != NULL; s = s->next) {
        if (s->base_at != BOUNCE_NO_TIME)
            return true;
    }
    return false;
}

static const struct store_column folded_keys[] = {{"rcpt", STORE_INT},
                                                  {"id64", STORE_INT}};
static const struct store_get folded_get = {"folded", "rcpt, id64", folded_keys,
                                            2};

static bool take_folded(void *ctx, const struct store_value *row,
                        size_t columns)
{
    struct ledger *ledger = ctx;
    struct person *person = person_find(ledger, row[0].integer);

    (void)columns;
    for (size_t i = 0; person != NULL && i < person->entry_count; i++) {
        if (person->entries[i]->id64 == row[1].integer)
            person->entries[i]->fresh = false;
    }
    return true;
}

enum store_err persons_dedupe(struct ledger *ledger, struct store_error *error)
{
    struct rows keys;

    if (!rows_init(ledger, &keys, 2, 16))
        return ledger_nomem(error);
    for (size_t i = 0; i < ledger->person_count; i++) {
        struct person *person = &ledger->persons[i];
        bool folded = was_folded(person);

        if (!find_fresh(ledger, person))
            return ledger_nomem(error);
        for (size_t j = 0; j < person->entry_count; j++) {
            struct entry *entry = person->entries[j];
            struct store_value *key;

            if (!entry->fresh || !folded)
                continue;
            key = rows_add(ledger, &keys);
            if (key == NULL)
                return ledger_nomem(error);
            key[0] = store_int(person->key);
            key[1] = store_int(entry->id64);
        }
    }
    return store_get_rows(ledger->book->store, &folded_get, keys.values,
                          keys.count, take_folded, ledger, error);
}
