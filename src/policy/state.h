/* SPDX-License-Identifier: MIT
 * What a state is made of, and the few ways it changes. Each way is written so
 * that calls of the same second commute and a call made again changes nothing:
 * failures are a set, times only grow, and of two causes the better one stays
 * whichever comes first. */
#ifndef BOUNCE_POLICY_STATE_H
#define BOUNCE_POLICY_STATE_H

#include "base/slice.h"

/* What a counter holds at a time. */
struct counter_view {
    unsigned count, days; /* distinct failures, distinct days (UTC) */
    int64_t first_at, last_at;
    const struct bounce_failure *failures; /* count of them, oldest first */
};

/* Seconds later, without overflow. */
int64_t time_add(int64_t at, int64_t seconds);

/* Copies as much as fits, control characters replaced. */
void text_set(char *out, size_t size, struct bounce_slice text);
#define TEXT_SET(array, slice) text_set(array, sizeof(array), slice)

bool cause_in_force(const struct bounce_cause *cause, int64_t now);
void cause_clear(struct bounce_cause *cause);
/* Whether a says more than b: longer, then older, then by its texts. */
bool cause_better(const struct bounce_cause *a, const struct bounce_cause *b);

/* Failures up to this time count no more: delivered or released since. */
int64_t state_floor(const struct bounce_state *state);

/* NULL when there is none. */
const struct bounce_counter *state_counter(const struct bounce_state *state,
                                           struct bounce_slice id);
/* When a failure was first told of, by any counter; BOUNCE_NO_TIME: never.
 * *breaker_out: by the breakers' counter. */
int64_t state_told(const struct bounce_state *state, uint64_t key,
                   bool *breaker_out);

/* Put a failure of now into a counter, which is made when it is not there;
 * cause is what it would be a cause of. true when the state changed. */
bool state_count(struct bounce_state *state, struct bounce_slice id,
                 uint64_t key, int64_t forget_s,
                 const struct bounce_cause *cause);
/* What counts of it: newer than floor, without a gap of forget_s. */
struct counter_view counter_view(const struct bounce_counter *counter,
                                 int64_t floor, int64_t forget_s, int64_t now);

/* Put a cause into its slot, or leave what is there when that is better. true
 * when the state changed. */
bool state_put(struct bounce_state *state, enum bounce_slot slot,
               const struct bounce_cause *cause);
/* A delivery. true when the state changed; *lifted_out: a suspension ended. */
bool state_deliver(struct bounce_state *state, int64_t now, bool *lifted_out);

#endif
