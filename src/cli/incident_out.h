/* SPDX-License-Identifier: MIT
 * Incidents in words. */
#ifndef BOUNCE_CLI_INCIDENT_OUT_H
#define BOUNCE_CLI_INCIDENT_OUT_H

#include "cli/out.h"
#include "cli/store_open.h"
#include "store/incident.h"

/* "block at provider google: 80.0 % of 50 in 2 hours, usually 0.4 %" */
void incident_out_title(struct textbuf *text,
                        const struct list_incident *incident);

/* As the daemon's API gives it. */
void incident_out_json(struct textbuf *text,
                       const struct list_incident *incident);

/* All that is known of one: its hours, its samples, its holds; as text, or as one
 * JSON object. Returns the exit status. */
int incident_out_story(struct out *out, const struct session *session,
                       const struct list_incident *incident, bool json);

/* One line for each that is open and fits the filter, behind lead: "LEAD block
 * at provider google: ... (since 2026-11-22T10:00:00Z, bounce incidents ID)". */
enum store_err incident_out_lines(struct textbuf *text, struct book *book,
                                  const struct list_filter *filter,
                                  const char *lead, struct store_error *error);

#endif
