/* SPDX-License-Identifier: MIT
 * The map of the generic service: which member is what. */
#ifndef BOUNCE_INGEST_WEBHOOK_GENERIC_H
#define BOUNCE_INGEST_WEBHOOK_GENERIC_H

#include "ingest/webhook/hook.h"

enum generic_field {
    GENERIC_EVENT,
    GENERIC_RECIPIENT,
    GENERIC_TEXT,
    GENERIC_STATUS,
    GENERIC_CODE,
    GENERIC_TIME,
    GENERIC_ID,
    GENERIC_MESSAGE,
    GENERIC_MESSAGE_ID,
    GENERIC_CAMPAIGN,
    GENERIC_SCOPE,
    GENERIC_IP,
    GENERIC_SENDER,
    GENERIC_SUBJECT,
    GENERIC_VERDICT,
    GENERIC_FIELDS
};

#define GENERIC_WORDS_MAX 100

struct generic_map {
    struct bounce_slice items; /* path of the list; NULL: the body */
    struct bounce_slice paths[GENERIC_FIELDS];
    struct bounce_slice signature; /* header with the HMAC; NULL: none */
    struct hook_word words[GENERIC_WORDS_MAX];
    size_t word_count;
    struct hook_word fallback; /* for words without a line; word NULL: none */
};

/* text NULL: the members of our own events. On failure NULL, with *flaw_out
 * (static; NULL when memory is out). */
const struct generic_map *generic_map_read(struct bounce_slice text,
                                           struct arena *arena,
                                           const char **flaw_out);

#endif
