/* SPDX-License-Identifier: MIT */
#include "classify/scan.h"

#include "base/bits.h"

/* Bytes of a text that a bit of struct scan's met stands for. */
#define MET_STEP 8

/* Positions in steps of MET_STEP bytes; the last one is for all beyond. */
static inline unsigned met_step(size_t at)
{
    return at < 63 * MET_STEP ? (unsigned)(at / MET_STEP) : 63;
}

static inline void meet(struct scan *scan, uint32_t hash, size_t at)
{
    uint32_t slot = tab_met_slot(hash);

    scan->met_slots[scan->met_count] = (uint16_t)slot;
    scan->met_count += scan->met[slot] == 0;
    scan->met[slot] |= (uint64_t)1 << met_step(at);
}

uint64_t scan_met(const struct scan *scan, struct tab_span need)
{
    uint64_t steps = 0;

    for (uint32_t i = need.at; i < need.at + need.count; i++)
        steps |= scan->met[scan->tables->need_slots[i]];
    return steps;
}

bool scan_met_between(uint64_t steps, size_t from, size_t to)
{
    uint64_t range =
        (((uint64_t)2 << met_step(to)) - 1) & UINT64_MAX << met_step(from);

    return (steps & range) != 0;
}

/* Keeps a place where the bitmap says that an atom may stand; the number of
 * places kept. Nothing branches on what the text says: the answers could not be
 * foretold. */
static inline size_t keep(const struct tables *tables, uint32_t hash, size_t at,
                          enum tab_atom_kind kind, struct scan_place *places,
                          size_t count)
{
    places[count] = (struct scan_place){hash, (uint32_t)(at << 2 | kind)};
    return count + tab_bitmap_bit(tables->bitmap, hash);
}

/* Up to 3 letters right before a digit, such as the OFR of OFR004, count as a
 * word too. mask: of the bytes that were looked at already. */
static size_t keep_letters(struct scan *scan, const struct matcher_text *text,
                           size_t at, uint32_t mask, size_t count)
{
    uint64_t turns = text_map_from(text->map.turn, at + 1) & 7;
    unsigned letters = turns != 0 ? bits_lowest(turns) + 1 : 0;
    uint32_t fewer = ((uint32_t)1 << 8 * letters) - 1, hash;

    if (letters == 0 || fewer >= mask)
        return count;
    hash = tab_hash(bits_load32(text->ptr + at) & fewer);
    meet(scan, hash, at);
    return keep(scan->tables, hash, at, TAB_ATOM_FOUR, scan->places, count);
}

/* The bits of the position n behind each of the 64 of a block. */
static inline uint64_t behind(const uint64_t *bits, size_t block, unsigned n)
{
    return bits[block] >> n | bits[block + 1] << (64 - n);
}

/* The places of the 64 positions from block * 64 on. */
static void scan_block(struct scan *scan, const struct matcher_text *text,
                       size_t block)
{
    /* By whether the word goes on across the next three positions. */
    static const uint32_t masks[8] = {0xffU, 0xffffU, 0xffU, 0xffffffU,
                                      0xffU, 0xffffU, 0xffU, 0xffffffffU};
    const struct tables *const tables = scan->tables;
    const struct text_map *map = &text->map;
    struct scan_place *const places = scan->places;
    size_t count = scan->count, before_at = scan->before_at;
    uint32_t before = scan->before;
    uint64_t starts = map->start[block];
    uint64_t near = behind(map->turn, block, 1) | behind(map->turn, block, 2) |
                    behind(map->turn, block, 3);

    for (; starts != 0; starts &= starts - 1) {
        unsigned bit = bits_lowest(starts);
        size_t at = block * 64 + bit;
        uint64_t bytes = bits_load64(text->ptr + at);
        /* A sign is no word: 4 bytes count, whatever they are. */
        unsigned more = ascii_is_alnum((unsigned char)bytes)
                            ? text_map_from(map->inside, at + 1) & 7
                            : 7;
        uint32_t hash = tab_hash((uint32_t)bytes & masks[more]);

        meet(scan, hash, at);
        count = keep(tables, hash, at, TAB_ATOM_FOUR, places, count);
        count = keep(tables, tab_hash_eight(bytes), at, TAB_ATOM_EIGHT, places,
                     count);
        count = keep(tables, tab_hash_pair(before, hash), before_at,
                     TAB_ATOM_PAIR, places, count);
        before = hash;
        before_at = at;
        if ((near >> bit & 1) != 0)
            count = keep_letters(scan, text, at, masks[more], count);
    }
    scan->count = count;
    scan->before = before;
    scan->before_at = (uint32_t)before_at;
}

static size_t blocks_of(const struct matcher_text *text)
{
    return (text->len + 63) / 64;
}

bool scan_more(struct scan *scan, const struct matcher_text *text)
{
    scan->count = 0;
    while (scan->block < blocks_of(text) && scan->count < SCAN_PLACES)
        scan_block(scan, text, scan->block++);
    return scan->count > 0;
}

static void from_start(struct scan *scan)
{
    scan->block = 0;
    scan->before = scan->before_at = 0;
}

void scan_begin(struct scan *scan, const struct matcher_text *text)
{
    for (size_t i = 0; i < scan->met_count; i++)
        scan->met[scan->met_slots[i]] = 0;
    scan->met_count = 0;
    from_start(scan);
    scan_more(scan, text);
    if (scan->block == blocks_of(text))
        return;
    /* Needs are only known when all of the text was met. */
    while (scan_more(scan, text))
        ;
    from_start(scan);
    scan_more(scan, text);
}
