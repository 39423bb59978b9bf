/* SPDX-License-Identifier: MIT */
#include "classify/normalize.h"

#include "base/bits.h"
#include "base/block.h"
#include "base/utf8.h"
#include "classify/fold.h"

struct state {
    struct bounce_slice text;
    size_t in;
    char *out;
    size_t len;
    size_t block;     /* number of the 64 bytes that special is of */
    uint64_t special; /* their bytes that are not copied as they are */
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

/* What is neither printable ASCII nor a blank alone; "@", which ends the local
 * part of an address. */
static uint64_t find_special(struct bounce_slice text, size_t at)
{
    struct block b;
    uint64_t spaces;

    block_load(&b, text.ptr + at, text.len - at);
    spaces = block_equal(&b, ' ');
    return block_high(&b) | block_controls(&b) | block_equal(&b, 0x7F) |
           block_equal(&b, '@') |
           (spaces & (spaces << 1 | (at > 0 && text.ptr[at - 1] == ' ')));
}

/* How many bytes from st->in on are copied as they are. */
static size_t plain_run(struct state *st)
{
    size_t at = st->in;

    while (at < st->text.len) {
        uint64_t bits;

        if (st->block != at / 64) {
            st->block = at / 64;
            st->special = find_special(st->text, st->block * 64);
        }
        bits = st->special >> at % 64;
        if (bits != 0) {
            at += bits_lowest(bits);
            break;
        }
        at = (st->block + 1) * 64;
    }
    return (at < st->text.len ? at : st->text.len) - st->in;
}

static void put_byte(struct state *st)
{
    unsigned char c = (unsigned char)st->text.ptr[st->in];

    if (c == '@' && mask_address(st))
        return;
    if (c >= 0x80) {
        put_code_point(st);
        return;
    }
    if (c > ' ' && c != 0x7F)
        st->out[st->len++] = (char)ascii_lower(c);
    else if (st->len > 0 && st->out[st->len - 1] != ' ')
        st->out[st->len++] = ' ';
    st->in++;
}

size_t normalize(struct bounce_slice text, size_t *marks, size_t mark_count,
                 char *out)
{
    struct state st = {.text = text, .out = out, .block = SIZE_MAX};
    size_t mark = 0;

    while (st.in < text.len) {
        /* A blank may follow what became one. */
        size_t run = text.ptr[st.in] != ' ' ? plain_run(&st) : 0;

        while (mark < mark_count && marks[mark] <= st.in)
            marks[mark++] = st.len;
        for (; mark < mark_count && marks[mark] < st.in + run; mark++)
            marks[mark] = st.len + (marks[mark] - st.in);
        if (run == 0) {
            put_byte(&st);
            continue;
        }
        block_lower(out + st.len, text.ptr + st.in, run);
        st.in += run;
        st.len += run;
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
