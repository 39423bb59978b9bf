/* SPDX-License-Identifier: MIT
 * What the scan looks for. Of every phrase one element is its anchor: the
 * literal, or the set, that stands least often in what servers say. Of every
 * anchor the rarest window of four bytes is hashed. How often a window stands
 * is counted in the examples, which are the best model of real replies that
 * the compiler has. */
#include <stdlib.h>

#include "classify/builder.h"
#include "classify/normalize.h"

#define GRAM_BITS 16
#define GRAM_MAX  4

struct anchors {
    struct builder *b;
    uint32_t *grams;     /* counts by hash */
    struct vec pairs;    /* struct pair */
    struct map atom_ids; /* text -> atom */
};

/* An atom and one place that it anchors. */
struct pair {
    uint32_t atom, pattern, element;
};

static uint32_t gram_at(const char *p)
{
    return (uint32_t)(unsigned char)p[0] | (uint32_t)(unsigned char)p[1] << 8 |
           (uint32_t)(unsigned char)p[2] << 16 |
           (uint32_t)(unsigned char)p[3] << 24;
}

static uint32_t *gram_count(struct anchors *a, uint32_t gram)
{
    return &a->grams[tab_hash(gram) >> (32 - GRAM_BITS)];
}

static void count_grams(struct anchors *a, struct bounce_slice text)
{
    for (size_t i = 0; i + GRAM_MAX <= text.len; i++)
        ++*gram_count(a, gram_at(text.ptr + i));
}

/* Examples as they will be scanned, and every literal, since rare phrases
 * stand in few examples. */
static bool count_all(struct anchors *a)
{
    struct builder *b = a->b;

    a->grams =
        arena_calloc(b->arena, (size_t)1 << GRAM_BITS, sizeof(*a->grams));
    if (a->grams == NULL)
        return builder_no_memory(b);
    for (size_t i = 0; i < b->example_texts.count; i++) {
        struct tab_str *str = VEC_AT(b->example_texts, struct tab_str, i);
        struct bounce_slice text = {b->pool.ptr + str->at, str->len};
        char *out = arena_alloc(b->arena, NORMALIZE_ROOM(text.len));

        if (out == NULL)
            return builder_no_memory(b);
        count_grams(a, slice_make(out, normalize(text, NULL, 0, out)));
    }
    for (size_t i = 0; i < b->elements.count; i++) {
        struct tab_element *e = VEC_AT(b->elements, struct tab_element, i);

        if (e->type == TAB_ELEMENT_LITERAL)
            count_grams(a, slice_make(b->pool.ptr + e->a, e->b));
    }
    return true;
}

static bool is_whole_word(struct bounce_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_alnum((unsigned char)text.ptr[i]))
            return false;
    }
    return text.len > 0;
}

/* How often the rarest window of a text stands, and where it begins in it.
 * A text under four bytes is looked for as a word; SIZE_MAX if it is none. */
static size_t text_cost(struct anchors *a, struct bounce_slice text,
                        bool word_edges, uint32_t *window_out)
{
    size_t best = SIZE_MAX;

    *window_out = 0;
    if (text.len < GRAM_MAX)
        return word_edges && is_whole_word(text) ? 200 : SIZE_MAX;
    for (size_t i = 0; i + GRAM_MAX <= text.len; i++) {
        size_t count = *gram_count(a, gram_at(text.ptr + i));

        if (count < best) {
            best = count;
            *window_out = (uint32_t)i;
        }
    }
    return best;
}

static bool is_gap_or_edge(const struct tab_pattern *pattern,
                           const struct tab_element *elements, size_t i,
                           bool after)
{
    const struct tab_element *e;

    if (after ? i + 1 == pattern->elements.count : i == 0)
        return after ? !pattern->open_right : !pattern->open_left;
    e = &elements[after ? i + 1 : i - 1];
    return e->type == TAB_ELEMENT_GAP || e->type == TAB_ELEMENT_START ||
           e->type == TAB_ELEMENT_END;
}

/* Whether what stands beside element i makes its edge a word edge. */
static bool edge_is_word_edge(const struct anchors *a,
                              const struct tab_pattern *pattern,
                              const struct tab_element *elements, size_t i,
                              bool after)
{
    const struct tab_element *e;

    if (is_gap_or_edge(pattern, elements, i, after))
        return true;
    if (after ? i + 1 == pattern->elements.count : i == 0)
        return false;
    e = &elements[after ? i + 1 : i - 1];
    /* "ofr{n}": the scan takes letters before a digit for a word. */
    if (after && e->type == TAB_ELEMENT_NUMBER)
        return true;
    if (e->type != TAB_ELEMENT_LITERAL)
        return false;
    return !ascii_is_alnum(
        (unsigned char)a->b->pool.ptr[after ? e->a : e->a + e->b - 1]);
}

static size_t element_cost(struct anchors *a, const struct tab_pattern *pattern,
                           const struct tab_element *elements, size_t i)
{
    const struct tab_element *e = &elements[i];
    bool words = edge_is_word_edge(a, pattern, elements, i, false) &&
                 edge_is_word_edge(a, pattern, elements, i, true);
    const struct tab_set *set;
    size_t cost = 0;
    uint32_t window;

    if (e->type == TAB_ELEMENT_LITERAL)
        return text_cost(a, slice_make(a->b->pool.ptr + e->a, e->b), words,
                         &window);
    if (e->type != TAB_ELEMENT_SET)
        return SIZE_MAX;
    set = VEC_AT(a->b->sets, struct tab_set, e->a);
    for (uint32_t j = 0; j < set->forward.count; j++) {
        struct tab_str *m =
            VEC_AT(a->b->members, struct tab_str, set->forward.at + j);
        size_t one = text_cost(a, slice_make(a->b->pool.ptr + m->at, m->len),
                               words, &window);

        if (one == SIZE_MAX)
            return SIZE_MAX;
        cost += one + 1;
    }
    return cost;
}

static bool add_atom(struct anchors *a, struct tab_str str, uint32_t pattern,
                     uint32_t element)
{
    struct builder *b = a->b;
    struct bounce_slice text = {b->pool.ptr + str.at, str.len};
    struct pair pair = {0, pattern, element};

    pair.atom = map_get(&a->atom_ids, text);
    if (pair.atom == TAB_NONE) {
        struct tab_atom atom = {.text = str};

        text_cost(a, text, true, &atom.window);
        pair.atom = builder_push(b, &b->atoms, &atom);
        /* The pool may move: the map keeps a copy of the key. */
        text = arena_dup(b->arena, text);
        if (text.ptr == NULL ||
            !map_put(&a->atom_ids, b->arena, text, pair.atom))
            return builder_no_memory(b);
    }
    builder_push(b, &a->pairs, &pair);
    return !b->failed;
}

/* The cheapest element, or SIZE_MAX when none will do. */
static size_t choose_anchor(struct anchors *a,
                            const struct tab_pattern *pattern,
                            const struct tab_element *elements)
{
    size_t best = SIZE_MAX, at = SIZE_MAX;

    for (size_t i = 0; i < pattern->elements.count; i++) {
        size_t cost = element_cost(a, pattern, elements, i);

        if (cost < best) {
            best = cost;
            at = i;
        }
    }
    return at;
}

static bool no_anchor(struct builder *b, uint32_t index)
{
    const struct tab_pattern *pattern =
        VEC_AT(b->patterns, struct tab_pattern, index);
    const struct pattern_place *at =
        VEC_AT(b->pattern_places, struct pattern_place, index);
    const struct place place = {at->file, NULL};

    return builder_error(
        b, &place, at->line, "phrase '%.*s' has no word or text to look for",
        (int)pattern->text.len, b->pool.ptr + pattern->text.at);
}

static bool anchor_pattern(struct anchors *a, uint32_t index)
{
    struct builder *b = a->b;
    struct tab_pattern *pattern =
        VEC_AT(b->patterns, struct tab_pattern, index);
    struct tab_element *elements =
        VEC_AT(b->elements, struct tab_element, pattern->elements.at);
    size_t at = choose_anchor(a, pattern, elements);
    const struct tab_set *set;

    if (at == SIZE_MAX && pattern->open_right) {
        /* A stem under four letters is looked for as a word. */
        pattern->open_right = false;
        at = choose_anchor(a, pattern, elements);
    }
    if (at == SIZE_MAX)
        return no_anchor(b, index);
    if (elements[at].type == TAB_ELEMENT_LITERAL)
        return add_atom(a, (struct tab_str){elements[at].a, elements[at].b},
                        index, (uint32_t)at);
    set = VEC_AT(b->sets, struct tab_set, elements[at].a);
    for (uint32_t j = 0; j < set->forward.count; j++) {
        if (!add_atom(a,
                      *VEC_AT(b->members, struct tab_str, set->forward.at + j),
                      index, (uint32_t)at))
            return false;
    }
    return true;
}

static int compare_pairs(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;

    if (a->atom != b->atom)
        return a->atom < b->atom ? -1 : 1;
    if (a->pattern != b->pattern)
        return a->pattern < b->pattern ? -1 : 1;
    return a->element < b->element ? -1 : a->element > b->element;
}

/* The places of each atom side by side. */
static bool fill_refs(struct anchors *a)
{
    struct builder *b = a->b;
    struct pair *pairs = a->pairs.ptr;

    if (a->pairs.count > 0)
        qsort(pairs, a->pairs.count, sizeof(*pairs), compare_pairs);
    for (size_t i = 0; i < a->pairs.count; i++) {
        struct tab_atom_ref ref = {pairs[i].pattern, pairs[i].element};
        struct tab_atom *atom =
            VEC_AT(b->atoms, struct tab_atom, pairs[i].atom);

        if (atom->refs.count++ == 0)
            atom->refs.at = (uint32_t)b->atom_refs.count;
        builder_push(b, &b->atom_refs, &ref);
    }
    return !b->failed;
}

static uint32_t atom_key(const struct builder *b, const struct tab_atom *atom)
{
    char word[GRAM_MAX] = {0};
    const char *text = b->pool.ptr + atom->text.at;

    if (atom->text.len >= GRAM_MAX)
        return gram_at(text + atom->window);
    memcpy(word, text, atom->text.len);
    return gram_at(word);
}

struct keyed {
    uint32_t key, atom;
};

static int compare_keyed(const void *x, const void *y)
{
    const struct keyed *a = x, *b = y;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->atom < b->atom ? -1 : a->atom > b->atom;
}

/* Puts one run of atoms with the same key into its slot. */
static void put_slot(struct tab_slot *slots, size_t cap, uint32_t *bitmap,
                     uint32_t key, struct tab_span atoms)
{
    uint32_t hash = tab_hash(key), bit = hash >> (32 - TAB_BITMAP_BITS);
    size_t i = (hash >> 8) & (cap - 1);

    bitmap[bit / 32] |= 1U << bit % 32;
    while (slots[i].atoms.count > 0)
        i = (i + 1) & (cap - 1);
    slots[i] = (struct tab_slot){key, atoms};
}

/* Atoms in the order of their keys, the slots that find them, the bitmap that
 * says no to most windows at once. */
static bool fill_slots(struct anchors *a)
{
    struct builder *b = a->b;
    size_t n = b->atoms.count, cap = 16;
    struct keyed *keyed = arena_calloc(b->arena, n + 1, sizeof(*keyed));
    struct tab_atom *sorted = arena_calloc(b->arena, n + 1, sizeof(*sorted));
    struct tab_slot *slots;
    uint32_t *bitmap;

    while (cap < n * 2)
        cap *= 2;
    slots = arena_calloc(b->arena, cap, sizeof(*slots));
    bitmap = arena_calloc(b->arena, TAB_BITMAP_WORDS, sizeof(*bitmap));
    if (keyed == NULL || sorted == NULL || slots == NULL || bitmap == NULL)
        return builder_no_memory(b);
    for (size_t i = 0; i < n; i++) {
        keyed[i].atom = (uint32_t)i;
        keyed[i].key = atom_key(b, VEC_AT(b->atoms, struct tab_atom, i));
    }
    qsort(keyed, n, sizeof(*keyed), compare_keyed);
    for (size_t i = 0, run = 0; i < n; i++) {
        sorted[i] = *VEC_AT(b->atoms, struct tab_atom, keyed[i].atom);
        if (i + 1 < n && keyed[i + 1].key == keyed[run].key)
            continue;
        put_slot(slots, cap, bitmap, keyed[run].key,
                 (struct tab_span){(uint32_t)run, (uint32_t)(i + 1 - run)});
        run = i + 1;
    }
    b->atoms.ptr = sorted;
    b->slots.ptr = slots;
    b->slots.count = cap;
    b->bitmap.ptr = bitmap;
    b->bitmap.count = TAB_BITMAP_WORDS;
    return true;
}

bool compile_anchors(struct builder *b)
{
    struct anchors a = {.b = b, .pairs = VEC_OF(struct pair)};

    if (!count_all(&a))
        return false;
    for (uint32_t i = 0; i < b->patterns.count; i++) {
        if (!anchor_pattern(&a, i))
            return false;
    }
    return fill_refs(&a) && fill_slots(&a);
}
