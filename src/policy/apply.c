/* SPDX-License-Identifier: MIT
 * One verdict: (state, verdict, facts, now) -> (state, hold, decision). */
#include "policy/hold.h"
#include "policy/state.h"

#define MAX_TIME  ((int64_t)1 << 40)
#define FNV_PRIME 1099511628211U

/* What the steps of one call share. */
struct judging {
    const struct bounce_policy *policy;
    const struct bounce_policy_input *input;
    const struct policy_entry *entry;
    struct bounce_state *state; /* the one that the entry speaks of */
    uint64_t key;
    int64_t told_at; /* when the failure was first told of, at most now */
    bool told_by_breaker;
    struct bounce_cause cause;
    struct bounce_decision *decision;
};

/* Without a failure's key the event stands for itself. */
static uint64_t failure_key(const struct bounce_policy_input *input)
{
    uint64_t key = 14695981039346656037U;

    if (input->failure != 0)
        key = input->failure;
    else
        for (size_t i = 0; i < input->event_id.len; i++)
            key = (key ^ (unsigned char)input->event_id.ptr[i]) * FNV_PRIME;
    /* A complaint about a message is not its bounce. */
    if (input->kind != BOUNCE_KIND_BOUNCE)
        key = (key ^ (uint64_t)input->kind) * FNV_PRIME;
    return key;
}

static unsigned hundredths(double confidence)
{
    if (!(confidence > 0.0))
        return 0;
    return confidence >= 1.0 ? 100 : (unsigned)(confidence * 100.0 + 0.5);
}

static void make_cause(struct judging *j)
{
    const struct bounce_policy_input *in = j->input;
    struct bounce_cause *cause = &j->cause;
    const char *category = j->entry->category;
    size_t layer = j->entry->layer.len;

    cause_clear(cause);
    cause->since = in->now;
    cause->confidence = hundredths(in->confidence);
    cause->verified = in->verified > 0 ? 1 : in->verified < 0 ? -1 : 0;
    if (j->entry->expires_s > 0)
        cause->until = time_add(in->now, j->entry->expires_s);
    TEXT_SET(cause->category, slice_cstr(category));
    TEXT_SET(cause->rule, in->rule);
    TEXT_SET(cause->event_id, in->event_id);
    TEXT_SET(cause->entry, j->entry->layer);
    if (layer + 1 < sizeof(cause->entry)) {
        cause->entry[layer] = ':';
        text_set(cause->entry + layer + 1, sizeof(cause->entry) - layer - 1,
                 slice_cstr(category));
    }
}

static void note(struct judging *j, enum bounce_outcome outcome,
                 const char *reason, const struct bounce_cause *cause)
{
    struct bounce_decision *d = j->decision;

    /* The gravest of what happened in one call is what it is told by. */
    if (outcome < d->outcome)
        return;
    d->outcome = outcome;
    d->reason = reason;
    d->cause = *cause;
}

static void suspend(struct judging *j, int64_t until, const char *reason,
                    const char *entry)
{
    struct bounce_cause cause = j->cause;

    cause.until = until;
    if (entry != NULL)
        TEXT_SET(cause.entry, slice_cstr(entry));
    if (state_put(j->state, BOUNCE_SLOT_SUSPENSION, &cause)) {
        j->decision->changed = true;
        note(j, BOUNCE_OUTCOME_SUSPENDED, reason, &cause);
    }
}

static bool is_counting(const struct judging *j)
{
    return j->input->now > state_floor(j->state);
}

static bool record(struct judging *j, struct bounce_slice counter)
{
    bool changed =
        state_count(j->state, counter, j->key, j->policy->forget_s, &j->cause);

    j->decision->changed |= changed;
    return changed;
}

/* What a breaker keeps from counting is remembered, so that another report of
 * the same failure does not count later. */
static void stand_aside(struct judging *j, const char *reason)
{
    j->decision->incident = true;
    j->decision->reason = reason;
    if (j->told_at == j->input->now)
        record(j, SLICE(POLICY_BREAKER_COUNTER));
}

static bool suffices_at_once(const struct judging *j)
{
    const struct policy_entry *e = j->entry;

    if (e->dns_enough && j->input->dns_domain == 0)
        return true;
    switch (e->at_once) {
    case POLICY_AT_ONCE_PERMANENT:
        return j->input->permanent == 1 && j->cause.confidence >= e->confidence;
    case POLICY_AT_ONCE_ALWAYS:
        return true;
    case POLICY_AT_ONCE_AS_CAUSE:
        return j->input->suppressed_for.len > 0;
    case POLICY_AT_ONCE_NO:
        break;
    }
    return false;
}

static enum bounce_slot slot_of(const struct judging *j)
{
    if (j->entry->at_once == POLICY_AT_ONCE_AS_CAUSE) {
        if (slice_eq(j->input->suppressed_for, SLICE("complaint")))
            return BOUNCE_SLOT_COMPLAINT;
        if (slice_eq(j->input->suppressed_for, SLICE("unsubscribe")))
            return BOUNCE_SLOT_UNSUBSCRIBE;
    }
    return j->entry->slot;
}

static void suppress_at_once(struct judging *j)
{
    enum bounce_slot slot = slot_of(j);

    /* Another report of what was released already. */
    if (j->told_at <= j->state->released_at[slot]) {
        note(j, BOUNCE_OUTCOME_NOTHING, "released", &j->cause);
        return;
    }
    if (state_put(j->state, slot, &j->cause)) {
        j->decision->changed = true;
        note(j, BOUNCE_OUTCOME_SUPPRESSED, "at-once", &j->cause);
    } else {
        note(j, BOUNCE_OUTCOME_NOTHING, "already", &j->cause);
    }
}

static bool is_enough(const struct judging *j, const struct policy_counter *c,
                      const struct counter_view *view)
{
    const struct bounce_policy_input *in = j->input;

    if (view->count < j->decision->needed || view->days < c->days ||
        view->last_at - view->first_at < c->span_s)
        return false;
    if (c->domain_silent && in->domain_delivered_at != BOUNCE_NO_TIME &&
        in->domain_delivered_at >= view->first_at)
        return false;
    return !c->dns_check || in->dns_domain == 0;
}

/* A person who was active lately is given more chances. */
static unsigned messages_needed(const struct judging *j,
                                const struct policy_counter *c)
{
    int64_t engaged = j->input->engaged_at;

    if (c->messages_engaged > 0 && engaged != BOUNCE_NO_TIME &&
        j->input->now <= time_add(engaged, c->engaged_s))
        return c->messages_engaged;
    return c->messages;
}

/* How long the failures of a counter suspend, one suspension after the other:
 * a failure while one lasts does not lengthen it. */
static int64_t suspended_until(const struct policy_steps *steps,
                               const struct counter_view *view)
{
    int64_t until = BOUNCE_NO_TIME;
    unsigned step = 0;

    for (unsigned i = 0; i < view->count; i++) {
        if (until == BOUNCE_NO_TIME || view->failures[i].at >= until)
            until =
                time_add(view->failures[i].at, policy_steps_at(steps, step++));
    }
    return until;
}

static void count(struct judging *j, struct bounce_slice id)
{
    const struct policy_entry *e = j->entry;
    const struct policy_counter *c = policy_counter(j->policy, id);
    struct bounce_decision *d = j->decision;
    const struct bounce_counter *counter;
    struct counter_view view;
    bool moved;

    if (j->told_at < j->input->now) {
        note(j, BOUNCE_OUTCOME_NOTHING, "told-before", &j->cause);
        return;
    }
    moved = record(j, id);
    counter = state_counter(j->state, id);
    view = counter_view(counter, state_floor(j->state), j->policy->forget_s,
                        j->input->now);
    TEXT_SET(d->counter, id);
    d->count = view.count;
    d->days = view.days;
    d->needed = messages_needed(j, c);
    if (!is_counting(j)) {
        note(j, BOUNCE_OUTCOME_NOTHING, "delivered-since", &j->cause);
        return;
    }
    note(j, moved ? BOUNCE_OUTCOME_COUNTED : BOUNCE_OUTCOME_NOTHING,
         moved ? "counted" : "told-before", &j->cause);
    if (e->suspend.count > 0 && view.count > 0 &&
        (!e->suspend_permanent || j->input->permanent == 1) &&
        id.ptr == e->counter.ptr)
        suspend(j, suspended_until(&e->suspend, &view), "suspended", NULL);
    if (d->needed > 0 && counter->last.since == j->input->now &&
        is_enough(j, c, &view) &&
        state_put(j->state, BOUNCE_SLOT_COUNTED, &counter->last)) {
        d->changed = true;
        note(j, BOUNCE_OUTCOME_SUPPRESSED, "enough", &counter->last);
    }
}

/* The counter of this failure; NULL: none. */
static struct bounce_slice counter_of(const struct judging *j)
{
    const struct policy_entry *e = j->entry;

    if (j->input->permanent == 0 && e->counter_4xx.ptr != NULL)
        return e->counter_4xx;
    return e->counter;
}

/* Where nothing fits, the class that the service gave serves. true when that
 * decides. */
static bool judge_by_service(struct judging *j)
{
    enum bounce_class cls = j->input->service_class;

    if (j->entry->service_hard.ptr == NULL || cls == BOUNCE_CLASS_NONE ||
        cls == BOUNCE_CLASS_UNDETERMINED)
        return false;
    if (cls == BOUNCE_CLASS_HARD)
        count(j, j->entry->service_hard);
    else
        note(j, BOUNCE_OUTCOME_NOTHING, "service-class", &j->cause);
    return true;
}

static void judge_address(struct judging *j)
{
    const struct bounce_policy *p = j->policy;
    const struct policy_entry *e = j->entry;
    struct bounce_slice counter = counter_of(j);

    if (j->told_by_breaker && j->told_at < j->input->now) {
        note(j, BOUNCE_OUTCOME_NOTHING, "told-before", &j->cause);
        return;
    }
    if (e->leap && (j->input->breaker & BOUNCE_BREAKER_HARD_LEAP) != 0) {
        stand_aside(j, "breaker-hard-leap");
        if (is_counting(j) && j->told_at == j->input->now)
            suspend(j, time_add(j->input->now, p->leap_suspend_s),
                    "breaker-hard-leap", "breaker:hard-leap");
        return;
    }
    if (judge_by_service(j))
        return;
    if (e->at_once == POLICY_AT_ONCE_AS_CAUSE &&
        j->input->suppressed_for.len == 0) {
        j->decision->review = true;
        note(j, BOUNCE_OUTCOME_NOTHING, "no-cause", &j->cause);
        return;
    }
    if (suffices_at_once(j))
        suppress_at_once(j);
    if (counter.ptr != NULL)
        count(j, counter);
    else if (e->suppress == POLICY_SUPPRESS_NEVER)
        note(j, BOUNCE_OUTCOME_NOTHING, "never", &j->cause);
}

static void judge_failure(struct judging *j, bool final)
{
    struct bounce_decision *d = j->decision;
    const struct policy_entry *e = j->entry;

    d->alert = e->alert;
    d->review = e->review;
    if (e->own_fault && (j->input->breaker & BOUNCE_BREAKER_OWN_FAULT) != 0) {
        if (final)
            stand_aside(j, "breaker-own-fault");
        d->reason = "breaker-own-fault";
        d->incident = true;
        return;
    }
    d->wants_hold =
        hold_request(j->policy, e, &j->input->route, &j->cause, &d->hold);
    if (final)
        judge_address(j);
    else
        d->reason = "delay";
}

static void judge_delay(struct judging *j)
{
    const struct bounce_policy *p = j->policy;
    struct bounce_decision *d = j->decision;

    judge_failure(j, false);
    if ((p->give_up_s > 0 && j->input->waiting_s >= p->give_up_s) ||
        (p->tries > 0 && j->input->tries >= p->tries)) {
        d->gave_up = true;
        d->reason = "gave-up";
        d->label = p->label_given_up;
    }
}

static void judge_delivery(struct bounce_state *store,
                           struct bounce_state *scope, int64_t now,
                           struct bounce_decision *d)
{
    bool lifted = false, lifted_in_scope = false;

    d->changed = state_deliver(store, now, &lifted);
    if (scope != NULL && state_deliver(scope, now, &lifted_in_scope)) {
        d->in_scope = !d->changed;
        d->changed = true;
    }
    if (d->changed)
        d->outcome = BOUNCE_OUTCOME_RESET;
    d->reason = lifted || lifted_in_scope ? "delivered-lifted" : "delivered";
}

static struct bounce_state *state_of(const struct judging *j,
                                     struct bounce_state *store,
                                     struct bounce_state *scope)
{
    bool narrow = j->entry->suppress == POLICY_SUPPRESS_SCOPE ||
                  (j->entry->at_once == POLICY_AT_ONCE_AS_CAUSE &&
                   slot_of(j) == BOUNCE_SLOT_UNSUBSCRIBE);

    return narrow && scope != NULL ? scope : store;
}

static bool is_failure(enum bounce_kind kind)
{
    return kind == BOUNCE_KIND_BOUNCE || kind == BOUNCE_KIND_FEEDBACK ||
           kind == BOUNCE_KIND_UNSUBSCRIBE;
}

static void judge(struct judging *j, struct bounce_state *store,
                  struct bounce_state *scope)
{
    const struct bounce_policy_input *in = j->input;
    struct bounce_decision *d = j->decision;

    j->entry = policy_entry(j->policy, in->category);
    if (j->entry == NULL) {
        d->reason = in->category.len > 0 ? "unknown-category" : "no-category";
        return;
    }
    make_cause(j);
    d->cause = j->cause;
    j->state = state_of(j, store, scope);
    d->in_scope = j->state == scope;
    j->key = failure_key(in);
    j->told_at = state_told(j->state, j->key, &j->told_by_breaker);
    if (in->told_at != BOUNCE_NO_TIME &&
        (j->told_at == BOUNCE_NO_TIME || in->told_at < j->told_at))
        j->told_at = in->told_at;
    if (j->told_at == BOUNCE_NO_TIME || j->told_at > in->now)
        j->told_at = in->now;
    d->from = bounce_state_standing(j->state, in->now, NULL);
    if (is_failure(in->kind))
        judge_failure(j, true);
    else
        judge_delay(j);
    d->to = bounce_state_standing(j->state, in->now, NULL);
}

enum bounce_err bounce_policy_apply(const struct bounce_policy *policy,
                                    const struct bounce_policy_input *input,
                                    struct bounce_state *store,
                                    struct bounce_state *scope,
                                    struct bounce_decision *decision_out)
{
    struct judging j = {
        .policy = policy, .input = input, .decision = decision_out};

    memset(decision_out, 0, sizeof(*decision_out));
    cause_clear(&decision_out->cause);
    decision_out->reason = "no-failure";
    if (input->now < 0 || input->now > MAX_TIME)
        return BOUNCE_E_ARG;
    decision_out->observed = policy->observe;
    if (policy->require_verified && input->verified != 1) {
        decision_out->reason = "unverified";
        return BOUNCE_OK;
    }
    if (input->kind == BOUNCE_KIND_DELIVERY) {
        decision_out->from = bounce_state_standing(store, input->now, NULL);
        judge_delivery(store, scope, input->now, decision_out);
        decision_out->to = bounce_state_standing(store, input->now, NULL);
    } else if (is_failure(input->kind) || input->kind == BOUNCE_KIND_DELAY) {
        judge(&j, store, scope);
    }
    return BOUNCE_OK;
}
