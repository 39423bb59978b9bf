/* SPDX-License-Identifier: MIT
 * Pieces of an event for people. All text is cleaned. */
#ifndef BOUNCE_CLI_VIEW_H
#define BOUNCE_CLI_VIEW_H

#include "cli/textbuf.h"

/* s, or "-" when it is unknown or empty. */
void view_field(struct textbuf *text, struct bounce_slice s);
/* "hard", ..., or "-". */
void view_class(struct textbuf *text, const struct bounce_event *event);
/* The status, else the reply code, else "-". */
void view_status(struct textbuf *text, const struct bounce_event *event);
/* Why the verdict is what it is: the rule and the words it hit. */
void view_why(struct textbuf *text, const struct bounce_event *event);
/* Event i of result as JSON, straight into text. */
void view_json(struct textbuf *text, const struct bounce_engine *engine,
               const struct bounce_result *result, size_t i,
               const struct bounce_json_options *options);

#endif
