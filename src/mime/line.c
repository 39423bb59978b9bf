/* SPDX-License-Identifier: MIT */
#include "mime/line.h"

struct line_cursor line_cursor_make(struct bounce_slice input)
{
    struct line_cursor cursor = {input.ptr, input.ptr, false};
    const char *p = input.ptr;

    if (input.len == 0)
        return cursor;
    cursor.end = input.ptr + input.len;
    while ((p = memchr(p, '\r', (size_t)(cursor.end - p))) != NULL) {
        p++;
        if (p < cursor.end && *p == '\n')
            continue;
        if (cursor.end - p >= 2 && p[0] == '\r' && p[1] == '\n')
            continue;
        cursor.bare_cr = true;
        break;
    }
    return cursor;
}

static const char *skip_line_end(const char *stop, const char *end)
{
    if (*stop == '\n')
        return stop + 1;
    if (end - stop >= 2 && stop[1] == '\n')
        return stop + 2;
    if (end - stop >= 3 && stop[1] == '\r' && stop[2] == '\n')
        return stop + 3;
    return stop + 1;
}

struct line_cursor line_cursor_make_block(struct bounce_slice input)
{
    struct line_cursor cursor = {input.ptr, input.ptr + input.len, false};
    bool any = false, blank = true;

    for (const char *p = cursor.pos; p < cursor.end; p++) {
        if (*p == '\n') {
            if (any && blank)
                break;
            blank = true;
        } else if (*p == '\r') {
            const char *next = p + 1;

            while (next < cursor.end && *next == '\r')
                next++;
            if (next == cursor.end || *next != '\n' || next - p > 2) {
                cursor.bare_cr = true;
                break;
            }
            p = next - 1;
        } else if (!line_is_blank_byte(*p)) {
            any = true;
            blank = false;
        }
    }
    return cursor;
}

struct bounce_slice line_at_bare_cr(const struct line_cursor *cursor,
                                    const char *pos, const char **next_out)
{
    size_t rest = (size_t)(cursor->end - pos);
    size_t window = 128;

    /* Searching the whole rest for LF would be quadratic in a file that has
     * CR only: the window grows with the line instead. */
    for (;;) {
        size_t n = window < rest ? window : rest;
        const char *lf = memchr(pos, '\n', n);
        const char *cr = memchr(pos, '\r', lf != NULL ? (size_t)(lf - pos) : n);
        const char *stop = cr != NULL ? cr : lf;

        if (stop != NULL) {
            *next_out = skip_line_end(stop, cursor->end);
            return slice_make(pos, (size_t)(stop - pos));
        }
        if (n == rest) {
            *next_out = cursor->end;
            return slice_make(pos, rest);
        }
        window *= 2;
    }
}

const char *line_before(const char *start, const char *pos)
{
    if (pos > start && pos[-1] == '\n')
        pos--;
    else if (pos > start && pos[-1] == '\r')
        return pos - 1;
    else
        return pos;
    for (int i = 0; i < 2 && pos > start && pos[-1] == '\r'; i++)
        pos--;
    return pos;
}
