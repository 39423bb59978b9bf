/* SPDX-License-Identifier: MIT
 * Reads the JSON that record_body_write() wrote, and no more of JSON than that
 * needs. */
#ifndef BOUNCE_STORE_RECORD_JSON_H
#define BOUNCE_STORE_RECORD_JSON_H

#include "base/arena.h"

enum record_json_type {
    RECORD_JSON_OBJECT,
    RECORD_JSON_TEXT,
    RECORD_JSON_NUMBER,
    RECORD_JSON_TRUE,
    RECORD_JSON_FALSE
};

struct record_json_value {
    enum record_json_type type;
    struct bounce_slice text; /* in the arena, or in the source */
    int64_t integer;          /* without its fraction */
    double number;
};

/* Takes one member; path is "category" or "signals.limit.what". An object's own
 * members follow it. false stops. */
typedef bool record_json_fn(void *ctx, struct bounce_slice path,
                            const struct record_json_value *value);

/* false: no such JSON, memory is out, or member said so. */
bool record_json_read(struct bounce_slice source, struct arena *arena,
                      record_json_fn *member, void *ctx);

#endif
