/* SPDX-License-Identifier: MIT
 * Header blocks, as the tree of parts reads them. */
#ifndef BOUNCE_MIME_HEADER_H
#define BOUNCE_MIME_HEADER_H

#include "mime/line.h"
#include "mime/mime.h"

/* Says whether a line that begins with "--" ends the block (a boundary). */
typedef bool header_stop(const void *ctx, struct bounce_slice line);

struct header_block {
    struct mime_header *first;
    struct bounce_slice raw;
    /* First values of the two fields that decide how a part is read. */
    struct bounce_slice content_type, encoding;
};

/* Reads the fields at cursor->pos and leaves pos at the first byte of the
 * body: behind the empty line, or at the line that is no field (a warning)
 * or that stop() knows. false when message->failed was set. */
bool header_parse_block(struct message *message, struct line_cursor *cursor,
                        header_stop *stop, const void *ctx,
                        struct header_block *block_out);

/* Length of the field name at the beginning of line, 0 when it is no field;
 * *value_out is where its value begins. */
size_t header_name_len(struct bounce_slice line, size_t *value_out);

/* A "From " line of an mbox, quoted or not. */
bool header_is_from_line(struct bounce_slice line);

#endif
