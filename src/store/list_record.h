/* SPDX-License-Identifier: MIT
 * Rows of table event as records, for list*.c alone. */
#ifndef BOUNCE_STORE_LIST_RECORD_H
#define BOUNCE_STORE_LIST_RECORD_H

#include "store/list_query.h"

#define EVENT_COLUMNS                                                          \
    "seq, rcpt, at, recorded_at, kind, counts, review, id, class, category, "  \
    "confidence, permanent, verified, rule, provider, domain, scope, "         \
    "campaign, ip, sender_domain, facts, source, \"offset\", body"
#define EVENT_COLUMN_COUNT 24

/* Where some of them stand. */
enum { EVENT_SEQ = 0, EVENT_RCPT = 1, EVENT_AT = 2, EVENT_DOMAIN = 15 };

struct list_record {
    struct record record;
    struct record_facts facts;
    struct list_event event; /* cursor is left to the caller */
};

/* A copy of values in arena; false when memory is out. */
bool event_row_copy(const struct store_value *row, struct arena *arena,
                    struct store_value out[EVENT_COLUMN_COUNT]);
/* A row of EVENT_COLUMNS; text of its body goes into arena. false: its body
 * cannot be read, or memory is out. */
bool event_row_read(const struct bounce_engine *engine,
                    const struct store_value *row, struct arena *arena,
                    struct list_record *record_out);

/* list_events.c: of each recipient of the filter's campaigns the newest event
 * that is a bounce, a delay or a delivery, where it is no delivery. */
enum store_err
list_last_words(struct book *book, const struct list_filter *filter,
                bool (*take)(void *ctx, const struct list_event *row),
                void *ctx, struct store_error *error);

/* The names of kinds, of what people did too; NULL beyond the last. */
const char *event_kind_name(unsigned value);
int event_kind_number(unsigned value); /* as column kind has it */
#define EVENT_KINDS 11

#endif
