/* SPDX-License-Identifier: MIT */
#include "classify/window.h"

#include "base/bits.h"
#include "classify/normalize.h"

#define GRAM_BITS 16
#define PAIR_BITS 18

/* Windows where words begin. */
static const enum tab_atom_kind kinds[] = {TAB_ATOM_FOUR, TAB_ATOM_PAIR,
                                           TAB_ATOM_EIGHT};
#define FOUR  4
#define EIGHT 8

static uint32_t *count_of(uint32_t *counts, uint32_t hash)
{
    return &counts[hash >> (32 - GRAM_BITS)];
}

static uint32_t *count_of_kind(const struct window_counts *a,
                               enum tab_atom_kind kind, uint32_t hash)
{
    return kind == TAB_ATOM_PAIR ? &a->pairs[hash >> (32 - PAIR_BITS)]
                                 : count_of(a->starts, hash);
}

/* Whether the scan may ask at text[i]; edge: whether it may at text[0], or
 * would if that were a letter. */
static bool is_start(struct bounce_slice text, size_t i, bool edge)
{
    unsigned char c = (unsigned char)text.ptr[i];

    if (c == ' ' || (c & 0xC0) == 0x80)
        return false;
    if (!ascii_is_alnum(c))
        return true;
    if (i == 0)
        return edge;
    c = (unsigned char)text.ptr[i - 1];
    return c < 0x80 && !ascii_is_alnum(c);
}

/* Where the scan asks next behind text[i], or SLICE_NPOS when text does not
 * tell. */
static size_t next_start(struct bounce_slice text, size_t i)
{
    for (size_t j = i; j < text.len; j++) {
        if ((unsigned char)text.ptr[j] >= 0x80)
            return SLICE_NPOS;
        if (j > i && is_start(text, j, false))
            return j;
    }
    return SLICE_NPOS;
}

static bool hash_four(struct bounce_slice text, size_t i, struct edges edges,
                      uint32_t *hash_out)
{
    char bytes[FOUR] = {0};
    size_t n = i;

    while (n < text.len && ascii_is_alnum((unsigned char)text.ptr[n]))
        n++;
    if (n == i) /* a sign, or a character of another script */
        n = i + FOUR;
    else if (n - i < FOUR &&
             (n == text.len ? !edges.right
                            : (unsigned char)text.ptr[n] >= 0x80))
        return false;
    if (n - i > FOUR)
        n = i + FOUR;
    if (n > text.len)
        return false;
    memcpy(bytes, text.ptr + i, n - i);
    *hash_out = tab_hash(bits_load32(bytes));
    return true;
}

/* The hash of the window of kind at text[i], where the scan may ask; false when
 * it is too short or the scan might read another one. */
static bool hash_at(struct bounce_slice text, size_t i, struct edges edges,
                    enum tab_atom_kind kind, uint32_t *hash_out)
{
    uint32_t first, second;
    size_t next;

    switch (kind) {
    case TAB_ATOM_EIGHT:
        if (i + EIGHT > text.len)
            return false;
        *hash_out = tab_hash_eight(bits_load64(text.ptr + i));
        return true;
    case TAB_ATOM_PAIR:
        next = next_start(text, i);
        if (next == SLICE_NPOS || !hash_four(text, i, edges, &first) ||
            !hash_four(text, next, edges, &second))
            return false;
        *hash_out = tab_hash_pair(first, second);
        return true;
    default:
        return hash_four(text, i, edges, hash_out);
    }
}

static void count_grams(struct window_counts *a, struct bounce_slice text)
{
    const struct edges edges = {true, true};

    for (size_t i = 0; i < text.len; i++) {
        uint32_t hash;

        if (i + FOUR <= text.len)
            ++*count_of(a->grams, tab_hash(bits_load32(text.ptr + i)));
        if (!is_start(text, i, true))
            continue;
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            if (hash_at(text, i, edges, kinds[k], &hash))
                ++*count_of_kind(a, kinds[k], hash);
        }
    }
}

/* Examples as they will be scanned, and every literal, since rare phrases
 * stand in few examples. */
bool window_count(struct builder *b, struct window_counts *counts_out)
{
    struct window_counts *a = counts_out;

    a->grams =
        arena_calloc(b->arena, (size_t)1 << GRAM_BITS, sizeof(*a->grams));
    a->starts =
        arena_calloc(b->arena, (size_t)1 << GRAM_BITS, sizeof(*a->starts));
    a->pairs =
        arena_calloc(b->arena, (size_t)1 << PAIR_BITS, sizeof(*a->pairs));
    if (a->grams == NULL || a->starts == NULL || a->pairs == NULL)
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

size_t window_gram_count(const struct window_counts *counts,
                         struct bounce_slice text)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i + FOUR <= text.len; i++) {
        size_t count =
            *count_of(counts->grams, tab_hash(bits_load32(text.ptr + i)));

        best = count < best ? count : best;
    }
    return best;
}

bool window_at_start(const struct window_counts *counts,
                     struct bounce_slice text, struct edges edges,
                     bool four_only, struct window *window_out,
                     size_t *count_out)
{
    bool found = false, word = false;

    for (size_t i = 0; i < text.len; i++) {
        bool is_word = ascii_is_alnum((unsigned char)text.ptr[i]);

        if (!is_start(text, i, edges.left) || (word && !is_word))
            continue;
        for (size_t k = 0; k < (four_only ? 1 : sizeof(kinds) / sizeof(*kinds));
             k++) {
            struct window window = {kinds[k], (uint32_t)i, 0};
            size_t count;

            if (!hash_at(text, i, edges, kinds[k], &window.hash))
                continue;
            count = *count_of_kind(counts, kinds[k], window.hash);
            /* Signs are no good beginnings: many things begin with them. */
            if (found && word == is_word && count >= *count_out)
                continue;
            found = true;
            word = is_word;
            *window_out = window;
            *count_out = count;
        }
    }
    return found;
}

void window_anywhere(const struct window_counts *counts,
                     struct bounce_slice text, struct window *window_out)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i + FOUR <= text.len; i++) {
        uint32_t hash = tab_hash(bits_load32(text.ptr + i));
        size_t count = *count_of(counts->grams, hash);

        if (count < best) {
            best = count;
            *window_out = (struct window){TAB_ATOM_ANYWHERE, (uint32_t)i, hash};
        }
    }
}
