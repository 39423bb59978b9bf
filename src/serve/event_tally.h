/* SPDX-License-Identifier: MIT
 * How many events of which class, category, provider and source were stored:
 * for /metrics. */
#ifndef BOUNCE_SERVE_EVENT_TALLY_H
#define BOUNCE_SERVE_EVENT_TALLY_H

#include "serve/bytes.h"
#include "store/record.h"

struct event_tally;

struct event_tally *event_tally_new(void); /* NULL: memory is out */
void event_tally_free(struct event_tally *tally);
/* From any thread. What no longer fits counts as "other". */
void event_tally_add(struct event_tally *tally, const struct record *record);
/* In the text format of Prometheus. false: memory is out. */
bool event_tally_write(struct event_tally *tally, struct bytes *out);

#endif
