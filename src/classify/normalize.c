/* SPDX-License-Identifier: MIT */
#include "classify/normalize.h"

#include "base/utf8.h"
#include "classify/fold.h"

struct state {
    struct bounce_slice text;
    size_t in;
    char *out;
    size_t len;
};

static bool is_local_part(unsigned char c)
{
    return ascii_is_alnum(c) || c >= 0x80 ||
           (c != '\0' && strchr("._+-=/&%!#*~", c) != NULL);
}

static bool is_domain(unsigned char c)
{
    return ascii_is_alnum(c) || c >= 0x80 || c == '.' || c == '-' || c == '_';
}

/* The address around the "@" at text[in] is taken back from the output and
 * forward from the input, and one mark stands for it. */
static bool mask_address(struct state *st)
{
    size_t start = st->len, end = st->in + 1;
    const struct bounce_slice text = st->text;

    while (start > 0 && is_local_part((unsigned char)st->out[start - 1]))
        start--;
    if (end < text.len && text.ptr[end] == '[') { /* domain literal */
        size_t close = slice_find_byte(slice_sub(text, end, 64), ']');

        if (close != SLICE_NPOS)
            end += close + 1;
    } else {
        while (end < text.len && is_domain((unsigned char)text.ptr[end]))
            end++;
        while (end > st->in + 1 &&
               (text.ptr[end - 1] == '.' || text.ptr[end - 1] == '-'))
            end--;
    }
    if (start == st->len || end == st->in + 1)
        return false;
    if (start > 0 && end < text.len) {
        char open = st->out[start - 1], close = text.ptr[end];

        if ((open == '<' && close == '>') || (open == '"' && close == '"') ||
            (open == '\'' && close == '\'')) {
            start--;
            end++;
        }
    }
    st->len = start;
    st->out[st->len++] = NORMALIZE_ADDRESS;
    st->in = end;
    return true;
}

static void put_code_point(struct state *st)
{
    uint32_t code;
    bool ok;
    size_t n = utf8_decode(slice_from(st->text, st->in), &code, &ok);
    char folded[FOLD_MAX];
    size_t len = fold_code_point(code, folded);

    st->in += n;
    if (!ok) { /* one byte for one byte: the output never outgrows its room */
        folded[0] = '?';
        len = 1;
    }
    if (len == 1 && folded[0] == ' ') {
        if (st->len > 0 && st->out[st->len - 1] != ' ')
            st->out[st->len++] = ' ';
        return;
    }
    memcpy(st->out + st->len, folded, len);
    st->len += len;
}

size_t normalize(struct bounce_slice text, size_t *marks, size_t mark_count,
                 char *out)
{
    struct state st = {.text = text, .out = out};
    size_t mark = 0;

    while (st.in < text.len) {
        unsigned char c = (unsigned char)text.ptr[st.in];

        while (mark < mark_count && marks[mark] <= st.in)
            marks[mark++] = st.len;
        if (c == '@' && mask_address(&st))
            continue;
        if (c >= 0x80) {
            put_code_point(&st);
        } else if (c <= ' ' || c == 0x7F) {
            if (st.len > 0 && out[st.len - 1] != ' ')
                out[st.len++] = ' ';
            st.in++;
        } else {
            out[st.len++] = (char)ascii_lower(c);
            st.in++;
        }
    }
    while (st.len > 0 && out[st.len - 1] == ' ')
        st.len--;
    while (mark < mark_count)
        marks[mark++] = st.len;
    for (size_t i = 0; i < mark_count; i++) {
        if (marks[i] > st.len)
            marks[i] = st.len;
    }
    memset(out + st.len, 0, NORMALIZE_PAD);
    return st.len;
}
