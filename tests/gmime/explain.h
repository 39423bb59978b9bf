/* SPDX-License-Identifier: MIT
 * Why Bounce and GMime may differ. */
#ifndef BOUNCE_TESTS_EXPLAIN_H
#define BOUNCE_TESTS_EXPLAIN_H

#include "seen.h"

struct difference {
    const char *data; /* the message */
    size_t len;
    const struct seen *us, *them;
    const char *name;
    const struct seen_item *ours, *theirs; /* one may be NULL */
};

enum { EXPLANATIONS = 15 };

/* Which explanation fits, or -1. */
int explain(const struct difference *difference);

/* It in words. */
const char *explanation(int number);

#endif
