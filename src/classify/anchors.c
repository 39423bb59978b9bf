/* SPDX-License-Identifier: MIT
 * What the scan looks for. Of every phrase one element is its anchor: the
 * literal, or the set, that stands least often in what servers say. Of every
 * anchor the rarest window of bytes is hashed; it begins where a word does, so
 * that the scan need not ask at other places. Of the other elements those that
 * tell most are needed: unless the scan has met their bytes too, the phrase is
 * not looked at. */
#include <stdlib.h>

#include "base/bits.h"
#include "classify/verify.h"
#include "classify/window.h"

#define MAX_NEEDS 2

struct anchors {
    struct builder *b;
    struct window_counts counts;
    struct vec pairs;    /* struct pair */
    struct vec hashes;   /* uint32_t, of the atoms' windows */
    struct map atom_ids; /* text and edges -> atom */
    struct map need_ids; /* slots -> need */
};

/* An atom and one place that it anchors. */
struct pair {
    uint32_t atom, pattern, element;
    struct tab_near needs[MAX_NEEDS];
};

static bool is_whole_word(struct bounce_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_alnum((unsigned char)text.ptr[i]))
            return false;
    }
    return text.len > 0;
}

/* How often the rarest four bytes of a text stand. A text under four bytes is
 * looked for as a word; SIZE_MAX if it is none. */
static size_t text_cost(struct anchors *a, struct bounce_slice text,
                        bool word_edges)
{
    if (text.len < 4)
        return word_edges && is_whole_word(text) ? 200 : SIZE_MAX;
    return window_gram_count(&a->counts, text);
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

/* Whether a word may begin behind each member of a set. */
static bool set_ends_words(const struct anchors *a,
                           const struct tab_element *element)
{
    const struct tab_set *set = VEC_AT(a->b->sets, struct tab_set, element->a);

    for (unsigned c = 0; c < 256; c++) {
        if ((set->last[c / 32] >> c % 32 & 1) != 0 &&
            ascii_is_alnum((unsigned char)c))
            return false;
    }
    return true;
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
    if (!after && e->type == TAB_ELEMENT_SET)
        return set_ends_words(a, e);
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

    if (e->type == TAB_ELEMENT_LITERAL)
        return text_cost(a, slice_make(a->b->pool.ptr + e->a, e->b), words);
    if (e->type != TAB_ELEMENT_SET)
        return SIZE_MAX;
    set = VEC_AT(a->b->sets, struct tab_set, e->a);
    for (uint32_t j = 0; j < set->forward.count; j++) {
        struct tab_str *m =
            VEC_AT(a->b->members, struct tab_str, set->forward.at + j);
        size_t one =
            text_cost(a, slice_make(a->b->pool.ptr + m->at, m->len), words);

        if (one == SIZE_MAX)
            return SIZE_MAX;
        cost += one + 1;
    }
    return cost;
}

/* The bytes of an atom to be hashed. Letters before a digit, such as the OFR of
 * OFR004, count as a word. */
static void choose_window(const struct anchors *a, struct bounce_slice text,
                          struct edges edges, struct tab_atom *atom,
                          uint32_t *hash_out)
{
    struct window window = {TAB_ATOM_FOUR, 0, 0};
    char check[4] = {0};
    size_t count;
    uint32_t at;

    if (!window_at_start(&a->counts, text, edges, 8, &window, &count))
        window_anywhere(&a->counts, text, &window);
    atom->window = window.at;
    atom->kind = window.kind;
    *hash_out = window.hash;
    at = window.at + (window.kind == TAB_ATOM_EIGHT ? 8 : 4);
    if (at + 4 > text.len)
        at = window.at >= 4 || text.len < 4 ? 0 : (uint32_t)text.len - 4;
    atom->check_at = at - window.at;
    memcpy(check, text.ptr + at, text.len < 4 ? text.len : 4);
    atom->check = bits_load32(check);
}

/* The atom of that text and edges. */
static uint32_t find_atom(struct anchors *a, struct tab_str str,
                          struct edges edges)
{
    struct builder *b = a->b;
    struct tab_atom atom = {.text = str};
    char *key = arena_alloc(b->arena, str.len + 1);
    uint32_t index, hash;

    if (key == NULL) {
        builder_no_memory(b);
        return 0;
    }
    memcpy(key, b->pool.ptr + str.at, str.len);
    key[str.len] = (char)('0' + 2 * edges.left + edges.right);
    index = map_get(&a->atom_ids, slice_make(key, str.len + 1));
    if (index != TAB_NONE)
        return index;
    choose_window(a, slice_make(key, str.len), edges, &atom, &hash);
    index = builder_push(b, &b->atoms, &atom);
    builder_push(b, &a->hashes, &hash);
    if (!map_put(&a->atom_ids, b->arena, slice_make(key, str.len + 1), index))
        builder_no_memory(b);
    return index;
}

static bool add_atom(struct anchors *a, struct tab_str str, struct edges edges,
                     struct pair pair)
{
    pair.atom = find_atom(a, str, edges);
    builder_push(a->b, &a->pairs, &pair);
    return !a->b->failed;
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

/* Patterns that need the same share it. */
static uint32_t share_need(struct anchors *a, struct tab_span need)
{
    struct builder *b = a->b;
    struct bounce_slice key = arena_dup(
        b->arena,
        slice_make((const char *)VEC_AT(b->need_slots, uint32_t, need.at),
                   need.count * sizeof(uint32_t)));
    uint32_t index;

    if (key.ptr == NULL) {
        builder_no_memory(b);
        return TAB_NONE;
    }
    index = map_get(&a->need_ids, key);
    if (index != TAB_NONE) {
        b->need_slots.count = need.at;
        return index;
    }
    index = builder_push(b, &b->needs, &need);
    if (!map_put(&a->need_ids, b->arena, key, index))
        builder_no_memory(b);
    return index;
}

/* What the scan meets one of where element i stands, as an index of needs;
 * TAB_NONE when it may meet nothing. *count_out is how often it stands. */
static uint32_t push_need(struct anchors *a, const struct tab_pattern *pattern,
                          size_t i, size_t *count_out)
{
    struct builder *b = a->b;
    const struct tab_element *elements =
        VEC_AT(b->elements, struct tab_element, pattern->elements.at);
    struct tab_str one = {elements[i].a, elements[i].b}, *texts = &one;
    struct tab_span need = {(uint32_t)b->need_slots.count, 1};
    struct edges edges = {edge_is_word_edge(a, pattern, elements, i, false),
                          edge_is_word_edge(a, pattern, elements, i, true)};

    *count_out = 0;
    if (elements[i].type == TAB_ELEMENT_SET) {
        const struct tab_set *set =
            VEC_AT(b->sets, struct tab_set, elements[i].a);

        texts = VEC_AT(b->members, struct tab_str, set->forward.at);
        need.count = set->forward.count;
    } else if (elements[i].type != TAB_ELEMENT_LITERAL) {
        need.count = 0;
    }
    for (uint32_t j = 0; j < need.count; j++) {
        struct bounce_slice text = {b->pool.ptr + texts[j].at, texts[j].len};
        struct window window;
        size_t count;
        uint32_t slot;

        if (!window_at_start(&a->counts, text, edges, 4, &window, &count)) {
            b->need_slots.count = need.at;
            return TAB_NONE;
        }
        slot = tab_met_slot(window.hash);
        builder_push(b, &b->need_slots, &slot);
        *count_out += count + 1;
    }
    return need.count > 0 && !b->failed ? share_need(a, need) : TAB_NONE;
}

/* The most bytes that an element takes. */
static uint32_t longest(const struct builder *b, const struct tab_element *e)
{
    const struct tab_set *set;
    uint32_t most = 0;

    switch (e->type) {
    case TAB_ELEMENT_LITERAL:
        return e->b;
    case TAB_ELEMENT_SET:
        set = VEC_AT(b->sets, struct tab_set, e->a);
        for (uint32_t i = 0; i < set->forward.count; i++) {
            const struct tab_str *m =
                VEC_AT(b->members, struct tab_str, set->forward.at + i);

            most = m->len > most ? m->len : most;
        }
        return most;
    case TAB_ELEMENT_GAP:
        return e->a;
    case TAB_ELEMENT_NUMBER:
        return VERIFY_NUMBER;
    case TAB_ELEMENT_IP:
        return VERIFY_IP;
    case TAB_ELEMENT_ADDRESS:
        return 1;
    default:
        return 0;
    }
}

/* How far element i reaches from the anchor. */
static uint32_t reach_of(const struct builder *b,
                         const struct tab_pattern *pattern, size_t anchor,
                         size_t i)
{
    const struct tab_element *elements =
        VEC_AT(b->elements, struct tab_element, pattern->elements.at);
    uint32_t reach = longest(b, &elements[i]);

    for (size_t j = (i < anchor ? i : anchor) + 1;
         j < (i < anchor ? anchor : i); j++)
        reach += longest(b, &elements[j]);
    return reach;
}

/* The needs of a pattern: of the elements that are not its anchor those that
 * stand least often. */
static bool need_others(struct anchors *a, const struct tab_pattern *pattern,
                        size_t anchor, struct tab_near needs[MAX_NEEDS])
{
    size_t counts[MAX_NEEDS] = {SIZE_MAX, SIZE_MAX};

    needs[0].need = needs[1].need = TAB_NONE;
    for (size_t i = 0; i < pattern->elements.count; i++) {
        struct tab_near near = {TAB_NONE, i < anchor, 0};
        size_t count, at = MAX_NEEDS;

        if (i == anchor)
            continue;
        near.need = push_need(a, pattern, i, &count);
        if (near.need == TAB_NONE)
            continue;
        near.reach = reach_of(a->b, pattern, anchor, i);
        while (at > 0 && count < counts[at - 1])
            at--;
        for (size_t j = MAX_NEEDS; j-- > at;) {
            counts[j] = j > at ? counts[j - 1] : count;
            needs[j] = j > at ? needs[j - 1] : near;
        }
    }
    return !a->b->failed;
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
    struct edges edges;
    struct pair pair;

    if (at == SIZE_MAX && pattern->open_right) {
        /* A stem under four letters is looked for as a word. */
        pattern->open_right = false;
        at = choose_anchor(a, pattern, elements);
    }
    if (at == SIZE_MAX)
        return no_anchor(b, index);
    edges.left = edge_is_word_edge(a, pattern, elements, at, false);
    edges.right = edge_is_word_edge(a, pattern, elements, at, true);
    pair = (struct pair){.pattern = index, .element = (uint32_t)at};
    if (!need_others(a, pattern, at, pair.needs))
        return false;
    if (elements[at].type == TAB_ELEMENT_LITERAL)
        return add_atom(a, (struct tab_str){elements[at].a, elements[at].b},
                        edges, pair);
    set = VEC_AT(b->sets, struct tab_set, elements[at].a);
    for (uint32_t j = 0; j < set->forward.count; j++) {
        if (!add_atom(a,
                      *VEC_AT(b->members, struct tab_str, set->forward.at + j),
                      edges, pair))
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

/* What the scan may know of a place without its pattern. */
static uint32_t ref_flags(const struct builder *b, const struct pair *pair)
{
    const struct tab_pattern *pattern =
        VEC_AT(b->patterns, struct tab_pattern, pair->pattern);
    const struct tab_element *e = VEC_AT(b->elements, struct tab_element,
                                         pattern->elements.at + pair->element);
    bool first = pair->element == 0;
    bool last = pair->element + 1 == pattern->elements.count;

    return (first && last ? TAB_REF_ALONE : 0U) |
           (first && last && e->type == TAB_ELEMENT_LITERAL ? TAB_REF_ONCE
                                                            : 0U) |
           (first && !pattern->open_left ? TAB_REF_LEFT : 0U) |
           (last && !pattern->open_right ? TAB_REF_RIGHT : 0U);
}

/* The places of each atom side by side. */
static bool fill_refs(struct anchors *a)
{
    struct builder *b = a->b;
    struct pair *pairs = a->pairs.ptr;

    if (a->pairs.count > 0)
        qsort(pairs, a->pairs.count, sizeof(*pairs), compare_pairs);
    for (size_t i = 0; i < a->pairs.count; i++) {
        struct tab_atom_ref ref = {pairs[i].pattern,
                                   pairs[i].element,
                                   ref_flags(b, &pairs[i]),
                                   {pairs[i].needs[0], pairs[i].needs[1]}};
        struct tab_atom *atom =
            VEC_AT(b->atoms, struct tab_atom, pairs[i].atom);

        if (atom->refs.count++ == 0)
            atom->refs.at = (uint32_t)b->atom_refs.count;
        builder_push(b, &b->atom_refs, &ref);
    }
    return !b->failed;
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
    const char *window = b->pool.ptr + atom->text.at + atom->window;
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

struct keyed {
    uint32_t hash, atom;
};

static int compare_keyed(const void *x, const void *y)
{
    const struct keyed *a = x, *b = y;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->atom < b->atom ? -1 : a->atom > b->atom;
}

/* Puts one run of atoms with the same hash into its slot. */
static void put_slot(struct tab_slot *slots, size_t cap, uint32_t *bitmap,
                     uint32_t hash, struct tab_span atoms)
{
    uint32_t bit = hash >> (32 - TAB_BITMAP_BITS);
    size_t i = (hash >> 8) & (cap - 1);

    bitmap[bit / 32] |= 1U << bit % 32;
    while (slots[i].atoms.count > 0)
        i = (i + 1) & (cap - 1);
    slots[i] = (struct tab_slot){hash, atoms};
}

/* Atoms in the order of their hashes, the slots that find them, the bitmap that
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
        const struct tab_atom *atom = VEC_AT(b->atoms, struct tab_atom, i);

        keyed[i].atom = (uint32_t)i;
        keyed[i].hash = *VEC_AT(a->hashes, uint32_t, i);
        if (atom->kind == TAB_ATOM_ANYWHERE)
            add_anywhere(b, atom);
    }
    qsort(keyed, n, sizeof(*keyed), compare_keyed);
    for (size_t i = 0, run = 0; i < n; i++) {
        sorted[i] = *VEC_AT(b->atoms, struct tab_atom, keyed[i].atom);
        if (i + 1 < n && keyed[i + 1].hash == keyed[run].hash)
            continue;
        put_slot(slots, cap, bitmap, keyed[run].hash,
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
    struct anchors a = {
        .b = b, .pairs = VEC_OF(struct pair), .hashes = VEC_OF(uint32_t)};

    if (!window_count(b, &a.counts))
        return false;
    for (uint32_t i = 0; i < b->patterns.count; i++) {
        if (!anchor_pattern(&a, i))
            return false;
    }
    return fill_refs(&a) && fill_slots(&a);
}
