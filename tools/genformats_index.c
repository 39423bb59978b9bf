/* SPDX-License-Identifier: MIT
 * The tables by which marks of formats are found. */
#include <stdlib.h>

#include "genformats.h"
#include "slots.h"

enum {
    RARITY_BITS = 16, /* of a table that tells how often four bytes stand in
                         all marks */
    FILTER_BITS = 15,
    BUCKET_BITS = 11,
    VALUE_SIZE = 128
};

/* Which marks an index holds. */
struct choice {
    const char *name;
    unsigned places; /* bits of enum format_place */
    size_t first; /* found by so many bytes a line begins with; 0: all others */
};

struct made_anchor {
    struct bounce_slice text; /* of its mark */
    unsigned kind;            /* place and test of its mark */
    uint32_t hash;
    struct format_anchor anchor;
};

/* One index that is being made. */
struct indexer {
    struct generator *g;
    const struct choice *choice;
    const uint32_t *rarity;
    size_t step;
    struct vec anchors; /* struct made_anchor */
};

static const struct made_mark *mark_at(const struct generator *g, size_t i)
{
    return VEC_AT(g->marks, struct made_mark, i);
}

static const struct made_anchor *anchor_at(const struct indexer *x, size_t i)
{
    return VEC_AT(x->anchors, struct made_anchor, i);
}

static size_t rarity_slot(const char *four)
{
    return format_hash4(four) >> (32 - RARITY_BITS);
}

static void count_rarity(const struct generator *g,
                         uint32_t rarity[1 << RARITY_BITS])
{
    for (size_t i = 0; i < g->marks.count; i++) {
        struct bounce_slice text = mark_at(g, i)->text;

        for (size_t at = 0; at + 4 <= text.len; at++)
            rarity[rarity_slot(text.ptr + at)]++;
    }
}

static bool is_chosen(const struct choice *choice, const struct made_mark *m)
{
    size_t first = m->mark.test == FORMAT_TEST_CONTAINS ? 0
                   : m->text.len >= 16                  ? 16
                   : m->text.len >= 8                   ? 8
                                                        : 0;

    if ((choice->places >> m->mark.place & 1) == 0 ||
        m->mark.role == FORMAT_ROLE_END)
        return false;
    return first == choice->first;
}

/* As many positions as the shortest of the marks lets be left out. */
static size_t find_step(const struct generator *g, const struct choice *choice)
{
    size_t step = 8;

    for (size_t i = 0; i < g->marks.count; i++) {
        const struct made_mark *m = mark_at(g, i);

        if (m->mark.test == FORMAT_TEST_CONTAINS && is_chosen(choice, m) &&
            m->text.len - 3 < step)
            step = m->text.len - 3;
    }
    return step;
}

/* Among the offsets first, first + step and so on that whose four bytes other
 * marks have least. */
static size_t rarest(const struct indexer *x, struct bounce_slice text,
                     size_t first)
{
    size_t best = first;

    for (size_t at = first; at + 4 <= text.len; at += x->step) {
        if (x->rarity[rarity_slot(text.ptr + at)] <
            x->rarity[rarity_slot(text.ptr + best)])
            best = at;
    }
    return best;
}

static void add_anchor(struct indexer *x, size_t mark, size_t offset,
                       uint32_t hash)
{
    struct bounce_slice text = mark_at(x->g, mark)->text;
    const struct format_mark *m = &mark_at(x->g, mark)->mark;
    struct made_anchor made = {
        .text = text, .kind = m->place * 16U + m->test, .hash = hash};

    made.anchor.mark = (uint16_t)mark;
    made.anchor.offset = offset & 0x7FFF;
    made.anchor.len = (uint16_t)text.len;
    /* The end farther from the anchor. */
    if (offset < text.len / 2)
        made.anchor.check_at = (uint16_t)(text.len - 4);
    made.anchor.check = bits_load32(text.ptr + made.anchor.check_at);
    generator_must(vec_push(&x->anchors, &x->g->arena, &made) != SIZE_MAX);
}

/* A mark that begins a line is found at the first position looked at. */
static void add_anchors(struct indexer *x, size_t mark)
{
    const struct made_mark *m = mark_at(x->g, mark);

    if (m->mark.test != FORMAT_TEST_CONTAINS) {
        add_anchor(x, mark, 0,
                   x->choice->first == 16  ? format_hash16(m->text.ptr)
                   : x->choice->first == 8 ? format_hash8(m->text.ptr)
                                           : format_hash4(m->text.ptr));
        return;
    }
    for (size_t first = 0; first < x->step; first++) {
        size_t at = rarest(x, m->text, first);

        add_anchor(x, mark, at, format_hash4(m->text.ptr + at));
    }
}

/* The smallest number of bits from least to most that tell count values
 * apart. */
static unsigned bits_for(size_t count, unsigned least, unsigned most)
{
    unsigned bits = least;

    while (bits < most && (size_t)1 << bits < count)
        bits++;
    return bits;
}

static void put_filter(const struct indexer *x, const char *name, unsigned bits)
{
    static uint32_t filter[(1 << FILTER_BITS) / 32];
    size_t words = ((size_t)1 << bits) / 32;

    memset(filter, 0, sizeof(filter));
    for (size_t i = 0; i < x->anchors.count; i++) {
        size_t bit = anchor_at(x, i)->hash >> (32 - bits);
        filter[bit / 32] |= (uint32_t)1 << bit % 32;
    }
    fprintf(x->g->out, "static const uint32_t %s_filter[] = {", name);
    for (size_t i = 0; i < words; i++)
        fprintf(x->g->out, "%s0x%lxU,", i % 8 == 0 ? "\n    " : " ",
                (unsigned long)filter[i]);
    fputs("};\n\n", x->g->out);
}

/* By hash, and of one hash those of one text together. */
static int compare_anchors(const void *left, const void *right)
{
    const struct made_anchor *a = left, *b = right;
    int order = slice_compare(a->text, b->text);

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    if (order != 0)
        return order;
    if (a->anchor.offset != b->anchor.offset)
        return a->anchor.offset < b->anchor.offset ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return a->anchor.mark < b->anchor.mark ? -1
                                           : a->anchor.mark > b->anchor.mark;
}

static bool is_same(const struct made_anchor *a, const struct made_anchor *b)
{
    return a->hash == b->hash && slice_eq(a->text, b->text) &&
           a->anchor.offset == b->anchor.offset && a->kind == b->kind;
}

/* The anchors bucket by bucket, and where each bucket begins. */
static void put_anchors(const struct indexer *x, const char *name,
                        unsigned bits)
{
    size_t count = x->anchors.count, next = 0;
    FILE *out = x->g->out;

    qsort(x->anchors.ptr, count, sizeof(struct made_anchor), compare_anchors);
    fprintf(out, "static const struct format_anchor %s_anchors[] = {\n", name);
    for (size_t i = 0; i < count; i++) {
        const struct made_anchor *m = anchor_at(x, i);
        const struct format_anchor *a = &m->anchor;

        fprintf(out, "    {%luU, %u, %u, %u, %u, %d},\n",
                (unsigned long)a->check, a->check_at, a->len, a->mark,
                a->offset, i > 0 && is_same(anchor_at(x, i - 1), m));
    }
    fprintf(out,
            "    {0, 0, 0, 0, 0, 0}};\n\nstatic const uint16_t %s_first[] = {",
            name);
    for (size_t b = 0; b <= (size_t)1 << bits; b++) {
        while (next < count && anchor_at(x, next)->hash >> (32 - bits) < b)
            next++;
        fprintf(out, "%s%zu,", b % 12 == 0 ? "\n    " : " ", next);
    }
    fputs("};\n\n", out);
}

/* The tables, and the value of a struct format_index that names them. Of the
 * filter one bit in 64 is set, so that it seldom lets through what is
 * none; the smaller it is the less it takes of the first cache. */
static void put_tables(struct indexer *x, const char *name,
                       char value_out[VALUE_SIZE])
{
    unsigned filter = bits_for(x->anchors.count * 64, 9, FILTER_BITS);
    unsigned bucket = bits_for(x->anchors.count * 2, 4, BUCKET_BITS);

    put_filter(x, name, filter);
    put_anchors(x, name, bucket);
    snprintf(value_out, VALUE_SIZE,
             "{%s_filter, %s_first, %s_anchors, %u, %u, %zu}", name, name, name,
             32 - filter, 32 - bucket, x->step);
}

static void put_index(struct generator *g, const struct choice *choice,
                      const uint32_t *rarity, char value_out[VALUE_SIZE])
{
    struct indexer x = {g, choice, rarity, find_step(g, choice),
                        VEC_OF(struct made_anchor)};

    for (size_t i = 0; i < g->marks.count; i++) {
        if (is_chosen(choice, mark_at(g, i)))
            add_anchors(&x, i);
    }
    put_tables(&x, choice->name, value_out);
}

/* ---- Other header fields --------------------------------------------- */

/* Bytes from at on without a blank. */
static size_t word_len(struct bounce_slice text, size_t at)
{
    size_t end = slice_find_byte(slice_from(text, at), ' ');

    return end != SLICE_NPOS ? end : text.len - at;
}

static bool is_header_content(const struct made_mark *m)
{
    return m->mark.place == FORMAT_PLACE_HEADER &&
           m->mark.test == FORMAT_TEST_CONTAINS;
}

/* In how many steps a mark allows; 0 when no word of it has four bytes. */
static size_t mark_step(struct bounce_slice text)
{
    enum { MOST = 4 };
    size_t longest = 0;

    for (size_t at = 0; at < text.len; at++) {
        if (word_len(text, at) > longest)
            longest = word_len(text, at);
    }
    if (longest < 4)
        return 0;
    return longest - 3 < MOST ? longest - 3 : MOST;
}

/* All marks of a name have one step, the smallest. */
void find_header_steps(struct generator *g)
{
    for (size_t i = 0; i < g->marks.count; i++) {
        struct made_mark *m = VEC_AT(g->marks, struct made_mark, i);
        size_t step = is_header_content(m) ? mark_step(m->text) : 0;

        for (size_t k = 0; step > 0 && k < g->marks.count; k++) {
            const struct made_mark *other = mark_at(g, k);
            size_t its =
                is_header_content(other) && other->mark.name == m->mark.name
                    ? mark_step(other->text)
                    : 0;
            if (its > 0 && its < step)
                step = its;
        }
        m->mark.step = (uint8_t)step;
    }
}

/* Where the step anchors, one behind the other, begin in a word that are the
 * rarest. */
static size_t rarest_run(const struct indexer *x, const struct made_mark *m)
{
    size_t best = 0;
    uint32_t least = UINT32_MAX;

    for (size_t at = 0; at < m->text.len; at++) {
        uint32_t sum = 0;

        if (word_len(m->text, at) < m->mark.step + 3U)
            continue;
        for (size_t i = 0; i < m->mark.step; i++)
            sum += x->rarity[rarity_slot(m->text.ptr + at + i)];
        if (sum < least) {
            least = sum;
            best = at;
        }
    }
    return best;
}

static void put_header_index(struct generator *g, const uint32_t *rarity)
{
    struct indexer x = {g, NULL, rarity, 1, VEC_OF(struct made_anchor)};
    char value[VALUE_SIZE];

    for (size_t i = 0; i < g->marks.count; i++) {
        const struct made_mark *m = mark_at(g, i);
        size_t at = rarest_run(&x, m);

        for (size_t k = 0; k < m->mark.step; k++)
            add_anchor(&x, i, at + k, format_hash_raw(m->text.ptr + at + k));
    }
    put_tables(&x, "HEADER", value);
    fprintf(g->out, "const struct format_index FORMAT_IN_HEADER = %s;\n\n",
            value);
}

void put_indexes(struct generator *g)
{
    enum { SENDER = 1 << FORMAT_PLACE_FROM | 1 << FORMAT_PLACE_TO };
    static const struct choice choices[] = {
        {"LINE_LONG", 1 << FORMAT_PLACE_LINE, 16},
        {"LINE_SHORT", 1 << FORMAT_PLACE_LINE, 8},
        {"LINE_CONTENTS", 1 << FORMAT_PLACE_LINE, 0},
        {"SUBJECT_LONG", 1 << FORMAT_PLACE_SUBJECT, 16},
        {"SUBJECT_SHORT", 1 << FORMAT_PLACE_SUBJECT, 8},
        {"SUBJECT_CONTENTS", 1 << FORMAT_PLACE_SUBJECT, 0},
        {"SENDER_LONG", SENDER, 16},
        {"SENDER_SHORT", SENDER, 8},
        {"SENDER_CONTENTS", SENDER, 0},
    };
    static const char *const names[] = {"LINE", "SUBJECT", "SENDER"};
    static uint32_t rarity[1 << RARITY_BITS];

    count_rarity(g, rarity);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char values[3][VALUE_SIZE];

        for (size_t k = 0; k < 3; k++)
            put_index(g, &choices[3 * i + k], rarity, values[k]);
        fprintf(g->out,
                "const struct format_indexes FORMAT_IN_%s = {\n"
                "    %s,\n    %s,\n    %s};\n\n",
                names[i], values[0], values[1], values[2]);
    }
    put_header_index(g, rarity);
}

/* The slots of the names in order, of which there are n. */
static void put_names(struct generator *g, const uint16_t *order, size_t n)
{
    uint32_t *keys = calloc(n + 1, sizeof(*keys));
    uint16_t slots[SLOTS_MAX];
    uint32_t factor;

    generator_must(keys != NULL);
    for (size_t i = 0; i < n; i++) {
        keys[i] = mime_name_hash(mark_at(g, order[i])->name);
        for (size_t k = 0; k < i; k++) {
            if (keys[k] == keys[i] &&
                !slice_eq_nocase(mark_at(g, order[k])->name,
                                 mark_at(g, order[i])->name))
                generator_fail(g, 0, "header that shares its hash with another",
                               mark_at(g, order[i])->name);
        }
    }
    factor = slots_fill(keys, n, FORMAT_NAME_BITS, slots);
    slots_write(g->out, "FORMAT_NAME", "uint16_t", factor, slots,
                FORMAT_NAME_BITS);
    free(keys);
}

/* By name; those with a step last. */
static int compare_headers(const struct made_mark *a, const struct made_mark *b)
{
    int order = slice_compare_nocase(a->name, b->name);

    return order != 0 ? order : (a->mark.step > 0) - (b->mark.step > 0);
}

void put_headers(struct generator *g)
{
    uint16_t *order = calloc(g->marks.count + 1, sizeof(*order));
    size_t n = 0;

    generator_must(order != NULL);
    for (size_t i = 0; i < g->marks.count; i++) {
        const struct made_mark *m = mark_at(g, i);
        size_t at;
        if (m->mark.place != FORMAT_PLACE_HEADER)
            continue;
        for (at = n; at > 0; at--) {
            if (compare_headers(mark_at(g, order[at - 1]), m) <= 0)
                break;
            order[at] = order[at - 1];
        }
        order[at] = (uint16_t)i;
        n++;
    }
    fputs("const uint16_t FORMAT_HEADERS[] = {", g->out);
    for (size_t i = 0; i < n; i++)
        fprintf(g->out, "%s%u,", i % 12 == 0 ? "\n    " : " ", order[i]);
    fprintf(g->out, " 0};\nconst size_t FORMAT_HEADER_COUNT = %zu;\n\n", n);
    put_names(g, order, n);
    free(order);
}
