/* SPDX-License-Identifier: MIT */
#include "classify/atoms.h"

#include <stdlib.h>

#include "base/bits.h"

struct draft {
    struct tab_atom atom; /* refs: of pairs */
    uint32_t hash;        /* of its window */
    uint32_t index;       /* before they are sorted */
};

/* An atom and a pattern that it anchors. */
struct pair {
    uint32_t draft, pattern;
};

struct atoms atoms_make(struct builder *b, const struct window_counts *counts)
{
    return (struct atoms){.b = b,
                          .counts = counts,
                          .drafts = VEC_OF(struct draft),
                          .pairs = VEC_OF(struct pair)};
}

/* The bytes of an atom to be hashed, and those of its check: behind the window
 * where there are some. */
static void choose_window(const struct atoms *a, struct bounce_slice text,
                          struct edges edges, struct draft *draft)
{
    struct window window = {TAB_ATOM_FOUR, 0, 0};
    char bytes[4] = {0};
    uint32_t len = (uint32_t)text.len, check = 0;
    size_t count;

    if (!window_at_start(a->counts, text, edges, false, &window, &count))
        window_anywhere(a->counts, text, &window);
    draft->hash = window.hash;
    if (len >= 4)
        check = window.at + (window.kind == TAB_ATOM_EIGHT ? 8 : 4);
    if (len >= 4 && check + 4 > len)
        check = window.at >= 4 ? 0 : len - 4;
    draft->atom.shape =
        tab_atom_shape((uint32_t)window.kind, len, window.at, check);
    memcpy(bytes, text.ptr + check, len < 4 ? len : 4);
    draft->atom.check = bits_load32(bytes);
}

/* The index of the draft of that text and edges. */
static uint32_t find_draft(struct atoms *a, struct bounce_slice text,
                           struct edges edges)
{
    struct builder *b = a->b;
    struct draft draft = {.index = (uint32_t)a->drafts.count};
    char *key = arena_alloc(b->arena, text.len + 1);
    struct bounce_slice copy;
    uint32_t index;

    if (key == NULL) {
        builder_no_memory(b);
        return 0;
    }
    memcpy(key, text.ptr, text.len);
    key[text.len] = (char)('0' + 2 * edges.left + edges.right);
    index = map_get(&a->ids, slice_make(key, text.len + 1));
    if (index != TAB_NONE)
        return index;
    copy = slice_make(key, text.len);
    draft.atom.text = builder_str(b, copy).at;
    choose_window(a, copy, edges, &draft);
    index = builder_push(b, &a->drafts, &draft);
    if (!map_put(&a->ids, b->arena, slice_make(key, text.len + 1), index))
        builder_no_memory(b);
    return index;
}

bool atoms_add(struct atoms *a, struct bounce_slice text, struct edges edges,
               uint32_t pattern)
{
    struct pair pair = {find_draft(a, text, edges), pattern};

    builder_push(a->b, &a->pairs, &pair);
    return !a->b->failed;
}

static int compare_pairs(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;

    if (a->draft != b->draft)
        return a->draft < b->draft ? -1 : 1;
    return a->pattern < b->pattern ? -1 : a->pattern > b->pattern;
}

/* The patterns of each atom side by side. */
static bool fill_refs(struct atoms *a)
{
    struct pair *pairs = a->pairs.ptr;
    size_t count = a->pairs.count;

    if (count > 0)
        qsort(pairs, count, sizeof(*pairs), compare_pairs);
    for (size_t i = 0; i < count; i++) {
        bool last = i + 1 == count || pairs[i + 1].draft != pairs[i].draft;
        uint32_t ref = pairs[i].pattern | (last ? TAB_REF_LAST : 0);

        if (i == 0 || pairs[i - 1].draft != pairs[i].draft)
            VEC_AT(a->drafts, struct draft, pairs[i].draft)->atom.refs =
                (uint32_t)a->b->atom_refs.count;
        builder_push(a->b, &a->b->atom_refs, &ref);
    }
    return !a->b->failed;
}

/* How seldom a byte stands in text, roughly. */
static size_t rarity(char byte)
{
    static const char usual[] = " etaoinsrdlhcumpfgybwvkxjqz";
    const char *found = byte != '\0' ? strchr(usual, byte) : NULL;

    return found != NULL ? (size_t)(found - usual) : sizeof(usual);
}

/* The rarest bytes of the windows that are looked for anywhere, each once. */
static void add_anywhere(struct builder *b, const struct tab_atom *atom)
{
    const char *window =
        b->pool.ptr + atom->text + tab_atom_window(atom->shape);
    struct tab_anywhere anywhere = {0};

    for (uint32_t i = 1; i < 4; i++) {
        if (rarity(window[i]) > rarity(window[anywhere.back]))
            anywhere.back = i;
    }
    anywhere.byte = (unsigned char)window[anywhere.back];
    for (size_t i = 0; i < b->anywhere.count; i++) {
        const struct tab_anywhere *other =
            VEC_AT(b->anywhere, struct tab_anywhere, i);

        if (other->byte == anywhere.byte && other->back == anywhere.back)
            return;
    }
    builder_push(b, &b->anywhere, &anywhere);
}

static int compare_drafts(const void *x, const void *y)
{
    const struct draft *a = x, *b = y;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Atoms in the order of their hashes, and the bitmap that says no to most
 * windows at once. */
static bool fill_bitmap(struct atoms *a)
{
    struct builder *b = a->b;
    struct draft *drafts = a->drafts.ptr;
    uint32_t *bitmap =
        arena_calloc(b->arena, TAB_BITMAP_WORDS, sizeof(*bitmap));
    uint32_t end = (uint32_t)a->drafts.count;

    if (bitmap == NULL)
        return builder_no_memory(b);
    if (end > 0)
        qsort(drafts, end, sizeof(*drafts), compare_drafts);
    for (uint32_t i = 0; i < end; i++) {
        uint32_t bit = drafts[i].hash >> (32 - TAB_BITMAP_BITS);

        if ((bitmap[bit / 32] >> bit % 32 & 1) == 0)
            builder_push(b, &b->first_atoms, &i);
        bitmap[bit / 32] |= UINT32_C(1) << bit % 32;
        builder_push(b, &b->atoms, &drafts[i].atom);
        if (tab_atom_kind(drafts[i].atom.shape) == TAB_ATOM_ANYWHERE)
            add_anywhere(b, &drafts[i].atom);
    }
    builder_push(b, &b->first_atoms, &end);
    b->bitmap.ptr = bitmap;
    b->bitmap.count = TAB_BITMAP_WORDS;
    return !b->failed;
}

static bool fill_ranks(struct builder *b)
{
    const uint32_t *bitmap = b->bitmap.ptr;
    uint32_t rank = 0;

    for (size_t i = 0; i < TAB_BITMAP_WORDS; i += 2) {
        builder_push(b, &b->ranks, &rank);
        rank += bits_count(bitmap[i]) + bits_count(bitmap[i + 1]);
    }
    return !b->failed;
}

bool atoms_fill(struct atoms *a)
{
    return fill_refs(a) && fill_bitmap(a) && fill_ranks(a->b);
}
