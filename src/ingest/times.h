/* SPDX-License-Identifier: MIT
 * Dates as exports and logs write them. */
#ifndef BOUNCE_INGEST_TIMES_H
#define BOUNCE_INGEST_TIMES_H

#include "base/slice.h"

/* What date_parse() reads, and Unix seconds ("1585552585", "1585552585.077"),
 * Unix milliseconds, days in figures ("3/14/2026 4:05 PM", "14.3.2026", and
 * "14/3/2026" where the first figure cannot be a month; where both could be,
 * the month is taken to come first). BOUNCE_NO_TIME when it is no time, or one
 * outside 1970 to 9999. Without a zone UTC. */
int64_t times_parse(struct bounce_slice text);

#endif
