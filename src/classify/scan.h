/* SPDX-License-Identifier: MIT
 * The first half of matching: where in a text atoms may stand. Each word is
 * hashed where it begins, alone and with the next one, and a bitmap asked that
 * says no nearly always. */
#ifndef BOUNCE_CLASSIFY_SCAN_H
#define BOUNCE_CLASSIFY_SCAN_H

#include "classify/tables.h"
#include "classify/text_map.h"

/* The part of the text that the innermost reply is. */
struct matcher_text {
    const char *ptr; /* followed by TEXT_MAP_PAD zero bytes */
    size_t len;
    struct text_map map;
    size_t reply_start; /* first byte behind code and status */
    size_t reply_end;
};

/* A place where an atom may stand. */
struct scan_place {
    uint32_t hash;    /* of the window there */
    uint32_t at_kind; /* where the window begins << 2 | enum tab_atom_kind */
};

/* Places are handed on in batches of this size, a little more or less. */
#define SCAN_PLACES 256
/* Of 64 positions, with room for one to be written beyond. */
#define SCAN_BLOCK_PLACES (4 * 64 + 1)

struct scan {
    const struct tables *tables;
    struct scan_place places[SCAN_PLACES + SCAN_BLOCK_PLACES];
    size_t count;
    size_t block; /* of 64 positions, to go on at */
    /* The hash of four bytes at the last place that was looked at. */
    uint32_t before, before_at;
    /* Where which four bytes were met, by tab_met_slot(), and which are not 0. */
    uint64_t met[1 << TAB_MET_BITS];
    uint16_t met_slots[(1 << TAB_MET_BITS) + 1];
    size_t met_count;
};

/* Begins with a text: the first places, and all that is met in it. */
void scan_begin(struct scan *scan, const struct matcher_text *text);

/* The next places; false when there are none. */
bool scan_more(struct scan *scan, const struct matcher_text *text);

/* Whether what a need asks for was met between two positions; steps is what
 * scan_met() says of it. */
bool scan_met_between(uint64_t steps, size_t from, size_t to);

/* Where the scan has met what a need asks for. */
uint64_t scan_met(const struct scan *scan, struct tab_span need);

#endif
