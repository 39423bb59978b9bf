/* SPDX-License-Identifier: MIT */
#include "base/slice.h"

#include "base/block.h"

bool slice_starts(struct bounce_slice s, struct bounce_slice prefix)
{
    return s.len >= prefix.len &&
           (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static bool same_letters(const char *s, const char *t, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char a = (unsigned char)s[i];
        unsigned char b = (unsigned char)t[i];

        /* The cases of a letter differ in one bit. */
        if (a != b && ((a ^ b) != 0x20 || !ascii_is_alpha(a)))
            return false;
    }
    return true;
}

bool slice_same_nocase(const char *s, struct bounce_slice prefix)
{
    const char *t = prefix.ptr;
    size_t i = 0;

    /* Most are written in the same case. */
    for (; prefix.len - i >= 8; i += 8) {
        if (bits_load64(s + i) != bits_load64(t + i) &&
            !same_letters(s + i, t + i, 8))
            return false;
    }
    return same_letters(s + i, t + i, prefix.len - i);
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

size_t slice_rfind_byte(struct bounce_slice s, char c)
{
    for (size_t i = s.len; i > 0; i--) {
        if (s.ptr[i - 1] == c)
            return i - 1;
    }
    return SLICE_NPOS;
}

bool slice_next_line(struct bounce_slice *rest, struct bounce_slice *line_out)
{
    struct bounce_slice s = *rest;
    size_t end;

    if (s.len == 0)
        return false;
    end = (size_t)(block_find_either(s.ptr, s.ptr + s.len, '\n', '\r') - s.ptr);
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

bool slice_has_words(struct bounce_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (ascii_is_alnum((unsigned char)s.ptr[i]) || (s.ptr[i] & 0x80) != 0)
            return true;
    }
    return false;
}
