/* SPDX-License-Identifier: MIT
 * The tables by which marks of formats are found. */
#include <stdlib.h>

#include "genformats.h"
#include "slots.h"

/* Of all marks, how often four bytes of that hash stand in them. */
enum { RARITY_BITS = 16 };

/* Which marks an index holds. */
struct choice {
    const char *name;
    unsigned places; /* bits of enum format_place */
    bool beginnings; /* found by the first 8 bytes of a line; or all others */
};

struct made_anchor {
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
    bool contains = m->mark.test == FORMAT_TEST_CONTAINS;

    if ((choice->places >> m->mark.place & 1) == 0 ||
        m->mark.role == FORMAT_ROLE_END || m->text.len < 4)
        return false;
    if (m->mark.place == FORMAT_PLACE_HEADER)
        return contains && !choice->beginnings;
    return (!contains && m->text.len >= 8) == choice->beginnings;
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

static void add_anchor(struct indexer *x, size_t mark, size_t offset)
{
    struct bounce_slice text = mark_at(x->g, mark)->text;
    struct made_anchor made = {0};

    made.hash = x->choice->beginnings ? format_hash8(text.ptr)
                                      : format_hash4(text.ptr + offset);
    made.anchor.mark = (uint16_t)mark;
    made.anchor.offset = (uint16_t)offset;
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
        add_anchor(x, mark, 0);
        return;
    }
    for (size_t first = 0; first < x->step; first++)
        add_anchor(x, mark, rarest(x, m->text, first));
}

static void put_filter(struct generator *g, const char *name,
                       const struct vec *anchors)
{
    static uint32_t filter[(1 << FORMAT_FILTER_BITS) / 32];
    const size_t words = sizeof(filter) / sizeof(filter[0]);

    memset(filter, 0, sizeof(filter));
    for (size_t i = 0; i < anchors->count; i++) {
        size_t bit = VEC_AT(*anchors, struct made_anchor, i)->hash >>
                     (32 - FORMAT_FILTER_BITS);
        filter[bit / 32] |= (uint32_t)1 << bit % 32;
    }
    fprintf(g->out, "static const uint32_t %s_filter[] = {", name);
    for (size_t i = 0; i < words; i++)
        fprintf(g->out, "%s0x%lxU,", i % 8 == 0 ? "\n    " : " ",
                (unsigned long)filter[i]);
    fputs("};\n\n", g->out);
}

/* The anchors bucket by bucket, and where each bucket begins. */
static void put_anchors(struct generator *g, const char *name,
                        const struct vec *anchors)
{
    size_t starts[FORMAT_BUCKETS + 1], n = 0;

    fprintf(g->out, "static const struct format_anchor %s_anchors[] = {\n",
            name);
    for (size_t b = 0; b < FORMAT_BUCKETS; b++) {
        starts[b] = n;
        for (size_t i = 0; i < anchors->count; i++) {
            const struct made_anchor *m =
                VEC_AT(*anchors, struct made_anchor, i);
            const struct format_anchor *a = &m->anchor;

            if (m->hash >> (32 - FORMAT_BUCKET_BITS) != b)
                continue;
            fprintf(g->out, "    {%luU, %u, %u, %u, %u},\n",
                    (unsigned long)a->check, a->check_at, a->len, a->mark,
                    a->offset);
            n++;
        }
    }
    starts[FORMAT_BUCKETS] = n;
    fprintf(g->out,
            "    {0, 0, 0, 0, 0}};\n\nstatic const uint16_t %s_first[] = {",
            name);
    for (size_t b = 0; b <= FORMAT_BUCKETS; b++)
        fprintf(g->out, "%s%zu,", b % 12 == 0 ? "\n    " : " ", starts[b]);
    fputs("};\n\n", g->out);
}

/* The tables of one index; its step. */
static size_t put_index(struct generator *g, const struct choice *choice,
                        const uint32_t *rarity)
{
    struct indexer x = {g, choice, rarity, find_step(g, choice),
                        VEC_OF(struct made_anchor)};

    for (size_t i = 0; i < g->marks.count; i++) {
        if (is_chosen(choice, mark_at(g, i)))
            add_anchors(&x, i);
    }
    put_filter(g, choice->name, &x.anchors);
    put_anchors(g, choice->name, &x.anchors);
    return x.step;
}

void put_indexes(struct generator *g)
{
    enum { SENDER = 1 << FORMAT_PLACE_FROM | 1 << FORMAT_PLACE_TO };
    static const struct choice choices[] = {
        {"LINE_BEGINNINGS", 1 << FORMAT_PLACE_LINE, true},
        {"LINE_CONTENTS", 1 << FORMAT_PLACE_LINE, false},
        {"SUBJECT_BEGINNINGS", 1 << FORMAT_PLACE_SUBJECT, true},
        {"SUBJECT_CONTENTS", 1 << FORMAT_PLACE_SUBJECT, false},
        {"SENDER_BEGINNINGS", SENDER, true},
        {"SENDER_CONTENTS", SENDER, false},
        {"HEADER_BEGINNINGS", 1 << FORMAT_PLACE_HEADER, true},
        {"HEADER_CONTENTS", 1 << FORMAT_PLACE_HEADER, false},
    };
    static const char *const names[] = {"LINE", "SUBJECT", "SENDER", "HEADER"};
    static uint32_t rarity[1 << RARITY_BITS];

    count_rarity(g, rarity);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct choice *pair = &choices[2 * i];
        size_t steps[2] = {put_index(g, pair, rarity),
                           put_index(g, pair + 1, rarity)};

        fprintf(g->out, "const struct format_indexes FORMAT_IN_%s = {",
                names[i]);
        for (size_t k = 0; k < 2; k++)
            fprintf(g->out, "\n    {%s_filter, %s_first, %s_anchors, %zu}%s",
                    pair[k].name, pair[k].name, pair[k].name, steps[k],
                    k == 0 ? "," : "};\n\n");
    }
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
            if (slice_compare_nocase(mark_at(g, order[at - 1])->name,
                                     m->name) <= 0)
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
