/* SPDX-License-Identifier: MIT
 * Phrases (data/README.md, "Phrases") to elements. */
#include "base/utf8.h"
#include "classify/builder.h"
#include "classify/fold.h"

#define MAX_ELEMENTS     24
#define MAX_OPTIONAL     3
#define MAX_ALTERNATIVES 256
#define MAX_NESTING      4

/* A phrase being read. Literals stand in text, sets by number. */
struct parse {
    struct builder *b;
    const struct place *place;
    const struct stanza_field *field;
    struct bounce_slice rest;
    struct tab_element elements[MAX_ELEMENTS];
    /* a set that may be left out: its first member was empty */
    bool optional[MAX_ELEMENTS];
    size_t count;
    struct buf literal; /* folded bytes not yet an element */
    bool digraphs;      /* write "ue" for an umlaut in literals */
    bool has_digraphs;  /* literals have umlauts */
    bool open_left, open_right;
};

struct pattern_owner {
    enum tab_owner type;
    uint32_t index;
};

/* What stands for many texts. */
static const struct {
    const char *text;
    enum tab_element_type type;
} classes[] = {{"{n}", TAB_ELEMENT_NUMBER},
               {"{ip}", TAB_ELEMENT_IP},
               {"{addr}", TAB_ELEMENT_ADDRESS}};

#define COUNT_CLASSES (sizeof(classes) / sizeof(classes[0]))

static bool fail(struct parse *p, const char *why)
{
    return builder_error(p->b, p->place, p->field->line, "%s: %.*s", why,
                         SLICE_ARG(p->field->value));
}

/* Appends a character as it stands in normalised text; runs of blanks are
 * one. */
static void add_folded(struct buf *out, struct bounce_slice text)
{
    while (text.len > 0) {
        uint32_t code;
        bool ok;
        size_t n = utf8_decode(text, &code, &ok);
        char folded[FOLD_MAX];
        size_t len = fold_code_point(code, folded);

        text = slice_from(text, n);
        if (len == 1 && folded[0] == ' ' && out->len > 0 &&
            out->ptr[out->len - 1] == ' ')
            continue;
        buf_add(out, slice_make(folded, len));
    }
}

static bool push_element(struct parse *p, uint32_t type, uint32_t a, uint32_t b)
{
    if (p->count == MAX_ELEMENTS)
        return fail(p, "phrase too long");
    p->optional[p->count] = false;
    p->elements[p->count++] = (struct tab_element){type, a, b};
    return true;
}

static bool flush_literal(struct parse *p)
{
    struct bounce_slice copy;
    struct tab_str str;

    if (p->literal.len == 0)
        return !p->literal.failed || builder_no_memory(p->b);
    copy = arena_dup(p->b->arena, buf_slice(&p->literal));
    if (copy.ptr == NULL)
        return builder_no_memory(p->b);
    p->literal.len = 0;
    str = builder_str(p->b, copy);
    return !p->b->failed &&
           push_element(p, TAB_ELEMENT_LITERAL, str.at, str.len);
}

/* A gap takes the blanks around it with it. */
static bool push_gap(struct parse *p, uint32_t most)
{
    while (p->literal.len > 0 && p->literal.ptr[p->literal.len - 1] == ' ')
        p->literal.len--;
    if (!flush_literal(p))
        return false;
    if (p->count == 0 || p->elements[p->count - 1].type == TAB_ELEMENT_GAP)
        return fail(p, "a gap wants words on both sides");
    while (p->rest.len > 0 && p->rest.ptr[0] == ' ')
        p->rest = slice_from(p->rest, 1);
    return push_element(p, TAB_ELEMENT_GAP, most, 0);
}

/* Orders members for one direction: by the byte that is looked at first, then
 * the longest first. */
static bool member_before(const struct builder *b, struct tab_str x,
                          struct tab_str y, bool backward)
{
    const char *pool = b->pool.ptr;
    unsigned char cx = (unsigned char)pool[backward ? x.at + x.len - 1 : x.at];
    unsigned char cy = (unsigned char)pool[backward ? y.at + y.len - 1 : y.at];

    if (cx != cy)
        return cx < cy;
    if (x.len != y.len)
        return x.len > y.len;
    return x.at < y.at;
}

static struct tab_span push_members(struct builder *b,
                                    const struct tab_str *members, size_t count,
                                    bool backward)
{
    struct tab_span span = {(uint32_t)b->members.count, 0};

    for (size_t i = 0; i < count; i++) {
        struct tab_str *sorted;
        size_t j;

        builder_push(b, &b->members, &members[i]);
        if (b->failed)
            return span;
        sorted = VEC_AT(b->members, struct tab_str, span.at);
        for (j = i;
             j > 0 && member_before(b, members[i], sorted[j - 1], backward);
             j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = members[i];
        span.count++;
    }
    return span;
}

/* The set of these texts, which may be shared with other phrases. */
static uint32_t make_set(struct builder *b, const struct bounce_slice *texts,
                         size_t count)
{
    struct buf key;
    struct tab_str *members =
        arena_calloc(b->arena, count + 1, sizeof(*members));
    size_t kept = 0;
    struct tab_set set;
    uint32_t index;

    if (members == NULL) {
        builder_no_memory(b);
        return 0;
    }
    buf_init(&key, b->arena, (size_t)1 << 20);
    for (size_t i = 0; i < count; i++) {
        bool twice = false;

        for (size_t j = 0; j < i; j++)
            twice = twice || slice_eq(texts[i], texts[j]);
        if (twice || texts[i].len == 0)
            continue;
        members[kept++] = builder_str(b, texts[i]);
        buf_add(&key, texts[i]);
        buf_add_byte(&key, '\n');
    }
    index = map_get(&b->set_ids, buf_slice(&key));
    if (index != TAB_NONE)
        return index;
    set = (struct tab_set){
        .forward = push_members(b, members, kept, false),
        .backward = push_members(b, members, kept, true),
    };
    for (size_t i = 0; i < kept; i++) {
        const char *text = b->pool.ptr + members[i].at;
        unsigned char first = (unsigned char)text[0];
        unsigned char last = (unsigned char)text[members[i].len - 1];

        set.first[first / 32] |= 1U << first % 32;
        set.last[last / 32] |= 1U << last % 32;
    }
    index = builder_push(b, &b->sets, &set);
    if (key.failed || key.cut ||
        !map_put(&b->set_ids, b->arena, buf_slice(&key), index))
        builder_no_memory(b);
    return index;
}

/* German letters as they are written where the alphabet has none: "ue" for
 * u with two dots, which folds to "u". Empty for other characters. */
static struct bounce_slice digraph(uint32_t code)
{
    switch (code) {
    case 0xC4:
    case 0xE4:
        return SLICE("ae");
    case 0xD6:
    case 0xF6:
        return SLICE("oe");
    case 0xDC:
    case 0xFC:
        return SLICE("ue");
    default:
        return SLICE("");
    }
}

/* The same as add_folded() but for those letters; whether there were any. */
static bool add_with_digraphs(struct buf *out, struct bounce_slice text)
{
    bool any = false;

    while (text.len > 0) {
        uint32_t code;
        bool ok;
        size_t n = utf8_decode(text, &code, &ok);
        struct bounce_slice two = digraph(code);

        any = any || two.len > 0;
        if (two.len > 0)
            buf_add(out, two);
        else
            add_folded(out, slice_sub(text, 0, n));
        text = slice_from(text, n);
    }
    return any;
}

/* Member as it stands in normalised text, in both ways of writing it. */
static bool push_member(struct parse *p, struct vec *members,
                        struct bounce_slice text)
{
    struct buf folded, written;
    struct bounce_slice member;

    buf_init(&folded, p->b->arena, 4096);
    buf_init(&written, p->b->arena, 4096);
    add_folded(&folded, text);
    member = buf_slice(&folded);
    builder_push(p->b, members, &member);
    if (add_with_digraphs(&written, text)) {
        member = buf_slice(&written);
        builder_push(p->b, members, &member);
    }
    return (!folded.failed && !written.failed) || builder_no_memory(p->b);
}

/* Members of a set are plain text: anything else would never match. */
static bool check_member(struct parse *p, struct bounce_slice text)
{
    if (slice_find(text, SLICE(" _ ")) != SLICE_NPOS ||
        slice_find(text, SLICE(" * ")) != SLICE_NPOS)
        return fail(p, "a gap inside alternatives");
    for (size_t i = 0; i < COUNT_CLASSES; i++) {
        if (slice_find(text, slice_cstr(classes[i].text)) != SLICE_NPOS)
            return fail(p, "{n}, {ip} or {addr} inside alternatives");
    }
    return true;
}

static bool push_set(struct parse *p, const struct bounce_slice *texts,
                     size_t count)
{
    struct vec members = VEC_OF(struct bounce_slice);
    bool empty = false;

    for (size_t i = 0; i < count; i++) {
        if (!check_member(p, texts[i]))
            return false;
        if (!push_member(p, &members, texts[i]))
            return false;
        empty = empty || texts[i].len == 0;
    }
    if (!flush_literal(p) ||
        !push_element(p, TAB_ELEMENT_SET,
                      make_set(p->b, members.ptr, members.count), 0))
        return false;
    p->optional[p->count - 1] = empty;
    return !p->b->failed;
}

/* Alternatives expand to a list of texts (struct bounce_slice). */
static bool add_text(struct parse *p, struct vec *texts, struct bounce_slice a,
                     struct bounce_slice b)
{
    struct bounce_slice text = a.len > 0 ? a : b;

    if (texts->count == MAX_ALTERNATIVES)
        return fail(p, "more than 256 alternatives");
    if (a.len > 0 && b.len > 0) {
        char *joined = arena_alloc(p->b->arena, a.len + b.len);

        if (joined == NULL)
            return builder_no_memory(p->b);
        memcpy(joined, a.ptr, a.len);
        memcpy(joined + a.len, b.ptr, b.len);
        text = slice_make(joined, a.len + b.len);
    }
    builder_push(p->b, texts, &text);
    return !p->b->failed;
}

/* Every text of heads before every text of tails, in heads. */
static bool multiply(struct parse *p, struct vec *heads,
                     const struct vec *tails)
{
    struct vec product = VEC_OF(struct bounce_slice);

    for (size_t i = 0; i < heads->count; i++) {
        for (size_t j = 0; j < tails->count; j++) {
            if (!add_text(p, &product, *VEC_AT(*heads, struct bounce_slice, i),
                          *VEC_AT(*tails, struct bounce_slice, j)))
                return false;
        }
    }
    *heads = product;
    return true;
}

/* A run of plain text inside alternatives; "\" takes the next byte as it is. */
static struct bounce_slice take_run(struct parse *p)
{
    size_t n = 0;

    if (p->rest.ptr[0] == '\\') {
        if (p->rest.len > 1)
            p->rest = slice_from(p->rest, 1);
        n = 1;
    }
    while (n < p->rest.len && strchr("(|)\\", p->rest.ptr[n]) == NULL)
        n++;
    return slice_sub(p->rest, 0, n);
}

static bool expand(struct parse *p, struct vec *out, unsigned depth);

/* One branch, up to its "|" or ")": the texts it stands for go to out. */
static bool expand_branch(struct parse *p, struct vec *out, unsigned depth)
{
    struct vec branch = VEC_OF(struct bounce_slice);

    if (!add_text(p, &branch, SLICE(""), SLICE("")))
        return false;
    while (p->rest.len > 0 && p->rest.ptr[0] != '|' && p->rest.ptr[0] != ')') {
        struct vec piece = VEC_OF(struct bounce_slice);

        if (p->rest.ptr[0] == '(') {
            if (!expand(p, &piece, depth + 1))
                return false;
        } else {
            struct bounce_slice run = take_run(p);

            if (!add_text(p, &piece, run, SLICE("")))
                return false;
            p->rest = slice_from(p->rest, run.len);
        }
        if (!multiply(p, &branch, &piece))
            return false;
    }
    for (size_t i = 0; i < branch.count; i++) {
        if (!add_text(p, out, *VEC_AT(branch, struct bounce_slice, i),
                      SLICE("")))
            return false;
    }
    return true;
}

/* "(a|b (c|d)|)" */
static bool expand(struct parse *p, struct vec *out, unsigned depth)
{
    if (depth > MAX_NESTING)
        return fail(p, "too many '(' inside each other");
    do {
        p->rest = slice_from(p->rest, 1);
        if (!expand_branch(p, out, depth))
            return false;
    } while (p->rest.len > 0 && p->rest.ptr[0] == '|');
    if (p->rest.len == 0)
        return fail(p, "'(' without ')'");
    p->rest = slice_from(p->rest, 1);
    return true;
}

static bool parse_alternatives(struct parse *p)
{
    struct vec texts = VEC_OF(struct bounce_slice);

    return expand(p, &texts, 0) && push_set(p, texts.ptr, texts.count);
}

/* "<name>" */
static bool parse_words(struct parse *p)
{
    size_t close = slice_find_byte(p->rest, '>');
    struct bounce_slice name, *texts;
    uint32_t index;
    const struct tables *base = p->b->base;

    if (close == SLICE_NPOS)
        return fail(p, "'<' without '>'");
    name = slice_sub(p->rest, 1, close - 1);
    p->rest = slice_from(p->rest, close + 1);
    index = map_get(&p->b->words_ids, name);
    if (index != TAB_NONE) {
        struct word_list *list =
            VEC_AT(p->b->word_lists, struct word_list, index);

        texts = arena_alloc(p->b->arena,
                            (list->members.count + 1) * sizeof(*texts));
        if (texts == NULL)
            return builder_no_memory(p->b);
        memcpy(texts, list->members.ptr, list->members.count * sizeof(*texts));
        return push_set(p, texts, list->members.count);
    }
    for (size_t i = 0; base != NULL && i < base->words_count; i++) {
        const struct tab_words *words = &base->words[i];

        if (!slice_eq(tab_slice(base, words->name), name))
            continue;
        texts = arena_alloc(p->b->arena,
                            (words->members.count + 1) * sizeof(*texts));
        if (texts == NULL)
            return builder_no_memory(p->b);
        for (uint32_t j = 0; j < words->members.count; j++)
            texts[j] =
                tab_slice(base, base->word_members[words->members.at + j]);
        return push_set(p, texts, words->members.count);
    }
    return fail(p, "no such set of Words");
}

static bool parse_class(struct parse *p)
{
    for (size_t i = 0; i < COUNT_CLASSES; i++) {
        if (slice_starts(p->rest, slice_cstr(classes[i].text))) {
            p->rest = slice_from(p->rest, strlen(classes[i].text));
            return flush_literal(p) && push_element(p, classes[i].type, 0, 0);
        }
    }
    return fail(p, "'{' begins {n}, {ip} or {addr}");
}

static bool parse_piece(struct parse *p)
{
    char c = p->rest.ptr[0];
    size_t n;
    uint32_t code;
    bool ok;

    if (slice_starts(p->rest, SLICE(" _ ")))
        return p->rest = slice_from(p->rest, 2), push_gap(p, TAB_GAP_SHORT);
    if (slice_starts(p->rest, SLICE(" * ")))
        return p->rest = slice_from(p->rest, 2), push_gap(p, TAB_GAP_LONG);
    if (c == '(')
        return parse_alternatives(p);
    if (c == '<')
        return parse_words(p);
    if (c == '{')
        return parse_class(p);
    if (c == '\\' && p->rest.len > 1)
        p->rest = slice_from(p->rest, 1);
    n = utf8_decode(p->rest, &code, &ok);
    if (!p->digraphs)
        add_folded(&p->literal, slice_sub(p->rest, 0, n));
    p->has_digraphs = p->has_digraphs || digraph(code).len > 0;
    if (p->digraphs)
        add_with_digraphs(&p->literal, slice_sub(p->rest, 0, n));
    p->rest = slice_from(p->rest, n);
    /* A blank behind a set would be doubled when the set ends in one. */
    return true;
}

static bool parse_elements(struct parse *p)
{
    bool end = false;

    p->rest = slice_trim(p->field->value);
    if (slice_starts(p->rest, SLICE("_ ")) ||
        slice_starts(p->rest, SLICE("* ")) ||
        slice_ends_nocase(p->rest, SLICE(" _")) ||
        slice_ends_nocase(p->rest, SLICE(" *")))
        return fail(p, "a gap wants words on both sides");
    if (slice_starts(p->rest, SLICE("^"))) {
        p->rest = slice_trim(slice_from(p->rest, 1));
        if (!push_element(p, TAB_ELEMENT_START, 0, 0))
            return false;
    } else if (slice_starts(p->rest, SLICE("~"))) {
        p->rest = slice_from(p->rest, 1);
        p->open_left = true;
    }
    if (p->rest.len > 1 && p->rest.ptr[p->rest.len - 2] != '\\') {
        char last = p->rest.ptr[p->rest.len - 1];

        end = last == '$';
        p->open_right = p->open_right || last == '~';
        if (last == '$' || last == '~')
            p->rest = slice_trim(slice_sub(p->rest, 0, p->rest.len - 1));
    }
    while (p->rest.len > 0) {
        if (!parse_piece(p))
            return false;
    }
    return flush_literal(p) && (!end || push_element(p, TAB_ELEMENT_END, 0, 0));
}

/* Whether anything but blanks, gaps and edges is left. */
static bool says_something(const struct parse *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->elements[i].type <= TAB_ELEMENT_ADDRESS)
            return p->elements[p->count - 1].type != TAB_ELEMENT_GAP;
    }
    return false;
}

static bool ends_in_blank(const struct builder *b,
                          const struct tab_element *element)
{
    return element->type == TAB_ELEMENT_LITERAL &&
           b->pool.ptr[element->a + element->b - 1] == ' ';
}

static void push_part(struct builder *b, struct tab_pattern *pattern,
                      struct tab_element *element, uint32_t len)
{
    struct tab_element part = *element;

    part.b = len;
    builder_push(b, &b->elements, &part);
    pattern->elements.count++;
    element->a += len;
    element->b -= len;
}

/* A literal too short for the scan's windows is parted into words and what
 * stands between them ("hl:" into "hl" and ":"): words of any length are
 * found. One that is too long for an atom is parted too. */
static bool push_split(struct builder *b, struct tab_pattern *pattern,
                       struct tab_element element)
{
    while (element.type == TAB_ELEMENT_LITERAL && element.b > TAB_ATOM_MAX)
        push_part(b, pattern, &element, TAB_ATOM_MAX / 2);
    while (element.type == TAB_ELEMENT_LITERAL && element.b < 4) {
        const char *text = b->pool.ptr + element.a;
        bool word = ascii_is_alnum((unsigned char)text[0]);
        uint32_t n = 1;

        while (n < element.b && ascii_is_alnum((unsigned char)text[n]) == word)
            n++;
        if (n == element.b)
            break;
        push_part(b, pattern, &element, n);
    }
    push_part(b, pattern, &element, element.b);
    return !b->failed;
}

/* Where a set was left out, two blanks meet or one stands at an edge. */
static bool push_trimmed(struct parse *p, struct tab_pattern *pattern,
                         struct tab_element element, bool last)
{
    struct builder *b = p->b;
    const struct tab_element *before =
        pattern->elements.count == 0
            ? NULL
            : VEC_AT(b->elements, struct tab_element, b->elements.count - 1);

    if (element.type == TAB_ELEMENT_LITERAL) {
        if (b->pool.ptr[element.a] == ' ' &&
            (before == NULL || ends_in_blank(b, before))) {
            element.a++;
            element.b--;
        }
        if (last && element.b > 0 && ends_in_blank(b, &element))
            element.b--;
        if (element.b == 0)
            return true;
    }
    return push_split(b, pattern, element);
}

/* The elements without the sets whose bit in skip is set; a gap needs
 * something on both sides. Returns their number. */
static size_t keep_elements(const struct parse *p, unsigned skip,
                            struct tab_element kept[MAX_ELEMENTS])
{
    unsigned optional = 0;
    size_t count = 0;

    for (size_t i = 0; i < p->count; i++) {
        bool gap = p->elements[i].type == TAB_ELEMENT_GAP;

        if (p->optional[i] && (skip >> optional++ & 1) != 0)
            continue;
        if (gap && (count == 0 || kept[count - 1].type == TAB_ELEMENT_GAP))
            continue;
        kept[count++] = p->elements[i];
    }
    while (count > 0 && kept[count - 1].type == TAB_ELEMENT_GAP)
        count--;
    return count;
}

/* The pattern without the sets whose bit in skip is set. */
static bool push_pattern(struct parse *p, enum tab_owner type, uint32_t owner,
                         unsigned skip)
{
    struct builder *b = p->b;
    struct tab_element kept[MAX_ELEMENTS];
    size_t count = keep_elements(p, skip, kept);
    struct tab_pattern pattern = {
        .owner_type = type,
        .owner = owner,
        .elements = {(uint32_t)b->elements.count, 0},
        .open_left = p->open_left,
        .open_right = p->open_right,
        .text = builder_str(b, p->field->value),
    };

    for (size_t i = 0; i < count; i++) {
        if (!push_trimmed(p, &pattern, kept[i], i + 1 == count))
            return false;
    }
    if (pattern.elements.count == 0) /* all of it could be left out */
        return !b->failed;
    builder_push(b, &b->patterns, &pattern);
    builder_push(b, &b->pattern_places,
                 &(struct pattern_place){p->place->file, p->field->line});
    return !b->failed;
}

/* The field's phrase with its letters folded or, with digraphs, as those write
 * who have no umlauts; again is whether the two differ outside of sets. */
static bool compile_written(struct builder *b, const struct place *place,
                            const struct stanza_field *field,
                            const struct pattern_owner *owner, bool digraphs,
                            bool *again)
{
    struct parse *p = arena_calloc(b->arena, 1, sizeof(*p));
    unsigned optional = 0;

    if (p == NULL)
        return builder_no_memory(b);
    p->b = b;
    p->place = place;
    p->field = field;
    p->digraphs = digraphs;
    p->open_right = owner->type == TAB_OWNER_NOT;
    buf_init(&p->literal, b->arena, 4096);
    if (!parse_elements(p))
        return false;
    if (!says_something(p))
        return fail(p, "phrase says nothing");
    for (size_t i = 0; i < p->count; i++)
        optional += p->optional[i];
    if (optional > MAX_OPTIONAL)
        return fail(p, "more than 3 empty alternatives");
    for (unsigned skip = 0; skip < 1U << optional; skip++) {
        if (!push_pattern(p, owner->type, owner->index, skip))
            return false;
    }
    *again = p->has_digraphs;
    return true;
}

bool compile_phrase(struct builder *b, const struct place *place,
                    const struct stanza_field *field, enum tab_owner type,
                    uint32_t owner)
{
    struct pattern_owner whose = {type, owner};
    bool again = false;

    return compile_written(b, place, field, &whose, false, &again) &&
           (!again || compile_written(b, place, field, &whose, true, &again));
}

/* "name = a, b, c" */
static bool add_words(struct builder *b, const struct place *place,
                      const struct stanza_field *field)
{
    size_t equals = slice_find_byte(field->value, '=');
    struct bounce_slice name, rest, member;
    struct word_list *list;
    uint32_t index;

    if (equals == SLICE_NPOS ||
        !slice_eq_nocase(field->name, place->stanza->fields[0].name))
        return builder_error(b, place, field->line,
                             "expected 'Words: name = a, b'");
    name = slice_trim(slice_sub(field->value, 0, equals));
    index = map_get(&b->words_ids, name);
    if (index == TAB_NONE) {
        struct word_list fresh = {name, VEC_OF(struct bounce_slice)};

        index = builder_push(b, &b->word_lists, &fresh);
        if (!map_put(&b->words_ids, b->arena, name, index))
            return builder_no_memory(b);
    }
    list = VEC_AT(b->word_lists, struct word_list, index);
    rest = slice_from(field->value, equals + 1);
    while (slice_next_piece(&rest, ',', &member)) {
        member = slice_trim(member);
        if (member.len > 0)
            builder_push(b, &list->members, &member);
    }
    return !b->failed;
}

bool compile_words(struct builder *b, const struct place *place)
{
    for (size_t i = 0; i < place->stanza->count; i++) {
        if (!add_words(b, place, &place->stanza->fields[i]))
            return false;
    }
    return true;
}

bool compile_keep_words(struct builder *b)
{
    for (size_t i = 0; i < b->word_lists.count; i++) {
        struct word_list *list = VEC_AT(b->word_lists, struct word_list, i);
        struct tab_words words = {
            .name = builder_str(b, list->name),
            .members = {(uint32_t)b->word_members.count,
                        (uint32_t)list->members.count},
        };

        for (size_t j = 0; j < list->members.count; j++) {
            struct tab_str member =
                builder_str(b, *VEC_AT(list->members, struct bounce_slice, j));

            builder_push(b, &b->word_members, &member);
        }
        builder_push(b, &b->words, &words);
    }
    return !b->failed;
}
