/* SPDX-License-Identifier: MIT */
#include "serve/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void bytes_free(struct bytes *bytes)
{
    free(bytes->ptr);
    *bytes = (struct bytes){0};
}

bool bytes_room(struct bytes *bytes, size_t extra)
{
    size_t cap = bytes->cap > 0 ? bytes->cap : 512;
    char *grown;

    if (extra <= bytes->cap - bytes->len)
        return true;
    while (cap - bytes->len < extra) {
        if (cap > SIZE_MAX / 2)
            return false;
        cap *= 2;
    }
    grown = realloc(bytes->ptr, cap);
    if (grown == NULL)
        return false;
    bytes->ptr = grown;
    bytes->cap = cap;
    return true;
}

bool bytes_add(struct bytes *bytes, struct bounce_slice s)
{
    if (s.len == 0)
        return true;
    if (!bytes_room(bytes, s.len))
        return false;
    memcpy(bytes->ptr + bytes->len, s.ptr, s.len);
    bytes->len += s.len;
    return true;
}

bool bytes_format(struct bytes *bytes, const char *format, ...)
{
    va_list args, again;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len >= 0 && bytes_room(bytes, (size_t)len + 1)) {
        vsnprintf(bytes->ptr + bytes->len, (size_t)len + 1, format, again);
        bytes->len += (size_t)len;
        va_end(again);
        return true;
    }
    va_end(again);
    return false;
}

void bytes_take(struct bytes *bytes, size_t n)
{
    if (n >= bytes->len) {
        bytes->len = 0;
        return;
    }
    memmove(bytes->ptr, bytes->ptr + n, bytes->len - n);
    bytes->len -= n;
}
