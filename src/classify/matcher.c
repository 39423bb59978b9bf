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
/* Bytes of a text that a bit of struct matcher's met stands for. */
#define MET_STEP 8

static size_t matcher_size(const struct tables *tables)
{
    return sizeof(struct matcher) +
           tables->needs_count * sizeof(struct matcher_need) +
           (tables->patterns_count + tables->flag_count) * sizeof(uint32_t) +
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
    m->needs = (struct matcher_need *)(m + 1);
    m->tries = (uint32_t *)(m->needs + tables->needs_count);
    m->flags_set = m->tries + tables->patterns_count;
    m->flags = (uint8_t *)(m->flags_set + tables->flag_count);
    return m;
}

void matcher_free(struct matcher *m)
{
    if (m != NULL)
        m->allocator->release(m->allocator->ctx, m, matcher_size(m->tables));
}

static void set_flag(struct matcher *m, uint32_t flag, bool inside)
{
    if (m->flags[flag] == 0)
        m->flags_set[m->flag_count++] = flag;
    m->flags[flag] |= inside ? 3 : 1;
}

static void record(struct matcher *m, const struct matcher_text *text,
                   const struct tab_atom_ref *ref,
                   const struct verify_match *match)
{
    const struct tab_pattern *pattern = &m->tables->patterns[ref->pattern];
    bool inside =
        match->start >= text->reply_start && match->end <= text->reply_end;
    size_t near = (ref->flags & TAB_REF_ONCE) != 0 ? 0 : 4;

    if (pattern->owner_type == TAB_OWNER_NOT) {
        set_flag(m, pattern->owner, inside);
        return;
    }
    /* A set may be hit by a long member and again by a shorter one in it. */
    for (size_t i = m->hit_count; i > 0 && m->hit_count - i < near; i--) {
        struct matcher_hit *hit = &m->hits[i - 1];

        if (hit->pattern == ref->pattern && hit->end == match->end) {
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
        m->hits[m->hit_count++] =
            (struct matcher_hit){ref->pattern,
                                 pattern->owner,
                                 (enum tab_owner)pattern->owner_type,
                                 (uint32_t)match->start,
                                 (uint32_t)match->end,
                                 (uint32_t)match->literal};
}

/* Positions in steps of MET_STEP bytes; the last one is for all beyond. */
static inline unsigned met_step(size_t at)
{
    return at < 63 * MET_STEP ? (unsigned)(at / MET_STEP) : 63;
}

static inline void meet(struct matcher *m, uint32_t hash, size_t at)
{
    uint32_t slot = tab_met_slot(hash);

    m->met_slots[m->met_count] = (uint16_t)slot;
    m->met_count += m->met[slot] == 0;
    m->met[slot] |= (uint64_t)1 << met_step(at);
}

/* Where the scan has met what a need asks for. Many patterns may share it. */
static uint64_t need_met(struct matcher *m, uint32_t index)
{
    struct matcher_need *known = &m->needs[index];

    if (known->run != m->run) {
        const struct tab_span need = m->tables->needs[index];

        known->run = m->run;
        known->met = 0;
        for (uint32_t i = need.at; i < need.at + need.count; i++)
            known->met |= m->met[m->tables->need_slots[i]];
    }
    return known->met;
}

/* Whether all that a pattern needs near its anchor may stand there. */
static bool needs_met(struct matcher *m, const struct tab_atom_ref *ref,
                      size_t start, size_t end)
{
    for (unsigned i = 0; i < 2 && ref->needs[i].need != TAB_NONE; i++) {
        const struct tab_near *near = &ref->needs[i];
        size_t from = near->before ? start - near->reach : end;
        size_t to = near->before ? start : end + near->reach;
        uint64_t range;

        if (near->before && near->reach > start)
            from = 0;
        range = (((uint64_t)2 << met_step(to)) - 1) & UINT64_MAX
                                                          << met_step(from);
        if ((need_met(m, near->need) & range) == 0)
            return false;
    }
    return true;
}

/* One anchor was found at [start, end): does its pattern stand around it? */
static void visit_ref(struct matcher *m, const struct matcher_text *text,
                      const struct tab_atom_ref *ref, size_t start, size_t end)
{
    struct verify_match match;
    uint32_t *tries;

    if (((ref->flags & TAB_REF_LEFT) != 0 &&
         text_map_inside(&text->map, start)) ||
        ((ref->flags & TAB_REF_RIGHT) != 0 && text_map_inside(&text->map, end)))
        return;
    match = (struct verify_match){start, end, end - start};
    if ((ref->flags & TAB_REF_ALONE) == 0) {
        if (!needs_met(m, ref, start, end))
            return;
        tries = &m->tries[ref->pattern];
        if (*tries >> 8 != m->run)
            *tries = m->run << 8;
        if ((*tries & 0xff) >= MAX_TRIES)
            return;
        ++*tries;
        if (!verify_around(m->tables, text, &m->tables->patterns[ref->pattern],
                           ref->element, start, end, &m->steps, &match)) {
            m->tired = m->tired || m->steps == 0;
            return;
        }
    }
    record(m, text, ref, &match);
}

/* A window of an atom, by its hash, stands at at. */
static void visit(struct matcher *m, const struct matcher_text *text,
                  uint32_t hash, size_t at, enum tab_atom_kind kind)
{
    const struct tables *tables = m->tables;
    size_t mask = tables->slots_count - 1, i = (hash >> 8) & mask;
    struct tab_span atoms;

    while (tables->slots[i].atoms.count > 0 && tables->slots[i].hash != hash)
        i = (i + 1) & mask;
    atoms = tables->slots[i].atoms;
    for (uint32_t j = atoms.at; j < atoms.at + atoms.count; j++) {
        const struct tab_atom *atom = &tables->atoms[j];
        size_t start = at - atom->window;

        if (atom->kind != kind || start > text->len ||
            atom->text.len > text->len - start ||
            (atom->text.len >= 4 &&
             bits_load32(text->ptr + at + (ptrdiff_t)(int32_t)atom->check_at) !=
                 atom->check) ||
            !bits_equal(text->ptr + start, tables->pool + atom->text.at,
                        atom->text.len))
            continue;
        for (uint32_t k = 0; k < atom->refs.count; k++)
            visit_ref(m, text, &tables->atom_refs[atom->refs.at + k], start,
                      start + atom->text.len);
    }
}

/* Keeps a place where the bitmap says that an atom may stand. Nothing branches
 * on what the text says: the answers could not be foretold. */
static inline size_t keep(const struct tables *tables, uint32_t hash, size_t at,
                          enum tab_atom_kind kind,
                          struct matcher_candidate *out, size_t n)
{
    out[n] = (struct matcher_candidate){hash, (uint32_t)(at << 2 | kind)};
    return n + tab_bitmap_bit(tables->bitmap, hash);
}

/* Up to 3 letters right before a digit, such as the OFR of OFR004, count as a
 * word too. */
static size_t keep_letters(struct matcher *m, const struct matcher_text *text,
                           size_t at, unsigned word, size_t n)
{
    uint64_t turns = text_map_from(text->map.turn, at + 1) & 7;
    unsigned letters = turns != 0 ? bits_lowest(turns) + 1 : 0;
    uint32_t bytes = bits_load32(text->ptr + at), hash;

    if (letters == 0 || letters >= word)
        return n;
    hash = tab_hash(bytes & (((uint32_t)1 << 8 * letters) - 1));
    meet(m, hash, at);
    return keep(m->tables, hash, at, TAB_ATOM_FOUR, m->candidates, n);
}

/* The bits of the position n behind each of the 64 of a block. */
static inline uint64_t behind(const uint64_t *bits, size_t block, unsigned n)
{
    return bits[block] >> n | bits[block + 1] << (64 - n);
}

/* The candidates of the 64 positions from block * 64 on. */
static size_t collect(struct matcher *m, const struct matcher_text *text,
                      size_t block, size_t n)
{
    static const uint32_t masks[5] = {0, 0xffU, 0xffffU, 0xffffffU,
                                      0xffffffffU};
    const struct text_map *map = &text->map;
    uint64_t starts = map->start[block];
    uint64_t near = behind(map->turn, block, 1) | behind(map->turn, block, 2) |
                    behind(map->turn, block, 3);
    /* Words of two bytes at least, of three, of four. */
    uint64_t two = behind(map->inside, block, 1);
    uint64_t three = two & behind(map->inside, block, 2);
    uint64_t many = three & behind(map->inside, block, 3);

    for (; starts != 0; starts &= starts - 1) {
        size_t at = block * 64 + bits_lowest(starts);
        uint64_t bytes = bits_load64(text->ptr + at);
        unsigned bit = at % 64;
        unsigned word = 1 + (unsigned)((two >> bit & 1) + (three >> bit & 1) +
                                       (many >> bit & 1));
        /* A sign is no word: 4 bytes count, whatever they are. */
        unsigned four = ascii_is_alnum((unsigned char)bytes) ? word : 4;
        uint32_t hash = tab_hash((uint32_t)bytes & masks[four]);

        meet(m, hash, at);
        n = keep(m->tables, hash, at, TAB_ATOM_FOUR, m->candidates, n);
        n = keep(m->tables, tab_hash_eight(bytes), at, TAB_ATOM_EIGHT,
                 m->candidates, n);
        if ((near >> bit & 1) != 0)
            n = keep_letters(m, text, at, word, n);
    }
    return n;
}

/* Phrases that may begin inside a word. They are few: a byte leads to them. */
static void visit_anywhere(struct matcher *m, const struct matcher_text *text)
{
    const struct tables *tables = m->tables;

    for (size_t i = 0; i < tables->anywhere_count; i++) {
        const struct tab_anywhere *anywhere = &tables->anywhere[i];
        const char *p = text->ptr, *end = p + text->len;

        for (; (p = memchr(p, (int)anywhere->byte, (size_t)(end - p))) != NULL;
             p++) {
            size_t at = (size_t)(p - text->ptr);
            uint32_t hash;

            if (at < anywhere->back)
                continue;
            at -= anywhere->back;
            hash = tab_hash(bits_load32(text->ptr + at));
            if (tab_bitmap_bit(tables->bitmap, hash) != 0)
                visit(m, text, hash, at, TAB_ATOM_ANYWHERE);
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
    for (size_t i = 0; i < m->met_count; i++)
        m->met[m->met_slots[i]] = 0;
    m->met_count = 0;
    m->steps = STEPS_MIN + text->len * STEPS_PER_BYTE;
    if (++m->run == 1U << 24) {
        memset(m->tries, 0, m->tables->patterns_count * sizeof(*m->tries));
        memset(m->needs, 0, m->tables->needs_count * sizeof(*m->needs));
        m->run = 1;
    }
}

static void visit_all(struct matcher *m, const struct matcher_text *text,
                      size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct matcher_candidate c = m->candidates[i];

        visit(m, text, c.hash, c.at_kind >> 2,
              (enum tab_atom_kind)(c.at_kind & 3));
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
    visit_all(m, text, n);
    for (; block < blocks; block++)
        visit_all(m, text, collect(m, text, block, 0));
    visit_anywhere(m, text);
}
