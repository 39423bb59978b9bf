/* SPDX-License-Identifier: MIT
 * The scan hashes the bytes where each word begins and asks a bitmap that says
 * no nearly always. Where it says yes, the atoms in the slot are compared, and
 * the patterns that they anchor are verified around them. */
#include "classify/matcher.h"

#include "base/bits.h"
#include "classify/verify.h"

/* A pattern whose anchor stood that often without the rest gives up. */
#define MAX_TRIES 64
/* Work that a byte of text may cause; real replies need less than a tenth. */
#define STEPS_PER_BYTE 256
#define STEPS_MIN      20000

static size_t matcher_size(const struct tables *tables)
{
    return sizeof(struct matcher) +
           (tables->patterns_count + tables->needs_count + tables->flag_count) *
               sizeof(uint32_t) +
           tables->flag_count;
}

struct matcher *matcher_new(const struct tables *tables,
                            const struct bounce_allocator *allocator)
{
    struct matcher *m = allocator->alloc(allocator->ctx, matcher_size(tables));

    if (m == NULL)
        return NULL;
    memset(m, 0, matcher_size(tables));
    m->tables = tables;
    m->allocator = allocator;
    m->tries = (uint32_t *)(m + 1);
    m->needs = m->tries + tables->patterns_count;
    m->flags_set = m->needs + tables->needs_count;
    m->flags = (uint8_t *)(m->flags_set + tables->flag_count);
    return m;
}

void matcher_free(struct matcher *m)
{
    if (m != NULL)
        m->allocator->release(m->allocator->ctx, m, matcher_size(m->tables));
}

bool matcher_flag(const struct matcher *m, uint32_t flag, bool inside)
{
    return inside ? (m->flags[flag] & 2) != 0 : m->flags[flag] != 0;
}

static void set_flag(struct matcher *m, uint32_t flag, bool inside)
{
    if (m->flags[flag] == 0)
        m->flags_set[m->flag_count++] = flag;
    m->flags[flag] |= inside ? 3 : 1;
}

static void record(struct matcher *m, const struct matcher_text *text,
                   struct tab_atom_ref ref, const struct verify_match *match)
{
    const struct tab_pattern *pattern = &m->tables->patterns[ref.pattern];
    bool inside =
        match->start >= text->reply_start && match->end <= text->reply_end;
    size_t near = (ref.flags & TAB_REF_ONCE) != 0 ? 0 : 4;

    if (pattern->owner_type == TAB_OWNER_NOT) {
        set_flag(m, pattern->owner, inside);
        return;
    }
    /* A set may be hit by a long member and again by a shorter one in it. */
    for (size_t i = m->hit_count; i > 0 && m->hit_count - i < near; i--) {
        struct matcher_hit *hit = &m->hits[i - 1];

        if (hit->pattern == ref.pattern && hit->end == match->end) {
            if (match->literal > hit->literal) {
                hit->literal = (uint32_t)match->literal;
                hit->start = (uint32_t)match->start;
            }
            return;
        }
    }
    if (m->hit_count == MATCHER_MAX_HITS)
        m->tired = true;
    else
        m->hits[m->hit_count++] = (struct matcher_hit){
            ref.pattern, (uint32_t)match->start, (uint32_t)match->end,
            (uint32_t)match->literal};
}

static void meet(struct matcher *m, uint32_t hash)
{
    uint32_t bit = tab_signature_bit(hash);

    m->met[bit / 64] |= (uint64_t)1 << bit % 64;
}

/* Whether the scan has met one of the bits of a need, which many patterns may
 * share. */
static bool need_met(struct matcher *m, uint32_t index)
{
    const struct tab_span need = m->tables->needs[index];
    uint32_t *known = &m->needs[index];
    uint64_t met = 0;

    if (*known >> 1 == m->run)
        return (*known & 1) != 0;
    for (uint32_t i = need.at; i < need.at + need.count; i++) {
        uint32_t bit = m->tables->need_bits[i];

        met |= m->met[bit / 64] >> bit % 64;
    }
    *known = m->run << 1 | (uint32_t)(met & 1);
    return (met & 1) != 0;
}

static bool needs_met(struct matcher *m, const struct tab_pattern *pattern)
{
    return (pattern->needs[0] == TAB_NONE || need_met(m, pattern->needs[0])) &&
           (pattern->needs[1] == TAB_NONE || need_met(m, pattern->needs[1]));
}

/* One anchor was found at [start, end): does its pattern stand around it? */
static void visit_ref(struct matcher *m, const struct matcher_text *text,
                      struct tab_atom_ref ref, size_t start, size_t end)
{
    struct verify_match match = {start, end, end - start};
    uint32_t *tries;

    if (((ref.flags & TAB_REF_LEFT) != 0 &&
         text_map_inside(&text->map, start)) ||
        ((ref.flags & TAB_REF_RIGHT) != 0 && text_map_inside(&text->map, end)))
        return;
    if ((ref.flags & TAB_REF_ALONE) == 0) {
        if (!needs_met(m, &m->tables->patterns[ref.pattern]))
            return;
        tries = &m->tries[ref.pattern];
        if (*tries >> 8 != m->run)
            *tries = m->run << 8;
        if ((*tries & 0xff) >= MAX_TRIES)
            return;
        ++*tries;
        if (!verify_around(m->tables, text, &m->tables->patterns[ref.pattern],
                           ref.element, start, end, &m->steps, &match)) {
            m->tired = m->tired || m->steps == 0;
            return;
        }
    }
    record(m, text, ref, &match);
}

static void visit(struct matcher *m, const struct matcher_text *text,
                  const struct matcher_candidate *c)
{
    const struct tables *tables = m->tables;
    size_t mask = tables->slots_count - 1, i = (c->hash >> 8) & mask;
    struct tab_span atoms;

    while (tables->slots[i].atoms.count > 0 && tables->slots[i].hash != c->hash)
        i = (i + 1) & mask;
    atoms = tables->slots[i].atoms;
    for (uint32_t j = atoms.at; j < atoms.at + atoms.count; j++) {
        const struct tab_atom *atom = &tables->atoms[j];
        size_t start = c->at - atom->window;

        if (atom->kind != c->kind || atom->window > c->at ||
            atom->text.len > text->len - start ||
            !bits_equal(text->ptr + start, tables->pool + atom->text.at,
                        atom->text.len))
            continue;
        for (uint32_t k = 0; k < atom->refs.count; k++)
            visit_ref(m, text, tables->atom_refs[atom->refs.at + k], start,
                      start + atom->text.len);
    }
}

/* Letters that stand right before a digit, such as the OFR of OFR004, count as
 * a word when they are up to three: their number, or 0. */
static unsigned letters_before_digit(const struct text_map *map, size_t at,
                                     unsigned word)
{
    uint64_t turns = text_map_from(map->turn, at + 1) & 7;
    unsigned letters = turns != 0 ? bits_lowest(turns) + 1 : 0;

    return letters < word ? letters : 0;
}

/* Keeps a place where the bitmap says that an atom may stand. Nothing branches
 * on what the text says: the answers could not be foretold. */
static size_t keep(const struct tables *tables, uint32_t hash, uint32_t at,
                   uint32_t kind, struct matcher_candidate *out, size_t n)
{
    out[n] = (struct matcher_candidate){hash, at, kind};
    return n + tab_bitmap_bit(tables->bitmap, hash);
}

/* The candidates of the 64 positions from block * 64 on. */
static size_t collect(struct matcher *m, const struct matcher_text *text,
                      size_t block, size_t n)
{
    static const uint32_t masks[4] = {0, 0xffU, 0xffffU, 0xffffffU};
    struct matcher_candidate *out = m->candidates;
    uint64_t starts = text->map.start[block];

    for (; starts != 0; starts &= starts - 1) {
        uint32_t at = (uint32_t)(block * 64 + bits_lowest(starts));
        uint64_t bytes = bits_load64(text->ptr + at);
        uint64_t on = ~text_map_from(text->map.inside, at + 1);
        unsigned word = on != 0 ? bits_lowest(on) + 1 : 64, letters;
        uint32_t four = tab_hash((uint32_t)bytes);
        uint32_t brief =
            tab_hash((uint32_t)bytes & masks[word <= 3 ? word : 0]);

        meet(m, four);
        meet(m, brief);
        n = keep(m->tables, four, at, TAB_ATOM_FOUR, out, n);
        n = keep(m->tables, tab_hash_eight(bytes), at, TAB_ATOM_EIGHT, out, n);
        n = keep(m->tables, brief, at, TAB_ATOM_SHORT, out, n);
        letters = letters_before_digit(&text->map, at, word);
        if (letters == 0)
            continue;
        brief = tab_hash((uint32_t)bytes & masks[letters]);
        meet(m, brief);
        n = keep(m->tables, brief, at, TAB_ATOM_SHORT, out, n);
    }
    return n;
}

/* Phrases that may begin inside a word. They are few: their first bytes lead
 * to them. */
static void visit_anywhere(struct matcher *m, const struct matcher_text *text)
{
    const struct tables *tables = m->tables;

    for (size_t i = 0; i < tables->anywhere_bytes_count; i++) {
        const char *end = text->ptr + text->len, *p = text->ptr;
        int byte = (int)tables->anywhere_bytes[i];

        while ((p = memchr(p, byte, (size_t)(end - p))) != NULL) {
            struct matcher_candidate c = {tab_hash(bits_load32(p)),
                                          (uint32_t)(p - text->ptr),
                                          TAB_ATOM_ANYWHERE};

            if (tab_bitmap_bit(tables->bitmap, c.hash) != 0)
                visit(m, text, &c);
            p++;
        }
    }
}

static void begin_run(struct matcher *m, const struct matcher_text *text)
{
    for (size_t i = 0; i < m->flag_count; i++)
        m->flags[m->flags_set[i]] = 0;
    m->flag_count = 0;
    m->hit_count = 0;
    m->tired = false;
    memset(m->met, 0, sizeof(m->met));
    m->steps = STEPS_MIN + text->len * STEPS_PER_BYTE;
    if (++m->run == 1U << 24) {
        memset(m->tries, 0, m->tables->patterns_count * sizeof(*m->tries));
        memset(m->needs, 0, m->tables->needs_count * sizeof(*m->needs));
        m->run = 1;
    }
}

void matcher_run(struct matcher *m, const struct matcher_text *text)
{
    size_t blocks = (text->len + 63) / 64, block = 0, n = 0;

    begin_run(m, text);
    if (m->tables->patterns_count == 0)
        return;
    while (block < blocks && n < MATCHER_MAX_CANDIDATES)
        n = collect(m, text, block++, n);
    /* Needs are only known when all of the text was met. */
    for (size_t i = block; i < blocks; i++)
        collect(m, text, i, n);
    for (size_t i = 0; i < n; i++)
        visit(m, text, &m->candidates[i]);
    for (; block < blocks; block++) {
        n = collect(m, text, block, 0);
        for (size_t i = 0; i < n; i++)
            visit(m, text, &m->candidates[i]);
    }
    visit_anywhere(m, text);
}
