/* SPDX-License-Identifier: MIT
 * Table tally: the counts of a day, added up for the whole batch before they
 * are written; and the same summed up by month and over all time.
 *
 * What a large batch counts is written in a thread of its own while the policy
 * judges, which leaves the store alone. */
#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"
#include "store/ledger_in.h"
#include "store/month.h"
#include "store/tally.h"

static const char *const dims[] = {
    "all", "provider", "domain", "campaign", "scope", "ip", "sender_domain"};
#define DIMS (sizeof(dims) / sizeof(dims[0]))

struct count {
    unsigned dim;
    int64_t day, n;
    struct bounce_slice value, detail;
    const char *what;
    uint32_t hash;
};

/* What was counted, on its way into the tables. */
struct output {
    struct arena arena; /* its rows */
    struct store *store;
    struct count *counts;
    size_t count;
    pthread_t thread;
    bool running;
    enum store_err err;
    struct store_error error;
};

struct tally {
    struct count *counts; /* in the batch's arena */
    size_t count, cap;
    uint32_t *slots; /* a count's index + 1 */
    size_t slot_mask;
    struct output output;
};

struct tally *tally_new(void)
{
    struct tally *tally = calloc(1, sizeof(*tally));

    if (tally != NULL)
        arena_init(&tally->output.arena, allocator_default(), LEDGER_ARENA_MAX);
    return tally;
}

void tally_free(struct tally *tally)
{
    if (tally == NULL)
        return;
    arena_clear(&tally->output.arena);
    free(tally);
}

void tally_begin(struct tally *tally)
{
    tally->counts = NULL;
    tally->count = tally->cap = 0;
    tally->slots = NULL;
    tally->slot_mask = 0;
}

static bool same(const struct count *a, const struct count *b)
{
    return a->hash == b->hash && a->dim == b->dim && a->day == b->day &&
           strcmp(a->what, b->what) == 0 && slice_eq(a->value, b->value) &&
           slice_eq(a->detail, b->detail);
}

static size_t slot_of(const struct tally *t, const struct count *count)
{
    size_t slot = count->hash & t->slot_mask;

    while (t->slots[slot] != 0 && !same(&t->counts[t->slots[slot] - 1], count))
        slot = (slot + 1) & t->slot_mask;
    return slot;
}

/* At most half of the slots are taken. */
static bool make_room(struct ledger *ledger, struct tally *t)
{
    size_t slots = t->slots != NULL ? (t->slot_mask + 1) * 2 : 4096;

    t->counts =
        ledger_grow(ledger, t->counts, t->count, &t->cap, sizeof(*t->counts));
    if (t->counts == NULL)
        return false;
    if (t->slots != NULL && t->count * 2 < t->slot_mask)
        return true;
    t->slots = arena_calloc(&ledger->arena, slots, sizeof(*t->slots));
    if (t->slots == NULL)
        return false;
    t->slot_mask = slots - 1;
    for (size_t i = 0; i < t->count; i++)
        t->slots[slot_of(t, &t->counts[i])] = (uint32_t)i + 1;
    return true;
}

static uint32_t mix(uint32_t hash, uint32_t more)
{
    return (hash ^ more) * 0x9E3779B1U;
}

static bool add(struct ledger *ledger, struct count *count, int64_t n)
{
    struct tally *t = ledger->tally;
    size_t slot;

    count->hash = mix(mix(mix(mix(hash_bytes(count->value), count->dim),
                              (uint32_t)count->day),
                          hash_bytes(count->detail)),
                      (uint32_t)(unsigned char)count->what[0]);
    count->hash ^= count->hash >> 15;
    if (!make_room(ledger, t))
        return false;
    slot = slot_of(t, count);
    if (t->slots[slot] == 0) {
        count->n = 0;
        t->counts[t->count++] = *count;
        t->slots[slot] = (uint32_t)t->count;
    }
    t->counts[t->slots[slot] - 1].n += n;
    return true;
}

bool tally_add(struct ledger *ledger, const struct tally_what *what, int64_t n)
{
    const struct bounce_slice values[DIMS] = {
        SLICE(""),   what->provider, what->domain,       what->campaign,
        what->scope, what->ip,       what->sender_domain};

    for (unsigned i = 0; i < DIMS; i++) {
        struct count count = {.dim = i,
                              .day = what->at / DAY_S,
                              .value = values[i],
                              .what = what->what,
                              .detail = what->detail.ptr != NULL ? what->detail
                                                                 : SLICE("")};

        if (values[i].ptr != NULL && !add(ledger, &count, n))
            return false;
    }
    return true;
}

bool tally_entry(struct ledger *ledger, const struct entry *entry, int64_t n)
{
    struct tally_what what = {
        .at = entry->at,
        .detail = entry->category,
        .provider = entry->provider,
        .domain = entry->domain,
        .campaign = entry->campaign,
        .scope = entry->scope,
        .ip = entry->ip,
        .sender_domain = entry->sender_domain,
    };

    if (entry->kind >= RECORD_SUPPRESS || entry->kind == BOUNCE_KIND_NONE)
        return true;
    what.what = bounce_kind_name((enum bounce_kind)entry->kind);
    return tally_add(ledger, &what, n);
}

/* ---- Writing ---------------------------------------------------------- */

static const struct store_column day_columns[TALLY_COLUMNS] = {
    {"dim", STORE_TEXT},  {"day", STORE_INT},     {"value", STORE_TEXT},
    {"what", STORE_TEXT}, {"detail", STORE_TEXT}, {"n", STORE_INT}};
const struct store_put tally_days = {"tally", day_columns, TALLY_COLUMNS, 5,
                                     STORE_ADD};
static const struct store_column month_columns[TALLY_COLUMNS] = {
    {"dim", STORE_TEXT},  {"month", STORE_INT},   {"value", STORE_TEXT},
    {"what", STORE_TEXT}, {"detail", STORE_TEXT}, {"n", STORE_INT}};
const struct store_put tally_months = {"tally_month", month_columns,
                                       TALLY_COLUMNS, 5, STORE_ADD};
static const struct store_column total_columns[TALLY_TOTAL_COLUMNS] = {
    {"dim", STORE_TEXT},
    {"value", STORE_TEXT},
    {"bounced", STORE_INT},
    {"complaints", STORE_INT},
    {"sent", STORE_INT}};
const struct store_put tally_totals = {"tally_total", total_columns,
                                       TALLY_TOTAL_COLUMNS, 2, STORE_ADD};

static int by_value(const struct count *x, const struct count *y)
{
    int order = strcmp(dims[x->dim], dims[y->dim]);

    return order != 0 ? order : slice_compare(x->value, y->value);
}

static int by_key(const void *a, const void *b)
{
    const struct count *x = a, *y = b;
    int order = strcmp(dims[x->dim], dims[y->dim]);

    if (order == 0)
        order = x->day < y->day ? -1 : x->day > y->day;
    if (order == 0)
        order = slice_compare(x->value, y->value);
    if (order == 0)
        order = strcmp(x->what, y->what);
    return order != 0 ? order : slice_compare(x->detail, y->detail);
}

static int by_total(const void *a, const void *b)
{
    return by_value(a, b);
}

/* Counts of one key become one. */
static size_t merge(struct count *counts, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && by_key(&counts[kept - 1], &counts[i]) == 0)
            counts[kept - 1].n += counts[i].n;
        else
            counts[kept++] = counts[i];
    }
    return kept;
}

/* Rows of so many columns, one for each count at most. */
static struct store_value *make_rows(struct output *out, size_t columns)
{
    struct store_value *rows =
        arena_calloc(&out->arena, out->count * columns, sizeof(*rows));

    if (rows == NULL)
        out->err = ledger_nomem(&out->error);
    return rows;
}

static void put_counts(struct output *out, const struct store_put *put)
{
    struct store_value *rows = make_rows(out, TALLY_COLUMNS), *row = rows;

    if (rows == NULL)
        return;
    qsort(out->counts, out->count, sizeof(*out->counts), by_key);
    out->count = merge(out->counts, out->count);
    for (size_t i = 0; i < out->count; i++) {
        const struct count *c = &out->counts[i];

        if (c->n == 0)
            continue;
        row[0] = store_text(slice_cstr(dims[c->dim]));
        row[1] = store_int(c->day);
        row[2] = store_text(c->value);
        row[3] = store_text(slice_cstr(c->what));
        row[4] = store_text(c->detail);
        row[5] = store_int(c->n);
        row += TALLY_COLUMNS;
    }
    out->err =
        store_put_rows(out->store, put, rows,
                       (size_t)(row - rows) / TALLY_COLUMNS, &out->error);
}

/* The column of a total that a count belongs to; 0: none. */
static unsigned total_column(const struct count *c)
{
    if (strcmp(c->what, "bounce") == 0)
        return 2;
    if (strcmp(c->what, "feedback") == 0 &&
        slice_eq(c->detail, SLICE("complaint")))
        return 3;
    return strcmp(c->what, "sent") == 0 ? 4 : 0;
}

/* A value of which nothing in a total's columns is counted has its row too. */
static void put_totals(struct output *out)
{
    struct store_value *rows = make_rows(out, TALLY_TOTAL_COLUMNS), *row = NULL;
    const struct count *last = NULL;
    size_t count = 0;

    if (rows == NULL)
        return;
    qsort(out->counts, out->count, sizeof(*out->counts), by_total);
    for (size_t i = 0; i < out->count; i++) {
        const struct count *c = &out->counts[i];
        unsigned column = total_column(c);

        if (c->dim == 0 || c->n == 0)
            continue;
        if (last == NULL || by_value(last, c) != 0) {
            row = &rows[count++ * TALLY_TOTAL_COLUMNS];
            row[0] = store_text(slice_cstr(dims[c->dim]));
            row[1] = store_text(c->value);
            row[2] = row[3] = row[4] = store_int(0);
            last = c;
        }
        if (column > 0)
            row[column].integer += c->n;
    }
    out->err =
        store_put_rows(out->store, &tally_totals, rows, count, &out->error);
}

static void *put(void *arg)
{
    struct output *out = arg;

    put_counts(out, &tally_days);
    for (size_t i = 0; i < out->count; i++)
        out->counts[i].day = month_begin(out->counts[i].day);
    if (out->err == STORE_OK)
        put_counts(out, &tally_months);
    if (out->err == STORE_OK)
        put_totals(out);
    return NULL;
}

/* What was counted so far goes out; counting begins anew. */
static struct output *take(struct ledger *ledger)
{
    struct tally *t = ledger->tally;
    struct output *out = &t->output;

    arena_reset(&out->arena);
    out->store = ledger->book->store;
    out->counts = t->counts;
    out->count = t->count;
    tally_begin(t);
    return out;
}

void tally_put_begin(struct ledger *ledger, size_t entries)
{
    struct output *out;

    if (entries < LEDGER_THREAD_MIN || ledger->tally->count == 0)
        return;
    out = take(ledger);
    out->running = pthread_create(&out->thread, NULL, put, out) == 0;
    if (!out->running)
        put(out);
}

enum store_err tally_put_wait(struct ledger *ledger, struct store_error *error)
{
    struct output *out = &ledger->tally->output;
    enum store_err err;

    if (out->running)
        pthread_join(out->thread, NULL);
    out->running = false;
    err = out->err;
    if (err != STORE_OK)
        *error = out->error;
    out->err = STORE_OK;
    return err;
}

enum store_err tally_put(struct ledger *ledger, struct store_error *error)
{
    enum store_err err = tally_put_wait(ledger, error);

    if (err != STORE_OK || ledger->tally->count == 0)
        return err;
    put(take(ledger));
    return tally_put_wait(ledger, error);
}
