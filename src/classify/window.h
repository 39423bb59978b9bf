/* SPDX-License-Identifier: MIT
 * The bytes of a literal by which the scan finds it. How often they stand in
 * what servers say is counted in the examples, which are the best model of
 * real replies that the compiler has. */
#ifndef BOUNCE_CLASSIFY_WINDOW_H
#define BOUNCE_CLASSIFY_WINDOW_H

#include "classify/builder.h"

struct window_counts {
    uint32_t *grams;  /* of four bytes anywhere, by hash */
    uint32_t *starts; /* of windows where words begin, by hash */
    uint32_t *pairs;  /* of TAB_ATOM_PAIR, by hash */
};

/* Which ends of a literal are surely edges of words. */
struct edges {
    bool left, right;
};

struct window {
    uint32_t kind; /* enum tab_atom_kind */
    uint32_t at;   /* offset of the bytes in the literal */
    uint32_t hash;
};

/* Counts all that b has compiled so far; the counts live in b->arena. */
bool window_count(struct builder *b, struct window_counts *counts_out);

/* How often the rarest four bytes of a text of four or more stand. */
size_t window_gram_count(const struct window_counts *counts,
                         struct bounce_slice text);

/* The rarest window that begins where the scan asks, of TAB_ATOM_FOUR only or
 * of any kind; false when there is none. *count_out is how often it stands. */
bool window_at_start(const struct window_counts *counts,
                     struct bounce_slice text, struct edges edges,
                     bool four_only, struct window *window_out,
                     size_t *count_out);

/* The rarest four bytes of a text of four or more. */
void window_anywhere(const struct window_counts *counts,
                     struct bounce_slice text, struct window *window_out);

#endif
