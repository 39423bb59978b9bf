/* SPDX-License-Identifier: MIT
 * An engine for a verb, with a user's rules. */
#ifndef BOUNCE_CLI_OPEN_H
#define BOUNCE_CLI_OPEN_H

#include "base/slice.h"

/* The engine, with the rules of all files in rules_dir (NULL: none; a file
 * will do too). On failure NULL, and *status_out is the exit status; the cause
 * has been named. */
struct bounce_engine *open_engine(const char *rules_dir, int *status_out);

/* A reader of it, or the end of the process. */
struct bounce_reader *open_reader(struct bounce_engine *engine);

/* Whether every name of a comma-separated list (NULL: none) is a taxonomy;
 * names the first that is not. */
bool check_labels(const struct bounce_engine *engine, const char *verb,
                  const char *labels);

#endif
