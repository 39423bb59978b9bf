/* SPDX-License-Identifier: MIT
 * Circuit breakers: when so many fail at once that it cannot be their own
 * fault. */
#include "policy/policy.h"

static double share(uint64_t part, uint64_t whole)
{
    if (whole < part)
        whole = part;
    return whole == 0 ? 0.0 : (double)part / (double)whole;
}

unsigned bounce_breaker_judge(const struct bounce_policy *policy,
                              const struct bounce_breaker_counts *counts)
{
    double past = share(counts->past_hard, counts->past_results);
    unsigned open = 0;

    /* Without much of a past any first bounce would be a leap. */
    if (past < policy->leap_floor)
        past = policy->leap_floor;
    if (policy->leap_least > 0 && counts->hard >= policy->leap_least &&
        share(counts->hard, counts->results) > past * policy->leap_factor)
        open |= BOUNCE_BREAKER_HARD_LEAP;
    if (policy->own_domains > 0 &&
        counts->domains_failing >= policy->own_domains &&
        share(counts->domains_failing, counts->domains) >= policy->own_share)
        open |= BOUNCE_BREAKER_OWN_FAULT;
    return open;
}
