/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include "base/block.h"

size_t utf8_decode(struct bounce_slice s, uint32_t *code_out, bool *ok_out)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    size_t need;
    uint32_t code, least;

    *ok_out = true;
    if (p[0] < 0x80) {
        *code_out = p[0];
        return 1;
    }
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        need = 2;
        code = p[0] & 0x1FU;
        least = 0x80;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        need = 3;
        code = p[0] & 0x0FU;
        least = 0x800;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        need = 4;
        code = p[0] & 0x07U;
        least = 0x10000;
    } else {
        goto bad;
    }
    if (s.len < need)
        goto bad;
    for (size_t i = 1; i < need; i++) {
        if ((p[i] & 0xC0U) != 0x80)
            goto bad;
        code = code << 6 | (p[i] & 0x3FU);
    }
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        goto bad;
    *code_out = code;
    return need;
bad:
    *code_out = UTF8_REPLACEMENT;
    *ok_out = false;
    return 1;
}

size_t utf8_encode(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0U | code >> 6);
        out[1] = (char)(0x80U | (code & 0x3FU));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0U | code >> 12);
        out[1] = (char)(0x80U | (code >> 6 & 0x3FU));
        out[2] = (char)(0x80U | (code & 0x3FU));
        return 3;
    }
    out[0] = (char)(0xF0U | code >> 18);
    out[1] = (char)(0x80U | (code >> 12 & 0x3FU));
    out[2] = (char)(0x80U | (code >> 6 & 0x3FU));
    out[3] = (char)(0x80U | (code & 0x3FU));
    return 4;
}

size_t utf8_ascii_prefix(struct bounce_slice s)
{
    size_t i = 0;

    for (; s.len - i >= 64; i += 64) {
        struct block b;
        uint64_t high;

        block_load_all(&b, s.ptr + i);
        high = block_high(&b);
        if (high != 0)
            return i + bits_lowest(high);
    }
    for (; s.len - i >= 8; i += 8) {
        if ((bits_load64(s.ptr + i) & 0x8080808080808080U) != 0)
            break;
    }
    while (i < s.len && (unsigned char)s.ptr[i] < 0x80)
        i++;
    return i;
}

size_t utf8_valid_prefix(struct bounce_slice s)
{
    size_t i = 0;

    while (i < s.len) {
        uint32_t code;
        bool ok;
        size_t n;

        i += utf8_ascii_prefix(slice_from(s, i));
        if (i == s.len)
            break;
        n = utf8_decode(slice_from(s, i), &code, &ok);
        if (!ok)
            return i;
        i += n;
    }
    return i;
}

size_t utf8_cut(struct bounce_slice s, size_t max)
{
    size_t at = max;

    if (max >= s.len)
        return s.len;
    while (at > 0 && max - at < 4 && ((unsigned char)s.ptr[at] & 0xC0) == 0x80)
        at--;
    /* Four continuation bytes in a row are no character: cut anywhere. */
    return max - at < 4 ? at : max;
}
