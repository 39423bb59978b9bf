/* SPDX-License-Identifier: MIT
 * Which part of a report is what. */
#ifndef BOUNCE_REPORT_PARTS_H
#define BOUNCE_REPORT_PARTS_H

#include "report/collect.h"

/* Fills collect->parts and collect->human. A report inside a forwarding
 * wrapper (a lone message/rfc822 that is a report) is taken for the report. */
void parts_find(struct collect *collect);

/* Facts of the returned message, from collect->parts.returned. */
void parts_read_returned(struct collect *collect);

/* The text of one part, decoded, at most as much as a report is worth. */
struct bounce_slice parts_text(struct collect *collect,
                               const struct mime_part *part);

#endif
