/* SPDX-License-Identifier: MIT
 * Bodies in gzip (RFC 1952), by zlib. */
#ifndef BOUNCE_SERVE_MODULE_HTTP_GZIP_H
#define BOUNCE_SERVE_MODULE_HTTP_GZIP_H

#include "base/slice.h"

enum gzip_outcome { GZIP_FINE, GZIP_BAD, GZIP_TOO_LARGE, GZIP_NO_MEMORY };

/* At most max bytes come of it. On GZIP_FINE *plain_out is the caller's:
 * free(). */
enum gzip_outcome gzip_unpack(struct bounce_slice packed, size_t max,
                              char **plain_out, size_t *len_out);
/* NULL when it would not be shorter, or memory is out. */
char *gzip_pack(struct bounce_slice plain, size_t *len_out);
/* Whether an Accept-Encoding header (may be NULL) takes gzip (RFC 9110 section
 * 12.5.3). */
bool gzip_accepted(const char *header);

#endif
