/* SPDX-License-Identifier: MIT
 * The messages in a body: one as it is, an mbox, the files of a form
 * (multipart/form-data, RFC 7578), or the body of a multipart message whose
 * header came as that of the request. */
#ifndef BOUNCE_SERVE_HTTP_MESSAGES_H
#define BOUNCE_SERVE_HTTP_MESSAGES_H

#include "base/arena.h"

/* Takes a message that begins at offset of the body; false stops. The message
 * is no longer used behind it: it may reset the arena. */
typedef bool http_message_fn(void *ctx, struct bounce_slice message,
                             size_t offset);

/* type is the Content-Type (may be NULL). Messages are in body or arena. What
 * is wrong with the body, static, nothing of it being taken; NULL: nothing. */
const char *http_messages(struct bounce_slice type, struct bounce_slice body,
                          struct arena *arena, http_message_fn *take,
                          void *ctx);

#endif
