/* SPDX-License-Identifier: MIT
 * What the kinds of bounce ingest share. */
#ifndef BOUNCE_CLI_INGEST_H
#define BOUNCE_CLI_INGEST_H

#include <signal.h>

#include "cli/textbuf.h"

/* bounce ingest sent; argv[0] is "sent". */
int ingest_sent(int argc, char **argv);

/* From now on SIGINT, SIGTERM and SIGHUP only set ingest_stopped: what was
 * taken is to be stored first. */
void ingest_catch_signals(void);
extern volatile sig_atomic_t ingest_stopped; /* the signal's number */
/* Ends the process by the signal that was caught, as the caller of the program
 * expects; returns when there was none. */
void ingest_die_of_signal(void);

/* path in full, as positions know it; as it is when that cannot be told. */
void ingest_full_path(struct textbuf *text, struct bounce_slice path);

#endif
