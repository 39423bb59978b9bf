/* SPDX-License-Identifier: MIT */
#include "policy/hold.h"

#include "policy/state.h"

static void hold_part(const struct policy_entry *e, enum policy_hold_part part,
                      struct bounce_slice value, char *out, size_t size,
                      unsigned *known)
{
    if ((e->hold & (unsigned)part) == 0 || value.len == 0 || value.len >= size)
        return;
    text_set(out, size, value);
    for (size_t i = 0; out[i] != '\0'; i++)
        out[i] = (char)ascii_lower((unsigned char)out[i]);
    *known |= (unsigned)part;
}

bool hold_request(const struct bounce_policy *policy,
                  const struct policy_entry *e, const struct bounce_route *r,
                  const struct bounce_cause *cause,
                  struct bounce_hold_request *h)
{
    const unsigned sent =
        POLICY_HOLD_IP | POLICY_HOLD_SENDER_DOMAIN | POLICY_HOLD_CAMPAIGN;
    struct bounce_hold_key *k = &h->key;
    unsigned known = 0;

    if (e->hold == 0)
        return false;
    hold_part(e, POLICY_HOLD_PROVIDER, r->provider, k->provider,
              sizeof(k->provider), &known);
    hold_part(e, POLICY_HOLD_DOMAIN, r->domain, k->domain, sizeof(k->domain),
              &known);
    hold_part(e, POLICY_HOLD_IP, r->ip, k->ip, sizeof(k->ip), &known);
    hold_part(e, POLICY_HOLD_SENDER_DOMAIN, r->sender_domain, k->sender_domain,
              sizeof(k->sender_domain), &known);
    hold_part(e, POLICY_HOLD_CAMPAIGN, r->campaign, k->campaign,
              sizeof(k->campaign), &known);
    if ((e->hold & POLICY_HOLD_PROVIDER) != 0 && k->provider[0] == '\0') {
        struct policy_entry by_domain = {.hold = POLICY_HOLD_DOMAIN};

        hold_part(&by_domain, POLICY_HOLD_DOMAIN, r->domain, k->domain,
                  sizeof(k->domain), &known);
        if (k->domain[0] == '\0')
            return false;
    }
    if (((e->hold & sent) != 0 && (known & sent) == 0) ||
        ((e->hold & POLICY_HOLD_DOMAIN) != 0 && k->domain[0] == '\0'))
        return false;
    h->cause = *cause;
    h->cause.until = BOUNCE_NO_TIME;
    h->base_s = e->hold_for.until_mended ? -1 : e->hold_for.step_s[0];
    h->max_s = e->hold_for.max_s > h->base_s ? e->hold_for.max_s : h->base_s;
    h->reset_s = policy->hold_reset_s;
    h->by_hand = e->hold_by_hand;
    return true;
}

static int64_t duration_s(int64_t base_s, int64_t max_s, unsigned step)
{
    for (; step > 0 && base_s < max_s; step--)
        base_s *= 2;
    return base_s < max_s ? base_s : max_s;
}

static bool in_force(const struct bounce_hold *hold, int64_t now)
{
    return hold->open && cause_in_force(&hold->cause, now);
}

/* When the hold would end, begun or begun anew by this request. */
static int64_t ends_at(const struct bounce_hold *hold,
                       const struct bounce_hold_request *request)
{
    if (request->base_s < 0)
        return BOUNCE_NO_TIME;
    return time_add(request->cause.since,
                    duration_s(request->base_s, request->max_s, hold->step));
}

/* Mail that was under way when the hold began fails too: only a longer kind of
 * hold, or another of the same second, makes it longer. */
static bool lengthen(struct bounce_hold *hold,
                     const struct bounce_hold_request *request)
{
    struct bounce_cause cause = request->cause;
    bool same_second = hold->cause.since == cause.since;

    cause.until = ends_at(hold, request);
    if (!same_second && hold->base_s >= request->base_s && request->base_s >= 0)
        return false;
    if (!cause_better(&cause, &hold->cause))
        return false;
    hold->cause = cause;
    if (request->base_s < 0 || request->base_s > hold->base_s)
        hold->base_s = request->base_s;
    hold->by_hand |= request->by_hand;
    return true;
}

bool bounce_hold_open(struct bounce_hold *hold,
                      const struct bounce_hold_request *request)
{
    int64_t now = request->cause.since;

    if (now <= hold->ended_at ||
        (!request->by_hand && now <= hold->delivered_at))
        return false;
    if (in_force(hold, now))
        return lengthen(hold, request);
    /* It failed again soon after the last hold ran out. */
    if (hold->open && now <= time_add(hold->cause.until, request->reset_s))
        hold->step++;
    else
        hold->step = 0;
    hold->key = request->key;
    hold->cause = request->cause;
    hold->cause.until = ends_at(hold, request);
    hold->base_s = request->base_s;
    hold->by_hand = request->by_hand;
    hold->open = true;
    return true;
}

bool bounce_hold_end(struct bounce_hold *hold, bool by_hand, int64_t now)
{
    int64_t *newest = by_hand ? &hold->ended_at : &hold->delivered_at;
    bool changed = false;

    if (now > *newest) {
        *newest = now;
        changed = true;
    }
    if (!hold->open || hold->cause.since > now || (hold->by_hand && !by_hand))
        return changed;
    hold->open = false;
    hold->step = 0;
    return true;
}

static bool part_applies(const char *part, struct bounce_slice value)
{
    return part[0] == '\0' || slice_eq_nocase(slice_cstr(part), value);
}

bool bounce_hold_applies(const struct bounce_hold *hold,
                         const struct bounce_route *route, int64_t now)
{
    const struct bounce_hold_key *k = &hold->key;

    return in_force(hold, now) && hold->cause.since <= now &&
           part_applies(k->provider, route->provider) &&
           part_applies(k->domain, route->domain) &&
           part_applies(k->ip, route->ip) &&
           part_applies(k->sender_domain, route->sender_domain) &&
           part_applies(k->campaign, route->campaign);
}
