/* SPDX-License-Identifier: MIT
 * A walk over the expression, piece by piece. What phrases have a sign for is
 * translated; blanks, dots and case-insensitive classes lose nothing that
 * normalising would keep. The rest is refused, never guessed. */
#include "cli/regex_phrase.h"

#define MAX_DEPTH 4

struct walk {
    struct bounce_slice rest;
    struct textbuf *out;
    unsigned depth; /* of groups */
    const char *why;
};

static bool refuse(struct walk *w, const char *why)
{
    if (w->why == NULL)
        w->why = why;
    return false;
}

static bool take(struct walk *w, struct bounce_slice prefix)
{
    if (!slice_starts(w->rest, prefix))
        return false;
    w->rest = slice_from(w->rest, prefix.len);
    return true;
}

/* One byte as a phrase means it. */
static void put_literal(struct walk *w, char c)
{
    if (strchr("()<|{~\\^$_*", c) != NULL)
        textbuf_byte(w->out, '\\');
    textbuf_byte(w->out, c);
}

static void put_blank(struct walk *w)
{
    if (w->out->len == 0 || w->out->ptr[w->out->len - 1] != ' ')
        textbuf_byte(w->out, ' ');
}

/* "*", "+", "?", "{n,m}" behind a piece, with the lazy "?" dropped. */
struct repeat {
    bool any, none_allowed, many;
    unsigned most; /* 0: no end */
};

static bool take_repeat(struct walk *w, struct repeat *r)
{
    unsigned low = 1, high = 1;

    *r = (struct repeat){.most = 1};
    if (take(w, SLICE("*")))
        *r = (struct repeat){true, true, true, 0};
    else if (take(w, SLICE("+")))
        *r = (struct repeat){true, false, true, 0};
    else if (take(w, SLICE("?")))
        *r = (struct repeat){true, true, false, 1};
    else if (take(w, SLICE("{"))) {
        size_t n = slice_parse_uint(w->rest, 4, &low);

        w->rest = slice_from(w->rest, n);
        high = low;
        if (n == 0)
            low = 0;
        if (take(w, SLICE(","))) {
            high = 0;
            n = slice_parse_uint(w->rest, 4, &high);
            w->rest = slice_from(w->rest, n);
        }
        if (!take(w, SLICE("}")))
            return refuse(w, "a repeat that does not end");
        *r = (struct repeat){true, low == 0, high != 1, high};
    }
    if (r->any)
        (void)take(w, SLICE("?"));
    return true;
}

static bool put_gap(struct walk *w, const struct repeat *r)
{
    if (w->depth > 0)
        return refuse(w, "a gap inside a group");
    put_blank(w);
    textbuf_cstr(w->out, r->most != 0 && r->most <= 40 ? "_ " : "* ");
    return true;
}

/* Members of a class between "[" and "]". */
struct members {
    bool digit, alpha, blank, sign, dot, negated;
    unsigned count;
    char one; /* the last plain one */
};

static bool read_class(struct walk *w, struct members *m)
{
    *m = (struct members){.negated = take(w, SLICE("^"))};
    for (bool first = true; w->rest.len > 0; first = false) {
        char c = w->rest.ptr[0];

        if (c == ']' && !first) {
            w->rest = slice_from(w->rest, 1);
            return true;
        }
        w->rest = slice_from(w->rest, 1);
        if (c == '\\' && w->rest.len > 0) {
            c = w->rest.ptr[0];
            w->rest = slice_from(w->rest, 1);
            m->digit = m->digit || c == 'd' || c == 'w';
            m->alpha = m->alpha || c == 'w';
            m->blank = m->blank || c == 's';
            if (strchr("dws", c) != NULL) {
                m->count += 2;
                continue;
            }
        } else if (w->rest.len > 1 && w->rest.ptr[0] == '-' &&
                   w->rest.ptr[1] != ']') {
            m->digit = m->digit || ascii_is_digit((unsigned char)c);
            m->alpha = m->alpha || ascii_is_alpha((unsigned char)c);
            m->count += 2;
            w->rest = slice_from(w->rest, 2);
            continue;
        }
        m->dot = m->dot || c == '.';
        m->blank = m->blank || c == ' ';
        m->digit = m->digit || ascii_is_digit((unsigned char)c);
        m->alpha = m->alpha || ascii_is_alpha((unsigned char)c);
        m->sign = m->sign || (!ascii_is_alnum((unsigned char)c) && c != ' ');
        m->one = c;
        m->count++;
    }
    return refuse(w, "a class that does not end");
}

static bool put_class(struct walk *w)
{
    struct members m;
    struct repeat r;

    if (!read_class(w, &m) || !take_repeat(w, &r))
        return false;
    if (!m.negated && m.count == 1 && !r.any) {
        put_literal(w, m.one);
        return true;
    }
    if (!m.negated && m.digit && !m.alpha && !m.blank && r.many) {
        textbuf_cstr(w->out, m.dot ? "{ip}" : "{n}");
        return true;
    }
    if (!m.negated && m.blank && !m.digit && !m.alpha && !m.sign) {
        put_blank(w);
        return true;
    }
    if (r.many || m.negated)
        return put_gap(w, &r);
    return refuse(w, "a class of characters");
}

/* "\s", "\d", "\b", "\." and the like. */
static bool put_escape(struct walk *w)
{
    char c;
    struct repeat r;

    if (w->rest.len == 0)
        return refuse(w, "a lone \\ at the end");
    c = w->rest.ptr[0];
    w->rest = slice_from(w->rest, 1);
    if (c == 'b' || c == 'B')
        return true; /* phrases have word edges anyway */
    if (!take_repeat(w, &r))
        return false;
    if (c == 's' || c == 't' || c == 'n' || c == 'r') {
        put_blank(w);
        return true;
    }
    if (c == 'd') {
        textbuf_cstr(w->out, "{n}");
        return true;
    }
    if (c == 'S' || c == 'w' || c == 'W' || c == 'D')
        return r.many ? put_gap(w, &r) : refuse(w, "a class of characters");
    if (ascii_is_alnum((unsigned char)c))
        return refuse(w, "a back reference or a special class");
    if (r.any)
        return refuse(w, "a repeated sign");
    put_literal(w, c);
    return true;
}

static bool put_pieces(struct walk *w);

static bool put_group(struct walk *w)
{
    struct repeat r;

    if (take(w, SLICE("?"))) {
        if (!take(w, SLICE(":")) && !take(w, SLICE("i:")))
            return refuse(w, "a look-ahead or an inline option");
    }
    if (++w->depth > MAX_DEPTH)
        return refuse(w, "groups nested too deep");
    textbuf_byte(w->out, '(');
    if (!put_pieces(w))
        return false;
    if (!take(w, SLICE(")")))
        return refuse(w, "a group that does not end");
    w->depth--;
    if (!take_repeat(w, &r))
        return false;
    if (r.many)
        return refuse(w, "a repeated group");
    textbuf_cstr(w->out, r.none_allowed ? "|)" : ")");
    return true;
}

static bool put_dot(struct walk *w)
{
    struct repeat r;

    if (!take_repeat(w, &r))
        return false;
    if (r.many)
        return put_gap(w, &r);
    /* A dot for a sign that somebody did not escape, as in "5.1.1". */
    textbuf_byte(w->out, '.');
    return true;
}

static bool put_plain(struct walk *w)
{
    char c = w->rest.ptr[0];
    struct repeat r;

    w->rest = slice_from(w->rest, 1);
    if (!take_repeat(w, &r))
        return false;
    if (c == ' ') {
        put_blank(w);
        return true;
    }
    if (r.many)
        return refuse(w, "a repeated letter");
    if (r.none_allowed) {
        textbuf_byte(w->out, '(');
        put_literal(w, c);
        textbuf_cstr(w->out, "|)");
        return true;
    }
    put_literal(w, c);
    return true;
}

static bool put_anchor(struct walk *w)
{
    if (w->rest.ptr[0] == '^' && w->out->len == 0 && w->depth == 0)
        textbuf_cstr(w->out, "^ ");
    else if (w->rest.ptr[0] == '$' && w->rest.len == 1 && w->depth == 0)
        textbuf_cstr(w->out, " $");
    else
        return refuse(w, "^ or $ inside");
    w->rest = slice_from(w->rest, 1);
    return true;
}

static bool put_piece(struct walk *w)
{
    if (take(w, SLICE("(")))
        return put_group(w);
    if (take(w, SLICE("[")))
        return put_class(w);
    if (take(w, SLICE("\\")))
        return put_escape(w);
    if (take(w, SLICE(".")))
        return put_dot(w);
    if (w->rest.ptr[0] == '^' || w->rest.ptr[0] == '$')
        return put_anchor(w);
    if (strchr("*+?{", w->rest.ptr[0]) != NULL)
        return refuse(w, "a repeat of nothing");
    return put_plain(w);
}

static bool put_pieces(struct walk *w)
{
    while (w->rest.len > 0 && w->rest.ptr[0] != ')') {
        if (w->rest.ptr[0] == '|') {
            if (w->depth == 0)
                return refuse(w, "alternatives outside a group");
            w->rest = slice_from(w->rest, 1);
            textbuf_byte(w->out, '|');
            continue;
        }
        if (!put_piece(w))
            return false;
    }
    return w->rest.len == 0 || w->depth > 0 ||
           refuse(w, "a group that does not begin");
}

const char *regex_phrase(struct bounce_slice regex, struct textbuf *phrase)
{
    struct walk w = {.rest = slice_trim(regex), .out = phrase};

    /* A gap at either end says nothing. */
    while (take(&w, SLICE(".*")))
        continue;
    (void)take(&w, SLICE("(?i)"));
    while (slice_ends_nocase(w.rest, SLICE(".*")) && w.rest.len >= 2)
        w.rest.len -= 2;
    if (w.rest.len == 0)
        return "an empty pattern";
    (void)put_pieces(&w);
    return w.why;
}
