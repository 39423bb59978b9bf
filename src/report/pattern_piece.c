/* SPDX-License-Identifier: MIT */
#include "report/pattern_piece.h"

const struct bounce_slice PATTERN_NAMES[PIECE_COUNT] = {
    {"{addr}", 6},   {"{name}", 6},  {"{orig}", 6},  {"{reply}", 7},
    {"{text}", 6},   {"{host}", 6},  {"{ip}", 4},    {"{code}", 6},
    {"{status}", 8}, {"{queue}", 7}, {"{stage}", 7}, {"{n}", 3},
    {"{in}", 4}};

enum piece pattern_placeholder(struct bounce_slice s)
{
    int i = 0;

    while (i < PIECE_COUNT &&
           (s.len < 2 || s.ptr[1] != PATTERN_NAMES[i].ptr[1] ||
            !slice_starts(s, PATTERN_NAMES[i])))
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
