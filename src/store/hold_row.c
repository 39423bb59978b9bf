/* SPDX-License-Identifier: MIT */
#include "store/hold_row.h"

static void take_text(char *out, size_t cap, const struct store_value *value)
{
    size_t len = value->type == STORE_TEXT ? value->text.len : 0;

    if (len >= cap)
        len = cap - 1;
    if (len > 0)
        memcpy(out, value->text.ptr, len);
    out[len] = '\0';
}
#define TAKE_TEXT(array, value) take_text(array, sizeof(array), value)

static int64_t take_time(const struct store_value *value)
{
    return value->type == STORE_INT ? value->integer : BOUNCE_NO_TIME;
}

void hold_row_read(const struct store_value *row, struct bounce_hold *hold_out)
{
    struct bounce_hold *h = hold_out;

    TAKE_TEXT(h->key.provider, &row[0]);
    TAKE_TEXT(h->key.domain, &row[1]);
    TAKE_TEXT(h->key.ip, &row[2]);
    TAKE_TEXT(h->key.sender_domain, &row[3]);
    TAKE_TEXT(h->key.campaign, &row[4]);
    h->cause.since = take_time(&row[5]);
    h->cause.until = take_time(&row[6]);
    TAKE_TEXT(h->cause.category, &row[7]);
    TAKE_TEXT(h->cause.entry, &row[8]);
    TAKE_TEXT(h->cause.rule, &row[9]);
    TAKE_TEXT(h->cause.event_id, &row[10]);
    h->cause.confidence = (unsigned)row[11].integer;
    h->cause.verified = (int)row[12].integer;
    h->base_s = row[13].integer;
    h->step = (unsigned)row[14].integer;
    h->open = row[15].integer != 0;
    h->by_hand = row[16].integer != 0;
    h->delivered_at = take_time(&row[17]);
    h->ended_at = take_time(&row[18]);
}
