/* SPDX-License-Identifier: MIT
 * Routes that rest. What a batch asks of them is done in the order of time when
 * all of it is known and stored; a hold for which some of it comes too late is
 * done again from then on (ledger_hold_redo.c). Deliveries only matter to holds
 * that are in force, or were so lately, or that ended after them: those few are
 * kept in memory (ledger_hold_table.c). */
#include <stdlib.h>

#include "store/ledger_hold_in.h"

struct holds {
    struct hold_table table;
    int64_t newest_delivery;  /* before this batch */
    bool looked;              /* newest_delivery is known */
    struct hold_nears *nears; /* deliveries, for what may be late */
    struct wish *wishes;      /* in the batch's arena */
    size_t wish_count, wish_cap;
};

struct holds *holds_new(void)
{
    struct holds *holds = calloc(1, sizeof(*holds));

    if (holds != NULL)
        hold_table_clear(&holds->table);
    return holds;
}

void holds_free(struct holds *holds)
{
    if (holds == NULL)
        return;
    hold_table_clear(&holds->table);
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
    hold_table_clear(&holds->table);
    holds_begin(holds);
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

/* ---- Doing ----------------------------------------------------------- */

static struct bounce_slice name_route(struct ledger *ledger,
                                      const struct bounce_hold_key *key)
{
    char *text = arena_alloc(&ledger->arena, sizeof(*key) + 16);
    size_t len = 0;

    for (unsigned i = 0; text != NULL && i < HOLD_PARTS; i++) {
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
    const struct hold_table *table = &ledger->holds->table;
    struct row_pair rows;
    enum store_err err = hold_log_begin(ledger, &rows, error);

    for (size_t i = 0; i < table->slot_count; i++) {
        for (struct held *h = table->slots[i]; h != NULL; h = h->next) {
            if (h->late != NULL && h->news_count > 0 && err == STORE_OK)
                err = redo(ledger, h, &rows, error);
            h->late = NULL;
            h->news = NULL;
            h->news_count = h->news_cap = 0;
        }
    }
    return err == STORE_OK ? hold_log_end(ledger, &rows, error) : err;
}

/* ---- A batch --------------------------------------------------------- */

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
    enum store_err err = hold_table_agree(ledger, &holds->table, error);

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
        err = hold_table_read_active(ledger, &holds->table, oldest, error);
    if (err == STORE_OK)
        err = hold_table_read_wanted(ledger, &holds->table, holds->wishes,
                                     holds->wish_count, error);
    if (err != STORE_OK)
        return err;
    qsort(holds->wishes, holds->wish_count, sizeof(*holds->wishes), by_time);
    for (size_t i = 0; i < holds->wish_count; i++) {
        const struct wish *w = &holds->wishes[i];

        if (w->request != NULL)
            see_request(w);
        else
            (void)hold_table_each(ledger, &holds->table, w, see_delivery);
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
        else if (!hold_table_each(ledger, &holds->table, w, end_hold))
            err = ledger_nomem(error);
        if (err != STORE_OK)
            return err;
    }
    err = hold_log_put(ledger, holds->wishes, holds->wish_count, error);
    if (err == STORE_OK)
        err = redo_late(ledger, error);
    return err == STORE_OK ? hold_table_put(ledger, &holds->table, error) : err;
}

/* ---- By hand --------------------------------------------------------- */

enum store_err holds_end_by_hand(struct ledger *ledger,
                                 struct bounce_hold *holds, size_t count,
                                 int64_t at, struct store_error *error)
{
    const struct hold_news news = {at, NULL};
    enum store_err err = STORE_OK;
    struct row_pair rows;

    for (size_t i = 0; i < count && err == STORE_OK; i++) {
        err = hold_log_put_end(ledger, &holds[i], at, error);
        if (err == STORE_OK)
            err = hold_log_begin(ledger, &rows, error);
        if (err == STORE_OK)
            err = hold_log_redo(ledger, &holds[i], &news, 1, &rows, error);
        if (err == STORE_OK)
            err = hold_log_end(ledger, &rows, error);
        if (err == STORE_OK)
            err = hold_table_note_newest(ledger, &holds[i].key, at, error);
    }
    return err;
}
