/* SPDX-License-Identifier: MIT */
#include "classify/window.h"

#include "base/bits.h"
#include "classify/normalize.h"

#define GRAM_BITS 16
#define FOUR      4
#define EIGHT     8

/* Short words stand often. */
#define SHORT_COST 200

static uint32_t *count_of(uint32_t *counts, uint32_t hash)
{
    return &counts[hash >> (32 - GRAM_BITS)];
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
    return i == 0 ? edge : !ascii_is_alnum((unsigned char)text.ptr[i - 1]);
}

static void count_grams(struct window_counts *a, struct bounce_slice text)
{
    for (size_t i = 0; i + FOUR <= text.len; i++) {
        ++*count_of(a->grams, tab_hash(bits_load32(text.ptr + i)));
        if (!is_start(text, i, true))
            continue;
        ++*count_of(a->starts, tab_hash(bits_load32(text.ptr + i)));
        if (i + EIGHT <= text.len)
            ++*count_of(a->starts, tab_hash_eight(bits_load64(text.ptr + i)));
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
    if (a->grams == NULL || a->starts == NULL)
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

/* A whole word of 1 to 3 bytes at text[i]: its length, or 0. */
static uint32_t short_word(struct bounce_slice text, size_t i,
                           struct edges edges)
{
    size_t n = i;

    if (!is_start(text, i, edges.left))
        return 0;
    while (n < text.len && ascii_is_alnum((unsigned char)text.ptr[n]))
        n++;
    if (n - i > 3 ||
        (n == text.len ? !edges.right : (unsigned char)text.ptr[n] >= 0x80))
        return 0;
    return (uint32_t)(n - i);
}

bool window_at_start(const struct window_counts *counts,
                     struct bounce_slice text, struct edges edges, size_t most,
                     struct window *window_out, size_t *count_out)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i + FOUR <= text.len; i++) {
        bool eight = most == EIGHT && i + EIGHT <= text.len;
        uint32_t hash = eight ? tab_hash_eight(bits_load64(text.ptr + i))
                              : tab_hash(bits_load32(text.ptr + i));
        size_t count = *count_of(counts->starts, hash);

        if (is_start(text, i, edges.left) && count < best) {
            best = count;
            *window_out = (struct window){
                eight ? TAB_ATOM_EIGHT : TAB_ATOM_FOUR, (uint32_t)i, 0};
        }
    }
    for (size_t i = 0; best == SIZE_MAX && i < text.len; i++) {
        uint32_t word = short_word(text, i, edges);

        if (word == 0)
            continue;
        best = SHORT_COST;
        *window_out = (struct window){TAB_ATOM_SHORT, (uint32_t)i, word};
    }
    *count_out = best;
    return best != SIZE_MAX;
}

void window_anywhere(const struct window_counts *counts,
                     struct bounce_slice text, struct window *window_out)
{
    size_t best = SIZE_MAX;

    *window_out = (struct window){TAB_ATOM_ANYWHERE, 0, 0};
    for (size_t i = 0; i + FOUR <= text.len; i++) {
        size_t count =
            *count_of(counts->grams, tab_hash(bits_load32(text.ptr + i)));

        if (count < best) {
            best = count;
            window_out->at = (uint32_t)i;
        }
    }
}

uint32_t window_hash(struct bounce_slice text, const struct window *window)
{
    char word[FOUR] = {0};

    if (window->kind == TAB_ATOM_EIGHT)
        return tab_hash_eight(bits_load64(text.ptr + window->at));
    if (window->kind != TAB_ATOM_SHORT)
        return tab_hash(bits_load32(text.ptr + window->at));
    memcpy(word, text.ptr + window->at, window->word);
    return tab_hash(bits_load32(word));
}
