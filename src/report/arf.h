/* SPDX-License-Identifier: MIT
 * Abuse and failure reports: RFC 5965, RFC 6591, and the plainer mails that
 * some receivers send instead. */
#ifndef BOUNCE_REPORT_ARF_H
#define BOUNCE_REPORT_ARF_H

#include "report/text.h"

/* Events from the message/feedback-report part; false when there is none. */
bool arf_read(struct collect *collect);

/* The same of mails whose format says that they are feedback. */
bool arf_read_text(struct collect *collect, struct text_report *text);

#endif
