/* SPDX-License-Identifier: MIT */
#include "base/slice.h"

bool slice_eq_nocase(struct bounce_slice a, struct bounce_slice b)
{
    return a.len == b.len && slice_starts_nocase(a, b);
}

bool slice_starts(struct bounce_slice s, struct bounce_slice prefix)
{
    return s.len >= prefix.len &&
           (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

bool slice_starts_nocase(struct bounce_slice s, struct bounce_slice prefix)
{
    if (s.len < prefix.len)
        return false;
    for (size_t i = 0; i < prefix.len; i++) {
        unsigned char a = (unsigned char)s.ptr[i];
        unsigned char b = (unsigned char)prefix.ptr[i];

        /* The cases of a letter differ in one bit. */
        if (a != b && ((a ^ b) != 0x20 || !ascii_is_alpha(a)))
            return false;
    }
    return true;
}

bool slice_ends_nocase(struct bounce_slice s, struct bounce_slice suffix)
{
    return s.len >= suffix.len &&
           slice_starts_nocase(slice_from(s, s.len - suffix.len), suffix);
}

size_t slice_find(struct bounce_slice s, struct bounce_slice needle)
{
    size_t at = 0;

    while (needle.len <= s.len - at) {
        const char *hit =
            memchr(s.ptr + at, needle.ptr[0], s.len - at - needle.len + 1);
        if (hit == NULL)
            break;
        at = (size_t)(hit - s.ptr);
        if (memcmp(hit, needle.ptr, needle.len) == 0)
            return at;
        at++;
    }
    return SLICE_NPOS;
}

size_t slice_find_nocase(struct bounce_slice s, struct bounce_slice needle)
{
    unsigned char first;

    if (needle.len == 0 || needle.len > s.len)
        return SLICE_NPOS;
    first = ascii_lower((unsigned char)needle.ptr[0]);
    for (size_t i = 0; i <= s.len - needle.len; i++) {
        if (ascii_lower((unsigned char)s.ptr[i]) == first &&
            slice_starts_nocase(slice_from(s, i), needle))
            return i;
    }
    return SLICE_NPOS;
}

size_t slice_find_byte(struct bounce_slice s, char c)
{
    const char *hit = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;

    return hit != NULL ? (size_t)(hit - s.ptr) : SLICE_NPOS;
}

size_t slice_rfind_byte(struct bounce_slice s, char c)
{
    for (size_t i = s.len; i > 0; i--) {
        if (s.ptr[i - 1] == c)
            return i - 1;
    }
    return SLICE_NPOS;
}

struct bounce_slice slice_trim(struct bounce_slice s)
{
    while (s.len > 0 && ascii_is_space((unsigned char)s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && ascii_is_space((unsigned char)s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* The first LF or CR, or the end. A CR inside a line ends it too: classic Mac
 * files have no LF, so the search for LF must not run through them again for
 * every line: the window grows with the line. */
static size_t find_line_end(struct bounce_slice s)
{
    for (size_t window = 128;; window *= 2) {
        struct bounce_slice part = slice_sub(s, 0, window);
        size_t lf = slice_find_byte(part, '\n');
        size_t cr = slice_find_byte(slice_sub(part, 0, lf), '\r');

        if (cr != SLICE_NPOS)
            return cr;
        if (lf != SLICE_NPOS)
            return lf;
        if (part.len == s.len)
            return s.len;
    }
}

bool slice_next_line(struct bounce_slice *rest, struct bounce_slice *line_out)
{
    struct bounce_slice s = *rest;
    size_t end;

    if (s.len == 0)
        return false;
    end = find_line_end(s);
    *line_out = slice_sub(s, 0, end);
    if (end + 1 < s.len && s.ptr[end] == '\r' && s.ptr[end + 1] == '\n')
        end++;
    *rest = slice_from(s, end + 1);
    return true;
}

bool slice_next_piece(struct bounce_slice *rest, char sep,
                      struct bounce_slice *piece_out)
{
    size_t end;

    if (rest->len == 0)
        return false;
    end = slice_find_byte(*rest, sep);
    if (end == SLICE_NPOS)
        end = rest->len;
    *piece_out = slice_sub(*rest, 0, end);
    *rest = slice_from(*rest, end + 1);
    return true;
}

size_t slice_parse_uint(struct bounce_slice s, unsigned max_digits,
                        unsigned *value_out)
{
    unsigned value = 0;
    size_t i = 0;

    while (i < s.len && ascii_is_digit((unsigned char)s.ptr[i])) {
        if (i == max_digits)
            return 0;
        value = value * 10 + (unsigned)(s.ptr[i] - '0');
        i++;
    }
    if (i > 0)
        *value_out = value;
    return i;
}

int slice_compare(struct bounce_slice a, struct bounce_slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n > 0 ? memcmp(a.ptr, b.ptr, n) : 0;

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

int slice_compare_nocase(struct bounce_slice a, struct bounce_slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;

    for (size_t i = 0; i < n; i++) {
        int x = ascii_lower((unsigned char)a.ptr[i]);
        int y = ascii_lower((unsigned char)b.ptr[i]);
        if (x != y)
            return x - y;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}
