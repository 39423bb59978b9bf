/* SPDX-License-Identifier: MIT
 * bounce policy try: what another policy would have made of all that is known. */
#ifndef BOUNCE_CLI_POLICY_TRY_H
#define BOUNCE_CLI_POLICY_TRY_H

#include "cli/grid.h"
#include "cli/store_open.h"

/* Writes the addresses whose standing would differ at session->now, and how many
 * went from what to what: behind a table, or, with json, as a last object.
 * Returns the exit status. */
int policy_try(struct session *session, const char *policy, bool json,
               enum grid_format format);

#endif
