/* SPDX-License-Identifier: MIT
 * The deliveries that end holds, as table event has them. */
#include <stdio.h>

#include "store/ledger_hold_in.h"

static bool take_time(void *ctx, const struct store_value *row, size_t count)
{
    (void)count;
    *(int64_t *)ctx = value_time(&row[0]);
    return true;
}

/* The literal 3 (BOUNCE_KIND_DELIVERY) is what the index says. */
#define DELIVERIES "SELECT at FROM event WHERE kind = 3"

enum store_err hold_log_newest(struct ledger *ledger, int64_t *newest_out,
                               struct store_error *error)
{
    *newest_out = BOUNCE_NO_TIME;
    return store_run(ledger->book->store,
                     DELIVERIES " ORDER BY at DESC LIMIT 1", NULL, 0, take_time,
                     newest_out, error);
}

/* Whether deliveries that nobody vouches for end nothing: the policy says that
 * of itself only where it is asked. */
static bool wants_verified(struct ledger *ledger)
{
    struct bounce_policy_input input;
    struct bounce_decision decision;
    struct bounce_state *state;

    ledger->state_used = 0; /* all addresses were judged */
    state = ledger_take_state(ledger);
    if (state == NULL)
        return false;
    bounce_state_init(state);
    bounce_policy_input_init(&input, NULL, 0);
    input.kind = BOUNCE_KIND_DELIVERY;
    input.verified = 0;
    return bounce_policy_apply(ledger->policy, &input, state, NULL,
                               &decision) == BOUNCE_OK &&
           strcmp(decision.reason, "unverified") == 0;
}

/* Deliveries that are kept for a batch: two hours of 30 a second, some 30 MB.
 * Asking for each request of a late hold takes seconds where there are as many. */
#define NEAR_MAX 200000

struct near {
    int64_t at;
    struct bounce_slice parts[HOLD_PARTS]; /* in lower case, as keys are */
};

struct hold_nears {
    struct ledger *ledger;
    int64_t from; /* all from here on are in the list */
    struct near *list;
    size_t count, cap;
    bool failed;
};

static struct bounce_slice keep_lower(struct hold_nears *nears,
                                      const struct store_value *value)
{
    struct bounce_slice part =
        ledger_keep(nears->ledger, value, &nears->failed);
    char *text;

    if (part.len == 0)
        return part;
    memcpy(&text, &part.ptr, sizeof(text)); /* the copy is ours */
    for (size_t i = 0; i < part.len; i++)
        text[i] = (char)ascii_lower((unsigned char)text[i]);
    return part;
}

static bool take_near(void *ctx, const struct store_value *row, size_t count)
{
    struct hold_nears *nears = ctx;
    struct near *near;

    (void)count;
    nears->list = ledger_grow(nears->ledger, nears->list, nears->count,
                              &nears->cap, sizeof(*nears->list));
    nears->failed |= nears->list == NULL;
    if (nears->failed)
        return false;
    near = &nears->list[nears->count++];
    near->at = row[0].integer;
    for (unsigned i = 0; i < HOLD_PARTS; i++)
        near->parts[i] = keep_lower(nears, &row[i + 1]);
    return !nears->failed;
}

enum store_err hold_log_near(struct ledger *ledger, int64_t from,
                             struct hold_nears **nears_out,
                             struct store_error *error)
{
    struct hold_nears *nears = arena_calloc(&ledger->arena, 1, sizeof(*nears));
    const struct store_value values[2] = {store_int(from),
                                          store_int(NEAR_MAX + 1)};
    enum store_err err;

    *nears_out = NULL;
    if (nears == NULL)
        return ledger_nomem(error);
    nears->ledger = ledger;
    nears->from = from;
    err = store_run(
        ledger->book->store,
        wants_verified(ledger)
            ? "SELECT at, provider, domain, ip, sender_domain, campaign "
              "FROM event WHERE kind = 3 AND at >= $1 AND verified = 1 "
              "ORDER BY at LIMIT $2"
            : "SELECT at, provider, domain, ip, sender_domain, campaign "
              "FROM event WHERE kind = 3 AND at >= $1 ORDER BY at LIMIT $2",
        values, 2, take_near, nears, error);
    if (nears->failed)
        return ledger_nomem(error);
    if (nears->count <= NEAR_MAX)
        *nears_out = nears;
    return err;
}

static bool is_over(const struct near *near, const struct bounce_slice *parts)
{
    for (unsigned i = 0; i < HOLD_PARTS; i++) {
        if (parts[i].len > 0 && !slice_eq(near->parts[i], parts[i]))
            return false;
    }
    return true;
}

/* How many of them were before a time. */
static size_t count_before(const struct hold_nears *nears, int64_t at)
{
    size_t low = 0, high = nears->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (nears->list[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int64_t find_near(const struct hold_nears *nears,
                         const struct bounce_hold_key *key, int64_t from,
                         int64_t to, bool last)
{
    size_t low = count_before(nears, from), high = nears->count;
    struct bounce_slice parts[HOLD_PARTS];

    if (to < INT64_MAX)
        high = count_before(nears, to + 1);
    for (unsigned i = 0; i < HOLD_PARTS; i++)
        parts[i] = slice_cstr(hold_part(key, i));
    while (low < high) {
        const struct near *near = &nears->list[last ? --high : low++];

        if (is_over(near, parts))
            return near->at;
    }
    return BOUNCE_NO_TIME;
}

static enum store_err ask_delivery(struct ledger *ledger,
                                   const struct bounce_hold_key *key,
                                   int64_t from, int64_t to, bool last,
                                   int64_t *at_out, struct store_error *error)
{
    static const char *const parts[HOLD_PARTS] = {
        " AND lower(provider) = $", " AND lower(domain) = $",
        " AND lower(ip) = $", " AND lower(sender_domain) = $",
        " AND lower(campaign) = $"};
    struct store_value values[HOLD_PARTS + 2];
    char sql[400];
    size_t count = 2;
    int len = snprintf(sql, sizeof(sql), "%s",
                       DELIVERIES " AND at >= $1 AND at <= $2");

    values[0] = store_int(from);
    values[1] = store_int(to);
    for (unsigned i = 0; i < HOLD_PARTS; i++) {
        if (hold_part(key, i)[0] == '\0')
            continue;
        values[count++] = store_text(slice_cstr(hold_part(key, i)));
        len += snprintf(sql + len, sizeof(sql) - (size_t)len, "%s%zu", parts[i],
                        count);
    }
    snprintf(sql + len, sizeof(sql) - (size_t)len, "%s ORDER BY at%s LIMIT 1",
             wants_verified(ledger) ? " AND verified = 1" : "",
             last ? " DESC" : "");
    *at_out = BOUNCE_NO_TIME;
    return store_run(ledger->book->store, sql, values, count, take_time, at_out,
                     error);
}

/* The first or the last delivery over a route from one time to another. */
static enum store_err find_delivery(struct ledger *ledger,
                                    const struct bounce_hold_key *key,
                                    int64_t from, int64_t to, bool last,
                                    int64_t *at_out, struct store_error *error)
{
    const struct hold_nears *nears = holds_near(ledger->holds);
    int64_t near = BOUNCE_NO_TIME;
    enum store_err err;

    if (nears == NULL || to < nears->from)
        return ask_delivery(ledger, key, from, to, last, at_out, error);
    near = find_near(nears, key, from, to, last);
    *at_out = near;
    if (from >= nears->from || (last && near != BOUNCE_NO_TIME))
        return STORE_OK;
    err = ask_delivery(ledger, key, from, nears->from - 1, last, at_out, error);
    if (err == STORE_OK && *at_out == BOUNCE_NO_TIME)
        *at_out = near;
    return err;
}

/* Of those that find the hold open: the first one ends it; when only a person
 * can do that, the last one is remembered. */
enum store_err hold_log_deliver(struct ledger *ledger, struct bounce_hold *hold,
                                int64_t from, int64_t to,
                                struct store_error *error)
{
    int64_t until = hold->cause.until, at;
    enum store_err err;

    if (!hold->open)
        return STORE_OK;
    if (until != BOUNCE_NO_TIME && until + HOLD_LATELY_S < to)
        to = until + HOLD_LATELY_S;
    if (from > to)
        return STORE_OK;
    err =
        find_delivery(ledger, &hold->key, from, to, hold->by_hand, &at, error);
    if (err == STORE_OK && at != BOUNCE_NO_TIME)
        (void)bounce_hold_end(hold, false, at);
    return err;
}
