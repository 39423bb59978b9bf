/* SPDX-License-Identifier: MIT
 * The messages in a body: one as it is, an mbox, or the files of a form
 * (multipart/form-data, RFC 7578). */
#ifndef BOUNCE_SERVE_HTTP_MESSAGES_H
#define BOUNCE_SERVE_HTTP_MESSAGES_H

#include "base/arena.h"
#include "serve/http.h"

/* Takes a message that begins at offset of the body; false stops. */
typedef bool http_message_fn(void *ctx, struct bounce_slice message,
                             size_t offset);

/* What is wrong with the body, static; NULL: nothing. */
const char *http_messages(struct http_call *call, struct arena *arena,
                          http_message_fn *take, void *ctx);

#endif
