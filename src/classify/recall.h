/* SPDX-License-Identifier: MIT
 * Verdicts that were given before, told again of another text of the same
 * outline (classify/memo.h). */
#ifndef BOUNCE_CLASSIFY_RECALL_H
#define BOUNCE_CLASSIFY_RECALL_H

#include "classify/memo.h"
#include "classify/verdict.h"

/* One event on its way through the memo. */
struct recall {
    unsigned known; /* the outlines that there are */
    unsigned given;
    bool has_status;
};

/* Fills in all that classify_event() does, if the memo knows; false if not:
 * then the event is unchanged, and recall is for recall_keep(). */
bool recall_verdict(const struct subject *subject,
                    const struct classify_input *input,
                    const struct reply_line *line, struct report_event *report,
                    struct recall *recall);

/* Keeps the verdict of the event, as classify_event() left it; by_context: what
 * stands around the reply had a say, and was looked at last. */
void recall_keep(const struct subject *subject, const struct recall *recall,
                 const struct reply *reply, bool by_context,
                 const struct bounce_event *event);

#endif
