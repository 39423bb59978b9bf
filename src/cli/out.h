/* SPDX-License-Identifier: MIT
 * Standard output with one buffer. An error of writing ends the process: a
 * closed pipe silently as SIGPIPE does, all else with CLI_IO_ERROR. */
#ifndef BOUNCE_CLI_OUT_H
#define BOUNCE_CLI_OUT_H

#include "cli/textbuf.h"

struct out {
    struct textbuf text; /* not yet written */
    bool tty;
};

void out_init(struct out *out);
/* Writes what is there when it is much. Call it after each object. */
void out_tick(struct out *out);
/* Objects that stand elsewhere; if they are much, they are not copied. */
void out_add(struct out *out, struct bounce_slice s);
void out_flush(struct out *out);
/* Flushes and frees. */
void out_close(struct out *out);

#endif
