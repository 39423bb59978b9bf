/* SPDX-License-Identifier: MIT
 * A growing buffer in an arena, with a ceiling given at init. */
#ifndef BOUNCE_BASE_BUF_H
#define BOUNCE_BASE_BUF_H

#include "base/arena.h"

struct buf {
    struct arena *arena;
    char *ptr;
    size_t len, cap, max;
    bool cut;    /* something beyond max was dropped */
    bool failed; /* memory ran out; contents are as before */
};

/* Nothing is allocated before the first byte. */
void buf_init(struct buf *buf, struct arena *arena, size_t max);
/* Makes room for extra bytes, fewer at the ceiling; false when memory is out.
 * Then up to buf->cap - buf->len bytes may be written at ptr + len. */
bool buf_reserve(struct buf *buf, size_t extra);
void buf_add(struct buf *buf, struct bounce_slice s);
void buf_add_byte(struct buf *buf, char c);
/* What was collected; ptr is never NULL unless memory ran out at once. */
struct bounce_slice buf_slice(const struct buf *buf);

#endif
