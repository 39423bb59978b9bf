/* SPDX-License-Identifier: MIT
 * Rows of the store's events and changes, for programs and for people. */
#ifndef BOUNCE_CLI_EVENT_OUT_H
#define BOUNCE_CLI_EVENT_OUT_H

#include "cli/grid.h"
#include "store/list.h"

/* The event as bounce(1) says, without LF. labels: taxonomies, separated by
 * commas; NULL: none. */
void event_out_json(struct textbuf *text, const struct bounce_engine *engine,
                    const struct list_event *row, const char *labels);
/* A change as a JSON object, without LF. */
void event_out_change(struct textbuf *text, const struct list_change *change);

/* "bounce", ..., or what a person did: "suppress", "release". Static. */
const char *event_out_kind(const struct record *record);
/* occurred_at, else when it came in. */
int64_t event_out_at(const struct list_event *row);

/* Columns of events, over const struct list_event *. */
extern const struct grid_column event_columns[];
extern const size_t event_column_count;

#endif
