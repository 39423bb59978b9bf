/* SPDX-License-Identifier: MIT
 * Routes that rest. What a batch asks of them is done in the order of time when
 * all of it is known and stored; a hold for which some of it comes too late is
 * done again from then on (ledger_hold_log.c). Deliveries only matter to holds
 * that are in force, or were so lately, or that ended after them: those few are
 * kept in memory, and read again when another writer changed the table (meta's
 * row "hold_log" counts those changes, "holds" those of holds themselves). */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "store/hold_row.h"
#include "store/ledger_hold_in.h"

#define PARTS     HOLD_PARTS
#define MOST_KEPT 20000

struct holds {
    struct held **slots;
    size_t slot_count, count;
    unsigned masks[1U << PARTS];  /* how many holds name just these parts */
    int64_t version, log_version; /* of meta's rows; -1: nothing was read */
    int64_t cutoff;               /* holds that ended before are not here */
    int64_t newest_delivery;      /* before this batch */
    bool looked;                  /* newest_delivery is known */
    struct hold_nears *nears;     /* deliveries, for what may be late */
    struct wish *wishes;          /* in the batch's arena */
    size_t wish_count, wish_cap;
};

struct holds *holds_new(void)
{
    struct holds *holds = calloc(1, sizeof(*holds));

    if (holds != NULL)
        holds->version = -1;
    return holds;
}

static void forget_all(struct holds *holds)
{
    for (size_t i = 0; i < holds->slot_count; i++) {
        while (holds->slots[i] != NULL) {
            struct held *held = holds->slots[i];

            holds->slots[i] = held->next;
            free(held);
        }
    }
    free(holds->slots);
    memset(holds, 0, sizeof(*holds));
    holds->version = -1;
}

void holds_free(struct holds *holds)
{
    if (holds == NULL)
        return;
    forget_all(holds);
    free(holds);
}

void holds_begin(struct holds *holds)
{
    holds->wishes = NULL;
    holds->wish_count = holds->wish_cap = 0;
    holds->looked = false;
    holds->nears = NULL;
}

const struct hold_nears *holds_near(const struct holds *holds)
{
    return holds->nears;
}

void holds_drop(struct holds *holds)
{
    forget_all(holds);
}

/* ---- By key ---------------------------------------------------------- */

static const struct {
    size_t at;
    size_t size;
} parts[PARTS] = {
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

static uint32_t hash_key(const struct bounce_hold_key *key)
{
    uint32_t hash = 0;

    for (unsigned i = 0; i < PARTS; i++)
        hash = (hash ^ hash_bytes(slice_cstr(hold_part(key, i)))) * 0x9E3779B1U;
    return hash ^ hash >> 15;
}

static bool same_key(const struct bounce_hold_key *a,
                     const struct bounce_hold_key *b)
{
    for (unsigned i = 0; i < PARTS; i++) {
        if (strcmp(hold_part(a, i), hold_part(b, i)) != 0)
            return false;
    }
    return true;
}

static unsigned mask_of(const struct bounce_hold_key *key)
{
    unsigned mask = 0;

    for (unsigned i = 0; i < PARTS; i++)
        mask |= hold_part(key, i)[0] != '\0' ? 1U << i : 0;
    return mask;
}

static struct held *find(const struct holds *holds,
                         const struct bounce_hold_key *key)
{
    struct held *held = NULL;

    if (holds->slot_count > 0)
        held = holds->slots[hash_key(key) & (holds->slot_count - 1)];
    while (held != NULL && !same_key(&held->hold.key, key))
        held = held->next;
    return held;
}

static bool grow(struct holds *holds)
{
    size_t count = holds->slot_count > 0 ? holds->slot_count * 2 : 256;
    struct held **slots = calloc(count, sizeof(struct held *));

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < holds->slot_count; i++) {
        while (holds->slots[i] != NULL) {
            struct held *held = holds->slots[i];
            size_t slot = hash_key(&held->hold.key) & (count - 1);

            holds->slots[i] = held->next;
            held->next = slots[slot];
            slots[slot] = held;
        }
    }
    free(holds->slots);
    holds->slots = slots;
    holds->slot_count = count;
    return true;
}

/* The hold of this key, made when it is not there. */
static struct held *hold_of(struct holds *holds,
                            const struct bounce_hold_key *key)
{
    struct held *held = find(holds, key);
    size_t slot;

    if (held != NULL)
        return held;
    if (holds->count >= holds->slot_count && !grow(holds))
        return NULL;
    held = calloc(1, sizeof(*held));
    if (held == NULL)
        return NULL;
    slot = hash_key(key) & (holds->slot_count - 1);
    held->hold.key = *key;
    held->hold.cause.since = held->hold.cause.until = BOUNCE_NO_TIME;
    held->hold.delivered_at = held->hold.ended_at = BOUNCE_NO_TIME;
    held->newest_at = BOUNCE_NO_TIME;
    held->next = holds->slots[slot];
    holds->slots[slot] = held;
    holds->masks[mask_of(key)]++;
    holds->count++;
    return held;
}

/* ---- Rows ------------------------------------------------------------ */

#define COLUMNS    (HOLD_COLUMN_COUNT + 1)
#define HOLD_NAMES HOLD_COLUMNS ", newest_at"
static const struct store_put hold_put = {"hold", hold_row_columns, COLUMNS,
                                          PARTS, STORE_REPLACE};
static const struct store_put hold_new = {"hold", hold_row_columns, COLUMNS,
                                          PARTS, STORE_NEW};
static const struct store_get hold_get = {"hold", HOLD_NAMES, hold_row_columns,
                                          PARTS};

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

/* ---- What a batch wishes --------------------------------------------- */

static bool wish(struct ledger *ledger, const struct entry *entry,
                 const struct bounce_hold_request *request, unsigned flags)
{
    struct holds *holds = ledger->holds;

    holds->wishes = ledger_grow(ledger, holds->wishes, holds->wish_count,
                                &holds->wish_cap, sizeof(*holds->wishes));
    if (holds->wishes == NULL)
        return false;
    holds->wishes[holds->wish_count++] =
        (struct wish){.entry = entry, .request = request, .flags = flags};
    return true;
}

bool holds_want(struct ledger *ledger, const struct entry *entry,
                const struct bounce_decision *decision)
{
    struct bounce_hold_request *request =
        arena_alloc(&ledger->arena, sizeof(*request));

    if (request == NULL)
        return false;
    *request = decision->hold;
    return wish(ledger, entry, request,
                (decision->incident ? 1U : 0) | (decision->alert ? 2U : 0) |
                    (decision->review ? 4U : 0) |
                    (decision->observed ? 8U : 0));
}

bool holds_deliver(struct ledger *ledger, const struct entry *entry)
{
    return wish(ledger, entry, NULL, 0);
}

/* Of one second deliveries come last: the route works again. */
static int by_time(const void *a, const void *b)
{
    const struct wish *x = a, *y = b;

    if (x->entry->at != y->entry->at)
        return x->entry->at < y->entry->at ? -1 : 1;
    if ((x->request == NULL) != (y->request == NULL))
        return x->request == NULL ? 1 : -1;
    return slice_compare(x->entry->id, y->entry->id);
}

/* ---- Reading --------------------------------------------------------- */

static enum store_err read_active(struct ledger *ledger, int64_t oldest,
                                  struct store_error *error)
{
    struct holds *holds = ledger->holds;
    struct store_value values[2];
    enum store_err err;

    if (holds->cutoff != 0 && oldest >= holds->cutoff)
        return STORE_OK;
    values[0] = store_int(oldest - HOLD_LATELY_S);
    values[1] = store_int(oldest);
    err = store_run(ledger->book->store,
                    "SELECT " HOLD_NAMES " FROM hold WHERE (open = 1 AND "
                    "(until IS NULL OR until >= $1)) OR newest_at >= $2 OR "
                    "delivered_at >= $2",
                    values, 2, take_hold, holds, error);
    if (err == STORE_E_STOPPED)
        return ledger_nomem(error);
    if (err == STORE_OK)
        holds->cutoff = oldest;
    return err;
}

/* Holds that are asked for and that are not in memory. */
static enum store_err read_wanted(struct ledger *ledger,
                                  struct store_error *error)
{
    struct holds *holds = ledger->holds;
    enum store_err err;
    struct rows keys;

    if (!rows_init(ledger, &keys, PARTS, holds->wish_count))
        return ledger_nomem(error);
    for (size_t i = 0; i < holds->wish_count; i++) {
        const struct bounce_hold_request *request = holds->wishes[i].request;
        struct store_value *key;
        struct held *held;

        if (request == NULL)
            continue;
        held = find(holds, &request->key);
        if (held != NULL) {
            holds->wishes[i].held = held;
            continue;
        }
        key = rows_add(ledger, &keys);
        held = hold_of(holds, &request->key);
        if (key == NULL || held == NULL)
            return ledger_nomem(error);
        holds->wishes[i].held = held;
        for (unsigned k = 0; k < PARTS; k++)
            key[k] = store_text(slice_cstr(hold_part(&request->key, k)));
    }
    err = store_get_rows(ledger->book->store, &hold_get, keys.values,
                         keys.count, take_hold, holds, error);
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

/* What we know is of these versions, or nothing. */
static enum store_err agree(struct ledger *ledger, struct store_error *error)
{
    struct holds *holds = ledger->holds, kept = *holds;
    int64_t version, log_version;
    enum store_err err = read_version(ledger, "holds", &version, error);

    if (err == STORE_OK)
        err = read_version(ledger, "hold_log", &log_version, error);
    if (err != STORE_OK)
        return err;
    if (version != holds->version || log_version != holds->log_version ||
        holds->count > MOST_KEPT)
        forget_all(holds);
    holds->version = version;
    holds->log_version = log_version;
    holds->newest_delivery = kept.newest_delivery;
    holds->looked = kept.looked;
    holds->wishes = kept.wishes;
    holds->wish_count = kept.wish_count;
    holds->wish_cap = kept.wish_cap;
    return STORE_OK;
}

/* ---- Doing ----------------------------------------------------------- */

static struct bounce_slice name_route(struct ledger *ledger,
                                      const struct bounce_hold_key *key)
{
    char *text = arena_alloc(&ledger->arena, sizeof(*key) + 16);
    size_t len = 0;

    for (unsigned i = 0; text != NULL && i < PARTS; i++) {
        size_t part_len = strlen(hold_part(key, i));

        if (part_len == 0)
            continue;
        if (len > 0) {
            memcpy(text + len, " / ", 3);
            len += 3;
        }
        memcpy(text + len, hold_part(key, i), part_len);
        len += part_len;
    }
    if (text != NULL)
        text[len] = '\0';
    return slice_make(text, len);
}

/* A fault of the sender is an incident as long as it holds a route. */
static bool tell_watch(struct ledger *ledger, const struct wish *w,
                       const struct held *held)
{
    struct store_error error;

    if (held->hold.open)
        return watch_held(ledger, w->entry, &held->hold, &error) == STORE_OK;
    watch_freed(ledger, &held->hold, false, w->entry->at);
    return true;
}

static bool tell(struct ledger *ledger, const struct wish *w,
                 const struct held *held, const char *outcome)
{
    struct change *change = change_add(ledger, w->entry);
    struct bounce_slice route = name_route(ledger, &held->hold.key);

    if (change == NULL || route.ptr == NULL)
        return false;
    change->what = "hold";
    change->was = held->was_open ? "held" : "free";
    change->becomes = held->hold.open ? "held" : "free";
    change->outcome = outcome;
    change->reason = route.ptr;
    change->cause = held->hold.cause;
    change->flags = w->flags;
    if (w->entry->result != NULL)
        w->entry->result->changed = true;
    return tell_watch(ledger, w, held);
}

static bool is_in_force(const struct bounce_hold *hold, int64_t at)
{
    return hold->open &&
           (hold->cause.until == BOUNCE_NO_TIME || hold->cause.until > at);
}

/* All that concerns a hold of which something is late is done later. */
static bool put_off(struct ledger *ledger, const struct wish *w,
                    struct held *held)
{
    held->news = ledger_grow(ledger, held->news, held->news_count,
                             &held->news_cap, sizeof(*held->news));
    if (held->news == NULL)
        return false;
    held->news[held->news_count++] = (struct hold_news){w->entry->at, w};
    return true;
}

static bool note_late(struct ledger *ledger, const struct wish *w,
                      struct held *held)
{
    held->late = w;
    held->news = NULL;
    held->news_count = held->news_cap = 0;
    return put_off(ledger, w, held);
}

/* Deliveries of other batches that are newer than what opened a hold. */
static enum store_err look_ahead(struct ledger *ledger, const struct wish *w,
                                 struct store_error *error)
{
    struct held *held = w->held;

    if (w->entry->at > ledger->holds->newest_delivery)
        return STORE_OK;
    return hold_log_deliver(ledger, &held->hold, w->entry->at, INT64_MAX,
                            error);
}

static enum store_err open_hold(struct ledger *ledger, struct wish *w,
                                struct store_error *error)
{
    struct held *held = w->held;
    enum store_err err;

    held->dirty |= w->entry->at > held->newest_at;
    if (w->entry->at > held->newest_at)
        held->newest_at = w->entry->at;
    /* Late, or a delivery ended it that comes later than this. */
    w->put_off = held->late != NULL || w->entry->at <= held->hold.delivered_at;
    if (held->late != NULL)
        return put_off(ledger, w, held) ? STORE_OK : ledger_nomem(error);
    if (w->put_off)
        return note_late(ledger, w, held) ? STORE_OK : ledger_nomem(error);
    held->was_open = is_in_force(&held->hold, w->entry->at);
    if (!bounce_hold_open(&held->hold, w->request))
        return STORE_OK;
    w->took = true;
    hold_log_write(&held->hold, w->after, sizeof(w->after));
    held->changed = true;
    err = look_ahead(ledger, w, error);
    if (err != STORE_OK)
        return err;
    return tell(ledger, w, held, held->was_open ? "extended" : "held")
               ? STORE_OK
               : ledger_nomem(error);
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

static bool end_hold(struct ledger *ledger, const struct wish *w,
                     struct held *held)
{
    const struct bounce_cause *cause = &held->hold.cause;

    if (held->late != NULL)
        return put_off(ledger, w, held);
    /* The same whether the hold was in memory by chance or not. */
    if (!held->hold.open || (cause->until != BOUNCE_NO_TIME &&
                             cause->until < w->entry->at - HOLD_LATELY_S))
        return true;
    held->was_open = is_in_force(&held->hold, w->entry->at);
    if (!bounce_hold_end(&held->hold, false, w->entry->at))
        return true;
    held->changed = true;
    return held->hold.open || !held->was_open || tell(ledger, w, held, "ended");
}

/* ---- Too late -------------------------------------------------------- */

/* A delivery belongs before what is known of a hold: a request, or the delivery
 * that ended it. */
static bool see_delivery(struct ledger *ledger, const struct wish *w,
                         struct held *held)
{
    bool late = w->entry->at < held->newest_at ||
                w->entry->at < held->hold.delivered_at;

    (void)ledger;
    if (late && held->late == NULL)
        held->late = w;
    return true;
}

/* Requests of one second go by their ids, and deliveries come behind them. */
static void see_request(const struct wish *w)
{
    struct held *held = w->held;
    bool late = w->entry->at <= held->newest_at ||
                w->entry->at <= held->hold.delivered_at;

    if (late && held->late == NULL)
        held->late = w;
}

static enum store_err redo(struct ledger *ledger, struct held *held,
                           struct row_pair *rows, struct store_error *error)
{
    const struct wish *w = held->late;
    int64_t was_until = held->hold.cause.until;
    bool open;
    enum store_err err;

    held->was_open = is_in_force(&held->hold, ledger->now);
    err = hold_log_redo(ledger, &held->hold, held->news, held->news_count, rows,
                        error);
    if (err != STORE_OK)
        return err;
    held->changed = true;
    open = is_in_force(&held->hold, ledger->now);
    if (open == held->was_open &&
        (!open || held->hold.cause.until == was_until))
        return STORE_OK;
    return tell(ledger, w, held,
                !open            ? "ended"
                : held->was_open ? "extended"
                                 : "held")
               ? STORE_OK
               : ledger_nomem(error);
}

/* What was put off, when all of the batch is stored. */
static enum store_err redo_late(struct ledger *ledger,
                                struct store_error *error)
{
    struct holds *holds = ledger->holds;
    struct row_pair rows;
    enum store_err err = hold_log_begin(ledger, &rows, error);

    for (size_t i = 0; i < holds->slot_count; i++) {
        for (struct held *h = holds->slots[i]; h != NULL; h = h->next) {
            if (h->late != NULL && h->news_count > 0 && err == STORE_OK)
                err = redo(ledger, h, &rows, error);
            h->late = NULL;
            h->news = NULL;
            h->news_count = h->news_cap = 0;
        }
    }
    return err == STORE_OK ? hold_log_end(ledger, &rows, error) : err;
}

/* All holds whose parts are the delivery's, whatever the others are. */
static bool each_hold(struct ledger *ledger, const struct wish *w,
                      bool (*what)(struct ledger *ledger, const struct wish *w,
                                   struct held *held))
{
    const struct entry *e = w->entry;
    const struct bounce_slice values[PARTS] = {e->provider, e->domain, e->ip,
                                               e->sender_domain, e->campaign};
    struct bounce_hold_key route, key;
    unsigned known;

    for (unsigned i = 0; i < PARTS; i++)
        part_set(&route, i, values[i]);
    known = mask_of(&route);
    for (unsigned mask = 1; mask < 1U << PARTS; mask++) {
        struct held *held;

        if (ledger->holds->masks[mask] == 0 || (mask & ~known) != 0)
            continue;
        key = route;
        for (unsigned i = 0; i < PARTS; i++) {
            if ((mask & 1U << i) == 0)
                part_set(&key, i, SLICE_NULL);
        }
        held = find(ledger->holds, &key);
        if (held != NULL && !what(ledger, w, held))
            return false;
    }
    return true;
}

static enum store_err bump(struct ledger *ledger, const char *name,
                           int64_t *version, struct store_error *error)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, ++*version);
    return book_meta_set(ledger->book, name, text, error);
}

static enum store_err put(struct ledger *ledger, struct store_error *error)
{
    struct holds *holds = ledger->holds;
    bool changed = false;
    struct row_pair rows;
    enum store_err err;

    if (!row_pair_init(ledger, &rows, COLUMNS))
        return ledger_nomem(error);
    for (size_t i = 0; i < holds->slot_count; i++) {
        for (struct held *h = holds->slots[i]; h != NULL; h = h->next) {
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
        err = bump(ledger, "hold_log", &holds->log_version, error);
    return err == STORE_OK && changed
               ? bump(ledger, "holds", &holds->version, error)
               : err;
}

enum store_err holds_look(struct ledger *ledger, struct store_error *error)
{
    struct holds *holds = ledger->holds;
    bool wanted = false;

    for (size_t i = 0; i < holds->wish_count && !wanted; i++)
        wanted = holds->wishes[i].request != NULL;
    holds->looked = true;
    holds->newest_delivery = BOUNCE_NO_TIME;
    return wanted ? hold_log_newest(ledger, &holds->newest_delivery, error)
                  : STORE_OK;
}

/* What is needed of the table, and which of the wishes are late. */
static enum store_err prepare(struct ledger *ledger, struct store_error *error)
{
    struct holds *holds = ledger->holds;
    int64_t oldest = INT64_MAX, first = INT64_MAX;
    enum store_err err = agree(ledger, error);

    if (err == STORE_OK && !holds->looked)
        err = holds_look(ledger, error);
    for (size_t i = 0; i < holds->wish_count; i++) {
        const struct wish *w = &holds->wishes[i];

        if (w->request == NULL && w->entry->at < oldest)
            oldest = w->entry->at;
        if (w->request != NULL && w->entry->at < first)
            first = w->entry->at;
    }
    if (err == STORE_OK && first <= holds->newest_delivery)
        err = hold_log_near(ledger, first < oldest ? first : oldest,
                            &holds->nears, error);
    if (err == STORE_OK && oldest != INT64_MAX)
        err = read_active(ledger, oldest, error);
    if (err == STORE_OK)
        err = read_wanted(ledger, error);
    if (err != STORE_OK)
        return err;
    qsort(holds->wishes, holds->wish_count, sizeof(*holds->wishes), by_time);
    for (size_t i = 0; i < holds->wish_count; i++) {
        const struct wish *w = &holds->wishes[i];

        if (w->request != NULL)
            see_request(w);
        else
            (void)each_hold(ledger, w, see_delivery);
    }
    return STORE_OK;
}

enum store_err holds_settle(struct ledger *ledger, struct store_error *error)
{
    struct holds *holds = ledger->holds;
    enum store_err err;

    if (holds->wish_count == 0)
        return STORE_OK;
    err = prepare(ledger, error);
    if (err != STORE_OK)
        return err;
    for (size_t i = 0; i < holds->wish_count; i++) {
        struct wish *w = &holds->wishes[i];

        if (w->request != NULL)
            err = open_hold(ledger, w, error);
        else if (!each_hold(ledger, w, end_hold))
            err = ledger_nomem(error);
        if (err != STORE_OK)
            return err;
    }
    err = hold_log_put(ledger, holds->wishes, holds->wish_count, error);
    if (err == STORE_OK)
        err = redo_late(ledger, error);
    return err == STORE_OK ? put(ledger, error) : err;
}
