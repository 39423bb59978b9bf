/* SPDX-License-Identifier: MIT
 * Bounces that a person forwarded: the report stands quoted in the text of an
 * ordinary mail. */
#ifndef BOUNCE_REPORT_FORWARD_H
#define BOUNCE_REPORT_FORWARD_H

#include "report/collect.h"

/* Whether the subject says that the mail is forwarded. */
bool forward_is(const struct collect *collect);

/* The message that is quoted in the text, parsed; NULL when there is none. */
const struct mime_part *forward_parse(struct collect *collect);

#endif
