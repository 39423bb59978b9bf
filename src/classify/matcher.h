/* SPDX-License-Identifier: MIT
 * One pass over a normalised text: which phrases of the tables stand in it. */
#ifndef BOUNCE_CLASSIFY_MATCHER_H
#define BOUNCE_CLASSIFY_MATCHER_H

#include "classify/tables.h"
#include "classify/text_map.h"

#define MATCHER_MAX_HITS 256

/* One place where a rule's phrase or a provider's sign stands. */
struct matcher_hit {
    uint32_t pattern;
    uint32_t start, end; /* bytes of the text */
    uint32_t literal;    /* bytes that are no gap */
};

/* A place where an atom may stand. */
struct matcher_candidate {
    uint32_t hash; /* of the window there */
    uint32_t at;   /* where the window begins */
    uint32_t kind; /* enum tab_atom_kind */
};

#define MATCHER_MAX_CANDIDATES 256
/* Of 64 positions, with room for one to be written beyond. */
#define MATCHER_BLOCK_CANDIDATES (4 * 64 + 1)

/* One thread's scratch memory for one set of tables. */
struct matcher {
    const struct tables *tables;
    const struct bounce_allocator *allocator;
    struct matcher_hit hits[MATCHER_MAX_HITS];
    size_t hit_count;
    struct matcher_candidate
        candidates[MATCHER_MAX_CANDIDATES + MATCHER_BLOCK_CANDIDATES];
    /* What the scan has met: tab_signature_bit() of hashes. */
    uint64_t met[1 << (TAB_SIGNATURE_BITS - 6)];
    uint32_t *tries;     /* by pattern: (run << 8) | failed tries */
    uint32_t *needs;     /* by need: (run << 1) | met */
    uint8_t *flags;      /* by Not phrase: 1 outside, 2 inside the reply */
    uint32_t *flags_set; /* the ones to clear again */
    size_t flag_count;
    uint32_t run;
    size_t steps; /* left for this text */
    bool tired;   /* ran out of steps: some phrases were not looked for */
};

/* The part of the text that the innermost reply is. */
struct matcher_text {
    const char *ptr; /* followed by TEXT_MAP_PAD zero bytes */
    size_t len;
    struct text_map map;
    size_t reply_start; /* first byte behind code and status */
    size_t reply_end;
};

/* NULL when memory is out. tables must outlive the matcher. */
struct matcher *matcher_new(const struct tables *tables,
                            const struct bounce_allocator *allocator);
void matcher_free(struct matcher *matcher);

/* Fills matcher->hits and the flags. Time: linear in text->len, with a
 * ceiling for texts made to be slow. */
void matcher_run(struct matcher *matcher, const struct matcher_text *text);

/* Whether a Not phrase stood in the text; inside: in the reply itself. */
bool matcher_flag(const struct matcher *matcher, uint32_t flag, bool inside);

#endif
