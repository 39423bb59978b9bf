/* SPDX-License-Identifier: MIT
 * Dates of mail, as Unix seconds. */
#ifndef BOUNCE_BASE_DATE_H
#define BOUNCE_BASE_DATE_H

#include "base/slice.h"

/* RFC 5322 section 3.3 with the obsolete forms, missing day names, two-digit
 * years, missing seconds, zone names; also asctime ("Thu Apr 29 23:34:45
 * 2010 +0900") and ISO 8601 / RFC 3339. Text behind the date is ignored.
 * BOUNCE_NO_TIME when it is none; a date without a zone counts as UTC. */
int64_t date_parse(struct bounce_slice text);

/* "2026-11-21T22:55:25Z" and a NUL; years 0000 to 9999, else "". */
#define DATE_ISO_SIZE 21
size_t date_format_iso(int64_t time, char out[DATE_ISO_SIZE]);

#endif
