/* SPDX-License-Identifier: MIT */
#include "mime/line.h"

#include "base/block.h"

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

static bool is_bare_cr(const char *p, const char *end)
{
    const char *next = p + 1;

    while (next < end && *next == '\r')
        next++;
    return next == end || *next != '\n' || next - p > 2;
}

static bool is_blank_line(const char *p, const char *end)
{
    while (p < end && (line_is_blank_byte(*p) || *p == '\r'))
        p++;
    return p < end && *p == '\n';
}

/* Whether one of the line ends at p, given as bits, is followed by a blank
 * line. */
static bool ends_fields(const char *p, uint64_t line_ends, const char *end)
{
    for (; line_ends != 0; line_ends &= line_ends - 1) {
        if (is_blank_line(p + bits_lowest(line_ends) + 1, end))
            return true;
    }
    return false;
}

struct line_cursor line_cursor_make_block(struct bounce_slice input)
{
    struct line_cursor cursor = {input.ptr, input.ptr + input.len, false};
    const char *first = cursor.pos; /* what stands before it ends nothing */

    while (first < cursor.end &&
           (line_is_blank_byte(*first) || *first == '\r' || *first == '\n'))
        first++;
    for (const char *p = cursor.pos; p < cursor.end; p += 64) {
        struct block b;
        uint64_t cr, lf;

        block_load(&b, p, (size_t)(cursor.end - p));
        lf = block_equal(&b, '\n');
        cr = block_equal(&b, '\r');
        /* All but those of CRLF within the block. */
        for (cr &= ~(lf >> 1); cr != 0 && !cursor.bare_cr; cr &= cr - 1)
            cursor.bare_cr = is_bare_cr(p + bits_lowest(cr), cursor.end);
        if (first - p >= 64)
            lf = 0;
        else if (first > p)
            lf &= ~(uint64_t)0 << (first - p);
        if (cursor.bare_cr || ends_fields(p, lf, cursor.end))
            break;
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
