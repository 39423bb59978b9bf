/* SPDX-License-Identifier: MIT
 * Where the words of a normalised text begin and end, a bit for each byte: the
 * matcher asks this of the same positions again and again. */
#ifndef BOUNCE_CLASSIFY_TEXT_MAP_H
#define BOUNCE_CLASSIFY_TEXT_MAP_H

#include "base/slice.h"

/* Bit at % 64 of word at / 64 stands for the position at, which is the one
 * before the byte at. Positions from the text's length on are 0. */
struct text_map {
    const uint64_t *start;  /* a word, a sign or a character may begin here */
    const uint64_t *inside; /* a word goes on across it: no edge */
    const uint64_t *stop;   /* a sentence ends: "." before it, " " behind */
    const uint64_t *turn;   /* a letter before it, a digit behind */
};

/* Words of uint64_t that the map of a text of len bytes takes. */
#define TEXT_MAP_ROOM(len) (4 * ((len) / 64 + 2))

/* Zero bytes that must follow the text. */
#define TEXT_MAP_PAD 64

/* Fills the map of a normalised text of len bytes, followed by TEXT_MAP_PAD
 * zero bytes. room holds TEXT_MAP_ROOM(len) words and lives with the map. */
void text_map_build(const char *text, size_t len, uint64_t *room,
                    struct text_map *map_out);

static inline bool text_map_has(const uint64_t *bits, size_t at)
{
    return (bits[at / 64] >> at % 64 & 1) != 0;
}

/* The 64 positions from at on. */
static inline uint64_t text_map_from(const uint64_t *bits, size_t at)
{
    return bits[at / 64] >> at % 64 | bits[at / 64 + 1] << 1 << (63 - at % 64);
}

/* Whether a word goes on across the position at. */
static inline bool text_map_inside(const struct text_map *map, size_t at)
{
    return text_map_has(map->inside, at);
}

#endif
