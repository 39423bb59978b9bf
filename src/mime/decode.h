/* SPDX-License-Identifier: MIT
 * Transfer encodings (RFC 2045 section 6, uuencode). Output goes to out, which
 * has room for in.len bytes; the length is returned. Nothing is an error. */
#ifndef BOUNCE_MIME_DECODE_H
#define BOUNCE_MIME_DECODE_H

#include "base/buf.h"
#include "base/message.h"

/* Bytes outside the alphabet are skipped, padding may be missing, and several
 * streams may follow one another. */
size_t decode_base64(struct bounce_slice in, char *out);
/* An "=" that begins nothing valid stays. */
size_t decode_quoted_printable(struct bounce_slice in, char *out);
/* The Q encoding of RFC 2047: as above with "_" for the blank. */
size_t decode_q(struct bounce_slice in, char *out);
size_t decode_uuencode(struct bounce_slice in, char *out);

/* Value of a hexadecimal digit, or 16 and more. */
unsigned decode_hex(unsigned char c);

/* The contents of buf; records in message when its memory ran out. */
struct bounce_slice decode_finish(struct message *message,
                                  const struct buf *buf);

#endif
