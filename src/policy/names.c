/* SPDX-License-Identifier: MIT
 * The words of the policy's enums. */
#include "base/slice.h"

#define WORD(words, value)                                                     \
    ((size_t)(value) < sizeof(words) / sizeof((words)[0]) ? (words)[value]     \
                                                          : NULL)

const char *bounce_standing_name(enum bounce_standing value)
{
    static const char *const words[] = {"active", "suspended", "suppressed"};

    return WORD(words, value);
}

const char *bounce_slot_name(enum bounce_slot value)
{
    static const char *const words[BOUNCE_SLOTS] = {
        "suspension", "hard", "counted", "complaint", "unsubscribe", "manual"};

    return WORD(words, value);
}

const char *bounce_outcome_name(enum bounce_outcome value)
{
    static const char *const words[] = {"nothing",    "counted", "suspended",
                                        "suppressed", "reset",   "released",
                                        "consent"};

    return WORD(words, value);
}

const char *bounce_may_name(enum bounce_may value)
{
    static const char *const words[] = {"send", "later", "never"};

    return WORD(words, value);
}
