/* SPDX-License-Identifier: MIT
 * What the stages of one message share: its memory, limits and warnings. */
#ifndef BOUNCE_BASE_MESSAGE_H
#define BOUNCE_BASE_MESSAGE_H

#include "base/arena.h"

struct charset_cache; /* mime/charset.h: converters kept by the reader */

struct message {
    struct arena *arena;
    const struct bounce_options *options;
    struct charset_cache *charsets;
    const char *base; /* first byte of the input: offsets count from here */
    size_t len;
    struct bounce_warning *warnings; /* room for options->max_warnings */
    size_t warning_count;
    enum bounce_err failed; /* the first E_NOMEM or E_LIMIT; sticky */
};

/* A warning that points at a byte of the input, or anywhere else (then it has
 * no offset). The same id at the same offset is kept once; beyond the ceiling
 * warnings are dropped. id and text are static. */
void message_warn(struct message *message, const char *id, const char *text,
                  const char *at);

/* arena_alloc() that records its failure in message->failed. */
void *message_alloc(struct message *message, size_t size);
void *message_calloc(struct message *message, size_t count, size_t size);
struct bounce_slice message_dup(struct message *message, struct bounce_slice s);

#endif
