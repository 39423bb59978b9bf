/* SPDX-License-Identifier: MIT
 * What the scan looks for. Of every phrase a run of elements is its anchor: the
 * literals and sets whose texts, multiplied out, stand least often in what
 * servers say. Two words side by side tell most phrases apart, where a single
 * one is shared by many. Of every text the rarest window of bytes is hashed; it
 * begins where a word does, so that the scan need not ask at other places. Of
 * the other elements those that tell most are needed: unless the scan has met
 * their bytes too, the phrase is not looked at. */
#include "classify/atoms.h"
#include "classify/verify.h"

#define MAX_NEEDS 2
/* Texts that a run may have, and elements. */
#define RUN_TEXTS    128
#define RUN_ELEMENTS 4
/* What a text that stands once in the examples costs the scan, and what one
 * costs that is looked for at every byte, both in texts that stand nowhere. */
#define COST_VISIT    8
#define COST_ANYWHERE 10000

struct anchors {
    struct builder *b;
    struct window_counts counts;
    struct atoms atoms;
    struct buf text;     /* the one that is looked at */
    struct map need_ids; /* slots -> need */
};

/* Elements side by side of one pattern. */
struct run {
    size_t first, last;
};

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

static struct edges run_edges(const struct anchors *a,
                              const struct tab_pattern *pattern,
                              const struct tab_element *elements,
                              struct run run)
{
    return (struct edges){
        edge_is_word_edge(a, pattern, elements, run.first, false),
        edge_is_word_edge(a, pattern, elements, run.last, true)};
}

/* How many texts an element may be; 0: they cannot be told. */
static size_t element_texts(const struct builder *b,
                            const struct tab_element *e)
{
    if (e->type == TAB_ELEMENT_LITERAL)
        return 1;
    if (e->type != TAB_ELEMENT_SET)
        return 0;
    return VEC_AT(b->sets, struct tab_set, e->a)->forward.count;
}

static size_t run_texts(const struct builder *b,
                        const struct tab_element *elements, struct run run)
{
    size_t count = 1;

    for (size_t i = run.first; i <= run.last && count <= RUN_TEXTS; i++)
        count *= element_texts(b, &elements[i]);
    return count;
}

/* The nth of the texts of a run. */
static struct bounce_slice run_text(const struct builder *b,
                                    const struct tab_element *elements,
                                    struct run run, size_t nth, struct buf *out)
{
    out->len = 0;
    for (size_t i = run.first; i <= run.last; i++) {
        const struct tab_element *e = &elements[i];
        struct tab_str str = {e->a, e->b};

        if (e->type == TAB_ELEMENT_SET) {
            const struct tab_set *set = VEC_AT(b->sets, struct tab_set, e->a);

            str = *VEC_AT(b->members, struct tab_str,
                          set->forward.at + nth % set->forward.count);
            nth /= set->forward.count;
        }
        buf_add(out, slice_make(b->pool.ptr + str.at, str.len));
    }
    return buf_slice(out);
}

static size_t text_cost(const struct anchors *a, struct bounce_slice text,
                        struct edges edges)
{
    struct window window;
    size_t count;

    if (text.len > TAB_ATOM_MAX)
        return SIZE_MAX;
    if (window_at_start(&a->counts, text, edges, false, &window, &count))
        return 1 + count * COST_VISIT;
    if (text.len < 4)
        return SIZE_MAX;
    return COST_ANYWHERE + window_gram_count(&a->counts, text) * COST_VISIT;
}

static size_t run_cost(struct anchors *a, const struct tab_pattern *pattern,
                       const struct tab_element *elements, struct run run,
                       size_t least)
{
    struct edges edges = run_edges(a, pattern, elements, run);
    size_t count = run_texts(a->b, elements, run), cost = 0;

    if (count == 0 || (count > RUN_TEXTS && run.last > run.first))
        return SIZE_MAX;
    for (size_t i = 0; i < count && cost < least; i++) {
        size_t one =
            text_cost(a, run_text(a->b, elements, run, i, &a->text), edges);

        if (one == SIZE_MAX)
            return SIZE_MAX;
        cost += one;
    }
    return cost;
}

/* The cheapest run; false when none will do. */
static bool choose_anchor(struct anchors *a, const struct tab_pattern *pattern,
                          const struct tab_element *elements,
                          struct run *run_out)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < pattern->elements.count; i++) {
        for (size_t j = i; j < pattern->elements.count && j < i + RUN_ELEMENTS;
             j++) {
            struct run run = {i, j};
            size_t cost;

            if (element_texts(a->b, &elements[j]) == 0)
                break;
            cost = run_cost(a, pattern, elements, run, best);
            if (cost < best) {
                best = cost;
                *run_out = run;
            }
        }
    }
    return best != SIZE_MAX;
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

        if (!window_at_start(&a->counts, text, edges, true, &window, &count)) {
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
                         const struct tab_pattern *pattern, struct run anchor,
                         size_t i)
{
    const struct tab_element *elements =
        VEC_AT(b->elements, struct tab_element, pattern->elements.at);
    size_t from = i < anchor.first ? i + 1 : anchor.last + 1;
    size_t to = i < anchor.first ? anchor.first : i;
    uint32_t reach = longest(b, &elements[i]);

    for (size_t j = from; j < to; j++)
        reach += longest(b, &elements[j]);
    return reach;
}

/* The needs of a pattern: of the elements that are not its anchor those that
 * stand least often. */
static bool need_others(struct anchors *a, const struct tab_pattern *pattern,
                        struct run anchor, struct tab_near needs[MAX_NEEDS])
{
    size_t counts[MAX_NEEDS] = {SIZE_MAX, SIZE_MAX};

    needs[0].need = needs[1].need = TAB_NONE;
    for (size_t i = 0; i < pattern->elements.count; i++) {
        struct tab_near near = {TAB_NONE, i < anchor.first, 0};
        size_t count, at = MAX_NEEDS;

        if (i >= anchor.first && i <= anchor.last)
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
    struct run run = {0, 0};
    bool found = choose_anchor(a, pattern, elements, &run);
    struct edges edges;
    size_t count;

    if (!found && pattern->open_right) {
        /* A stem under four letters is looked for as a word. */
        pattern->open_right = false;
        found = choose_anchor(a, pattern, elements, &run);
    }
    if (!found)
        return no_anchor(b, index);
    pattern->first = (uint32_t)run.first;
    pattern->last = (uint32_t)run.last;
    if (!need_others(a, pattern, run, pattern->needs))
        return false;
    edges = run_edges(a, pattern, elements, run);
    count = run_texts(b, elements, run);
    for (size_t i = 0; i < count; i++) {
        struct bounce_slice text = run_text(b, elements, run, i, &a->text);

        if (a->text.failed || a->text.cut)
            return builder_no_memory(b);
        if (!atoms_add(&a->atoms, text, edges, index))
            return false;
    }
    return true;
}

bool compile_anchors(struct builder *b)
{
    struct anchors a = {.b = b};

    buf_init(&a.text, b->arena, (size_t)1 << 16);
    if (!window_count(b, &a.counts))
        return false;
    a.atoms = atoms_make(b, &a.counts);
    for (uint32_t i = 0; i < b->patterns.count; i++) {
        if (!anchor_pattern(&a, i))
            return false;
    }
    return atoms_fill(&a.atoms);
}
