/* SPDX-License-Identifier: MIT
 * Bytes that grow up to a ceiling; memory that runs out is an answer, not the
 * end. All zero is empty. */
#ifndef BOUNCE_SERVE_BYTES_H
#define BOUNCE_SERVE_BYTES_H

#include "base/slice.h"

struct bytes {
    char *ptr;
    size_t len, cap;
};

void bytes_free(struct bytes *bytes);
/* Room for extra bytes at ptr + len; false: memory is out, nothing changed. */
bool bytes_room(struct bytes *bytes, size_t extra);
bool bytes_add(struct bytes *bytes, struct bounce_slice s);
bool bytes_format(struct bytes *bytes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Drops the first n bytes. */
void bytes_take(struct bytes *bytes, size_t n);

static inline struct bounce_slice bytes_slice(const struct bytes *bytes)
{
    return slice_make(bytes->ptr != NULL ? bytes->ptr : "", bytes->len);
}

#endif
