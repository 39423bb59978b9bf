/* SPDX-License-Identifier: MIT */
#include "store/hold_row.h"

#include <stdlib.h>

void hold_row_read(const struct store_value *row, struct bounce_hold *hold_out)
{
    struct bounce_hold *h = hold_out;

    STORE_COPY_TEXT(&row[0], h->key.provider);
    STORE_COPY_TEXT(&row[1], h->key.domain);
    STORE_COPY_TEXT(&row[2], h->key.ip);
    STORE_COPY_TEXT(&row[3], h->key.sender_domain);
    STORE_COPY_TEXT(&row[4], h->key.campaign);
    h->cause.since = store_time_of(&row[5]);
    h->cause.until = store_time_of(&row[6]);
    STORE_COPY_TEXT(&row[7], h->cause.category);
    STORE_COPY_TEXT(&row[8], h->cause.entry);
    STORE_COPY_TEXT(&row[9], h->cause.rule);
    STORE_COPY_TEXT(&row[10], h->cause.event_id);
    h->cause.confidence = (unsigned)row[11].integer;
    h->cause.verified = (int)row[12].integer;
    h->base_s = row[13].integer;
    h->step = (unsigned)row[14].integer;
    h->open = row[15].integer != 0;
    h->by_hand = row[16].integer != 0;
    h->delivered_at = store_time_of(&row[17]);
    h->ended_at = store_time_of(&row[18]);
}

const struct store_column hold_row_columns[HOLD_COLUMN_COUNT + 1] = {
    {"provider", STORE_TEXT}, {"domain", STORE_TEXT},
    {"ip", STORE_TEXT},       {"sender_domain", STORE_TEXT},
    {"campaign", STORE_TEXT}, {"since", STORE_INT},
    {"until", STORE_INT},     {"category", STORE_TEXT},
    {"entry", STORE_TEXT},    {"rule", STORE_TEXT},
    {"event_id", STORE_TEXT}, {"confidence", STORE_INT},
    {"verified", STORE_INT},  {"base_s", STORE_INT},
    {"step", STORE_INT},      {"open", STORE_INT},
    {"by_hand", STORE_INT},   {"delivered_at", STORE_INT},
    {"ended_at", STORE_INT},  {"newest_at", STORE_INT}};
static const struct store_put hold_put = {"hold", hold_row_columns,
                                          HOLD_COLUMN_COUNT, 5, STORE_REPLACE};

static struct store_value text_or_null(const char *text)
{
    return text[0] != '\0' ? store_text(slice_cstr(text))
                           : (struct store_value){.type = STORE_NULL};
}

void hold_row_fill(const struct bounce_hold *h, struct store_value *row)
{
    row[0] = store_text(slice_cstr(h->key.provider));
    row[1] = store_text(slice_cstr(h->key.domain));
    row[2] = store_text(slice_cstr(h->key.ip));
    row[3] = store_text(slice_cstr(h->key.sender_domain));
    row[4] = store_text(slice_cstr(h->key.campaign));
    row[5] = store_time(h->cause.since);
    row[6] = store_time(h->cause.until);
    row[7] = text_or_null(h->cause.category);
    row[8] = text_or_null(h->cause.entry);
    row[9] = text_or_null(h->cause.rule);
    row[10] = text_or_null(h->cause.event_id);
    row[11] = store_int(h->cause.confidence);
    row[12] = store_int(h->cause.verified);
    row[13] = store_int(h->base_s);
    row[14] = store_int(h->step);
    row[15] = store_int(h->open);
    row[16] = store_int(h->by_hand);
    row[17] = store_time(h->delivered_at);
    row[18] = store_time(h->ended_at);
}

enum store_err hold_rows_put(struct store *store,
                             const struct bounce_hold *holds, size_t count,
                             struct store_error *error)
{
    struct store_value *rows = calloc(count * HOLD_COLUMN_COUNT, sizeof(*rows));
    enum store_err err;

    if (rows == NULL)
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    for (size_t i = 0; i < count; i++)
        hold_row_fill(&holds[i], rows + i * HOLD_COLUMN_COUNT);
    err = store_put_rows(store, &hold_put, rows, count, error);
    free(rows);
    return err;
}
