/* SPDX-License-Identifier: MIT
 * Policies, states and verdicts for tests. */
#ifndef TESTS_POLICY_FIXTURE_H
#define TESTS_POLICY_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"

#define HOUR_S  ((int64_t)3600)
#define DAY_S   (24 * HOUR_S)
#define START_S ((int64_t)1700000000 / DAY_S * DAY_S)

/* Aborts where a policy cannot be made: a test cannot go on then. */
static inline struct bounce_policy *policy_make(const char *preset,
                                                const char *own)
{
    struct bounce_policy *policy;
    struct bounce_error error;

    if (bounce_policy_new(NULL, preset, "own.policy", own,
                          own != NULL ? strlen(own) : 0, &policy,
                          &error) != BOUNCE_OK) {
        fprintf(stderr, "%s\n", error.msg);
        abort();
    }
    return policy;
}

/* A final failure, permanent and sure, of a known route. */
static inline struct bounce_policy_input
verdict_make(const char *category, int64_t now, const char *event_id)
{
    struct bounce_policy_input input;

    bounce_policy_input_init(&input, NULL, now);
    input.kind = BOUNCE_KIND_BOUNCE;
    input.permanent = 1;
    input.confidence = 0.98;
    input.category = slice_cstr(category);
    input.event_id = slice_cstr(event_id);
    input.rule = SLICE("test.rule");
    input.route = (struct bounce_route){
        .provider = SLICE("google"),
        .domain = SLICE("gmail.com"),
        .ip = SLICE("192.0.2.1"),
        .sender_domain = SLICE("news.example"),
        .campaign = SLICE("spring"),
    };
    return input;
}

/* Applies; aborts on errors. */
static inline struct bounce_decision
policy_judge(const struct bounce_policy *policy,
             const struct bounce_policy_input *input,
             struct bounce_state *store, struct bounce_state *scope)
{
    struct bounce_decision decision;

    if (bounce_policy_apply(policy, input, store, scope, &decision) !=
        BOUNCE_OK)
        abort();
    return decision;
}

#endif
