/* SPDX-License-Identifier: MIT */
#include "classify/verify.h"

#include "base/bits.h"
#include "classify/normalize.h"

#define NOWHERE SIZE_MAX

struct verify {
    const struct tables *tables;
    const struct matcher_text *text;
    const struct tab_pattern *pattern;
    const struct tab_element *elements;
    size_t literal; /* bytes matched that are no gap */
    size_t *steps;
};

static size_t match_number(const struct matcher_text *text, size_t at)
{
    size_t n = 0;

    while (at + n < text->len &&
           ascii_is_digit((unsigned char)text->ptr[at + n]))
        n++;
    return n <= VERIFY_NUMBER ? n : 0;
}

/* Loose on purpose: whatever looks like an address of IPv4 or IPv6. */
static size_t match_ip(const struct matcher_text *text, size_t at)
{
    size_t n = 0, dots = 0, colons = 0;

    while (at + n < text->len && n < VERIFY_IP) {
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
            !bits_equal(m.ptr, v->text->ptr + at, m.len))
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
        if (m.len > at || !bits_equal(m.ptr, v->text->ptr + at - m.len, m.len))
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

/* The wrapper's words and the reply's are different people's: no gap from one
 * side of the reply's beginning reaches the other. The last position that a
 * gap from at may end at. */
static size_t last_of_gap(const struct verify *v, size_t i, size_t at)
{
    const struct matcher_text *text = v->text;
    size_t most = v->elements[i].a;
    size_t last = most < text->len - 1 - at ? at + most : text->len - 1;

    if (at < text->reply_start && last >= text->reply_start)
        last = text->reply_start - 1;
    return last;
}

static size_t first_of_gap(const struct verify *v, size_t i, size_t at)
{
    const struct matcher_text *text = v->text;
    size_t most = v->elements[i].a;
    size_t first = most < at - 1 ? at - most : 1;

    if (at >= text->reply_start && first < text->reply_start)
        first = text->reply_start;
    return first;
}

/* A gap begins and ends between words; the nearest end wins. A short gap ends
 * where a sentence does: what stands behind it is said of something else. */
static size_t gap_forward(struct verify *v, size_t i, size_t at)
{
    const struct text_map *map = &v->text->map;
    bool one_sentence = v->elements[i].a == TAB_GAP_SHORT;
    size_t last;

    if (at >= v->text->len || text_map_inside(map, at))
        return NOWHERE;
    last = last_of_gap(v, i, at);
    for (size_t from = at; from <= last; from += 64) {
        uint64_t open = ~text_map_from(map->inside, from);
        uint64_t stop = one_sentence ? text_map_from(map->stop, from) : 0;

        if (last - from < 63)
            open &= ((uint64_t)2 << (last - from)) - 1;
        if (stop != 0)
            open &= (stop & (0 - stop)) - 1;
        for (; open != 0; open &= open - 1) {
            size_t to = from + bits_lowest(open), end;

            if (!may_begin(v, i + 1, v->text->ptr[to]))
                continue;
            end = forward(v, i + 1, to);
            if (end != NOWHERE || *v->steps == 0)
                return end;
        }
        if (stop != 0)
            break;
    }
    return NOWHERE;
}

static size_t gap_backward(struct verify *v, size_t i, size_t at)
{
    const struct text_map *map = &v->text->map;
    bool one_sentence = v->elements[i].a == TAB_GAP_SHORT;
    size_t first;

    if (at == 0 || text_map_inside(map, at))
        return NOWHERE;
    first = first_of_gap(v, i, at);
    for (size_t to = at + 1; to > first;) {
        size_t from = to - first > 64 ? to - 64 : first;
        uint64_t some =
            to - from < 64 ? ((uint64_t)1 << (to - from)) - 1 : UINT64_MAX;
        uint64_t open = ~text_map_from(map->inside, from) & some;
        uint64_t stop =
            one_sentence ? text_map_from(map->stop, from) & some : 0;

        if (stop != 0)
            open &= ~(((uint64_t)2 << bits_highest(stop)) - 1);
        while (open != 0) {
            unsigned bit = bits_highest(open);
            size_t start;

            open ^= (uint64_t)1 << bit;
            if (!may_end(v, i - 1, v->text->ptr[from + bit - 1]))
                continue;
            start = backward(v, i, from + bit);
            if (start != NOWHERE || *v->steps == 0)
                return start;
        }
        if (stop != 0)
            break;
        to = from;
    }
    return NOWHERE;
}

static bool spend_step(struct verify *v)
{
    if (*v->steps == 0)
        return false;
    --*v->steps;
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
        if (!v->pattern->open_right && text_map_inside(&v->text->map, at))
            return NOWHERE;
        return at;
    }
    if (!spend_step(v))
        return NOWHERE;
    switch (e->type) {
    case TAB_ELEMENT_LITERAL:
        if (e->b > v->text->len - at ||
            !bits_equal(v->tables->pool + e->a, v->text->ptr + at, e->b))
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
        return start < at && at - start <= VERIFY_NUMBER ? backward(v, i, start)
                                                         : NOWHERE;
    }
    for (size_t start = at; start > 0 && at - start < VERIFY_IP; start--) {
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
        if (!v->pattern->open_left && text_map_inside(&v->text->map, at))
            return NOWHERE;
        return at;
    }
    if (!spend_step(v))
        return NOWHERE;
    e = &v->elements[--i];
    switch (e->type) {
    case TAB_ELEMENT_LITERAL:
        if (e->b > at ||
            !bits_equal(v->tables->pool + e->a, v->text->ptr + at - e->b, e->b))
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

/* Most anchors stand without their pattern: the bytes beside them tell, before
 * anything is searched. */
static bool neighbours_fit(const struct verify *v, size_t start, size_t end)
{
    const struct matcher_text *text = v->text;
    size_t first = v->pattern->first, last = v->pattern->last;
    size_t count = v->pattern->elements.count;

    if (last + 1 == count) {
        if (!v->pattern->open_right && text_map_inside(&text->map, end))
            return false;
    } else if (v->elements[last + 1].type <= TAB_ELEMENT_SET &&
               (end >= text->len || !may_begin(v, last + 1, text->ptr[end]))) {
        return false;
    }
    if (first == 0)
        return v->pattern->open_left || !text_map_inside(&text->map, start);
    return v->elements[first - 1].type > TAB_ELEMENT_SET ||
           (start > 0 && may_end(v, first - 1, text->ptr[start - 1]));
}

bool verify_around(const struct tables *tables, const struct matcher_text *text,
                   const struct tab_pattern *pattern, size_t start, size_t end,
                   size_t *steps, struct verify_match *match_out)
{
    struct verify v = {.tables = tables,
                       .text = text,
                       .pattern = pattern,
                       .elements = tables->elements + pattern->elements.at,
                       .literal = end - start,
                       .steps = steps};

    if (!neighbours_fit(&v, start, end))
        return false;
    match_out->end = forward(&v, pattern->last + 1, end);
    if (match_out->end == NOWHERE)
        return false;
    match_out->start = backward(&v, pattern->first, start);
    match_out->literal = v.literal;
    return match_out->start != NOWHERE;
}
