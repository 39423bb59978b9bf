/* SPDX-License-Identifier: MIT
 * The scan hashes four bytes at each position and asks a bitmap that says no
 * nearly always. Where it says yes, the atoms in the slot are compared, and
 * the patterns that they anchor are verified around them. */
#include "classify/matcher.h"

#include "classify/fold.h"
#include "classify/normalize.h"

/* A pattern whose anchor stood that often without the rest gives up. */
#define MAX_TRIES 64
/* Work that a byte of text may cause; real replies need less than a tenth. */
#define STEPS_PER_BYTE 256
#define STEPS_MIN      20000

#define NOWHERE SIZE_MAX

struct verify {
    struct matcher *m;
    const struct tables *tables;
    const struct matcher_text *text;
    const struct tab_pattern *pattern;
    const struct tab_element *elements;
    size_t literal; /* bytes matched that are no gap */
};

struct matcher *matcher_new(const struct tables *tables,
                            const struct bounce_allocator *allocator)
{
    size_t tries = tables->patterns_count * sizeof(uint32_t);
    size_t set = tables->flag_count * sizeof(uint32_t);
    size_t size = sizeof(struct matcher) + tries + set + tables->flag_count;
    struct matcher *m = allocator->alloc(allocator->ctx, size);

    if (m == NULL)
        return NULL;
    memset(m, 0, size);
    m->tables = tables;
    m->allocator = allocator;
    m->tries = (uint32_t *)(m + 1);
    m->flags_set = m->tries + tables->patterns_count;
    m->flags = (uint8_t *)(m->flags_set + tables->flag_count);
    return m;
}

void matcher_free(struct matcher *m)
{
    size_t size;

    if (m == NULL)
        return;
    size = sizeof(*m) + m->tables->patterns_count * sizeof(uint32_t) +
           m->tables->flag_count * (sizeof(uint32_t) + 1);
    m->allocator->release(m->allocator->ctx, m, size);
}

bool matcher_flag(const struct matcher *m, uint32_t flag, bool inside)
{
    return inside ? (m->flags[flag] & 2) != 0 : m->flags[flag] != 0;
}

/* Whether a word goes on across the position at. */
static bool inside_word(const struct matcher_text *text, size_t at)
{
    return fold_word_before(text->ptr, at) &&
           fold_word_at(text->ptr, text->len, at);
}

static size_t match_number(const struct matcher_text *text, size_t at)
{
    size_t n = 0;

    while (at + n < text->len &&
           ascii_is_digit((unsigned char)text->ptr[at + n]))
        n++;
    return n <= 20 ? n : 0;
}

/* Loose on purpose: whatever looks like an address of IPv4 or IPv6. */
static size_t match_ip(const struct matcher_text *text, size_t at)
{
    size_t n = 0, dots = 0, colons = 0;

    while (at + n < text->len && n < 45) {
        char c = text->ptr[at + n];

        if (c == '.')
            dots++;
        else if (c == ':')
            colons++;
        else if (!ascii_is_digit((unsigned char)c) && (c < 'a' || c > 'f'))
            break;
        n++;
    }
    while (n > 0 &&
           (text->ptr[at + n - 1] == '.' || text->ptr[at + n - 1] == ':')) {
        dots -= text->ptr[at + n - 1] == '.';
        colons -= text->ptr[at + n - 1] == ':';
        n--;
    }
    return dots == 3 || colons >= 2 ? n : 0;
}

/* The members of a set that may match from the byte c on stand side by side:
 * the first of them, or the end of the span. */
static uint32_t first_member(const struct tables *tables, struct tab_span span,
                             unsigned char c, bool backward)
{
    uint32_t low = span.at, high = span.at + span.count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct tab_str m = tables->members[middle];
        size_t at = backward ? m.at + m.len - 1 : m.at;

        if ((unsigned char)tables->pool[at] < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t forward(struct verify *v, size_t i, size_t at);
static size_t backward(struct verify *v, size_t i, size_t at);

static size_t set_forward(struct verify *v, size_t i, size_t at)
{
    const struct tab_span span = v->tables->sets[v->elements[i].a].forward;
    unsigned char c;

    if (at >= v->text->len)
        return NOWHERE;
    c = (unsigned char)v->text->ptr[at];
    for (uint32_t j = first_member(v->tables, span, c, false);
         j < span.at + span.count; j++) {
        struct bounce_slice m = tab_slice(v->tables, v->tables->members[j]);
        size_t end;

        if ((unsigned char)m.ptr[0] != c)
            break;
        if (m.len > v->text->len - at ||
            memcmp(m.ptr, v->text->ptr + at, m.len) != 0)
            continue;
        end = forward(v, i + 1, at + m.len);
        if (end != NOWHERE) {
            v->literal += m.len;
            return end;
        }
    }
    return NOWHERE;
}

static size_t set_backward(struct verify *v, size_t i, size_t at)
{
    const struct tab_span span = v->tables->sets[v->elements[i].a].backward;
    unsigned char c;

    if (at == 0)
        return NOWHERE;
    c = (unsigned char)v->text->ptr[at - 1];
    for (uint32_t j = first_member(v->tables, span, c, true);
         j < span.at + span.count; j++) {
        struct bounce_slice m = tab_slice(v->tables, v->tables->members[j]);
        size_t start;

        if ((unsigned char)m.ptr[m.len - 1] != c)
            break;
        if (m.len > at || memcmp(m.ptr, v->text->ptr + at - m.len, m.len) != 0)
            continue;
        start = backward(v, i, at - m.len);
        if (start != NOWHERE) {
            v->literal += m.len;
            return start;
        }
    }
    return NOWHERE;
}

static bool in_mask(const uint32_t mask[8], char c)
{
    unsigned char byte = (unsigned char)c;

    return (mask[byte / 32] >> byte % 32 & 1) != 0;
}

/* Whether element i may begin with the byte c, or end with it. Gaps ask at
 * every position, so this must be cheap. */
static bool may_begin(const struct verify *v, size_t i, char c)
{
    const struct tab_element *e = &v->elements[i];

    if (e->type == TAB_ELEMENT_LITERAL)
        return v->tables->pool[e->a] == c;
    return e->type != TAB_ELEMENT_SET ||
           in_mask(v->tables->sets[e->a].first, c);
}

static bool may_end(const struct verify *v, size_t i, char c)
{
    const struct tab_element *e = &v->elements[i];

    if (e->type == TAB_ELEMENT_LITERAL)
        return v->tables->pool[e->a + e->b - 1] == c;
    return e->type != TAB_ELEMENT_SET || in_mask(v->tables->sets[e->a].last, c);
}

/* Whether a gap from one side of the reply's beginning would reach the other:
 * the wrapper's words and the reply's are different people's. */
static bool leaves_reply(const struct matcher_text *text, size_t from,
                         size_t to)
{
    return text->reply_start > 0 &&
           (from < text->reply_start) != (to < text->reply_start);
}

/* Whether a sentence ends between at - 1 and at: what stands behind it is
 * said of something else, so a short gap ends there. */
static bool sentence_ends(const struct matcher_text *text, size_t at)
{
    return at > 0 && at < text->len && text->ptr[at - 1] == '.' &&
           text->ptr[at] == ' ';
}

/* A gap begins and ends between words; the nearest end wins. */
static size_t gap_forward(struct verify *v, size_t i, size_t at)
{
    size_t most = v->elements[i].a;
    bool one_sentence = most == TAB_GAP_SHORT;

    if (inside_word(v->text, at))
        return NOWHERE;
    for (size_t n = 0; n <= most && at + n < v->text->len; n++) {
        size_t end;

        if ((one_sentence && sentence_ends(v->text, at + n)) ||
            leaves_reply(v->text, at, at + n))
            break;
        if (!may_begin(v, i + 1, v->text->ptr[at + n]) ||
            inside_word(v->text, at + n))
            continue;
        end = forward(v, i + 1, at + n);
        if (end != NOWHERE || v->m->steps == 0)
            return end;
    }
    return NOWHERE;
}

static size_t gap_backward(struct verify *v, size_t i, size_t at)
{
    size_t most = v->elements[i].a;
    bool one_sentence = most == TAB_GAP_SHORT;

    if (inside_word(v->text, at))
        return NOWHERE;
    for (size_t n = 0; n <= most && n < at; n++) {
        size_t start;

        if ((one_sentence && sentence_ends(v->text, at - n)) ||
            leaves_reply(v->text, at, at - n))
            break;
        if (!may_end(v, i - 1, v->text->ptr[at - n - 1]) ||
            inside_word(v->text, at - n))
            continue;
        start = backward(v, i, at - n);
        if (start != NOWHERE || v->m->steps == 0)
            return start;
    }
    return NOWHERE;
}

static bool spend_step(struct verify *v)
{
    if (v->m->steps == 0) {
        v->m->tired = true;
        return false;
    }
    v->m->steps--;
    return true;
}

static size_t class_forward(struct verify *v, size_t i, size_t at)
{
    size_t n = 0;

    switch (v->elements[i].type) {
    case TAB_ELEMENT_NUMBER:
        n = match_number(v->text, at);
        break;
    case TAB_ELEMENT_IP:
        n = match_ip(v->text, at);
        break;
    case TAB_ELEMENT_ADDRESS:
        n = at < v->text->len && v->text->ptr[at] == NORMALIZE_ADDRESS;
        break;
    default:
        break;
    }
    return n > 0 ? forward(v, i + 1, at + n) : NOWHERE;
}

/* A sentence may or may not end in a full stop. */
static bool at_end(const struct matcher_text *text, size_t at)
{
    while (at < text->len && (text->ptr[at] == '.' || text->ptr[at] == '!' ||
                              text->ptr[at] == ' '))
        at++;
    return at == text->len || at == text->reply_end;
}

/* Element i and all behind it from at on: where they end, or NOWHERE. */
static size_t forward(struct verify *v, size_t i, size_t at)
{
    const struct tab_element *e = &v->elements[i];

    if (i == v->pattern->elements.count) {
        if (!v->pattern->open_right && inside_word(v->text, at))
            return NOWHERE;
        return at;
    }
    if (!spend_step(v))
        return NOWHERE;
    switch (e->type) {
    case TAB_ELEMENT_LITERAL:
        if (e->b > v->text->len - at ||
            memcmp(v->tables->pool + e->a, v->text->ptr + at, e->b) != 0)
            return NOWHERE;
        at = forward(v, i + 1, at + e->b);
        if (at != NOWHERE)
            v->literal += e->b;
        return at;
    case TAB_ELEMENT_SET:
        return set_forward(v, i, at);
    case TAB_ELEMENT_GAP:
        return gap_forward(v, i, at);
    case TAB_ELEMENT_END:
        return at_end(v->text, at) ? at : NOWHERE;
    case TAB_ELEMENT_START:
        return NOWHERE;
    default:
        return class_forward(v, i, at);
    }
}

/* Where a run of digits, or an address, that ends at at begins. */
static size_t class_backward(struct verify *v, size_t i, size_t at)
{
    const struct matcher_text *text = v->text;

    if (v->elements[i].type == TAB_ELEMENT_ADDRESS) {
        if (at == 0 || text->ptr[at - 1] != NORMALIZE_ADDRESS)
            return NOWHERE;
        return backward(v, i, at - 1);
    }
    if (v->elements[i].type == TAB_ELEMENT_NUMBER) {
        size_t start = at;

        while (start > 0 && ascii_is_digit((unsigned char)text->ptr[start - 1]))
            start--;
        return start < at && at - start <= 20 ? backward(v, i, start) : NOWHERE;
    }
    for (size_t start = at; start > 0 && at - start < 45; start--) {
        unsigned char c = (unsigned char)text->ptr[start - 1];

        if (ascii_is_digit(c) || c == '.' || c == ':' || (c >= 'a' && c <= 'f'))
            continue;
        return start < at && match_ip(text, start) == at - start
                   ? backward(v, i, start)
                   : NOWHERE;
    }
    return NOWHERE;
}

/* The i elements before at, last one first: where they begin, or NOWHERE. */
static size_t backward(struct verify *v, size_t i, size_t at)
{
    const struct tab_element *e;

    if (i == 0) {
        if (!v->pattern->open_left && inside_word(v->text, at))
            return NOWHERE;
        return at;
    }
    if (!spend_step(v))
        return NOWHERE;
    e = &v->elements[--i];
    switch (e->type) {
    case TAB_ELEMENT_LITERAL:
        if (e->b > at ||
            memcmp(v->tables->pool + e->a, v->text->ptr + at - e->b, e->b) != 0)
            return NOWHERE;
        at = backward(v, i, at - e->b);
        if (at != NOWHERE)
            v->literal += e->b;
        return at;
    case TAB_ELEMENT_SET:
        return set_backward(v, i, at);
    case TAB_ELEMENT_GAP:
        return gap_backward(v, i, at);
    case TAB_ELEMENT_START:
        return at == 0 || at == v->text->reply_start ? at : NOWHERE;
    case TAB_ELEMENT_END:
        return NOWHERE;
    default:
        return class_backward(v, i, at);
    }
}

static void set_flag(struct matcher *m, uint32_t flag, bool inside)
{
    if (m->flags[flag] == 0)
        m->flags_set[m->flag_count++] = flag;
    m->flags[flag] |= inside ? 3 : 1;
}

static void record(struct verify *v, uint32_t index, size_t start, size_t end)
{
    struct matcher *m = v->m;
    bool inside = start >= v->text->reply_start && end <= v->text->reply_end;

    if (v->pattern->owner_type == TAB_OWNER_NOT) {
        set_flag(m, v->pattern->owner, inside);
        return;
    }
    /* A set may be hit by a long member and again by a shorter one in it. */
    for (size_t i = m->hit_count; i > 0 && m->hit_count - i < 4; i--) {
        struct matcher_hit *hit = &m->hits[i - 1];

        if (hit->pattern == index && hit->end == end) {
            if (v->literal > hit->literal) {
                hit->literal = (uint32_t)v->literal;
                hit->start = (uint32_t)start;
            }
            return;
        }
    }
    if (m->hit_count == MATCHER_MAX_HITS)
        m->tired = true;
    else
        m->hits[m->hit_count++] = (struct matcher_hit){
            index, (uint32_t)start, (uint32_t)end, (uint32_t)v->literal};
}

/* Most anchors stand without their pattern: the bytes beside them tell, before
 * anything is searched. */
static bool neighbours_fit(const struct verify *v, size_t element, size_t start,
                           size_t end)
{
    const struct matcher_text *text = v->text;
    size_t count = v->pattern->elements.count;

    if (element + 1 == count) {
        if (!v->pattern->open_right && inside_word(text, end))
            return false;
    } else if (v->elements[element + 1].type <= TAB_ELEMENT_SET &&
               (end >= text->len ||
                !may_begin(v, element + 1, text->ptr[end]))) {
        return false;
    }
    if (element == 0)
        return v->pattern->open_left || !inside_word(text, start);
    return v->elements[element - 1].type > TAB_ELEMENT_SET ||
           (start > 0 && may_end(v, element - 1, text->ptr[start - 1]));
}

/* One anchor was found at [start, end): does its pattern stand around it? */
static void verify_pattern(struct matcher *m, const struct matcher_text *text,
                           struct tab_atom_ref ref, size_t start, size_t end)
{
    struct verify v = {
        .m = m,
        .tables = m->tables,
        .text = text,
        .pattern = &m->tables->patterns[ref.pattern],
        .literal = end - start,
    };
    uint32_t *tries = &m->tries[ref.pattern];
    size_t right, left;

    v.elements = m->tables->elements + v.pattern->elements.at;
    if (!neighbours_fit(&v, ref.element, start, end))
        return;
    if (*tries >> 8 != m->run)
        *tries = m->run << 8;
    if ((*tries & 0xff) >= MAX_TRIES)
        return;
    right = forward(&v, ref.element + 1, end);
    left = right != NOWHERE ? backward(&v, ref.element, start) : NOWHERE;
    ++*tries;
    if (left != NOWHERE)
        record(&v, ref.pattern, left, right);
}

static void visit_slot(struct matcher *m, const struct matcher_text *text,
                       uint32_t key, size_t at, bool word)
{
    const struct tables *tables = m->tables;
    size_t mask = tables->slots_count - 1;
    size_t i = (tab_hash(key) >> 8) & mask;
    struct tab_span atoms;

    while (tables->slots[i].atoms.count > 0 && tables->slots[i].key != key)
        i = (i + 1) & mask;
    atoms = tables->slots[i].atoms;
    for (uint32_t j = atoms.at; j < atoms.at + atoms.count; j++) {
        const struct tab_atom *atom = &tables->atoms[j];
        size_t start;

        if ((atom->text.len < 4) != word || atom->window > at)
            continue;
        start = at - atom->window;
        if (atom->text.len > text->len - start ||
            memcmp(text->ptr + start, tables->pool + atom->text.at,
                   atom->text.len) != 0)
            continue;
        for (uint32_t k = 0; k < atom->refs.count; k++)
            verify_pattern(m, text, tables->atom_refs[atom->refs.at + k], start,
                           start + atom->text.len);
    }
}

static bool in_bitmap(const struct tables *tables, uint32_t key)
{
    uint32_t bit = tab_hash(key) >> (32 - TAB_BITMAP_BITS);

    return (tables->bitmap[bit / 32] >> bit % 32 & 1) != 0;
}

/* A word of one to three bytes at p, as a key, or 0. With letters set: one to
 * three letters before a digit, such as the OFR of OFR004. */
static uint32_t short_word_key(const char *p, uint32_t window, bool letters)
{
    static const uint32_t masks[4] = {0, 0xffU, 0xffffU, 0xffffffU};

    for (size_t n = 0; n <= 3; n++) {
        unsigned char c = (unsigned char)p[n];

        if (letters ? ascii_is_digit(c) : !ascii_is_alnum(c) && c < 0x80)
            return window & masks[n];
        if (letters ? !ascii_is_alpha(c) : c >= 0x80)
            return 0;
    }
    return 0;
}

static void visit_word(struct matcher *m, const struct matcher_text *text,
                       uint32_t window, size_t at)
{
    uint32_t word = short_word_key(text->ptr + at, window, false);
    uint32_t letters = short_word_key(text->ptr + at, window, true);

    if (word != 0 && in_bitmap(m->tables, word))
        visit_slot(m, text, word, at, true);
    if (letters != 0 && letters != word && in_bitmap(m->tables, letters))
        visit_slot(m, text, letters, at, true);
}

static uint32_t load_key(const char *p)
{
    return (uint32_t)(unsigned char)p[0] | (uint32_t)(unsigned char)p[1] << 8 |
           (uint32_t)(unsigned char)p[2] << 16 |
           (uint32_t)(unsigned char)p[3] << 24;
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
        memset(m->tries, 0, m->tables->patterns_count * sizeof(*m->tries));
        m->run = 1;
    }
}

void matcher_run(struct matcher *m, const struct matcher_text *text)
{
    const struct tables *tables = m->tables;
    bool before_is_word = false;

    begin_run(m, text);
    if (tables->patterns_count == 0)
        return;
    for (size_t at = 0; at < text->len; at++) {
        unsigned char c = (unsigned char)text->ptr[at];
        uint32_t key = load_key(text->ptr + at);
        bool is_word = ascii_is_alnum(c) || c >= 0x80;

        if (in_bitmap(tables, key))
            visit_slot(m, text, key, at, false);
        if (is_word && !before_is_word)
            visit_word(m, text, key, at);
        before_is_word = is_word;
    }
}
