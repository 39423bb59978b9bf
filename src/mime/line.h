/* SPDX-License-Identifier: MIT
 * Lines of a message. LF, CRLF and bare CR end a line, also mixed; CR CR LF,
 * which broken gateways make of CRLF, counts as one end. */
#ifndef BOUNCE_MIME_LINE_H
#define BOUNCE_MIME_LINE_H

#include "base/block.h"

struct line_cursor {
    const char *pos, *end;
    bool bare_cr; /* CR occurs other than before LF: look for it too */
};

/* One pass over the input that spares the usual message the search for CR in
 * every line. */
struct line_cursor line_cursor_make(struct bounce_slice input);

/* The same for a block of fields at the start of input: looks no further than
 * its end, so that reading block after block stays linear. */
struct line_cursor line_cursor_make_block(struct bounce_slice input);

/* The line at pos (< end) when CR may end it. Linear however CR and LF are
 * strewn. */
struct bounce_slice line_at_bare_cr(const struct line_cursor *cursor,
                                    const char *pos, const char **next_out);

/* The line that begins at pos (< end), without its end; the beginning of the
 * next one. */
static inline struct bounce_slice line_at(const struct line_cursor *cursor,
                                          const char *pos,
                                          const char **next_out)
{
    const char *stop;

    if (cursor->bare_cr)
        return line_at_bare_cr(cursor, pos, next_out);
    stop = block_find_byte(pos, cursor->end, '\n');
    if (stop == cursor->end) {
        *next_out = cursor->end;
        return slice_make(pos, (size_t)(cursor->end - pos));
    }
    *next_out = stop + 1;
    while (stop > pos && stop[-1] == '\r')
        stop--;
    return slice_make(pos, (size_t)(stop - pos));
}

/* Takes the next line; false at the end. */
static inline bool line_next(struct line_cursor *cursor,
                             struct bounce_slice *line_out)
{
    if (cursor->pos == cursor->end)
        return false;
    *line_out = line_at(cursor, cursor->pos, &cursor->pos);
    return true;
}

static inline bool line_is_blank_byte(char c)
{
    return c == ' ' || c == '\t';
}

/* Without blanks (space, tab) at the end. */
static inline struct bounce_slice line_trim_end(struct bounce_slice line)
{
    while (line.len > 0 && line_is_blank_byte(line.ptr[line.len - 1]))
        line.len--;
    return line;
}

/* Where the line before pos ends: pos less one line end, not below start. */
const char *line_before(const char *start, const char *pos);

#endif
