/* SPDX-License-Identifier: MIT
 * 64 bytes of a text at once: which of them are what, as the bits of a word.
 * Bit i stands for the byte i. */
#ifndef BOUNCE_BASE_BLOCK_H
#define BOUNCE_BASE_BLOCK_H

#include "base/bits.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#if defined(__SSE2__)

struct block {
    __m128i bytes[4];
};

static inline void block_load_all(struct block *b, const char *p)
{
    for (unsigned i = 0; i < 4; i++)
        b->bytes[i] =
            _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
}

static inline uint64_t block_join(__m128i a, __m128i b, __m128i c, __m128i d)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(a) |
           (uint64_t)(unsigned)_mm_movemask_epi8(b) << 16 |
           (uint64_t)(unsigned)_mm_movemask_epi8(c) << 32 |
           (uint64_t)(unsigned)_mm_movemask_epi8(d) << 48;
}

/* The bytes that are c. */
static inline uint64_t block_equal(const struct block *b, char c)
{
    const __m128i all = _mm_set1_epi8(c);

    return block_join(
        _mm_cmpeq_epi8(b->bytes[0], all), _mm_cmpeq_epi8(b->bytes[1], all),
        _mm_cmpeq_epi8(b->bytes[2], all), _mm_cmpeq_epi8(b->bytes[3], all));
}

static inline __m128i block_range(__m128i bytes, __m128i bit, char first,
                                  char most)
{
    __m128i from = _mm_sub_epi8(_mm_or_si128(bytes, bit), _mm_set1_epi8(first));

    return _mm_cmpeq_epi8(from, _mm_min_epu8(from, _mm_set1_epi8(most)));
}

/* The bytes that are first to last once bit is set in them. */
static inline uint64_t block_between(const struct block *b, char bit,
                                     char first, char last)
{
    const __m128i set = _mm_set1_epi8(bit);
    const char most = (char)(last - first);

    return block_join(block_range(b->bytes[0], set, first, most),
                      block_range(b->bytes[1], set, first, most),
                      block_range(b->bytes[2], set, first, most),
                      block_range(b->bytes[3], set, first, most));
}

/* The bytes from 0x80 on. */
static inline uint64_t block_high(const struct block *b)
{
    return block_join(b->bytes[0], b->bytes[1], b->bytes[2], b->bytes[3]);
}

/* Bits of the bytes that block_search() is for. */
typedef __m128i block_test(__m128i bytes, char a, char b);

/* Where the first byte of [p, end) stands that passes the test; end if nowhere.
 * What is left at the end is looked at along with bytes before it, which are
 * known not to pass. */
static inline const char *block_search(const char *p, const char *end,
                                       block_test *test, char a, char b)
{
    const char *begin = p;
    unsigned found;

    for (; end - p >= 16; p += 16) {
        found = (unsigned)_mm_movemask_epi8(
            test(_mm_loadu_si128((const __m128i *)(const void *)p), a, b));
        if (found != 0)
            return p + bits_lowest(found);
    }
    if (p == end)
        return end;
    if (end - begin >= 16) {
        p = end - 16;
        found = (unsigned)_mm_movemask_epi8(
            test(_mm_loadu_si128((const __m128i *)(const void *)p), a, b));
        return found != 0 ? p + bits_lowest(found) : end;
    }
    if (end - p >= 8) {
        __m128i low = _mm_loadl_epi64((const __m128i *)(const void *)p);
        __m128i high =
            _mm_loadl_epi64((const __m128i *)(const void *)(end - 8));

        found = (unsigned)_mm_movemask_epi8(
            test(_mm_unpacklo_epi64(low, high), a, b));
        if (found == 0)
            return end;
        return (found & 0xFF) != 0 ? p + bits_lowest(found)
                                   : end - 16 + bits_lowest(found);
    }
    for (; p < end; p++) {
        if ((_mm_movemask_epi8(test(_mm_set1_epi8(*p), a, b)) & 1) != 0)
            return p;
    }
    return end;
}

static inline __m128i block_is_either(__m128i bytes, char a, char b)
{
    return _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(a)),
                        _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b)));
}

static inline __m128i block_is_special(__m128i bytes, char a, char b)
{
    /* One more, and signed: DEL and bytes from 0x80 on are below the blank. */
    __m128i odd = _mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(1)),
                                 _mm_set1_epi8(' ' + 1));

    return _mm_or_si128(odd, block_is_either(bytes, a, b));
}

static inline __m128i block_is_stop(__m128i bytes, char a, char b)
{
    const __m128i blank = _mm_set1_epi8(' ');

    return _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(bytes, blank), bytes),
                        block_is_either(bytes, a, b));
}

/* Where the first byte of [p, end) stands that is not printable ASCII, or is a
 * or b; end if nowhere. */
static inline const char *block_find_special(const char *p, const char *end,
                                             char a, char b)
{
    return block_search(p, end, block_is_special, a, b);
}

/* Where the first byte of [p, end) stands that is a blank or below, or is a or
 * b; end if nowhere. */
static inline const char *block_find_stop(const char *p, const char *end,
                                          char a, char b)
{
    return block_search(p, end, block_is_stop, a, b);
}

/* The same for a or b alone. */
static inline const char *block_find_near(const char *p, const char *end,
                                          char a, char b)
{
    return block_search(p, end, block_is_either, a, b);
}

#else

static inline const char *block_find_special(const char *p, const char *end,
                                             char a, char b)
{
    while (p < end && (unsigned char)*p >= ' ' && (unsigned char)*p < 0x7F &&
           *p != a && *p != b)
        p++;
    return p;
}

static inline const char *block_find_stop(const char *p, const char *end,
                                          char a, char b)
{
    while (p < end && (unsigned char)*p > ' ' && *p != a && *p != b)
        p++;
    return p;
}

static inline const char *block_find_near(const char *p, const char *end,
                                          char a, char b)
{
    while (p < end && *p != a && *p != b)
        p++;
    return p;
}

struct block {
    unsigned char bytes[64];
};

static inline void block_load_all(struct block *b, const char *p)
{
    memcpy(b->bytes, p, 64);
}

static inline uint64_t block_equal(const struct block *b, char c)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < 64; i++)
        bits |= (uint64_t)(b->bytes[i] == (unsigned char)c) << i;
    return bits;
}

static inline uint64_t block_between(const struct block *b, char bit,
                                     char first, char last)
{
    unsigned char most = (unsigned char)(last - first);
    uint64_t bits = 0;

    for (unsigned i = 0; i < 64; i++) {
        unsigned char from = (unsigned char)((b->bytes[i] | bit) - first);

        bits |= (uint64_t)(from <= most) << i;
    }
    return bits;
}

static inline uint64_t block_high(const struct block *b)
{
    return block_between(b, 0, (char)0x80, (char)0xFF);
}

#endif

/* from with ASCII letters in lower case; to must not overlap it. */
static inline void block_lower(char *to, const char *from, size_t len)
{
    size_t i = 0;

#if defined(__SSE2__)
    const __m128i first = _mm_set1_epi8('A'), most = _mm_set1_epi8(25);
    const __m128i bit = _mm_set1_epi8(0x20);

    while (len >= 16 && i < len) {
        __m128i bytes, upper;

        if (i > len - 16) /* the last step may repeat some */
            i = len - 16;
        bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + i));
        upper = _mm_sub_epi8(bytes, first);
        upper = _mm_cmpeq_epi8(upper, _mm_min_epu8(upper, most));
        _mm_storeu_si128((__m128i *)(void *)(to + i),
                         _mm_or_si128(bytes, _mm_and_si128(upper, bit)));
        i += 16;
    }
#endif
    for (; i < len; i++)
        to[i] = (char)ascii_lower((unsigned char)from[i]);
}

/* The first 64 bytes of len at p; those that are missing are 0. */
static inline void block_load(struct block *b, const char *p, size_t len)
{
    char some[64] = {0};

    if (len >= 64) {
        block_load_all(b, p);
        return;
    }
    memcpy(some, p, len);
    block_load_all(b, some);
}

/* Where the first byte of [p, end) that is a or b stands; end if nowhere.
 * Lines are mostly shorter than a block, so that this needs one look and no
 * branch that cannot be foretold. */
static inline const char *block_find_either(const char *p, const char *end,
                                            char a, char b)
{
    for (; end - p >= 64; p += 64) {
        struct block all;
        uint64_t found;

        block_load_all(&all, p);
        found = block_equal(&all, a) | block_equal(&all, b);
        if (found != 0)
            return p + bits_lowest(found);
    }
    return block_find_near(p, end, a, b);
}

static inline const char *block_find_byte(const char *p, const char *end,
                                          char c)
{
    for (; end - p >= 64; p += 64) {
        struct block all;
        uint64_t found;

        block_load_all(&all, p);
        found = block_equal(&all, c);
        if (found != 0)
            return p + bits_lowest(found);
    }
    p = p < end ? (const char *)memchr(p, c, (size_t)(end - p)) : NULL;
    return p != NULL ? p : end;
}

/* Where the bytes a, b, c stand first one behind the other; end if nowhere. */
static inline const char *block_find_three(const char *p, const char *end,
                                           char a, char b, char c)
{
    for (; end - p >= 66; p += 64) {
        struct block first, second, third;
        uint64_t found;

        block_load_all(&first, p);
        block_load_all(&second, p + 1);
        block_load_all(&third, p + 2);
        found = block_equal(&first, a) & block_equal(&second, b) &
                block_equal(&third, c);
        if (found != 0)
            return p + bits_lowest(found);
    }
    for (; end - p >= 3; p++) {
        if (p[0] == a && p[1] == b && p[2] == c)
            return p;
    }
    return end;
}

static inline uint64_t block_digits(const struct block *b)
{
    return block_between(b, 0, '0', '9');
}

/* ASCII letters of both cases. */
static inline uint64_t block_letters(const struct block *b)
{
    return block_between(b, 0x20, 'a', 'z');
}

/* ASCII control characters but DEL. */
static inline uint64_t block_controls(const struct block *b)
{
    return block_between(b, 0, 0, 0x1F);
}

#endif
