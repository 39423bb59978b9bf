/* SPDX-License-Identifier: MIT
 * The guard (classify/guard.h) from all patterns, host names and the words that
 * the reader of replies looks for. */
#include "classify/builder.h"
#include "classify/guard.h"
#include "report/reply_words.h"
#include "report/reply_wraps.h"

/* Only words that hold a digit matter here: rules that ask for one, or for a
 * part of one, are few. */

/* A part of a word that a pattern asks for. */
struct token {
    struct bounce_slice text;
    bool more_left, more_right; /* other letters or digits may stand beside */
    bool digits, letters;
    char before, behind; /* '\0': not known, or nothing */
};

/* What stands beside a string of a pattern. */
struct sides {
    bool left, right; /* the word there may go on */
    bool open;        /* and how it begins is not known */
    char before, behind;
};

struct guard_builder {
    struct builder *b;
    uint32_t *bits;
};

static void set(struct guard_builder *g, enum guard_kind kind, uint32_t key)
{
    for (unsigned i = 0; i < 2; i++) {
        uint32_t bit = guard_bit(kind, key, i);

        g->bits[bit / 32] |= UINT32_C(1) << bit % 32;
    }
}

/* All heads that begin with a short text, or tails that end with it. */
static void set_completed(struct guard_builder *g, enum guard_kind kind,
                          struct bounce_slice text)
{
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    const bool head = kind == GUARD_HEAD;
    char longer[GUARD_HEAD_LEN];

    set(g, kind, guard_head(text.ptr, text.len));
    if (text.len >= GUARD_HEAD_LEN)
        return;
    memcpy(head ? longer : longer + 1, text.ptr, text.len);
    for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
        longer[head ? text.len : 0] = bytes[i];
        set_completed(g, kind, slice_make(longer, text.len + 1));
    }
}

static struct bounce_slice tail_of(struct bounce_slice text)
{
    return text.len > GUARD_HEAD_LEN
               ? slice_from(text, text.len - GUARD_HEAD_LEN)
               : text;
}

/* Whether a number of up to three digits is what a token of digits asks for. */
static bool fits(unsigned value, const struct token *token)
{
    struct bounce_slice digits = token->text;
    char text[4];
    size_t len = 0;

    for (unsigned part = 100; part > 0; part /= 10) {
        if (value >= part || len > 0 || part == 1)
            text[len++] = (char)('0' + value / part % 10);
    }
    if (len < digits.len ||
        (len > digits.len && !token->more_left && !token->more_right))
        return false;
    if (token->more_left && token->more_right)
        return true;
    return memcmp(text + (token->more_left ? len - digits.len : 0), digits.ptr,
                  digits.len) == 0;
}

/* The number that ends at at in a string; false if none does. */
static bool number_before(struct bounce_slice string, size_t at,
                          unsigned *value_out)
{
    size_t start = at;

    while (start > 0 && ascii_is_digit((unsigned char)string.ptr[start - 1]))
        start--;
    return start < at && slice_parse_uint(slice_sub(string, start, at - start),
                                          3, value_out) == at - start;
}

/* Whether the number before the one at at is the second of a pair. */
static bool follows_pair(struct bounce_slice string, size_t at)
{
    unsigned number;

    for (at--; at > 0 && ascii_is_digit((unsigned char)string.ptr[at - 1]);)
        at--;
    return at > 1 && string.ptr[at - 1] == '.' &&
           number_before(string, at - 1, &number);
}

/* A number of up to three digits may be one of an address of IPv4, or of a
 * time. */
static void add_number(struct guard_builder *g, struct bounce_slice string,
                       const struct token *token)
{
    size_t at = (size_t)(token->text.ptr - string.ptr);
    size_t end = at + token->text.len;
    char before = token->before, behind = token->behind;
    unsigned other = 0;
    bool pair =
        before == '.' && at > 0 && number_before(string, at - 1, &other);
    bool dotted =
        before == '.' || behind == '.' || before == ':' || behind == ':';

    /* Of a pair the second one tells, of more the first pair. */
    if ((behind == '.' && end + 1 < string.len && before != '.' &&
         ascii_is_digit((unsigned char)string.ptr[end + 1])) ||
        (pair && follows_pair(string, at)))
        return;
    /* No address and no time begins behind a hyphen or a letter. */
    if (token->text.len > 3 || (before == '-' && at > 1))
        return;
    for (unsigned value = 0; value < 1000; value++) {
        if (!fits(value, token))
            continue;
        if (pair)
            set(g, GUARD_PAIR, guard_pair(other, value));
        else if (dotted || (before == '\0' && behind == '\0'))
            set(g, GUARD_NUMBER, value);
        else if (before == '\0')
            set(g, GUARD_LAST, guard_beside(value, behind));
        else if (behind == '\0')
            set(g, GUARD_FIRST, guard_beside(value, before));
    }
}

static void add_token(struct guard_builder *g, struct bounce_slice string,
                      const struct token *token, bool open)
{
    struct bounce_slice text = token->text;
    size_t at = (size_t)(text.ptr - string.ptr);

    if (token->digits && !token->letters)
        add_number(g, string, token);
    if (token->more_left || !(token->digits || token->more_right)) {
        if (open && !token->more_right)
            set_completed(g, GUARD_TAIL, tail_of(text));
    } else if (!token->more_right) {
        set(g, GUARD_WHOLE, guard_whole(text.ptr, text.len));
    } else if (at >= GUARD_BEFORE_LEN) { /* what stands before tells more */
        set(g, GUARD_BEHIND, guard_behind(text.ptr));
    } else {
        set_completed(g, GUARD_HEAD, text);
        set(g, GUARD_LEAD, guard_lead(text.ptr, text.len));
    }
}

static struct tab_element *element_at(const struct guard_builder *g, size_t i)
{
    return VEC_AT(g->b->elements, struct tab_element, i);
}

static const struct tab_set *set_of(const struct guard_builder *g,
                                    const struct tab_element *e)
{
    return VEC_AT(g->b->sets, struct tab_set, e->a);
}

static struct bounce_slice pool_str(const struct guard_builder *g,
                                    struct tab_str str)
{
    return slice_make(g->b->pool.ptr + str.at, str.len);
}

/* Whether an element may end (else begin) with a letter or digit, so that the
 * word goes on from it. */
static bool joins(const struct guard_builder *g, const struct tab_element *e,
                  bool at_end)
{
    const uint32_t *mask;

    switch (e->type) {
    case TAB_ELEMENT_LITERAL:
        return ascii_is_alnum(
            (unsigned char)g->b->pool.ptr[at_end ? e->a + e->b - 1 : e->a]);
    case TAB_ELEMENT_SET:
        mask = at_end ? set_of(g, e)->last : set_of(g, e)->first;
        for (unsigned c = 0; c < 128; c++) {
            if (ascii_is_alnum((unsigned char)c) &&
                (mask[c / 32] >> c % 32 & 1) != 0)
                return true;
        }
        return false;
    case TAB_ELEMENT_NUMBER:
    case TAB_ELEMENT_IP:
        return true;
    default:
        return false;
    }
}

/* The words of a string. */
static void add_string(struct guard_builder *g, struct bounce_slice string,
                       const struct sides *sides)
{
    size_t at = 0;

    while (at < string.len) {
        struct token token = {0};
        size_t start = at;

        for (; at < string.len && ascii_is_alnum((unsigned char)string.ptr[at]);
             at++) {
            token.digits |= ascii_is_digit((unsigned char)string.ptr[at]);
            token.letters |= ascii_is_alpha((unsigned char)string.ptr[at]);
        }
        if (at == start) {
            at++;
            continue;
        }
        token.text = slice_sub(string, start, at - start);
        token.more_left = start == 0 && sides->left;
        token.more_right = at == string.len && sides->right;
        token.before = start == 0 ? sides->before : string.ptr[start - 1];
        token.behind = at == string.len ? sides->behind : string.ptr[at];
        add_token(g, string, &token, sides->open && start == 0);
    }
}

/* Whether a string is one word, or part of one. */
static bool is_one_word(struct bounce_slice string)
{
    for (size_t i = 0; i < string.len; i++) {
        if (!ascii_is_alnum((unsigned char)string.ptr[i]))
            return false;
    }
    return string.len > 0;
}

/* Adds the strings of an element; whether one of them is one word. */
static bool add_strings(struct guard_builder *g, const struct tab_element *e,
                        const struct sides *sides)
{
    struct tab_span span;
    bool one = false;

    if (e->type == TAB_ELEMENT_LITERAL) {
        struct bounce_slice string = slice_make(g->b->pool.ptr + e->a, e->b);

        add_string(g, string, sides);
        return is_one_word(string);
    }
    span = set_of(g, e)->forward;
    for (uint32_t i = span.at; i < span.at + span.count; i++) {
        struct bounce_slice string =
            pool_str(g, *VEC_AT(g->b->members, struct tab_str, i));

        add_string(g, string, sides);
        one = one || is_one_word(string);
    }
    return one;
}

/* Whether an element can stand where no words are. */
static bool may_lack_words(const struct guard_builder *g,
                           const struct tab_element *e)
{
    struct tab_span span;

    if (e->type == TAB_ELEMENT_LITERAL)
        return !slice_has_words(slice_make(g->b->pool.ptr + e->a, e->b));
    if (e->type != TAB_ELEMENT_SET)
        return e->type == TAB_ELEMENT_END;
    span = set_of(g, e)->forward;
    for (uint32_t i = span.at; i < span.at + span.count; i++) {
        if (!slice_has_words(
                pool_str(g, *VEC_AT(g->b->members, struct tab_str, i))))
            return true;
    }
    return false;
}

/* What stands beside element i of a pattern; open is left as it is. */
static void find_sides(const struct guard_builder *g,
                       const struct tab_pattern *pattern, size_t i,
                       struct sides *sides)
{
    const struct tab_element *e = element_at(g, pattern->elements.at + i);
    bool first = i == 0, last = i + 1 == pattern->elements.count;

    sides->left = joins(g, e, false) &&
                  (first ? pattern->open_left != 0 : joins(g, e - 1, true));
    sides->right = joins(g, e, true) &&
                   (last ? pattern->open_right != 0 : joins(g, e + 1, false));
    sides->before = sides->behind = '\0';
    if (!first && e[-1].type == TAB_ELEMENT_LITERAL)
        sides->before = g->b->pool.ptr[e[-1].a + e[-1].b - 1];
    if (!last && e[1].type == TAB_ELEMENT_LITERAL)
        sides->behind = g->b->pool.ptr[e[1].a];
}

/* A word of a pattern may be made of several elements. It is known by how it
 * begins; when that is open (a number, or "~"), by how it ends. */
static void add_pattern(struct guard_builder *g,
                        const struct tab_pattern *pattern)
{
    size_t count = pattern->elements.count;
    struct sides sides = {0};
    bool letters = false;

    for (size_t i = 0; i < count; i++) {
        const struct tab_element *e = element_at(g, pattern->elements.at + i);
        bool string =
            e->type == TAB_ELEMENT_LITERAL || e->type == TAB_ELEMENT_SET;

        find_sides(g, pattern, i, &sides);
        if (!sides.left)
            sides.open = letters = false;
        sides.open =
            sides.open || (sides.left && i == 0) || (!sides.left && !string);
        if (string) {
            bool one = add_strings(g, e, &sides);

            sides.open = sides.open && one;
            letters = true;
        }
        if (i > 0 && e[-1].type == TAB_ELEMENT_GAP && may_lack_words(g, e))
            set(g, GUARD_END, 0);
        /* Such a word could be any. Of one that begins with a number behind a
         * blank it is enough to know that, unless its end is quoted. */
        if (sides.open && ((sides.right && i + 1 == count &&
                            (string || pattern->owner_type == TAB_OWNER_RULE ||
                             sides.before != ' ')) ||
                           (!sides.right && !string && letters)))
            set(g, GUARD_ANY_WORD, 0);
    }
}

static void add_words(struct guard_builder *g, enum guard_kind kind,
                      const struct bounce_slice *words)
{
    for (; words->len > 0; words++) {
        if (kind == GUARD_LEAD)
            set(g, kind, guard_lead(words->ptr, words->len));
        else if (words->len > 1) /* a shorter one is a whole word */
            set_completed(g, kind, tail_of(*words));
    }
}

/* What stands before a code, a link or a reason, or behind a code or command,
 * and is told without regard to what the word begins or ends with. */
static void add_reply_words(struct guard_builder *g)
{
    static const struct sides open_right = {.right = true};
    static const struct bounce_slice ends[] = {
        {"http", 4},    {"https", 5}, {"www", 3},    /* classify/signals.c */
        {"because", 7}, {"due", 3},   {"reason", 6}, /* classify/rank.c */
        {"dsn", 3},     {NULL, 0}};                  /* report/reply_code.c */

    /* Wrappers may end inside a word. */
    for (const struct reply_wrap *wrap = REPLY_WRAPS; wrap->text != NULL;
         wrap++)
        add_string(g, slice_make(wrap->text, wrap->len), &open_right);
    add_words(g, GUARD_TAIL, ends);
    add_words(g, GUARD_TAIL, REPLY_CODE_WORDS);
    add_words(g, GUARD_TAIL, REPLY_PRODUCTS);
    add_words(g, GUARD_LEAD, REPLY_UNITS);
    for (const struct reply_stage_word *word = REPLY_STAGE_WORDS;
         word->word.len > 0; word++) {
        set(g, GUARD_LEAD, guard_lead(word->word.ptr, word->word.len));
        set(g, GUARD_HEAD, guard_head(word->word.ptr, word->word.len));
    }
}

bool compile_guard(struct builder *b)
{
    const struct sides alone = {0};
    struct guard_builder g = {.b = b};

    g.bits = arena_calloc(b->arena, GUARD_WORDS, sizeof(*g.bits));
    if (g.bits == NULL)
        return builder_no_memory(b);
    for (size_t i = 0; i < b->patterns.count; i++)
        add_pattern(&g, VEC_AT(b->patterns, struct tab_pattern, i));
    for (size_t i = 0; i < b->hosts.count; i++)
        add_string(&g, pool_str(&g, VEC_AT(b->hosts, struct tab_host, i)->name),
                   &alone);
    add_reply_words(&g);
    b->guard.ptr = g.bits;
    b->guard.count = GUARD_WORDS;
    return true;
}
