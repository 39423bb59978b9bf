/* SPDX-License-Identifier: MIT
 * A user's policy and a state as text: any bytes either make one or give an
 * error; what a policy was made of judges, and what was read as a state is
 * written as it is. */
#include <stdlib.h>
#include <string.h>

#include "bounce.h"

#define REQUIRE(condition)                                                     \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Twenty days of failures of every category. */
static void judge(const struct bounce_policy *policy,
                  struct bounce_state *state)
{
    struct bounce_policy_entry entry;

    for (size_t i = 0; bounce_policy_entry_at(policy, i, &entry); i++) {
        for (unsigned day = 0; day < 20; day += 5) {
            struct bounce_policy_input input;
            struct bounce_decision decision;

            bounce_policy_input_init(&input, NULL,
                                     1700000000 + (int64_t)day * 86400);
            input.kind = BOUNCE_KIND_BOUNCE;
            input.permanent = (int)(i % 2);
            input.confidence = 0.95;
            input.category = entry.category;
            input.failure = i * 100 + day + 1;
            REQUIRE(bounce_policy_apply(policy, &input, state, NULL,
                                        &decision) == BOUNCE_OK);
            REQUIRE(decision.reason != NULL);
            if (entry.never_suppresses)
                REQUIRE(decision.outcome != BOUNCE_OUTCOME_SUPPRESSED);
        }
    }
}

static void check_state(const struct bounce_state *state)
{
    static char text[1 << 16], again[1 << 16];
    size_t len = bounce_state_write(state, text, sizeof(text));
    struct bounce_state back;

    REQUIRE(len <= sizeof(text));
    REQUIRE(bounce_state_read(text, len, &back, NULL) == BOUNCE_OK);
    REQUIRE(bounce_state_write(&back, again, sizeof(again)) == len);
    REQUIRE(memcmp(text, again, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bounce_policy *policy;
    struct bounce_error error;
    struct bounce_state state;
    enum bounce_err err =
        bounce_policy_new(NULL, NULL, "own", data, size, &policy, &error);

    if (bounce_state_read((const char *)data, size, &state, NULL) == BOUNCE_OK)
        check_state(&state);
    if (err == BOUNCE_OK) {
        judge(policy, &state);
        check_state(&state);
    } else {
        REQUIRE(memchr(error.msg, '\0', sizeof(error.msg)) != NULL &&
                error.msg[0] != '\0');
    }
    bounce_policy_free(policy);
    return 0;
}
