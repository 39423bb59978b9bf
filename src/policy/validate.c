/* SPDX-License-Identifier: MIT
 * What no single stanza of a policy can tell. */
#include "base/stanza.h"
#include "policy/policy.h"

static enum bounce_err wrong(const struct policy_entry *e,
                             struct bounce_error *error_out, const char *text)
{
    error_set(error_out, BOUNCE_E_RULES, e->line, "%.*s:%u: %s: %s",
              SLICE_ARG(e->origin), e->line, e->category, text);
    return BOUNCE_E_RULES;
}

static enum bounce_err check_counter(const struct bounce_policy *policy,
                                     const struct policy_entry *e,
                                     struct bounce_slice id,
                                     struct bounce_error *error_out)
{
    const struct policy_counter *c;

    if (id.ptr == NULL)
        return BOUNCE_OK;
    c = policy_counter(policy, id);
    if (c == NULL)
        return wrong(e, error_out, "there is no such counter");
    if (e->suppress == POLICY_SUPPRESS_NEVER && c->messages > 0)
        return wrong(e, error_out,
                     "it never suppresses, but its counter would");
    return BOUNCE_OK;
}

static enum bounce_err check_entry(const struct bounce_policy *policy,
                                   const struct policy_entry *e,
                                   struct bounce_error *error_out)
{
    const struct bounce_slice counters[] = {e->counter, e->counter_4xx,
                                            e->service_hard};

    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        enum bounce_err err = check_counter(policy, e, counters[i], error_out);

        if (err != BOUNCE_OK)
            return err;
    }
    if (e->suppress == POLICY_SUPPRESS_NEVER &&
        (e->at_once != POLICY_AT_ONCE_NO || e->dns_enough))
        return wrong(e, error_out, "it never suppresses, but would at once");
    /* Without a memory of failures a release would not hold against what
     * else is told of the same failure. */
    if ((e->at_once != POLICY_AT_ONCE_NO || e->suspend.count > 0) &&
        e->counter.ptr == NULL)
        return wrong(e, error_out, "it needs a counter");
    if ((e->hold != 0) != (e->hold_for.count > 0 || e->hold_for.until_mended))
        return wrong(e, error_out, "Hold and Hold-For go together");
    return BOUNCE_OK;
}

enum bounce_err policy_validate(const struct bounce_policy *policy,
                                struct bounce_error *error_out)
{
    for (size_t i = 0; i < policy->counter_count; i++) {
        const struct policy_counter *c = &policy->counters[i];

        if (c->messages == 0 &&
            (c->days > 0 || c->span_s > 0 || c->domain_silent || c->dns_check ||
             c->messages_engaged > 0)) {
            error_set(error_out, BOUNCE_E_RULES, c->line,
                      "%.*s:%u: counter %s: conditions without Messages",
                      SLICE_ARG(c->origin), c->line, c->id);
            return BOUNCE_E_RULES;
        }
        if (c->messages_engaged > 0 && c->engaged_s == 0) {
            error_set(error_out, BOUNCE_E_RULES, c->line,
                      "%.*s:%u: counter %s: Messages-Engaged without Engaged",
                      SLICE_ARG(c->origin), c->line, c->id);
            return BOUNCE_E_RULES;
        }
    }
    for (size_t i = 0; i < policy->entry_count; i++) {
        enum bounce_err err =
            check_entry(policy, &policy->entries[i], error_out);

        if (err != BOUNCE_OK)
            return err;
    }
    return BOUNCE_OK;
}
