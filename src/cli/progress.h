/* SPDX-License-Identifier: MIT
 * One line on standard error that tells how far long work is. There is one
 * terminal, so there is one progress line. Main thread only. */
#ifndef BOUNCE_CLI_PROGRESS_H
#define BOUNCE_CLI_PROGRESS_H

#include "base/slice.h"

/* Nothing is shown unless standard error is a terminal. unit: "messages". */
void progress_start(const char *unit);
/* fraction of the work done, 0 to 1; negative when unknown. Shown at most
 * five times a second, and not in the first. */
void progress_update(uint64_t count, double fraction);
/* Takes the line away; the next update brings it back. */
void progress_hide(void);
void progress_end(void);

#endif
