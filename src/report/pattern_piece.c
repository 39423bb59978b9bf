/* SPDX-License-Identifier: MIT */
#include "report/pattern_piece.h"

const char *const PATTERN_NAMES[PIECE_COUNT] = {
    "{addr}", "{name}",   "{orig}",  "{reply}", "{text}", "{host}", "{ip}",
    "{code}", "{status}", "{queue}", "{stage}", "{n}",    "{in}"};

enum piece pattern_piece(struct bounce_slice s)
{
    int i = 0;

    if (s.len == 0 || s.ptr[0] != '{')
        return PIECE_COUNT;
    while (i < PIECE_COUNT && !slice_starts(s, slice_cstr(PATTERN_NAMES[i])))
        i++;
    return (enum piece)i;
}

bool pattern_check(struct bounce_slice pattern, struct bounce_slice *bad_out)
{
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.ptr[i] != '{')
            continue;
        if (pattern_piece(slice_from(pattern, i)) == PIECE_COUNT) {
            *bad_out = slice_from(pattern, i);
            return false;
        }
    }
    return true;
}
