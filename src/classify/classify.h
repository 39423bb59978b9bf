/* SPDX-License-Identifier: MIT
 * Why: from provider, text, status and code to a verdict. */
#ifndef BOUNCE_CLASSIFY_CLASSIFY_H
#define BOUNCE_CLASSIFY_CLASSIFY_H

#include "report/report.h"

struct knowledge;     /* classify/knowledge.h: rules and tables, read-only */
struct matcher_state; /* classify/matcher.h: one thread's scratch memory */

struct classify_input {
    struct bounce_slice host;    /* answering host, when known */
    struct bounce_slice service; /* sending service, when known */
    bool bare_reply;             /* kind follows from the code alone */
};

/* Fill in category, cls, confidence, provider, gateway, evidence_*, signals
 * and advice of the event; also kind and action of a bare reply.
 * Only message->failed tells of errors. */
void classify_event(const struct knowledge *knowledge,
                    struct matcher_state *state, struct message *message,
                    const struct classify_input *input,
                    struct report_event *event);

#endif
