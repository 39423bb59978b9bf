/* SPDX-License-Identifier: MIT */
#include "report/pattern_piece.h"

static const struct bounce_slice names[PIECE_COUNT] = {
    {"", 0},        {"{addr}", 6},   {"{name}", 6},  {"{orig}", 6},
    {"{reply}", 7}, {"{text}", 6},   {"{host}", 6},  {"{ip}", 4},
    {"{code}", 6},  {"{status}", 8}, {"{queue}", 7}, {"{stage}", 7},
    {"{n}", 3},     {"{in}", 4}};

static enum piece find_placeholder(struct bounce_slice s)
{
    for (int i = PIECE_NONE + 1; i < PIECE_COUNT; i++) {
        if (slice_starts(s, names[i]))
            return (enum piece)i;
    }
    return PIECE_NONE;
}

bool pattern_compile(struct bounce_slice text, char *buf,
                     struct bounce_slice *out)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        enum piece piece;

        if (c != '{' && c >= ' ') {
            buf[len++] = (char)ascii_lower(c);
            continue;
        }
        piece = find_placeholder(slice_from(text, i));
        if (piece == PIECE_NONE) { /* a control character too */
            *out = slice_from(text, i);
            return false;
        }
        buf[len++] = (char)piece;
        i += names[piece].len - 1;
    }
    *out = slice_make(buf, len);
    return true;
}
