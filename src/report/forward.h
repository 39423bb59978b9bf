/* SPDX-License-Identifier: MIT
 * Bounces that a person or a list forwarded: the report stands quoted in the
 * text of an ordinary mail, or is attached to it. */
#ifndef BOUNCE_REPORT_FORWARD_H
#define BOUNCE_REPORT_FORWARD_H

#include "report/collect.h"

/* Whether the subject says that the mail is forwarded. */
bool forward_is(const struct collect *collect);

/* Whether the subject says that a person answers. */
bool forward_is_answer(const struct collect *collect);

/* The message that is quoted in the text, parsed; NULL when there is none. */
const struct mime_part *forward_parse(struct collect *collect);

/* Whether the message nested, which part of the mail outer holds, may be a
 * report that was attached in order to be read. */
bool forward_may_attach(const struct collect *outer,
                        const struct mime_part *part,
                        const struct collect *nested);

/* Whether the events of a message that was attached, or is quoted, tell of a
 * delivery: a mail system sent it, or wrote it in its own format. */
bool forward_is_bounce(const struct collect *nested);

#endif
