/* SPDX-License-Identifier: MIT
 * Automatic answers (RFC 3834), read receipts, challenges. */
#ifndef BOUNCE_REPORT_AUTO_H
#define BOUNCE_REPORT_AUTO_H

#include "report/text.h"

/* An event for an automatic answer or a challenge; its recipient is the
 * author. true when the message is one, or a receipt, which gives no event:
 * nothing else is to be made of it then. */
bool auto_read(struct collect *collect, const struct text_report *text);

#endif
