/* SPDX-License-Identifier: MIT
 * The tables of the texts that the scan looks for. */
#ifndef BOUNCE_CLASSIFY_ATOMS_H
#define BOUNCE_CLASSIFY_ATOMS_H

#include "classify/window.h"

struct atoms {
    struct builder *b;
    const struct window_counts *counts;
    struct vec drafts; /* struct draft */
    struct vec pairs;  /* struct pair */
    struct map ids;    /* text and edges -> draft */
};

struct atoms atoms_make(struct builder *b, const struct window_counts *counts);

/* text, which is copied, anchors that pattern. One that is shorter than four
 * bytes needs a window that begins where the scan asks. false when memory is
 * out. */
bool atoms_add(struct atoms *atoms, struct bounce_slice text,
               struct edges edges, uint32_t pattern);

/* All that was added, as the tables of the builder. */
bool atoms_fill(struct atoms *atoms);

#endif
