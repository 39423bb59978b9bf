/* SPDX-License-Identifier: MIT
 * One pass over a normalised text: which phrases of the tables stand in it. */
#ifndef BOUNCE_CLASSIFY_MATCHER_H
#define BOUNCE_CLASSIFY_MATCHER_H

#include "classify/scan.h"

#define MATCHER_MAX_HITS 256

/* One place where a rule's phrase or a provider's sign stands. */
struct matcher_hit {
    uint32_t pattern, owner;
    enum tab_owner owner_type;
    uint32_t start, end; /* bytes of the text */
    uint32_t literal;    /* bytes that are no gap */
};

struct matcher_need {
    uint64_t met;
    uint32_t run; /* that met is of */
};

/* An anchor that was found. */
struct matcher_anchor {
    uint32_t pattern, start, end;
};

#define MATCHER_ANCHORS 512

/* One thread's scratch memory for one set of tables. */
struct matcher {
    const struct tables *tables;
    const struct bounce_allocator *allocator;
    struct matcher_hit hits[MATCHER_MAX_HITS];
    size_t hit_count;
    struct scan scan;
    struct matcher_anchor anchors[MATCHER_ANCHORS];
    size_t anchor_count;
    struct matcher_need *needs; /* by need */
    uint32_t *tries;            /* by pattern: (run << 8) | failed tries */
    uint32_t *last_hits;        /* by pattern: (run << 8) | index of hits */
    uint8_t *flags;      /* by Not phrase: 1 outside, 2 inside the reply */
    uint32_t *flags_set; /* the ones to clear again */
    size_t flag_count;
    uint32_t run;
    size_t steps; /* left for this text */
    bool tired;   /* ran out of steps: some phrases were not looked for */
};

/* NULL when memory is out. tables must outlive the matcher. */
struct matcher *matcher_new(const struct tables *tables,
                            const struct bounce_allocator *allocator);
void matcher_free(struct matcher *matcher);

/* Fills matcher->hits and the flags. Time: linear in text->len, with a
 * ceiling for texts made to be slow. */
void matcher_run(struct matcher *matcher, const struct matcher_text *text);

/* Whether a Not phrase stood in the text; inside: in the reply itself. */
static inline bool matcher_flag(const struct matcher *matcher, uint32_t flag,
                                bool inside)
{
    return matcher->flags[flag] > inside;
}

#endif
