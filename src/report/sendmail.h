/* SPDX-License-Identifier: MIT
 * The transcript of Sendmail, which names commands and replies first and only
 * then says whom they were about. */
#ifndef BOUNCE_REPORT_SENDMAIL_H
#define BOUNCE_REPORT_SENDMAIL_H

#include "report/text.h"

void sendmail_read(struct collect *collect, struct text_report *report,
                   struct bounce_slice text);

#endif
