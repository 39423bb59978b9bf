/* SPDX-License-Identifier: MIT
 * The message that a report is about. */
#ifndef BOUNCE_REPORT_ORIGINAL_H
#define BOUNCE_REPORT_ORIGINAL_H

#include "report/collect.h"

/* Facts from the headers of the returned message. */
void original_from_headers(struct collect *collect,
                           const struct mime_header *headers);

/* The same from text that begins with its headers, perhaps behind a divider,
 * perhaps indented. */
void original_from_text(struct collect *collect, struct bounce_slice text);

/* Where in running text the headers of a returned message begin: a line of
 * its own that is one, followed by more of them. s.len when nowhere. */
size_t original_find(struct bounce_slice s);

#endif
