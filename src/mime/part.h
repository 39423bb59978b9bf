/* SPDX-License-Identifier: MIT
 * What the header fields of a part make of it. */
#ifndef BOUNCE_MIME_PART_H
#define BOUNCE_MIME_PART_H

#include "mime/header.h"

/* Fills headers, head, media_type, type, charset and encoding. in_digest:
 * the parent is multipart/digest (RFC 2046 section 5.1.5). */
void part_describe(struct message *message, struct mime_part *part,
                   const struct header_block *block, bool in_digest);

/* Whether an enclosed message really is encoded as its header says. Many
 * senders declare an encoding that RFC 2046 section 5.2.1 forbids there, and
 * then do not apply it. */
bool part_is_encoded(const struct mime_part *part);

#endif
