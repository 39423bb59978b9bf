/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

void buf_init(struct buf *buf, struct arena *arena, size_t max)
{
    *buf = (struct buf){.arena = arena, .max = max};
}

bool buf_reserve(struct buf *buf, size_t extra)
{
    size_t want, cap;
    char *ptr;

    want = extra > buf->max - buf->len ? buf->max : buf->len + extra;
    if (want <= buf->cap)
        return !buf->failed;
    cap = buf->cap > buf->max / 2 ? buf->max : buf->cap * 2;
    if (cap < want)
        cap = want;
    if (cap < 256)
        cap = buf->max < 256 ? buf->max : 256;
    ptr = arena_alloc(buf->arena, cap);
    if (ptr == NULL) {
        buf->failed = true;
        return false;
    }
    if (buf->len > 0)
        memcpy(ptr, buf->ptr, buf->len);
    buf->ptr = ptr;
    buf->cap = cap;
    return true;
}

void buf_add(struct buf *buf, struct bounce_slice s)
{
    if (s.len == 0 || !buf_reserve(buf, s.len))
        return;
    if (s.len > buf->cap - buf->len) {
        buf->cut = true;
        s.len = buf->cap - buf->len;
        if (s.len == 0)
            return;
    }
    memcpy(buf->ptr + buf->len, s.ptr, s.len);
    buf->len += s.len;
}

void buf_add_byte(struct buf *buf, char c)
{
    if (buf->len == buf->cap && !buf_reserve(buf, 1))
        return;
    if (buf->len == buf->cap) {
        buf->cut = true;
        return;
    }
    buf->ptr[buf->len++] = c;
}

struct bounce_slice buf_slice(const struct buf *buf)
{
    if (buf->ptr == NULL && !buf->failed)
        return SLICE("");
    return slice_make(buf->ptr, buf->len);
}
