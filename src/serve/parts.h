/* SPDX-License-Identifier: MIT
 * The parts of the daemon, in the order they start. */
#ifndef BOUNCE_SERVE_PARTS_H
#define BOUNCE_SERVE_PARTS_H

#include "serve/serve.h"

#define SERVE_PARTS_MAX 16

/* Ended by NULL. */
extern const struct serve_part *const serve_parts[];

extern const struct serve_part serve_lines; /* LMTP and the gate: one loop */
extern const struct serve_part serve_http;
extern const struct serve_part serve_follow; /* logs */
extern const struct serve_part serve_out;    /* webhooks of ours */
extern const struct serve_part serve_holds;  /* as a file */
extern const struct serve_part serve_care;   /* folding, once a day */

#endif
