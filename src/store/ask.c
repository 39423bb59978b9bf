/* SPDX-License-Identifier: MIT
 * Many questions are looked up by key, sorted, in one store_get_rows(); what is
 * usual (nothing known, or known and active) is answered without reading a
 * state's text. */
#include "store/ask.h"

#include <stdlib.h>

#include "base/arena.h"
#include "classify/knowledge.h"
#include "engine/engine.h"
#include "store/hold_row.h"

#define ARENA_MAX ((size_t)1 << 30)
#define MAX_APPLY 16 /* holds over one route that are looked at */

/* The columns of a state row that an answer needs. */
struct known {
    struct bounce_slice text, provider; /* text NULL: no row */
    int64_t newest_at;
    bool active; /* when the row was written */
};

struct asked {
    int64_t key;
    size_t index; /* of question and answer */
    struct known store, scope;
    bool known;   /* some row is this address's */
    bool foreign; /* a row is another address's: look by another key */
};

struct ask {
    struct book *book;
    struct arena arena;        /* of one call */
    struct bounce_hold *holds; /* open ones, by domain; "" comes first */
    size_t hold_count, hold_cap, everywhere; /* of them without a domain */
    char hold_mark[32]; /* as they were when they were read */
    bool hold_loaded, no_memory;
    struct bounce_state none, store, scope;

    /* of the call */
    const struct ask_question *questions;
    struct ask_answer *answers;
    struct asked *asked; /* by key */
    size_t count;
    bool damaged;
};

struct ask *ask_new(struct book *book)
{
    struct ask *ask = calloc(1, sizeof(*ask));

    if (ask == NULL)
        return NULL;
    ask->book = book;
    arena_init(&ask->arena, allocator_default(), ARENA_MAX);
    bounce_state_init(&ask->none);
    return ask;
}

void ask_free(struct ask *ask)
{
    if (ask == NULL)
        return;
    arena_clear(&ask->arena);
    free(ask->holds);
    free(ask);
}

static enum store_err no_memory(struct store_error *error)
{
    return store_fail(error, STORE_E_NOMEM, "memory is out");
}

/* ---- Holds ----------------------------------------------------------- */

static bool take_hold(void *ctx, const struct store_value *row, size_t columns)
{
    struct ask *ask = ctx;

    (void)columns;
    if (ask->hold_count == ask->hold_cap) {
        size_t cap = ask->hold_cap == 0 ? 64 : ask->hold_cap * 2;
        struct bounce_hold *holds =
            realloc(ask->holds, cap * sizeof(*ask->holds));

        if (holds == NULL) {
            ask->no_memory = true;
            return false;
        }
        ask->holds = holds;
        ask->hold_cap = cap;
    }
    hold_row_read(row, &ask->holds[ask->hold_count]);
    if (ask->holds[ask->hold_count].key.domain[0] == '\0')
        ask->everywhere++;
    ask->hold_count++;
    return true;
}

/* The ledger counts changes of holds in a row of meta. */
static enum store_err refresh_holds(struct ask *ask, struct store_error *error)
{
    char mark[sizeof(ask->hold_mark)];
    bool found;
    enum store_err err =
        book_meta(ask->book, "holds", mark, sizeof(mark), &found, error);

    if (err != STORE_OK ||
        (ask->hold_loaded && strcmp(mark, ask->hold_mark) == 0))
        return err;
    ask->hold_count = ask->everywhere = 0;
    ask->hold_loaded = ask->no_memory = false;
    err = store_run(ask->book->store,
                    "SELECT " HOLD_COLUMNS " FROM hold WHERE open <> 0 "
                    "ORDER BY domain, provider, ip, sender_domain, campaign",
                    NULL, 0, take_hold, ask, error);
    if (ask->no_memory)
        return no_memory(error);
    memcpy(ask->hold_mark, mark, sizeof(mark));
    ask->hold_loaded = err == STORE_OK;
    return err;
}

/* The first hold of this domain; hold_count when it has none. */
static size_t first_of_domain(const struct ask *ask, struct bounce_slice domain)
{
    size_t low = ask->everywhere, high = ask->hold_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct bounce_slice there = slice_cstr(ask->holds[middle].key.domain);

        if (slice_compare(there, domain) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Those that stop mail over the route, in out. */
static size_t holds_over(const struct ask *ask,
                         const struct bounce_route *route, int64_t now,
                         struct bounce_hold out[MAX_APPLY])
{
    size_t count = 0, i;

    for (i = 0; i < ask->everywhere && count < MAX_APPLY; i++)
        if (bounce_hold_applies(&ask->holds[i], route, now))
            out[count++] = ask->holds[i];
    for (i = first_of_domain(ask, route->domain);
         i < ask->hold_count && count < MAX_APPLY &&
         slice_eq(slice_cstr(ask->holds[i].key.domain), route->domain);
         i++)
        if (bounce_hold_applies(&ask->holds[i], route, now))
            out[count++] = ask->holds[i];
    return count;
}

/* ---- Rows ------------------------------------------------------------ */

static const struct store_column key_column[] = {{"key", STORE_INT}};
static const struct store_get state_get = {
    "state", "key, scope, address, text, standing, newest_at, provider",
    key_column, 1};

static struct bounce_slice keep(struct ask *ask,
                                const struct store_value *value)
{
    struct bounce_slice copy;

    if (value->type != STORE_TEXT)
        return SLICE_NULL;
    copy = arena_dup(&ask->arena, value->text);
    if (copy.ptr == NULL)
        ask->no_memory = true;
    return copy;
}

static bool is_address(const struct ask *ask, const struct asked *asked,
                       struct bounce_slice text)
{
    const char *ours = ask->answers[asked->index].address;
    struct address address;

    if (slice_eq(text, slice_cstr(ours)))
        return true;
    return address_read(ask->book->addresses, slice_cstr(ours), &address) ==
               ADDRESS_FINE &&
           book_same_address(ask->book, text, &address);
}

static bool same_scope(const struct ask_question *question,
                       struct bounce_slice scope)
{
    return scope.len > 0 && slice_eq(question->scope, scope);
}

static size_t first_of_key(const struct ask *ask, int64_t key)
{
    size_t low = 0, high = ask->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ask->asked[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool take_state(void *ctx, const struct store_value *row, size_t columns)
{
    struct ask *ask = ctx;
    struct known known = {.text = SLICE_NULL};

    (void)columns;
    for (size_t i = first_of_key(ask, row[0].integer);
         i < ask->count && ask->asked[i].key == row[0].integer; i++) {
        struct asked *asked = &ask->asked[i];
        const struct ask_question *question = &ask->questions[asked->index];
        bool scoped = same_scope(question, row[1].text);

        if (!is_address(ask, asked, row[2].text)) {
            asked->foreign = true;
            continue;
        }
        asked->known = true;
        if (!scoped && row[1].text.len > 0)
            continue;
        if (known.text.ptr == NULL) {
            known.text = keep(ask, &row[3]);
            known.active = row[4].integer == BOUNCE_ACTIVE;
            known.newest_at =
                row[5].type == STORE_INT ? row[5].integer : INT64_MAX;
            known.provider = keep(ask, &row[6]);
            if (ask->no_memory)
                return false;
        }
        if (scoped)
            asked->scope = known;
        else
            asked->store = known;
    }
    return true;
}

static int compare_asked(const void *a, const void *b)
{
    const struct asked *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static enum store_err look_up(struct ask *ask, struct store_error *error)
{
    struct store_value *keys =
        arena_alloc(&ask->arena, ask->count * sizeof(*keys));
    size_t count = 0;
    enum store_err err;

    if (keys == NULL)
        return no_memory(error);
    qsort(ask->asked, ask->count, sizeof(*ask->asked), compare_asked);
    for (size_t i = 0; i < ask->count; i++)
        if (i == 0 || ask->asked[i].key != ask->asked[i - 1].key)
            keys[count++] = store_int(ask->asked[i].key);
    if (count == 0)
        return STORE_OK;
    err = store_get_rows(ask->book->store, &state_get, keys, count, take_state,
                         ask, error);
    return ask->no_memory ? no_memory(error) : err;
}

/* Two addresses share a key, which happens once in a long while: the rows of
 * this one stand under another. */
static enum store_err look_again(struct ask *ask, struct asked *asked,
                                 struct bounce_slice scope, struct known *known,
                                 struct store_error *error)
{
    struct ask_answer *answer = &ask->answers[asked->index];
    struct book_state *state = arena_alloc(&ask->arena, sizeof(*state));
    struct address address;
    size_t len;
    char *text;
    enum store_err err;

    if (state == NULL ||
        address_read(ask->book->addresses, slice_cstr(answer->address),
                     &address) != ADDRESS_FINE)
        return no_memory(error);
    err = book_state(ask->book, &address, scope, state, error);
    if (err != STORE_OK || !state->found)
        return err;
    len = bounce_state_write(&state->state, NULL, 0);
    text = arena_alloc(&ask->arena, len);
    if (text == NULL)
        return no_memory(error);
    bounce_state_write(&state->state, text, len);
    asked->known = true;
    *known = (struct known){slice_make(text, len),
                            arena_dup(&ask->arena, slice_cstr(state->provider)),
                            INT64_MAX, false};
    return STORE_OK;
}

/* ---- What was forgotten ---------------------------------------------- */

static const struct store_column digest_column[] = {{"digest", STORE_TEXT}};
static const struct store_get forgotten_get = {
    "forgotten", "digest, scope, text", digest_column, 1};

struct forgotten_ctx {
    struct ask *ask;
    struct asked **asked; /* by digest */
    char (*digests)[65];
    size_t count;
};

static bool take_forgotten(void *ctx, const struct store_value *row,
                           size_t columns)
{
    struct forgotten_ctx *f = ctx;

    (void)columns;
    for (size_t i = 0; i < f->count; i++) {
        struct asked *asked = f->asked[i];
        struct known known = {.newest_at = INT64_MAX};
        bool scoped = same_scope(&f->ask->questions[asked->index], row[1].text);

        if (!slice_eq(slice_cstr(f->digests[i]), row[0].text) ||
            (!scoped && row[1].text.len > 0))
            continue;
        known.text = keep(f->ask, &row[2]);
        if (known.text.ptr == NULL)
            return false;
        f->ask->answers[asked->index].forgotten = true;
        if (scoped)
            asked->scope = known;
        else
            asked->store = known;
    }
    return true;
}

/* Some of those of whom there is no row: take_forgotten() looks at each. */
#define FORGOTTEN_STEP 64

static enum store_err look_for(struct forgotten_ctx *f,
                               struct store_error *error)
{
    struct store_value keys[FORGOTTEN_STEP];
    size_t unique = 0;
    enum store_err err;

    for (size_t i = 0; i < f->count; i++) {
        size_t j = 0;

        while (j < i && strcmp(f->digests[j], f->digests[i]) != 0)
            j++;
        if (j == i)
            keys[unique++] = store_text(slice_cstr(f->digests[i]));
    }
    err = store_get_rows(f->ask->book->store, &forgotten_get, keys, unique,
                         take_forgotten, f, error);
    f->count = 0;
    return f->ask->no_memory ? no_memory(error) : err;
}

static enum store_err look_in_forgotten(struct ask *ask,
                                        struct store_error *error)
{
    struct asked *asked[FORGOTTEN_STEP];
    char digests[FORGOTTEN_STEP][65];
    struct forgotten_ctx f = {ask, asked, digests, 0};
    bool any = false;
    enum store_err err =
        store_run(ask->book->store, "SELECT 1 FROM forgotten LIMIT 1", NULL, 0,
                  store_take_any, &any, error);

    for (size_t i = 0; any && i < ask->count && err == STORE_OK; i++) {
        struct address address;

        if (!ask->asked[i].known) {
            (void)address_read(
                ask->book->addresses,
                slice_cstr(ask->answers[ask->asked[i].index].address),
                &address);
            if (!book_digest(ask->book, &address, digests[f.count]))
                return store_fail(error, STORE_E_OPEN,
                                  "addresses were forgotten: HMAC-SHA-256 is "
                                  "needed, and is not installed");
            asked[f.count++] = &ask->asked[i];
        }
        if (f.count == FORGOTTEN_STEP)
            err = look_for(&f, error);
    }
    return err == STORE_OK && f.count > 0 ? look_for(&f, error) : err;
}

/* ---- Answers --------------------------------------------------------- */

static void set_text(char *out, size_t cap, struct bounce_slice text)
{
    size_t len = text.len < cap ? text.len : cap - 1;

    if (len > 0)
        memcpy(out, text.ptr, len);
    out[len] = '\0';
}

static struct bounce_slice provider_of(const struct ask *ask,
                                       struct bounce_slice domain)
{
    const struct knowledge *knowledge = &ask->book->engine->knowledge;

    for (size_t i = 0; i < knowledge->set_count; i++) {
        const struct tables *t = knowledge->sets[i];
        uint32_t provider = knowledge_host(t, domain, true);

        if (provider != TAB_NONE)
            return tab_slice(t, t->providers[provider].id);
    }
    return SLICE_NULL;
}

/* The state of a row; ask->none where it says nothing. */
static const struct bounce_state *read_state(struct ask *ask,
                                             const struct known *known,
                                             int64_t now,
                                             struct bounce_state *room)
{
    if (known->text.ptr == NULL || (known->active && now >= known->newest_at))
        return &ask->none;
    if (bounce_state_read(known->text.ptr, known->text.len, room, NULL) !=
        BOUNCE_OK)
        ask->damaged = true;
    return room;
}

static void answer_one(struct ask *ask, const struct asked *asked, int64_t now)
{
    const struct ask_question *question = &ask->questions[asked->index];
    struct ask_answer *answer = &ask->answers[asked->index];
    struct bounce_slice address = slice_cstr(answer->address);
    struct bounce_slice domain =
        slice_from(address, slice_rfind_byte(address, '@') + 1);
    struct bounce_slice provider = asked->store.provider;
    const struct bounce_state *store, *scope = NULL;
    struct bounce_hold holds[MAX_APPLY];
    struct bounce_answer found;
    struct bounce_route route;
    size_t count;

    if (provider.len == 0)
        provider = asked->scope.provider;
    if (provider.len == 0)
        provider = provider_of(ask, domain);
    route = (struct bounce_route){.provider = provider,
                                  .domain = domain,
                                  .ip = question->ip,
                                  .sender_domain = question->sender_domain,
                                  .campaign = question->campaign};
    count = holds_over(ask, &route, now, holds);
    store = read_state(ask, &asked->store, now, &ask->store);
    if (asked->scope.text.ptr != NULL)
        scope = read_state(ask, &asked->scope, now, &ask->scope);
    bounce_policy_check(ask->book->policy, store, scope, holds, count, &route,
                        now, &found);
    answer->may = found.may;
    answer->decided = found.decided;
    answer->until = found.until;
    answer->reason = found.reason;
    answer->in_scope = found.in_scope;
    if (found.cause != NULL)
        answer->cause = *found.cause;
    answer->has_hold = found.hold != NULL;
    if (found.hold != NULL)
        answer->hold = *found.hold;
    set_text(answer->label, sizeof(answer->label), found.label);
    set_text(answer->provider, sizeof(answer->provider), provider);
}

/* Reads the addresses; those that are none are answered with that. */
static void read_addresses(struct ask *ask, size_t count)
{
    ask->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct ask_answer *answer = &ask->answers[i];
        struct address address;

        *answer = (struct ask_answer){.until = BOUNCE_NO_TIME,
                                      .cause.since = BOUNCE_NO_TIME,
                                      .cause.until = BOUNCE_NO_TIME,
                                      .reason = "active"};
        answer->flaw = address_read(ask->book->addresses,
                                    ask->questions[i].address, &address);
        if (answer->flaw != ADDRESS_FINE) {
            answer->may = answer->decided = BOUNCE_NEVER;
            answer->reason = "no-address";
            continue;
        }
        set_text(answer->address, sizeof(answer->address),
                 slice_make(address.text, address.len));
        ask->asked[ask->count++] =
            (struct asked){.key = address.key, .index = i};
    }
}

enum store_err ask_check(struct ask *ask, const struct ask_question *questions,
                         size_t count, int64_t now, struct ask_answer *answers,
                         struct store_error *error)
{
    enum store_err err;

    arena_reset(&ask->arena);
    ask->questions = questions;
    ask->answers = answers;
    ask->no_memory = ask->damaged = false;
    ask->asked = arena_alloc(&ask->arena, count * sizeof(*ask->asked));
    if (ask->asked == NULL)
        return no_memory(error);
    read_addresses(ask, count);
    err = refresh_holds(ask, error);
    if (err == STORE_OK)
        err = look_up(ask, error);
    for (size_t i = 0; i < ask->count && err == STORE_OK; i++) {
        struct asked *asked = &ask->asked[i];
        struct bounce_slice scope = questions[asked->index].scope;

        if (!asked->foreign || asked->known)
            continue;
        err = look_again(ask, asked, SLICE(""), &asked->store, error);
        if (err == STORE_OK && scope.len > 0)
            err = look_again(ask, asked, scope, &asked->scope, error);
    }
    if (err == STORE_OK)
        err = look_in_forgotten(ask, error);
    for (size_t i = 0; i < ask->count && err == STORE_OK; i++) {
        answer_one(ask, &ask->asked[i], now);
        if (ask->damaged)
            err = store_fail(error, STORE_E_DAMAGED,
                             "the state of %s cannot be read",
                             answers[ask->asked[i].index].address);
    }
    return err;
}
