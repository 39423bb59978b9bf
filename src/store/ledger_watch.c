/* SPDX-License-Identifier: MIT
 * What incidents are found by: table pulse_dim, and the part of it that is in
 * use in memory. */
#include "store/ledger_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "policy/policy.h"

#define MOST_GROUPS 4096
#define KEPT_DAYS   35
/* Groups that are out of use are forgotten in passing. */
#define KEPT_S HOUR_S
/* How late what another program stored may be known of. */
#define FOREIGN_S 60
/* Of a minute that another process began, so many events are read at most. */
#define WAITING_READ 20000
/* A breaker looks at two hours: an hour later it is shut for good. */
#define BREAKER_S (3 * (int64_t)HOUR_S)

struct watch *watch_new(void)
{
    struct watch *watch = calloc(1, sizeof(*watch));

    if (watch != NULL)
        watch->minute = -1;
    return watch;
}

void watch_forget(struct watch *watch)
{
    watch_groups_forget(watch);
    free(watch->dirty);
    incidents_forget(watch);
    *watch = (struct watch){.minute = -1};
}

void watch_free(struct watch *watch)
{
    if (watch == NULL)
        return;
    watch_forget(watch);
    free(watch);
}

void watch_drop(struct watch *watch)
{
    watch_forget(watch);
}

void watch_begin(struct watch *watch)
{
    watch->deltas = NULL;
    watch->delta_count = watch->delta_cap = 0;
    watch->delta_slots = NULL;
    watch->delta_mask = 0;
}

/* ---- What a batch adds ------------------------------------------------- */

static bool make_room(struct ledger *ledger, struct watch *w)
{
    size_t slots = w->delta_slots != NULL ? (w->delta_mask + 1) * 2 : 1024;

    w->deltas = ledger_grow(ledger, w->deltas, w->delta_count, &w->delta_cap,
                            sizeof(*w->deltas));
    if (w->deltas == NULL)
        return false;
    if (w->delta_slots != NULL && w->delta_count * 2 < w->delta_mask)
        return true;
    w->delta_slots =
        arena_calloc(&ledger->arena, slots, sizeof(*w->delta_slots));
    if (w->delta_slots == NULL)
        return false;
    w->delta_mask = slots - 1;
    for (size_t i = 0; i < w->delta_count; i++) {
        size_t slot =
            (w->deltas[i].hash ^ (uint32_t)w->deltas[i].hour) & w->delta_mask;

        while (w->delta_slots[slot] != 0)
            slot = (slot + 1) & w->delta_mask;
        w->delta_slots[slot] = (uint32_t)i + 1;
    }
    return true;
}

/* Its index + 1; 0: memory is out. */
static uint32_t delta_of(struct ledger *ledger, enum watch_dim dim,
                         struct bounce_slice value, int64_t hour)
{
    struct watch *w = ledger->watch;
    uint32_t hash = watch_hash(dim, value);
    size_t slot;

    if (!make_room(ledger, w))
        return 0;
    slot = (hash ^ (uint32_t)hour) & w->delta_mask;
    for (; w->delta_slots[slot] != 0; slot = (slot + 1) & w->delta_mask) {
        const struct watch_delta *d = &w->deltas[w->delta_slots[slot] - 1];

        if (d->hash == hash && d->hour == hour && d->dim == dim &&
            slice_eq(d->value, value))
            return w->delta_slots[slot];
    }
    w->deltas[w->delta_count] = (struct watch_delta){
        .dim = dim, .hash = hash, .hour = hour, .value = value};
    w->delta_slots[slot] = (uint32_t)++w->delta_count;
    return w->delta_slots[slot];
}

/* ---- What is counted --------------------------------------------------- */

unsigned watch_failures(const struct ledger *ledger, int kind,
                        enum bounce_class cls, struct bounce_slice category)
{
    const struct policy_entry *entry;
    unsigned bits = 0;

    if (kind == BOUNCE_KIND_FEEDBACK)
        return slice_eq(category, SLICE("complaint")) ? 1U << INCIDENT_COMPLAINT
                                                      : 0;
    if (kind != BOUNCE_KIND_BOUNCE && kind != BOUNCE_KIND_DELAY)
        return 0;
    if (kind == BOUNCE_KIND_BOUNCE && cls == BOUNCE_CLASS_HARD)
        bits |= 1U << INCIDENT_HARD;
    if (cls == BOUNCE_CLASS_BLOCK)
        bits |= 1U << INCIDENT_BLOCK;
    if (slice_eq(category, SLICE("rate_limited")))
        bits |= 1U << INCIDENT_RATE;
    entry = policy_entry(ledger->book->policy, category);
    if (entry != NULL && entry->own_fault)
        bits |= 1U << INCIDENT_CONNECTION;
    return bits;
}

/* false: nothing of it is counted. */
static bool count_of(const struct ledger *ledger, const struct entry *e,
                     uint32_t *n)
{
    unsigned bits;
    bool any = true;

    memset(n, 0, WATCH_COLUMNS * sizeof(*n));
    if (e->at < 0)
        return false;
    switch (e->kind) {
    case BOUNCE_KIND_BOUNCE:
        n[WATCH_BOUNCED] = 1;
        break;
    case BOUNCE_KIND_DELAY:
        n[WATCH_DELAYED] = 1;
        break;
    case BOUNCE_KIND_DELIVERY:
        n[WATCH_DELIVERED] = 1;
        return true;
    default:
        any = false;
    }
    bits = watch_failures(ledger, e->kind, e->cls, e->category);
    for (unsigned i = 0; bits >> i != 0; i++)
        n[WATCH_FAILURES + i] = bits >> i & 1;
    return any || bits != 0;
}

static bool is_failure(const uint32_t *n)
{
    bool failed = false;

    for (unsigned i = WATCH_FAILURES; i < WATCH_COLUMNS; i++)
        failed |= n[i] != 0;
    return failed;
}

static enum watch_dim dim_of_row(unsigned row)
{
    return (enum watch_dim)(row < WATCH_DIMS ? row
                                             : row - WATCH_DIMS + WATCH_IP);
}

static void values_of(const struct entry *e, struct bounce_slice *values)
{
    values[WATCH_ALL] = SLICE("");
    values[WATCH_PROVIDER] = e->provider;
    values[WATCH_IP] = e->ip;
    values[WATCH_SENDER_DOMAIN] = e->sender_domain;
    values[WATCH_CAMPAIGN] = e->campaign;
    for (unsigned i = WATCH_DIMS; i < WATCH_ROWS; i++)
        values[i] = values[dim_of_row(i)].ptr != NULL ? SLICE("") : SLICE_NULL;
}

bool watch_sent(struct ledger *ledger, const struct entry *entry)
{
    struct bounce_slice values[WATCH_ROWS];
    const uint32_t n[WATCH_COLUMNS] = {[WATCH_SENT] = 1};

    values_of(entry, values);
    for (unsigned i = 0; i < WATCH_ROWS && entry->at >= 0; i++) {
        struct watch_delta *d;
        uint32_t row;

        if (values[i].ptr == NULL)
            continue;
        row = delta_of(ledger, dim_of_row(i), values[i], entry->at / HOUR_S);
        if (row == 0)
            return false;
        d = &ledger->watch->deltas[row - 1];
        if (d->n[WATCH_SENT]++ == 0)
            d->group = watch_find(ledger->watch, d->dim, d->value);
        if (d->group != NULL)
            watch_group_add(d->group, d->hour, n);
    }
    return true;
}

/* ---- A batch ----------------------------------------------------------- */

static const struct store_column pulse_columns[] = {
    {"dim", STORE_TEXT},      {"value", STORE_TEXT},
    {"hour", STORE_INT},      {"delivered", STORE_INT},
    {"bounced", STORE_INT},   {"delayed", STORE_INT},
    {"sent", STORE_INT},      {"hard", STORE_INT},
    {"block", STORE_INT},     {"rate", STORE_INT},
    {"complaint", STORE_INT}, {"connection", STORE_INT}};
#define PULSE_COLUMNS (3 + WATCH_COLUMNS)
static const struct store_put pulse_put = {"pulse_dim", pulse_columns,
                                           PULSE_COLUMNS, 3, STORE_ADD};

/* Groups that this batch adds to must be whole. */
static enum store_err load_groups(struct ledger *ledger,
                                  struct store_error *error)
{
    struct watch *w = ledger->watch;
    struct rows keys;

    if (!rows_init(ledger, &keys, 2, 16))
        return ledger_nomem(error);
    for (size_t i = 0; i < w->delta_count; i++) {
        struct watch_delta *d = &w->deltas[i];

        d->group = watch_want(ledger, &keys, d->dim, d->value);
        if (d->group == NULL)
            return ledger_nomem(error);
    }
    return watch_read(ledger, &keys, error);
}

static bool note(struct watch *w, struct watch_group *group)
{
    if (group->dirty)
        return true;
    if (w->dirty_count == w->dirty_cap) {
        size_t cap = w->dirty_cap > 0 ? w->dirty_cap * 2 : 64;
        struct watch_group **dirty =
            realloc(w->dirty, cap * sizeof(struct watch_group *));

        if (dirty == NULL)
            return false;
        w->dirty = dirty;
        w->dirty_cap = cap;
    }
    w->dirty[w->dirty_count++] = group;
    group->dirty = true;
    return true;
}

/* ---- What waits -------------------------------------------------------- */

/* Row "incident_minute" of table meta: the minute that is not judged yet, the
 * events of the batch that began it, as "MINUTE FIRST LAST". A store of before
 * has the minute alone. */
static enum store_err load_minute(struct ledger *ledger,
                                  struct store_error *error)
{
    struct watch *w = ledger->watch;
    char text[80], *at = text;
    bool found;
    enum store_err err = book_meta(ledger->book, "incident_minute", text,
                                   sizeof(text), &found, error);

    w->minute = -1;
    w->minute_first = w->minute_last = 0;
    if (err == STORE_OK && found) {
        w->minute = strtoll(at, &at, 10);
        w->minute_first = strtoll(at, &at, 10);
        w->minute_last = strtoll(at, &at, 10);
    }
    w->last_at = w->minute * 60;
    w->minute_changed = false;
    return err;
}

/* What waits is of this minute, from these events on. */
static void set_minute(struct watch *w, int64_t minute, int64_t first,
                       int64_t last)
{
    w->minute_changed |= minute != w->minute || first != w->minute_first;
    w->minute = minute;
    w->minute_first = first;
    w->minute_last = last;
}

static enum store_err put_minute(struct ledger *ledger,
                                 struct store_error *error)
{
    struct watch *w = ledger->watch;
    char text[80];

    if (!w->minute_changed)
        return STORE_OK;
    w->minute_changed = false;
    snprintf(text, sizeof(text), "%" PRId64 " %" PRId64 " %" PRId64, w->minute,
             w->minute_first, w->minute_last);
    return book_meta_set(ledger->book, "incident_minute", text, error);
}

struct waiting {
    struct ledger *ledger;
    struct rows keys;
    bool failed;
};

static bool take_waiting(void *ctx, const struct store_value *row,
                         size_t columns)
{
    struct waiting *waiting = ctx;
    struct watch *w = waiting->ledger->watch;
    const struct entry e = {.at = row[0].integer,
                            .kind = (int)row[1].integer,
                            .cls = (enum bounce_class)row[2].integer,
                            .category = value_text(&row[3]),
                            .provider = value_text(&row[4]),
                            .ip = value_text(&row[5]),
                            .sender_domain = value_text(&row[6]),
                            .campaign = value_text(&row[7])};
    struct bounce_slice values[WATCH_ROWS];
    uint32_t n[WATCH_COLUMNS];

    (void)columns;
    if (!count_of(waiting->ledger, &e, n))
        return true;
    if (e.at > w->last_at)
        w->last_at = e.at;
    if (!is_failure(n))
        return true;
    values_of(&e, values);
    for (unsigned i = 0; i < WATCH_DIMS; i++) {
        struct watch_group *group;

        if (values[i].ptr == NULL)
            continue;
        group = watch_want(waiting->ledger, &waiting->keys, (enum watch_dim)i,
                           values[i]);
        waiting->failed |= group == NULL || !note(w, group);
    }
    return !waiting->failed;
}

/* What was told in the minute, and since then of the time before it: whoever took
 * it in may be gone. */
static enum store_err load_waiting(struct ledger *ledger,
                                   struct store_error *error)
{
    const struct watch *w = ledger->watch;
    struct waiting waiting = {.ledger = ledger};
    int64_t first = ledger->event_seq - WAITING_READ + 1;
    const struct store_value values[3] = {
        store_int(first > w->minute_first ? first : w->minute_first),
        store_int(w->minute_last), store_int(w->minute * 60)};
    enum store_err err;

    if (w->minute_first == 0 || w->minute_first > ledger->event_seq)
        return STORE_OK;
    if (!rows_init(ledger, &waiting.keys, 2, 16))
        return ledger_nomem(error);
    err = store_run(ledger->book->store,
                    "SELECT at, kind, class, category, provider, ip, "
                    "sender_domain, campaign FROM event WHERE seq >= $1 AND "
                    "(seq > $2 OR at >= $3) AND counts <> 0 ORDER BY seq",
                    values, 3, take_waiting, &waiting, error);
    if (waiting.failed)
        return ledger_nomem(error);
    return err == STORE_OK ? watch_read(ledger, &waiting.keys, error) : err;
}

enum store_err watch_open(struct ledger *ledger, struct store_error *error)
{
    struct watch *w = ledger->watch;
    bool stirred = w->change_seq != ledger->change_seq;
    enum store_err err;

    w->foreign |= w->loaded && w->seq != ledger->event_seq;
    if (w->loaded &&
        (w->group_count > MOST_GROUPS || ledger->now >= w->loaded_at + KEPT_S ||
         (w->foreign && ledger->now >= w->loaded_at + FOREIGN_S)))
        watch_forget(w);
    w->seq = ledger->event_seq;
    w->change_seq = ledger->change_seq;
    if (w->loaded) {
        /* An incident may be another one's doing: its beginning and its end
         * are changes. */
        if (!stirred)
            return STORE_OK;
        incidents_forget(w);
        return incidents_load(ledger, error);
    }
    err = load_minute(ledger, error);
    if (err == STORE_OK)
        err = load_waiting(ledger, error);
    if (err != STORE_OK)
        return err;
    w->loaded_at = ledger->now;
    w->loaded = true;
    return incidents_load(ledger, error);
}

struct counted {
    const struct entry *entry;
    uint32_t rows[WATCH_ROWS]; /* index + 1 of a delta; 0: no value */
    uint32_t n[WATCH_COLUMNS];
};

static int by_time(const void *a, const void *b)
{
    const struct entry *x = ((const struct counted *)a)->entry;
    const struct entry *y = ((const struct counted *)b)->entry;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return slice_compare(x->id, y->id);
}

/* What counts, with the rows that it counts in, in the order of time. NULL:
 * memory is out. */
static struct counted *gather(struct ledger *ledger,
                              const struct entry *entries, size_t count,
                              size_t *count_out)
{
    struct counted *list =
        arena_alloc(&ledger->arena, (count + 1) * sizeof(*list));
    struct bounce_slice values[WATCH_ROWS];
    bool sorted = true;
    size_t used = 0;

    for (size_t i = 0; list != NULL && i < count; i++) {
        const struct entry *e = &entries[i];
        struct counted *c = &list[used];

        if (!e->fresh || !e->counts || !count_of(ledger, e, c->n))
            continue;
        c->entry = e;
        values_of(e, values);
        for (unsigned k = 0; k < WATCH_ROWS; k++) {
            c->rows[k] = 0;
            if (values[k].ptr != NULL)
                c->rows[k] =
                    delta_of(ledger, dim_of_row(k), values[k], e->at / HOUR_S);
            if (values[k].ptr != NULL && c->rows[k] == 0)
                return NULL;
        }
        sorted = sorted && (used == 0 || by_time(&list[used - 1], c) <= 0);
        used++;
    }
    if (list != NULL && !sorted)
        qsort(list, used, sizeof(*list), by_time);
    *count_out = used;
    return list;
}

static bool add_counts(struct ledger *ledger, const struct counted *c)
{
    struct watch *w = ledger->watch;
    bool failed = is_failure(c->n);

    for (unsigned k = 0; k < WATCH_ROWS; k++) {
        struct watch_delta *d;

        if (c->rows[k] == 0)
            continue;
        d = &w->deltas[c->rows[k] - 1];
        for (unsigned i = 0; i < WATCH_COLUMNS; i++)
            d->n[i] += c->n[i];
        watch_group_add(d->group, d->hour, c->n);
        if (failed && k < WATCH_DIMS && !note(w, d->group))
            return false;
    }
    return true;
}

/* Breakers that stood open for it. */
static enum store_err take_breakers(struct ledger *ledger,
                                    const struct entry *e,
                                    struct store_error *error)
{
    struct incident_touch touch = {.at = e->at,
                                   .until = e->at + BREAKER_S,
                                   .category = e->category,
                                   .rule = e->rule,
                                   .seq = e->seq,
                                   .event_id = e->id};
    enum store_err err = STORE_OK;

    touch.key = (struct incident_key){INCIDENT_BREAKER, WATCH_PROVIDER,
                                      e->provider, SLICE("")};
    if ((e->facts.breaker & BOUNCE_BREAKER_HARD_LEAP) != 0 &&
        e->provider.ptr != NULL && e->cls == BOUNCE_CLASS_HARD)
        err = incident_touch(ledger, &touch, error);
    touch.key = (struct incident_key){INCIDENT_OWN_FAULT, WATCH_ALL, SLICE(""),
                                      SLICE("")};
    if (err == STORE_OK && (e->facts.breaker & BOUNCE_BREAKER_OWN_FAULT) != 0)
        err = incident_touch(ledger, &touch, error);
    return err;
}

static enum store_err follow_time(struct ledger *ledger, int64_t at,
                                  struct store_error *error)
{
    struct watch *w = ledger->watch;
    enum store_err err = STORE_OK;

    if (at / 60 > w->minute) {
        err = watch_step(ledger, at, at / HOUR_S > w->minute / 60, error);
        set_minute(w, at / 60, w->seq + 1, ledger->event_seq);
        w->last_at = at;
    } else if (at / 60 == w->minute && at > w->last_at) {
        w->last_at = at;
    }
    return err;
}

enum store_err watch_entries(struct ledger *ledger, const struct entry *entries,
                             size_t count, struct store_error *error)
{
    enum store_err err = STORE_OK;
    struct counted *list;
    size_t used;

    list = gather(ledger, entries, count, &used);
    if (list == NULL)
        return ledger_nomem(error);
    err = load_groups(ledger, error);
    for (size_t i = 0; i < used && err == STORE_OK; i++) {
        err = follow_time(ledger, list[i].entry->at, error);
        if (err == STORE_OK && !add_counts(ledger, &list[i]))
            err = ledger_nomem(error);
        if (err == STORE_OK)
            err = take_breakers(ledger, list[i].entry, error);
    }
    return err;
}

/* ---- Its rows ---------------------------------------------------------- */

static enum store_err put_deltas(struct ledger *ledger,
                                 struct store_error *error)
{
    const struct watch *w = ledger->watch;
    struct rows rows;

    if (!rows_init(ledger, &rows, PULSE_COLUMNS, w->delta_count))
        return ledger_nomem(error);
    for (size_t i = 0; i < w->delta_count; i++) {
        const struct watch_delta *d = &w->deltas[i];
        struct store_value *row = rows_add(ledger, &rows);

        if (row == NULL)
            return ledger_nomem(error);
        row[0] = store_text(slice_cstr(watch_dims[d->dim]));
        row[1] = store_text(d->value);
        row[2] = store_int(d->hour);
        for (unsigned k = 0; k < WATCH_COLUMNS; k++)
            row[3 + k] = store_int(d->n[k]);
    }
    return store_put_rows(ledger->book->store, &pulse_put, rows.values,
                          rows.count, error);
}

enum store_err watch_put(struct ledger *ledger, struct store_error *error)
{
    struct watch *w = ledger->watch;
    enum store_err err = put_deltas(ledger, error);

    if (err == STORE_OK)
        err = incidents_put(ledger, error);
    w->seq = ledger->event_seq;
    w->change_seq = ledger->change_seq;
    return err == STORE_OK ? put_minute(ledger, error) : err;
}

enum store_err watch_settle(struct ledger *ledger, int64_t now,
                            struct store_error *error)
{
    return incidents_expire(ledger, now, error);
}

static enum store_err look(struct ledger *ledger, int64_t now,
                           struct store_error *error)
{
    struct watch_group *all;
    enum store_err err = ledger_read_seqs(ledger, error);

    if (err == STORE_OK)
        err = watch_open(ledger, error);
    if (err == STORE_OK)
        err = watch_need(ledger, WATCH_ALL, SLICE(""), &all, error);
    if (err == STORE_OK)
        err = watch_step(ledger, now, true, error);
    /* Nothing waits any more. */
    set_minute(ledger->watch, ledger->watch->minute, ledger->event_seq + 1,
               ledger->event_seq);
    if (err == STORE_OK)
        err = changes_put(ledger, error);
    return err == STORE_OK ? watch_put(ledger, error) : err;
}

enum store_err ledger_watch(struct ledger *ledger, int64_t now,
                            struct store_error *error)
{
    enum store_err err;

    ledger_begin_batch(ledger, now);
    err = store_begin(ledger->book->store, STORE_WRITE, error);
    if (err != STORE_OK)
        return err;
    return ledger_transact(ledger, look(ledger, now, error), error);
}

/* By the time of the events, if they are of long ago. */
static enum store_err prune(struct ledger *ledger, int64_t now, size_t limit,
                            bool *more_out, struct store_error *error)
{
    struct store *store = ledger->book->store;
    struct store_value values[2] = {{0}, store_int((int64_t)limit)};
    enum store_err err = ledger_read_seqs(ledger, error);
    int64_t newest;

    if (err == STORE_OK)
        err = watch_open(ledger, error);
    if (err != STORE_OK)
        return err;
    newest =
        ledger->watch->minute * 60 < now ? ledger->watch->minute * 60 : now;
    values[0] = store_int((newest - KEPT_DAYS * DAY_S) / HOUR_S);
    err = store_run(store,
                    "DELETE FROM pulse_dim WHERE (dim, value, hour) IN "
                    "(SELECT dim, value, hour FROM pulse_dim WHERE hour < $1 "
                    "LIMIT $2)",
                    values, 2, NULL, NULL, error);
    if (err == STORE_OK)
        err =
            store_run(store, "SELECT 1 FROM pulse_dim WHERE hour < $1 LIMIT 1",
                      values, 1, store_take_any, more_out, error);
    return err;
}

enum store_err ledger_watch_prune(struct ledger *ledger, int64_t now,
                                  size_t limit, bool *more_out,
                                  struct store_error *error)
{
    enum store_err err;

    *more_out = false;
    ledger_begin_batch(ledger, now);
    err = store_begin(ledger->book->store, STORE_WRITE, error);
    if (err != STORE_OK)
        return err;
    err = prune(ledger, now, limit, more_out, error);
    return ledger_transact(ledger, err, error);
}
