/* SPDX-License-Identifier: MIT
 * The second half of matching. Where the scan says that atoms may stand, they
 * are compared, and the patterns that they anchor are verified around them. The
 * tables are larger than the caches, so what a step asks for is fetched while
 * the step before it still goes through the other places. */
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
           tables->needs_count * sizeof(struct matcher_need) +
           (2 * tables->patterns_count + tables->flag_count) *
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
    m->tables = m->scan.tables = tables;
    m->allocator = allocator;
    m->needs = (struct matcher_need *)(m + 1);
    m->tries = (uint32_t *)(m->needs + tables->needs_count);
    m->last_hits = m->tries + tables->patterns_count;
    m->flags_set = m->last_hits + tables->patterns_count;
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
                   uint32_t index, const struct verify_match *match)
{
    const struct tab_pattern *pattern = &m->tables->patterns[index];
    bool inside =
        match->start >= text->reply_start && match->end <= text->reply_end;

    if (pattern->owner_type == TAB_OWNER_NOT) {
        set_flag(m, pattern->owner, inside);
        return;
    }
    /* A pattern may end at one place in several ways: the longest counts. */
    if (m->last_hits[index] >> 8 == m->run) {
        struct matcher_hit *hit = &m->hits[m->last_hits[index] & 0xff];

        if (hit->end == match->end) {
            if (match->literal > hit->literal) {
                hit->literal = (uint32_t)match->literal;
                hit->start = (uint32_t)match->start;
            }
            return;
        }
    }
    if (m->hit_count == MATCHER_MAX_HITS) {
        m->tired = true;
        return;
    }
    m->last_hits[index] = m->run << 8 | (uint32_t)m->hit_count;
    m->hits[m->hit_count++] =
        (struct matcher_hit){index,
                             pattern->owner,
                             (enum tab_owner)pattern->owner_type,
                             (uint32_t)match->start,
                             (uint32_t)match->end,
                             (uint32_t)match->literal};
}

/* Where the scan has met what a need asks for. Many patterns may share it. */
static uint64_t need_met(struct matcher *m, uint32_t index)
{
    struct matcher_need *known = &m->needs[index];

    if (known->run != m->run) {
        known->run = m->run;
        known->met = scan_met(&m->scan, m->tables->needs[index]);
    }
    return known->met;
}

/* Whether all that a pattern needs near its anchor may stand there. */
static bool needs_met(struct matcher *m, const struct tab_pattern *pattern,
                      size_t start, size_t end)
{
    for (unsigned i = 0; i < 2 && pattern->needs[i].need != TAB_NONE; i++) {
        const struct tab_near *near = &pattern->needs[i];
        size_t from = near->before ? start - near->reach : end;
        size_t to = near->before ? start : end + near->reach;

        if (near->before && near->reach > start)
            from = 0;
        if (!scan_met_between(need_met(m, near->need), from, to))
            return false;
    }
    return true;
}

/* The anchor of a pattern stands at [start, end): does the rest? */
static void try_pattern(struct matcher *m, const struct matcher_text *text,
                        uint32_t index, size_t start, size_t end)
{
    const struct tab_pattern *pattern = &m->tables->patterns[index];
    bool begins = pattern->first == 0;
    bool ends = pattern->last + 1 == pattern->elements.count;
    struct verify_match match = {start, end, end - start};
    uint32_t *tries;

    if ((begins && !pattern->open_left && text_map_inside(&text->map, start)) ||
        (ends && !pattern->open_right && text_map_inside(&text->map, end)))
        return;
    if (!begins || !ends) {
        if (!needs_met(m, pattern, start, end))
            return;
        tries = &m->tries[index];
        if (*tries >> 8 != m->run)
            *tries = m->run << 8;
        if ((*tries & 0xff) >= MAX_TRIES)
            return;
        ++*tries;
        if (!verify_around(m->tables, text, pattern, start, end, &m->steps,
                           &match)) {
            m->tired = m->tired || m->steps == 0;
            return;
        }
    }
    record(m, text, index, &match);
}

static void try_all(struct matcher *m, const struct matcher_text *text)
{
    for (size_t i = 0; i < m->anchor_count; i++) {
        const struct matcher_anchor *a = &m->anchors[i];

        try_pattern(m, text, a->pattern, a->start, a->end);
    }
    m->anchor_count = 0;
}

static void add_anchors(struct matcher *m, const struct matcher_text *text,
                        const uint32_t *ref, size_t start, size_t end)
{
    for (bool last = false; !last; ref++) {
        uint32_t pattern = *ref & ~TAB_REF_LAST;

        last = (*ref & TAB_REF_LAST) != 0;
        if (m->anchor_count == MATCHER_ANCHORS)
            try_all(m, text);
        m->anchors[m->anchor_count++] =
            (struct matcher_anchor){pattern, (uint32_t)start, (uint32_t)end};
        bits_prefetch(&m->tables->patterns[pattern]);
    }
}

/* Whether the atom may stand with its window at at: what can be told without
 * its text. */
static inline bool fits(const struct tab_atom *atom,
                        const struct matcher_text *text, size_t at,
                        enum tab_atom_kind kind)
{
    size_t len = tab_atom_len(atom->shape);
    size_t start = at - tab_atom_window(atom->shape);

    return tab_atom_kind(atom->shape) == kind && start <= text->len &&
           len <= text->len - start &&
           (len < 4 || bits_load32(text->ptr + start +
                                   tab_atom_check(atom->shape)) == atom->check);
}

/* The windows of these atoms may stand at at. */
static void visit(struct matcher *m, const struct matcher_text *text,
                  struct tab_span atoms, size_t at, enum tab_atom_kind kind)
{
    const struct tables *tables = m->tables;

    for (uint32_t i = atoms.at; i < atoms.at + atoms.count; i++) {
        const struct tab_atom *atom = &tables->atoms[i];
        size_t start = at - tab_atom_window(atom->shape);
        size_t len = tab_atom_len(atom->shape);

        if (fits(atom, text, at, kind) &&
            bits_equal(text->ptr + start, tables->pool + atom->text, len))
            add_anchors(m, text, &tables->atom_refs[atom->refs], start,
                        start + len);
    }
}

static inline struct tab_span atoms_of(const struct tables *tables,
                                       uint32_t rank)
{
    uint32_t at = tables->first_atoms[rank];

    return (struct tab_span){at, tables->first_atoms[rank + 1] - at};
}

static void visit_places(struct matcher *m, const struct matcher_text *text)
{
    const struct tables *tables = m->tables;
    const struct scan_place *places = m->scan.places;
    struct tab_span atoms[SCAN_PLACES + SCAN_BLOCK_PLACES];
    size_t count = m->scan.count;

    for (size_t i = 0; i < count; i++) {
        atoms[i].at = tab_rank(tables, places[i].hash);
        bits_prefetch(&tables->first_atoms[atoms[i].at]);
    }
    for (size_t i = 0; i < count; i++) {
        atoms[i] = atoms_of(tables, atoms[i].at);
        bits_prefetch(&tables->atoms[atoms[i].at]);
    }
    for (size_t i = 0; i < count; i++) {
        const struct tab_atom *atom = &tables->atoms[atoms[i].at];

        bits_prefetch(tables->pool + atom->text);
        bits_prefetch(&tables->atom_refs[atom->refs]);
    }
    for (size_t i = 0; i < count; i++)
        visit(m, text, atoms[i], places[i].at_kind >> 2,
              (enum tab_atom_kind)(places[i].at_kind & 3));
    try_all(m, text);
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
                visit(m, text, atoms_of(tables, tab_rank(tables, hash)), at,
                      TAB_ATOM_ANYWHERE);
        }
    }
    try_all(m, text);
}

static void begin_run(struct matcher *m, const struct matcher_text *text)
{
    for (size_t i = 0; i < m->flag_count; i++)
        m->flags[m->flags_set[i]] = 0;
    m->flag_count = 0;
    m->hit_count = 0;
    m->tired = false;
    m->steps = STEPS_MIN + text->len * STEPS_PER_BYTE;
    if (++m->run == 1U << 24) {
        memset(m->tries, 0, 2 * m->tables->patterns_count * sizeof(*m->tries));
        memset(m->needs, 0, m->tables->needs_count * sizeof(*m->needs));
        m->run = 1;
    }
}

void matcher_run(struct matcher *m, const struct matcher_text *text)
{
    begin_run(m, text);
    if (m->tables->patterns_count == 0)
        return;
    scan_begin(&m->scan, text);
    do
        visit_places(m, text);
    while (scan_more(&m->scan, text));
    visit_anywhere(m, text);
}
