/* SPDX-License-Identifier: MIT
 * A body as what csv_read_fn reads from. */
#ifndef BOUNCE_SERVE_HTTP_MEMORY_H
#define BOUNCE_SERVE_HTTP_MEMORY_H

#include <sys/types.h>

#include "base/slice.h"

struct http_memory {
    struct bounce_slice rest;
};

static inline ssize_t http_memory_read(void *ctx, char *buf, size_t cap)
{
    struct http_memory *memory = ctx;
    size_t len = memory->rest.len < cap ? memory->rest.len : cap;

    if (len > 0)
        memcpy(buf, memory->rest.ptr, len);
    memory->rest = slice_from(memory->rest, len);
    return (ssize_t)len;
}

#endif
