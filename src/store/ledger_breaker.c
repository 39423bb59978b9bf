/* SPDX-License-Identifier: MIT
 * What the circuit breakers look at, and the facts that follow from it: table
 * pulse counts an hour's results at a provider, table domain knows when a
 * domain was last tried, failed, delivered to. Hours are those in which things
 * happened, so that old reports are held against their own time. */
#include <stdlib.h>

#include "base/hash.h"
#include "policy/policy.h"
#include "store/ledger_in.h"

#define PAST_HOURS (30 * 24)
/* A provider of which less is known has no past that could be leapt above. */
#define PAST_LEAST 100
#define WINDOW_S   (2 * (int64_t)HOUR_S)
/* How exact the times of table domain are. */
#define GRAIN_S 600

struct pulse {
    struct bounce_slice provider;
    int64_t hour, hard, results;
    int64_t known_hard, known_results; /* stored before */
    unsigned open;                     /* bits of BOUNCE_BREAKER_* */
};

struct domain {
    struct bounce_slice name;
    int64_t tried_at, failed_at, delivered_at;
    int64_t known_tried_at, known_failed_at, known_delivered_at;
    bool stored;
};

/* A table by text and number, in the batch's arena. */
struct index {
    uint32_t *slots;
    size_t mask;
};

struct breaker {
    struct pulse *pulses;
    size_t pulse_count, pulse_cap;
    struct domain *domains;
    size_t domain_count, domain_cap;
    struct index pulse_index, domain_index;
    bool own_fault;
};

struct breaker *breaker_new(void)
{
    return calloc(1, sizeof(struct breaker));
}

void breaker_free(struct breaker *breaker)
{
    free(breaker);
}

static bool index_init(struct ledger *ledger, struct index *index,
                       size_t entries)
{
    size_t slots = 64;

    while (slots < entries * 2)
        slots *= 2;
    index->mask = slots - 1;
    index->slots = arena_calloc(&ledger->arena, slots, sizeof(*index->slots));
    return index->slots != NULL;
}

static uint32_t hash_of(struct bounce_slice text, int64_t number)
{
    uint32_t hash = hash_bytes(text) ^ (uint32_t)number * 0x9E3779B1U;

    return hash ^ hash >> 15;
}

/* ---- Pulses ---------------------------------------------------------- */

/* Where it is in the index, or would be. */
static size_t pulse_slot(const struct breaker *b, struct bounce_slice provider,
                         int64_t hour)
{
    size_t slot = hash_of(provider, hour) & b->pulse_index.mask;

    for (; b->pulse_index.slots[slot] != 0;
         slot = (slot + 1) & b->pulse_index.mask) {
        const struct pulse *p = &b->pulses[b->pulse_index.slots[slot] - 1];

        if (p->hour == hour && slice_eq(p->provider, provider))
            break;
    }
    return slot;
}

static struct pulse *pulse_find(const struct breaker *b,
                                struct bounce_slice provider, int64_t hour)
{
    uint32_t found = b->pulse_index.slots[pulse_slot(b, provider, hour)];

    return found != 0 ? &b->pulses[found - 1] : NULL;
}

static struct pulse *pulse_of(struct ledger *ledger,
                              struct bounce_slice provider, int64_t hour)
{
    struct breaker *b = ledger->breaker;
    size_t slot = pulse_slot(b, provider, hour);

    if (b->pulse_index.slots[slot] != 0)
        return &b->pulses[b->pulse_index.slots[slot] - 1];
    b->pulses = ledger_grow(ledger, b->pulses, b->pulse_count, &b->pulse_cap,
                            sizeof(*b->pulses));
    if (b->pulses == NULL)
        return NULL;
    b->pulses[b->pulse_count] =
        (struct pulse){.provider = provider, .hour = hour};
    b->pulse_index.slots[slot] = (uint32_t)++b->pulse_count;
    return &b->pulses[b->pulse_count - 1];
}

static const struct store_column pulse_columns[] = {{"provider", STORE_TEXT},
                                                    {"hour", STORE_INT},
                                                    {"hard", STORE_INT},
                                                    {"results", STORE_INT}};
static const struct store_put pulse_put = {"pulse", pulse_columns, 4, 2,
                                           STORE_ADD};
static const struct store_get pulse_get = {
    "pulse", "provider, hour, hard, results", pulse_columns, 2};

static bool take_pulse(void *ctx, const struct store_value *row, size_t columns)
{
    struct breaker *b = ctx;
    struct pulse *p = pulse_find(b, row[0].text, row[1].integer);

    (void)columns;
    if (p != NULL) {
        p->known_hard = row[2].integer;
        p->known_results = row[3].integer;
    }
    return true;
}

/* The hours of hard verdicts and those before them, as they are stored. */
static enum store_err pulses_read(struct ledger *ledger,
                                  struct store_error *error)
{
    struct breaker *b = ledger->breaker;
    size_t count = b->pulse_count;
    struct rows keys;

    for (size_t i = 0; i < count; i++) {
        if (b->pulses[i].hard > 0 && pulse_of(ledger, b->pulses[i].provider,
                                              b->pulses[i].hour - 1) == NULL)
            return ledger_nomem(error);
    }
    if (!rows_init(ledger, &keys, 2, b->pulse_count))
        return ledger_nomem(error);
    for (size_t i = 0; i < b->pulse_count; i++) {
        struct store_value *key = rows_add(ledger, &keys);

        if (key == NULL)
            return ledger_nomem(error);
        key[0] = store_text(b->pulses[i].provider);
        key[1] = store_int(b->pulses[i].hour);
    }
    return store_get_rows(ledger->book->store, &pulse_get, keys.values,
                          keys.count, take_pulse, b, error);
}

static enum store_err pulses_put(struct ledger *ledger,
                                 struct store_error *error)
{
    struct breaker *b = ledger->breaker;
    struct rows rows;

    if (!rows_init(ledger, &rows, 4, b->pulse_count))
        return ledger_nomem(error);
    for (size_t i = 0; i < b->pulse_count; i++) {
        const struct pulse *p = &b->pulses[i];
        struct store_value *row;

        if (p->results == 0)
            continue;
        row = rows_add(ledger, &rows);
        if (row == NULL)
            return ledger_nomem(error);
        row[0] = store_text(p->provider);
        row[1] = store_int(p->hour);
        row[2] = store_int(p->hard);
        row[3] = store_int(p->results);
    }
    return store_put_rows(ledger->book->store, &pulse_put, rows.values,
                          rows.count, error);
}

static bool take_past(void *ctx, const struct store_value *row, size_t columns)
{
    struct bounce_breaker_counts *counts = ctx;

    (void)columns;
    counts->past_hard = (uint64_t)value_int(&row[0]);
    counts->past_results = (uint64_t)value_int(&row[1]);
    return true;
}

/* The window is the hour and the one before; the past is asked for only when
 * there is enough in the window. */
static enum store_err judge_leap(struct ledger *ledger, struct pulse *p,
                                 struct store_error *error)
{
    const struct bounce_policy *policy = ledger->book->policy;
    const struct pulse *before =
        pulse_find(ledger->breaker, p->provider, p->hour - 1);
    struct bounce_breaker_counts counts = {.size = sizeof(counts)};
    struct store_value values[3] = {store_text(p->provider),
                                    store_int(p->hour - 1 - PAST_HOURS),
                                    store_int(p->hour - 1)};
    enum store_err err;

    counts.hard = (uint64_t)(p->hard + p->known_hard);
    counts.results = (uint64_t)(p->results + p->known_results);
    if (before != NULL) {
        counts.hard += (uint64_t)(before->hard + before->known_hard);
        counts.results += (uint64_t)(before->results + before->known_results);
    }
    if (policy->leap_least == 0 || counts.hard < policy->leap_least)
        return STORE_OK;
    err = store_run(ledger->book->store,
                    "SELECT CAST(sum(hard) AS BIGINT), "
                    "CAST(sum(results) AS BIGINT) FROM pulse "
                    "WHERE provider = $1 AND hour >= $2 AND hour < $3",
                    values, 3, take_past, &counts, error);
    if (err == STORE_OK && counts.past_results >= PAST_LEAST)
        p->open =
            bounce_breaker_judge(policy, &counts) & BOUNCE_BREAKER_HARD_LEAP;
    return err;
}

/* ---- Domains --------------------------------------------------------- */

static size_t domain_slot(const struct breaker *b, struct bounce_slice name)
{
    size_t slot = hash_of(name, 0) & b->domain_index.mask;

    while (b->domain_index.slots[slot] != 0 &&
           !slice_eq(b->domains[b->domain_index.slots[slot] - 1].name, name))
        slot = (slot + 1) & b->domain_index.mask;
    return slot;
}

static struct domain *domain_of(struct ledger *ledger, struct bounce_slice name)
{
    struct breaker *b = ledger->breaker;
    size_t slot = domain_slot(b, name);

    if (b->domain_index.slots[slot] != 0)
        return &b->domains[b->domain_index.slots[slot] - 1];
    b->domains = ledger_grow(ledger, b->domains, b->domain_count,
                             &b->domain_cap, sizeof(*b->domains));
    if (b->domains == NULL)
        return NULL;
    b->domains[b->domain_count] = (struct domain){.name = name,
                                                  BOUNCE_NO_TIME,
                                                  BOUNCE_NO_TIME,
                                                  BOUNCE_NO_TIME,
                                                  BOUNCE_NO_TIME,
                                                  BOUNCE_NO_TIME,
                                                  BOUNCE_NO_TIME};
    b->domain_index.slots[slot] = (uint32_t)++b->domain_count;
    return &b->domains[b->domain_count - 1];
}

static const struct store_column domain_columns[] = {
    {"domain", STORE_TEXT},
    {"tried_at", STORE_INT},
    {"failed_at", STORE_INT},
    {"delivered_at", STORE_INT}};
static const struct store_put domain_put = {"domain", domain_columns, 4, 1,
                                            STORE_REPLACE};
static const struct store_put domain_new = {"domain", domain_columns, 4, 1,
                                            STORE_NEW};
static const struct store_get domain_get = {
    "domain", "domain, tried_at, failed_at, delivered_at", domain_columns, 1};

static bool take_domain(void *ctx, const struct store_value *row,
                        size_t columns)
{
    struct breaker *b = ctx;
    uint32_t found = b->domain_index.slots[domain_slot(b, row[0].text)];

    (void)columns;
    if (found != 0) {
        struct domain *d = &b->domains[found - 1];

        d->known_tried_at = value_time(&row[1]);
        d->known_failed_at = value_time(&row[2]);
        d->known_delivered_at = value_time(&row[3]);
        d->stored = true;
    }
    return true;
}

static enum store_err domains_read(struct ledger *ledger,
                                   struct store_error *error)
{
    struct breaker *b = ledger->breaker;
    struct store_value *keys =
        arena_alloc(&ledger->arena, (b->domain_count + 1) * sizeof(*keys));

    if (keys == NULL)
        return ledger_nomem(error);
    for (size_t i = 0; i < b->domain_count; i++)
        keys[i] = store_text(b->domains[i].name);
    return store_get_rows(ledger->book->store, &domain_get, keys,
                          b->domain_count, take_domain, b, error);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool has_moved(int64_t known, int64_t at)
{
    return at != BOUNCE_NO_TIME &&
           (known == BOUNCE_NO_TIME || at >= known + GRAIN_S);
}

static bool is_failing(int64_t failed_at, int64_t delivered_at)
{
    return failed_at != BOUNCE_NO_TIME && failed_at > delivered_at;
}

static enum store_err domains_put(struct ledger *ledger,
                                  struct store_error *error)
{
    struct breaker *b = ledger->breaker;
    struct row_pair rows;

    if (!row_pair_init(ledger, &rows, 4))
        return ledger_nomem(error);
    for (size_t i = 0; i < b->domain_count; i++) {
        const struct domain *d = &b->domains[i];
        int64_t failed = later(d->known_failed_at, d->failed_at);
        int64_t delivered = later(d->known_delivered_at, d->delivered_at);
        struct store_value *row;

        if (!has_moved(d->known_tried_at, d->tried_at) &&
            !has_moved(d->known_failed_at, d->failed_at) &&
            !has_moved(d->known_delivered_at, d->delivered_at) &&
            is_failing(failed, delivered) ==
                is_failing(d->known_failed_at, d->known_delivered_at))
            continue;
        row = rows_add(ledger, d->stored ? &rows.stored : &rows.fresh);
        if (row == NULL)
            return ledger_nomem(error);
        row[0] = store_text(d->name);
        row[1] = store_time(later(d->known_tried_at, d->tried_at));
        row[2] = store_time(failed);
        row[3] = store_time(delivered);
    }
    return row_pair_put(ledger, &rows, &domain_put, &domain_new, error);
}

static bool take_failing(void *ctx, const struct store_value *row,
                         size_t columns)
{
    struct bounce_breaker_counts *counts = ctx;

    (void)columns;
    counts->domains = (uint64_t)value_int(&row[0]);
    counts->domains_failing = (uint64_t)value_int(&row[1]);
    return true;
}

/* Of what happens now only: the table knows no past. */
static enum store_err judge_own_fault(struct ledger *ledger, bool *open_out,
                                      struct store_error *error)
{
    struct bounce_breaker_counts counts = {.size = sizeof(counts)};
    struct store_value since = store_int(ledger->now - WINDOW_S);
    enum store_err err;

    err = store_run(
        ledger->book->store,
        "SELECT count(*), CAST(sum(CASE WHEN failed_at >= $1 AND "
        "(delivered_at IS NULL OR delivered_at < failed_at) "
        "THEN 1 ELSE 0 END) AS BIGINT) FROM domain WHERE tried_at >= $1",
        &since, 1, take_failing, &counts, error);
    *open_out = (bounce_breaker_judge(ledger->book->policy, &counts) &
                 BOUNCE_BREAKER_OWN_FAULT) != 0;
    return err;
}

/* ---- A batch --------------------------------------------------------- */

static bool fails_name(const struct ledger *ledger, const struct entry *e)
{
    const struct policy_entry *entry;

    if (e->kind != BOUNCE_KIND_BOUNCE && e->kind != BOUNCE_KIND_DELAY)
        return false;
    entry = policy_entry(ledger->book->policy, e->category);
    return entry != NULL && entry->own_fault;
}

/* Whether the policy asks when the domain last took mail. */
static bool asks_domain(const struct ledger *ledger, const struct entry *e)
{
    const struct policy_entry *entry;
    const struct policy_counter *counter = NULL;

    if (e->kind != BOUNCE_KIND_BOUNCE)
        return false;
    entry = policy_entry(ledger->book->policy, e->category);
    if (entry != NULL && entry->counter.ptr != NULL)
        counter = policy_counter(ledger->book->policy, entry->counter);
    return counter != NULL && counter->domain_silent;
}

static bool is_result(const struct entry *e)
{
    return e->kind == BOUNCE_KIND_BOUNCE || e->kind == BOUNCE_KIND_DELIVERY;
}

static bool count_pulse(struct ledger *ledger, const struct entry *e)
{
    struct pulse *p;

    if (e->provider.ptr == NULL || !e->counts || !is_result(e))
        return true;
    p = pulse_of(ledger, e->provider, e->at / HOUR_S);
    if (p == NULL)
        return false;
    p->results++;
    p->hard += e->kind == BOUNCE_KIND_BOUNCE && e->cls == BOUNCE_CLASS_HARD;
    return true;
}

static bool count_domain(struct ledger *ledger, const struct entry *e)
{
    struct domain *d;

    if (e->domain.ptr == NULL ||
        (!is_result(e) && e->kind != BOUNCE_KIND_DELAY))
        return true;
    d = domain_of(ledger, e->domain);
    if (d == NULL)
        return false;
    d->tried_at = later(d->tried_at, e->at);
    if (e->kind == BOUNCE_KIND_DELIVERY)
        d->delivered_at = later(d->delivered_at, e->at);
    if (fails_name(ledger, e)) {
        d->failed_at = later(d->failed_at, e->at);
        if (e->at >= ledger->now - WINDOW_S)
            ledger->breaker->own_fault = true;
    }
    return true;
}

static void state_facts(struct ledger *ledger, struct entry *e, bool own_fault)
{
    const struct pulse *p = NULL;
    const struct domain *d;

    if (e->provider.ptr != NULL)
        p = pulse_find(ledger->breaker, e->provider, e->at / HOUR_S);
    if (p != NULL)
        e->facts.breaker |= p->open;
    if (own_fault && e->at >= ledger->now - WINDOW_S && fails_name(ledger, e))
        e->facts.breaker |= BOUNCE_BREAKER_OWN_FAULT;
    if (e->domain.ptr == NULL || !asks_domain(ledger, e))
        return;
    d = domain_of(ledger, e->domain);
    if (d != NULL)
        e->facts.domain_delivered_at =
            later(d->known_delivered_at, d->delivered_at);
}

static enum store_err judge_leaps(struct ledger *ledger,
                                  struct store_error *error)
{
    struct breaker *b = ledger->breaker;
    enum store_err err = pulses_read(ledger, error);

    for (size_t i = 0; i < b->pulse_count && err == STORE_OK; i++) {
        if (b->pulses[i].hard > 0)
            err = judge_leap(ledger, &b->pulses[i], error);
    }
    return err == STORE_OK ? pulses_put(ledger, error) : err;
}

enum store_err breaker_watch(struct ledger *ledger, struct entry *entries,
                             size_t count, struct store_error *error)
{
    struct breaker *b = ledger->breaker;
    bool own_fault = false;
    enum store_err err;

    memset(b, 0, sizeof(*b));
    /* An hour of hard verdicts brings the hour before with it. */
    if (!index_init(ledger, &b->pulse_index, count * 2) ||
        !index_init(ledger, &b->domain_index, count))
        return ledger_nomem(error);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].fresh && (!count_pulse(ledger, &entries[i]) ||
                                 !count_domain(ledger, &entries[i])))
            return ledger_nomem(error);
    }
    err = judge_leaps(ledger, error);
    if (err == STORE_OK)
        err = domains_read(ledger, error);
    if (err == STORE_OK)
        err = domains_put(ledger, error);
    if (err == STORE_OK && b->own_fault)
        err = judge_own_fault(ledger, &own_fault, error);
    for (size_t i = 0; i < count && err == STORE_OK; i++) {
        if (entries[i].fresh)
            state_facts(ledger, &entries[i], own_fault);
    }
    return err;
}
