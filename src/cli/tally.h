/* SPDX-License-Identifier: MIT
 * Counts of events by kind, class and category, and the summary made of
 * them. */
#ifndef BOUNCE_CLI_TALLY_H
#define BOUNCE_CLI_TALLY_H

#include "cli/out.h"

#define TALLY_CATEGORIES 64

struct tally {
    uint64_t messages;
    uint64_t kinds[16];
    uint64_t categories[TALLY_CATEGORIES]; /* by bounce_category_at() */
};

void tally_event(struct tally *tally, const struct bounce_engine *engine,
                 const struct bounce_event *event);
void tally_merge(struct tally *tally, const struct tally *other);
/* Lines of messages and events, classes, and categories by their number. */
void tally_write(const struct tally *tally, const struct bounce_engine *engine,
                 struct out *out);

#endif
