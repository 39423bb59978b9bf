/* SPDX-License-Identifier: MIT
 * Holds in memory, by the parts of their keys, and their rows in table hold.
 * Only those that matter to a batch are here: the ones it asks for, and all
 * that are in force or were so lately. They are read again when another writer
 * changed the table (meta's row "hold_log" counts those changes, "holds" those
 * of holds themselves). */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "store/hold_row.h"
#include "store/ledger_hold_in.h"

#define MOST_KEPT 20000

void hold_table_clear(struct hold_table *table)
{
    for (size_t i = 0; i < table->slot_count; i++) {
        while (table->slots[i] != NULL) {
            struct held *held = table->slots[i];

            table->slots[i] = held->next;
            free(held);
        }
    }
    free(table->slots);
    memset(table, 0, sizeof(*table));
    table->version = -1;
}

/* ---- By key ---------------------------------------------------------- */

static const struct {
    size_t at;
    size_t size;
} parts[HOLD_PARTS] = {
#define PART(name)                                                             \
    {                                                                          \
        offsetof(struct bounce_hold_key, name),                                \
            sizeof(((struct bounce_hold_key *)0)->name)                        \
    }
    PART(provider), PART(domain), PART(ip), PART(sender_domain), PART(campaign),
#undef PART
};

const char *hold_part(const struct bounce_hold_key *key, unsigned i)
{
    return (const char *)key + parts[i].at;
}

void hold_key_values(const struct bounce_hold_key *key,
                     struct store_value *values)
{
    for (unsigned i = 0; i < HOLD_PARTS; i++)
        values[i] = store_text(slice_cstr(hold_part(key, i)));
}

static uint32_t hash_key(const struct bounce_hold_key *key)
{
    uint32_t hash = 0;

    for (unsigned i = 0; i < HOLD_PARTS; i++)
        hash = (hash ^ hash_bytes(slice_cstr(hold_part(key, i)))) * 0x9E3779B1U;
    return hash ^ hash >> 15;
}

static bool same_key(const struct bounce_hold_key *a,
                     const struct bounce_hold_key *b)
{
    for (unsigned i = 0; i < HOLD_PARTS; i++) {
        if (strcmp(hold_part(a, i), hold_part(b, i)) != 0)
            return false;
    }
    return true;
}

static unsigned mask_of(const struct bounce_hold_key *key)
{
    unsigned mask = 0;

    for (unsigned i = 0; i < HOLD_PARTS; i++)
        mask |= hold_part(key, i)[0] != '\0' ? 1U << i : 0;
    return mask;
}

static struct held *find(const struct hold_table *table,
                         const struct bounce_hold_key *key)
{
    struct held *held = NULL;

    if (table->slot_count > 0)
        held = table->slots[hash_key(key) & (table->slot_count - 1)];
    while (held != NULL && !same_key(&held->hold.key, key))
        held = held->next;
    return held;
}

static bool grow(struct hold_table *table)
{
    size_t count = table->slot_count > 0 ? table->slot_count * 2 : 256;
    struct held **slots = calloc(count, sizeof(struct held *));

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < table->slot_count; i++) {
        while (table->slots[i] != NULL) {
            struct held *held = table->slots[i];
            size_t slot = hash_key(&held->hold.key) & (count - 1);

            table->slots[i] = held->next;
            held->next = slots[slot];
            slots[slot] = held;
        }
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = count;
    return true;
}

/* The hold of this key, made when it is not there. */
static struct held *hold_of(struct hold_table *table,
                            const struct bounce_hold_key *key)
{
    struct held *held = find(table, key);
    size_t slot;

    if (held != NULL)
        return held;
    if (table->count >= table->slot_count && !grow(table))
        return NULL;
    held = calloc(1, sizeof(*held));
    if (held == NULL)
        return NULL;
    slot = hash_key(key) & (table->slot_count - 1);
    held->hold.key = *key;
    held->hold.cause.since = held->hold.cause.until = BOUNCE_NO_TIME;
    held->hold.delivered_at = held->hold.ended_at = BOUNCE_NO_TIME;
    held->newest_at = BOUNCE_NO_TIME;
    held->next = table->slots[slot];
    table->slots[slot] = held;
    table->masks[mask_of(key)]++;
    table->count++;
    return held;
}

static void part_set(struct bounce_hold_key *key, unsigned i,
                     struct bounce_slice value)
{
    char *out = (char *)key + parts[i].at;
    size_t len = value.len < parts[i].size ? value.len : 0;

    memset(out, 0, parts[i].size);
    for (size_t k = 0; k < len; k++)
        out[k] = (char)ascii_lower((unsigned char)value.ptr[k]);
}

bool hold_table_each(struct ledger *ledger, const struct hold_table *table,
                     const struct wish *w,
                     bool (*what)(struct ledger *ledger, const struct wish *w,
                                  struct held *held))
{
    const struct entry *e = w->entry;
    const struct bounce_slice values[HOLD_PARTS] = {
        e->provider, e->domain, e->ip, e->sender_domain, e->campaign};
    struct bounce_hold_key route, key;
    unsigned known;

    for (unsigned i = 0; i < HOLD_PARTS; i++)
        part_set(&route, i, values[i]);
    known = mask_of(&route);
    for (unsigned mask = 1; mask < 1U << HOLD_PARTS; mask++) {
        struct held *held;

        if (table->masks[mask] == 0 || (mask & ~known) != 0)
            continue;
        key = route;
        for (unsigned i = 0; i < HOLD_PARTS; i++) {
            if ((mask & 1U << i) == 0)
                part_set(&key, i, SLICE_NULL);
        }
        held = find(table, &key);
        if (held != NULL && !what(ledger, w, held))
            return false;
    }
    return true;
}

/* ---- Rows ------------------------------------------------------------ */

#define COLUMNS    (HOLD_COLUMN_COUNT + 1)
#define HOLD_NAMES HOLD_COLUMNS ", newest_at"
static const struct store_put hold_put = {"hold", hold_row_columns, COLUMNS,
                                          HOLD_PARTS, STORE_REPLACE};
static const struct store_put hold_new = {"hold", hold_row_columns, COLUMNS,
                                          HOLD_PARTS, STORE_NEW};
static const struct store_get hold_get = {"hold", HOLD_NAMES, hold_row_columns,
                                          HOLD_PARTS};

static bool take_hold(void *ctx, const struct store_value *row, size_t columns)
{
    struct bounce_hold hold = {.step = 0};
    struct held *held;

    (void)columns;
    hold_row_read(row, &hold);
    held = hold_of(ctx, &hold.key);
    if (held == NULL)
        return false;
    held->hold = hold;
    held->stored = true;
    held->newest_at = value_time(&row[HOLD_COLUMN_COUNT]);
    return true;
}

enum store_err hold_table_read_active(struct ledger *ledger,
                                      struct hold_table *table, int64_t oldest,
                                      struct store_error *error)
{
    struct store_value values[2];
    enum store_err err;

    if (table->cutoff != 0 && oldest >= table->cutoff)
        return STORE_OK;
    values[0] = store_int(oldest - HOLD_LATELY_S);
    values[1] = store_int(oldest);
    err = store_run(ledger->book->store,
                    "SELECT " HOLD_NAMES " FROM hold WHERE (open = 1 AND "
                    "(until IS NULL OR until >= $1)) OR newest_at >= $2 OR "
                    "delivered_at >= $2",
                    values, 2, take_hold, table, error);
    if (err == STORE_E_STOPPED)
        return ledger_nomem(error);
    if (err == STORE_OK)
        table->cutoff = oldest;
    return err;
}

enum store_err hold_table_read_wanted(struct ledger *ledger,
                                      struct hold_table *table,
                                      struct wish *wishes, size_t count,
                                      struct store_error *error)
{
    enum store_err err;
    struct rows keys;

    if (!rows_init(ledger, &keys, HOLD_PARTS, count))
        return ledger_nomem(error);
    for (size_t i = 0; i < count; i++) {
        const struct bounce_hold_request *request = wishes[i].request;
        struct store_value *key;
        struct held *held;

        if (request == NULL)
            continue;
        held = find(table, &request->key);
        if (held != NULL) {
            wishes[i].held = held;
            continue;
        }
        key = rows_add(ledger, &keys);
        held = hold_of(table, &request->key);
        if (key == NULL || held == NULL)
            return ledger_nomem(error);
        wishes[i].held = held;
        hold_key_values(&request->key, key);
    }
    err = store_get_rows(ledger->book->store, &hold_get, keys.values,
                         keys.count, take_hold, table, error);
    return err == STORE_E_STOPPED ? ledger_nomem(error) : err;
}

static enum store_err read_version(struct ledger *ledger, const char *name,
                                   int64_t *version_out,
                                   struct store_error *error)
{
    char text[32];
    bool found;
    enum store_err err =
        book_meta(ledger->book, name, text, sizeof(text), &found, error);

    *version_out = err == STORE_OK && found ? strtoll(text, NULL, 10) : 0;
    return err;
}

enum store_err hold_table_agree(struct ledger *ledger, struct hold_table *table,
                                struct store_error *error)
{
    int64_t version, log_version;
    enum store_err err = read_version(ledger, "holds", &version, error);

    if (err == STORE_OK)
        err = read_version(ledger, "hold_log", &log_version, error);
    if (err != STORE_OK)
        return err;
    if (version != table->version || log_version != table->log_version ||
        table->count > MOST_KEPT)
        hold_table_clear(table);
    table->version = version;
    table->log_version = log_version;
    return STORE_OK;
}

static enum store_err bump(struct ledger *ledger, const char *name,
                           int64_t *version, struct store_error *error)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, ++*version);
    return book_meta_set(ledger->book, name, text, error);
}

enum store_err hold_table_put(struct ledger *ledger, struct hold_table *table,
                              struct store_error *error)
{
    bool changed = false;
    struct row_pair rows;
    enum store_err err;

    if (!row_pair_init(ledger, &rows, COLUMNS))
        return ledger_nomem(error);
    for (size_t i = 0; i < table->slot_count; i++) {
        for (struct held *h = table->slots[i]; h != NULL; h = h->next) {
            struct store_value *row;

            if (!h->dirty && !h->changed)
                continue;
            changed |= h->changed;
            h->dirty = h->changed = false;
            row = rows_add(ledger, h->stored ? &rows.stored : &rows.fresh);
            if (row == NULL)
                return ledger_nomem(error);
            h->stored = true;
            hold_row_fill(&h->hold, row);
            row[HOLD_COLUMN_COUNT] = store_time(h->newest_at);
        }
    }
    if (rows.stored.count + rows.fresh.count == 0)
        return STORE_OK;
    err = row_pair_put(ledger, &rows, &hold_put, &hold_new, error);
    if (err == STORE_OK)
        err = bump(ledger, "hold_log", &table->log_version, error);
    return err == STORE_OK && changed
               ? bump(ledger, "holds", &table->version, error)
               : err;
}

enum store_err hold_table_note_newest(struct ledger *ledger,
                                      const struct bounce_hold_key *key,
                                      int64_t at, struct store_error *error)
{
    struct store_value values[HOLD_PARTS + 1];

    hold_key_values(key, values);
    values[HOLD_PARTS] = store_int(at);
    return store_run(ledger->book->store,
                     "UPDATE hold SET newest_at = $6 WHERE provider = $1 AND "
                     "domain = $2 AND ip = $3 AND sender_domain = $4 AND "
                     "campaign = $5 AND (newest_at IS NULL OR newest_at < $6)",
                     values, HOLD_PARTS + 1, NULL, NULL, error);
}
