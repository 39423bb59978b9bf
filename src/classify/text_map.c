/* SPDX-License-Identifier: MIT */
#include "classify/text_map.h"

#include "base/block.h"
#include "classify/fold.h"

/* Characters beyond ASCII: letters of some scripts are parts of words, and
 * where words are not parted each character may begin one. */
static void add_high(const char *text, size_t len, uint64_t *start,
                     uint64_t *inside)
{
    for (size_t at = 0; at < len; at++) {
        uint64_t bit = (uint64_t)1 << at % 64;
        bool tail = ((unsigned char)text[at] & 0xC0) == 0x80;
        bool within = fold_word_before(text, at) && fold_word_at(text, len, at);

        inside[at / 64] &= ~bit;
        inside[at / 64] |= within ? bit : 0;
        start[at / 64] &= ~bit;
        if (text[at] != ' ' && !tail &&
            !(within && ascii_is_alnum((unsigned char)text[at])))
            start[at / 64] |= bit;
    }
}

void text_map_build(const char *text, size_t len, uint64_t *room,
                    struct text_map *map_out)
{
    const size_t words = len / 64 + 2;
    uint64_t *start = room, *inside = room + words;
    uint64_t *stop = inside + words, *turn = stop + words;
    uint64_t alnum = 0, letter = 0, dot = 0, high = 0;

    for (size_t i = 0; i < words; i++) {
        struct block b;
        uint64_t digits, letters, spaces, dots;
        size_t at = i * 64;

        if (at >= len) {
            inside[i] = start[i] = stop[i] = turn[i] = 0;
            continue;
        }
        block_load_all(&b, text + at); /* the pad is zero */
        digits = block_digits(&b);
        letters = block_letters(&b);
        spaces = block_equal(&b, ' ');
        dots = block_equal(&b, '.');
        high |= block_high(&b);
        inside[i] = (letters | digits) & ((letters | digits) << 1 | alnum);
        start[i] = ~spaces & ~inside[i];
        stop[i] = spaces & (dots << 1 | dot);
        turn[i] = digits & (letters << 1 | letter);
        if (len - at < 64)
            start[i] &= ((uint64_t)1 << (len - at)) - 1;
        alnum = (letters | digits) >> 63;
        letter = letters >> 63;
        dot = dots >> 63;
    }
    if (high != 0)
        add_high(text, len, start, inside);
    *map_out = (struct text_map){start, inside, stop, turn};
}
