/* SPDX-License-Identifier: MIT */
#include "policy/state.h"

#include "policy/policy.h"

#define DAY_S (24 * 60 * 60)

int64_t time_add(int64_t at, int64_t seconds)
{
    if (seconds > 0 && at > INT64_MAX - seconds)
        return INT64_MAX;
    return at + seconds;
}

void text_set(char *out, size_t size, struct bounce_slice text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;

    /* Not in the middle of a UTF-8 sequence. */
    if (len < text.len) {
        while (len > 0 && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
            len--;
    }
    memset(out, 0, size);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        out[i] = c < 0x20 || c == 0x7F ? '?' : text.ptr[i];
    }
}

bool cause_in_force(const struct bounce_cause *cause, int64_t now)
{
    return cause->since != BOUNCE_NO_TIME &&
           (cause->until == BOUNCE_NO_TIME || cause->until > now);
}

void cause_clear(struct bounce_cause *cause)
{
    memset(cause, 0, sizeof(*cause));
    cause->since = cause->until = BOUNCE_NO_TIME;
    cause->verified = -1;
}

bool cause_better(const struct bounce_cause *a, const struct bounce_cause *b)
{
    int order;

    if (a->until != b->until) {
        if (a->until == BOUNCE_NO_TIME || b->until == BOUNCE_NO_TIME)
            return a->until == BOUNCE_NO_TIME;
        return a->until > b->until;
    }
    if (a->since != b->since)
        return a->since < b->since;
    if (a->verified != b->verified)
        return a->verified > b->verified;
    if (a->confidence != b->confidence)
        return a->confidence > b->confidence;
    order = strcmp(a->category, b->category);
    if (order == 0)
        order = strcmp(a->event_id, b->event_id);
    if (order == 0)
        order = strcmp(a->rule, b->rule);
    if (order == 0)
        order = strcmp(a->entry, b->entry);
    return order < 0;
}

void bounce_state_init(struct bounce_state *state)
{
    memset(state, 0, sizeof(*state));
    state->size = sizeof(*state);
    state->delivered_at = BOUNCE_NO_TIME;
    for (size_t i = 0; i < BOUNCE_SLOTS; i++) {
        state->released_at[i] = BOUNCE_NO_TIME;
        cause_clear(&state->causes[i]);
    }
    for (size_t i = 0; i < BOUNCE_COUNTERS; i++) {
        state->counters[i].first_at = BOUNCE_NO_TIME;
        cause_clear(&state->counters[i].last);
    }
}

enum bounce_standing
bounce_state_standing(const struct bounce_state *state, int64_t now,
                      const struct bounce_cause **cause_out)
{
    const struct bounce_cause *best = NULL;
    const struct bounce_cause *suspension =
        &state->causes[BOUNCE_SLOT_SUSPENSION];

    for (size_t i = 0; i < BOUNCE_SLOTS; i++) {
        const struct bounce_cause *cause = &state->causes[i];

        if (i != BOUNCE_SLOT_SUSPENSION && cause_in_force(cause, now) &&
            (best == NULL || cause_better(cause, best)))
            best = cause;
    }
    if (best == NULL && cause_in_force(suspension, now))
        best = suspension;
    if (cause_out != NULL)
        *cause_out = best;
    if (best == NULL)
        return BOUNCE_ACTIVE;
    return best == suspension ? BOUNCE_SUSPENDED : BOUNCE_SUPPRESSED;
}

int64_t state_floor(const struct bounce_state *state)
{
    int64_t released = state->released_at[BOUNCE_SLOT_COUNTED];

    return released > state->delivered_at ? released : state->delivered_at;
}

/* The place of a counter among those in use, or where it would stand. */
static size_t find_counter(const struct bounce_state *state,
                           struct bounce_slice id)
{
    size_t at = 0;

    while (at < BOUNCE_COUNTERS && state->counters[at].id[0] != '\0' &&
           slice_compare(slice_cstr(state->counters[at].id), id) < 0)
        at++;
    return at;
}

const struct bounce_counter *state_counter(const struct bounce_state *state,
                                           struct bounce_slice id)
{
    size_t at = find_counter(state, id);

    if (at == BOUNCE_COUNTERS ||
        !slice_eq(slice_cstr(state->counters[at].id), id))
        return NULL;
    return &state->counters[at];
}

int64_t state_told(const struct bounce_state *state, uint64_t key,
                   bool *breaker_out)
{
    int64_t told = BOUNCE_NO_TIME;

    *breaker_out = false;
    for (size_t i = 0; i < BOUNCE_COUNTERS; i++) {
        const struct bounce_counter *c = &state->counters[i];

        for (unsigned j = 0; j < c->kept; j++) {
            if (c->failures[j].key != key)
                continue;
            if (told == BOUNCE_NO_TIME || c->failures[j].at < told)
                told = c->failures[j].at;
            if (strcmp(c->id, POLICY_BREAKER_COUNTER) == 0)
                *breaker_out = true;
        }
    }
    return told;
}

static void counter_clear(struct bounce_counter *counter)
{
    memset(counter, 0, sizeof(*counter));
    counter->first_at = BOUNCE_NO_TIME;
    cause_clear(&counter->last);
}

/* Only a policy whose counters were renamed fills all places: the counter that
 * was quiet for longest makes room. */
static void drop_quietest(struct bounce_state *state)
{
    size_t quietest = 0;

    for (size_t i = 1; i < BOUNCE_COUNTERS; i++) {
        if (state->counters[i].last.since <
            state->counters[quietest].last.since)
            quietest = i;
    }
    memmove(&state->counters[quietest], &state->counters[quietest + 1],
            (BOUNCE_COUNTERS - 1 - quietest) * sizeof(state->counters[0]));
    counter_clear(&state->counters[BOUNCE_COUNTERS - 1]);
}

static struct bounce_counter *make_counter(struct bounce_state *state,
                                           struct bounce_slice id)
{
    struct bounce_counter *counter;
    size_t at;

    if (state->counters[BOUNCE_COUNTERS - 1].id[0] != '\0')
        drop_quietest(state);
    at = find_counter(state, id);
    counter = &state->counters[at];
    memmove(counter + 1, counter,
            (BOUNCE_COUNTERS - 1 - at) * sizeof(state->counters[0]));
    counter_clear(counter);
    TEXT_SET(counter->id, id);
    return counter;
}

static bool failure_before(const struct bounce_failure *a,
                           const struct bounce_failure *b)
{
    return a->at != b->at ? a->at < b->at : a->key < b->key;
}

/* Into the sorted set of the newest; false when it was there or is too old. */
static bool keep_failure(struct bounce_counter *counter,
                         const struct bounce_failure *failure)
{
    unsigned at = counter->kept;

    for (unsigned i = 0; i < counter->kept; i++) {
        if (counter->failures[i].key == failure->key)
            return false;
    }
    while (at > 0 && failure_before(failure, &counter->failures[at - 1]))
        at--;
    if (counter->kept == BOUNCE_FAILURES) {
        if (at == 0)
            return false;
        at--;
        memmove(&counter->failures[0], &counter->failures[1],
                at * sizeof(*failure));
    } else {
        memmove(&counter->failures[at + 1], &counter->failures[at],
                (counter->kept - at) * sizeof(*failure));
        counter->kept++;
    }
    counter->failures[at] = *failure;
    return true;
}

bool state_count(struct bounce_state *state, struct bounce_slice id,
                 uint64_t key, int64_t forget_s,
                 const struct bounce_cause *cause)
{
    struct bounce_failure failure = {.at = cause->since, .key = key};
    size_t at = find_counter(state, id);
    struct bounce_counter *counter;
    int64_t newest;
    bool changed;

    if (state_counter(state, id) != NULL)
        counter = &state->counters[at];
    else
        counter = make_counter(state, id);
    newest = counter->kept > 0 ? counter->failures[counter->kept - 1].at
                               : BOUNCE_NO_TIME;
    changed = keep_failure(counter, &failure);
    if (changed && (counter->first_at == BOUNCE_NO_TIME ||
                    failure.at < counter->first_at ||
                    failure.at > time_add(newest, forget_s)))
        counter->first_at = failure.at;
    if (cause->since > counter->last.since ||
        (cause->since == counter->last.since &&
         cause_better(cause, &counter->last))) {
        counter->last = *cause;
        changed = true;
    }
    return changed;
}

struct counter_view counter_view(const struct bounce_counter *counter,
                                 int64_t floor, int64_t forget_s, int64_t now)
{
    struct counter_view view = {.first_at = BOUNCE_NO_TIME,
                                .last_at = BOUNCE_NO_TIME};
    int64_t next = now;
    unsigned from, end;

    if (counter == NULL)
        return view;
    for (end = counter->kept; end > 0; end--) {
        if (counter->failures[end - 1].at <= now)
            break;
    }
    for (from = end; from > 0; from--) {
        int64_t at = counter->failures[from - 1].at;

        if (at <= floor || next > time_add(at, forget_s))
            break;
        next = at;
    }
    view.count = end - from;
    if (view.count == 0)
        return view;
    view.failures = &counter->failures[from];
    view.last_at = counter->failures[end - 1].at;
    view.first_at = view.failures[0].at;
    /* Older ones than those kept belong to the same run. */
    if (from == 0 && counter->first_at > floor &&
        counter->first_at < view.first_at)
        view.first_at = counter->first_at;
    for (unsigned i = 0; i < view.count; i++) {
        if (i == 0 ||
            view.failures[i].at / DAY_S != view.failures[i - 1].at / DAY_S)
            view.days++;
    }
    return view;
}

unsigned bounce_state_count(const struct bounce_state *state,
                            const char *counter, int64_t forget_s, int64_t now)
{
    return counter_view(state_counter(state, slice_cstr(counter)),
                        state_floor(state), forget_s, now)
        .count;
}

static bool cause_same(const struct bounce_cause *a,
                       const struct bounce_cause *b)
{
    return !cause_better(a, b) && !cause_better(b, a);
}

bool state_put(struct bounce_state *state, enum bounce_slot slot,
               const struct bounce_cause *cause)
{
    struct bounce_cause *held = &state->causes[slot];

    if (cause_in_force(held, cause->since)) {
        /* What several failures brought about stays as it is: a delivery of
         * this second takes back what this second did, and must then find
         * what was there before. */
        if (slot == BOUNCE_SLOT_COUNTED && held->since != cause->since)
            return false;
        if (!cause_better(cause, held))
            return false;
    } else if (cause_same(cause, held)) {
        return false;
    }
    *held = *cause;
    return true;
}

bool state_deliver(struct bounce_state *state, int64_t now, bool *lifted_out)
{
    struct bounce_cause *suspension = &state->causes[BOUNCE_SLOT_SUSPENSION];
    struct bounce_cause *counted = &state->causes[BOUNCE_SLOT_COUNTED];
    bool changed = false;

    *lifted_out = false;
    if (now > state->delivered_at) {
        state->delivered_at = now;
        changed = true;
    }
    if (suspension->since != BOUNCE_NO_TIME && suspension->since <= now) {
        *lifted_out = cause_in_force(suspension, now);
        cause_clear(suspension);
        changed = true;
    }
    /* A failure of the second of a delivery does not count, whichever was told
     * first; so what it brought about did not happen. */
    if (counted->since != BOUNCE_NO_TIME &&
        (counted->since == now || !cause_in_force(counted, now))) {
        cause_clear(counted);
        changed = true;
    }
    return changed;
}
