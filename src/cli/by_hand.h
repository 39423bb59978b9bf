/* SPDX-License-Identifier: MIT
 * What a person does to addresses that are named or come on standard input. */
#ifndef BOUNCE_CLI_BY_HAND_H
#define BOUNCE_CLI_BY_HAND_H

#include "cli/store_open.h"
#include "store/act.h"

typedef enum store_err by_hand_fn(struct ledger *ledger,
                                  struct bounce_slice address,
                                  const struct act *act,
                                  struct ledger_result *result_out,
                                  struct store_error *error);

struct by_hand {
    by_hand_fn *act_on;
    struct act act;
    /* What came of it, where outcome and state do not tell: a word for "it
     * changed" and one for "it did not"; NULL: outcome and state. */
    const char *changed, *unchanged;
    bool json;
};

/* Does it to each of count addresses, "-" standing for the lines of standard
 * input, and writes a line for each: address, what came of it, its state.
 * Returns the exit status: 1 where an address was none or needs consent, which
 * is named. */
int by_hand(struct session *session, const struct by_hand *what,
            char *const *addresses, int count);

#endif
