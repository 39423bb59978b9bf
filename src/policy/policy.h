/* SPDX-License-Identifier: MIT
 * A policy in memory: what data/policy and a user's file say, looked up by
 * category and by counter. */
#ifndef BOUNCE_POLICY_POLICY_H
#define BOUNCE_POLICY_POLICY_H

#include "base/arena.h"

#define POLICY_MAX_ENTRIES 128
#define POLICY_MAX_STEPS   8

/* A counter that every state may have beside the policy's own: of failures
 * that a breaker kept from counting. */
#define POLICY_BREAKER_COUNTER "breaker"
#define POLICY_MAX_COUNTERS    (BOUNCE_COUNTERS - 1)

/* Durations in seconds, one for each time again; the last one serves for all
 * that follow, or doubles until max_s. */
struct policy_steps {
    int64_t step_s[POLICY_MAX_STEPS];
    unsigned count;
    int64_t max_s;     /* doubling ends there; 0: no doubling */
    bool until_mended; /* no duration at all */
};

/* How many failures it takes. messages 0: remembers, never suppresses. */
struct policy_counter {
    char id[sizeof(((struct bounce_counter *)0)->id)];
    unsigned messages;
    unsigned messages_engaged; /* of a person who was active; 0: the same */
    unsigned days;
    int64_t span_s;
    int64_t engaged_s;  /* how long a person counts as active */
    bool domain_silent; /* nothing delivered at the domain since the first */
    bool dns_check;     /* and our own look-up finds no mail host */
    struct bounce_slice origin;
    unsigned line;
};

enum policy_suppress {
    POLICY_SUPPRESS_NEVER,
    POLICY_SUPPRESS_STORE,
    POLICY_SUPPRESS_SCOPE
};

enum policy_at_once {
    POLICY_AT_ONCE_NO,
    POLICY_AT_ONCE_PERMANENT,
    POLICY_AT_ONCE_ALWAYS,
    POLICY_AT_ONCE_AS_CAUSE /* what suppressed_for says */
};

enum policy_hold_part {
    POLICY_HOLD_PROVIDER = 1,
    POLICY_HOLD_DOMAIN = 2,
    POLICY_HOLD_IP = 4,
    POLICY_HOLD_SENDER_DOMAIN = 8,
    POLICY_HOLD_CAMPAIGN = 16
};

struct policy_entry {
    char category[sizeof(((struct bounce_cause *)0)->category)];
    enum policy_suppress suppress;
    bool locked; /* the default says never: nobody may say otherwise */
    enum policy_at_once at_once;
    unsigned confidence; /* hundredths that at_once asks for */
    struct bounce_slice counter, counter_4xx, service_hard; /* ids; NULL */
    int64_t expires_s;                                      /* 0: never */
    enum bounce_slot slot;
    struct policy_steps suspend;
    bool suspend_permanent; /* only permanent failures suspend */
    unsigned hold;          /* or of enum policy_hold_part; 0: none */
    struct policy_steps hold_for;
    bool hold_by_hand;
    bool alert, review;
    bool leap;       /* the breaker hard-leap watches it */
    bool own_fault;  /* the breaker own-fault watches it */
    bool dns_enough; /* one failure and our own look-up suffice */
    struct bounce_slice says, origin, layer;
    unsigned line;
};

struct bounce_policy {
    struct bounce_allocator allocator;
    struct arena arena;
    struct policy_entry entries[POLICY_MAX_ENTRIES]; /* by category */
    size_t entry_count;
    struct policy_counter counters[POLICY_MAX_COUNTERS];
    size_t counter_count;
    bool observe, require_verified;
    int64_t forget_s, hold_reset_s;
    int64_t give_up_s; /* 0: never */
    unsigned tries;    /* 0: any number */
    struct bounce_slice label_bounce, label_complaint, label_unsubscribe,
        label_given_up;
    double leap_factor, leap_floor; /* floor: share, 0..1 */
    uint64_t leap_least;
    int64_t leap_suspend_s;
    uint64_t own_domains;
    double own_share; /* 0..1 */
};

/* NULL when there is none. */
const struct policy_entry *policy_entry(const struct bounce_policy *policy,
                                        struct bounce_slice category);
const struct policy_counter *policy_counter(const struct bounce_policy *policy,
                                            struct bounce_slice id);

/* Seconds of the step-th time, from 0. */
int64_t policy_steps_at(const struct policy_steps *steps, unsigned step);

/* read.c: the stanzas of text over what the policy says already. layer names
 * them in causes, origin in errors; both must outlive the policy. builtin
 * allows new entries, whose "never" then holds for good. */
enum bounce_err policy_read(struct bounce_policy *policy,
                            struct bounce_slice layer,
                            struct bounce_slice origin,
                            struct bounce_slice text, bool builtin,
                            struct bounce_error *error_out);

/* validate.c: what no single stanza can tell. */
enum bounce_err policy_validate(const struct bounce_policy *policy,
                                struct bounce_error *error_out);

/* The texts of data/policy (generated). */
struct policy_text {
    const char *name;
    const unsigned char *text;
    size_t len;
};
extern const struct policy_text policy_texts[];

#endif
