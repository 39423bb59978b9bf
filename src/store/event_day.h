/* SPDX-License-Identifier: MIT
 * Which event was the first that came in of each day: lists of events of a time
 * begin there. Table event has no index by time, which would cost every event;
 * but seq grows, so that the first one of a day stays the first. Rows of table
 * meta: "event_day:0019723" (days since 1970, UTC) has the seq; "event_day" has
 * the newest day of events that were stored before such rows were. */
#ifndef BOUNCE_STORE_EVENT_DAY_H
#define BOUNCE_STORE_EVENT_DAY_H

#include "store/book.h"

/* The days that a writer knows to be noted. */
struct event_days;

struct event_days *event_days_new(void); /* NULL: memory is out */
void event_days_free(struct event_days *days);
/* What was noted may not be stored: a transaction failed. */
void event_days_drop(struct event_days *days);
/* In the transaction that stores the event, before it is stored; seq rises from
 * call to call. at: seconds, not negative. */
enum store_err event_days_note(struct event_days *days, struct book *book,
                               int64_t at, int64_t seq,
                               struct store_error *error);

/* Events that happened at since (seconds) or later have this seq or a larger
 * one. */
enum store_err event_days_first(struct book *book, int64_t since,
                                int64_t *seq_out, struct store_error *error);

#endif
