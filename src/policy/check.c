/* SPDX-License-Identifier: MIT
 * May I send? And what people do by hand. */
#include "policy/policy.h"
#include "policy/state.h"

/* The later of two ends; BOUNCE_NO_TIME is without end. */
static int64_t later(int64_t a, int64_t b)
{
    if (a == BOUNCE_NO_TIME || b == BOUNCE_NO_TIME)
        return BOUNCE_NO_TIME;
    return a > b ? a : b;
}

/* The cause that speaks, of both states; a suppression before a suspension. */
static enum bounce_standing standing_of(const struct bounce_state *store,
                                        const struct bounce_state *scope,
                                        int64_t now,
                                        struct bounce_answer *answer)
{
    enum bounce_standing standing =
        bounce_state_standing(store, now, &answer->cause);
    const struct bounce_cause *cause;
    enum bounce_standing narrow;

    if (scope == NULL)
        return standing;
    narrow = bounce_state_standing(scope, now, &cause);
    if (narrow > standing || (narrow == standing && cause != NULL &&
                              cause_better(cause, answer->cause))) {
        answer->cause = cause;
        answer->in_scope = true;
        return narrow;
    }
    return standing;
}

static void name_cause(const struct bounce_policy *policy,
                       const struct bounce_state *state,
                       struct bounce_answer *answer)
{
    size_t slot = (size_t)(answer->cause - state->causes);

    answer->reason = bounce_slot_name((enum bounce_slot)slot);
    if (slot == BOUNCE_SLOT_COMPLAINT)
        answer->label = policy->label_complaint;
    else if (slot == BOUNCE_SLOT_UNSUBSCRIBE)
        answer->label = policy->label_unsubscribe;
    else if (slot != BOUNCE_SLOT_SUSPENSION)
        answer->label = policy->label_bounce;
}

/* All holds must be over before mail goes; the one that ends last is named. */
static void check_holds(const struct bounce_hold *holds, size_t count,
                        const struct bounce_route *route, int64_t now,
                        struct bounce_answer *answer)
{
    const struct bounce_hold *last = NULL;

    for (size_t i = 0; i < count; i++) {
        if (bounce_hold_applies(&holds[i], route, now) &&
            (last == NULL || cause_better(&holds[i].cause, &last->cause)))
            last = &holds[i];
    }
    if (last == NULL)
        return;
    answer->hold = last;
    if (answer->decided == BOUNCE_SEND) {
        answer->until = last->cause.until;
        answer->cause = &last->cause;
        answer->reason = "hold";
    } else {
        answer->until = later(answer->until, last->cause.until);
    }
    answer->decided = BOUNCE_LATER;
}

void bounce_policy_check(const struct bounce_policy *policy,
                         const struct bounce_state *store,
                         const struct bounce_state *scope,
                         const struct bounce_hold *holds, size_t hold_count,
                         const struct bounce_route *route, int64_t now,
                         struct bounce_answer *answer_out)
{
    enum bounce_standing standing;

    memset(answer_out, 0, sizeof(*answer_out));
    answer_out->until = BOUNCE_NO_TIME;
    answer_out->reason = "active";
    standing = standing_of(store, scope, now, answer_out);
    if (standing != BOUNCE_ACTIVE) {
        name_cause(policy, answer_out->in_scope ? scope : store, answer_out);
        answer_out->until = answer_out->cause->until;
        answer_out->decided =
            standing == BOUNCE_SUSPENDED ? BOUNCE_LATER : BOUNCE_NEVER;
    }
    if (standing != BOUNCE_SUPPRESSED && route != NULL)
        check_holds(holds, hold_count, route, now, answer_out);
    answer_out->may = policy->observe ? BOUNCE_SEND : answer_out->decided;
}

static void begin(const struct bounce_state *state, int64_t now,
                  struct bounce_decision *d)
{
    memset(d, 0, sizeof(*d));
    d->from = bounce_state_standing(state, now, NULL);
    cause_clear(&d->cause);
    d->cause.since = now;
}

static bool needs_consent(enum bounce_slot slot)
{
    return slot == BOUNCE_SLOT_COMPLAINT || slot == BOUNCE_SLOT_UNSUBSCRIBE;
}

void bounce_state_release(struct bounce_state *state, bool consent,
                          const char *reason, int64_t now,
                          struct bounce_decision *decision_out)
{
    struct bounce_decision *d = decision_out;
    bool kept = false;

    begin(state, now, d);
    TEXT_SET(d->cause.entry, SLICE("release"));
    TEXT_SET(d->cause.rule, slice_cstr(reason));
    d->reason = "not-held";
    for (unsigned i = 0; i < BOUNCE_SLOTS; i++) {
        struct bounce_cause *cause = &state->causes[i];

        if (needs_consent((enum bounce_slot)i) && !consent) {
            kept |= cause_in_force(cause, now);
            continue;
        }
        if (cause->since != BOUNCE_NO_TIME && cause->since <= now) {
            if (cause_in_force(cause, now)) {
                d->outcome = BOUNCE_OUTCOME_RELEASED;
                d->reason = "released";
            }
            cause_clear(cause);
            d->changed = true;
        }
        if (state->released_at[i] < now) {
            state->released_at[i] = now;
            d->changed = true;
        }
    }
    if (kept) {
        d->outcome = BOUNCE_OUTCOME_CONSENT;
        d->reason = "needs-consent";
    }
    d->to = bounce_state_standing(state, now, NULL);
}

void bounce_state_suppress(struct bounce_state *state, enum bounce_slot slot,
                           int64_t until, const char *entry, const char *reason,
                           int64_t now, struct bounce_decision *decision_out)
{
    struct bounce_decision *d = decision_out;

    begin(state, now, d);
    d->reason = "already";
    d->cause.until = until;
    TEXT_SET(d->cause.entry, slice_cstr(entry));
    TEXT_SET(d->cause.rule, slice_cstr(reason));
    if (slot != BOUNCE_SLOT_SUSPENSION &&
        (until == BOUNCE_NO_TIME || until > now) &&
        state_put(state, slot, &d->cause)) {
        d->changed = true;
        d->outcome = BOUNCE_OUTCOME_SUPPRESSED;
        d->reason = "by-hand";
    }
    d->to = bounce_state_standing(state, now, NULL);
}
