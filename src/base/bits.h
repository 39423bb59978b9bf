/* SPDX-License-Identifier: MIT
 * Bits of a word, and bytes of a text as one word. */
#ifndef BOUNCE_BASE_BITS_H
#define BOUNCE_BASE_BITS_H

#include "base/slice.h"

/* The number of the lowest bit that is set; bits must not be 0. */
static inline unsigned bits_lowest(uint64_t bits)
{
#if defined(__GNUC__)
    return (unsigned)__builtin_ctzll(bits);
#else
    unsigned n = 0;

    for (; (bits & 1) == 0; bits >>= 1)
        n++;
    return n;
#endif
}

/* The number of the highest bit that is set; bits must not be 0. */
static inline unsigned bits_highest(uint64_t bits)
{
#if defined(__GNUC__)
    return 63 - (unsigned)__builtin_clzll(bits);
#else
    unsigned n = 0;

    while ((bits >>= 1) != 0)
        n++;
    return n;
#endif
}

/* Bytes of a kind, as bits. */
struct byte_set {
    uint64_t bits[4];
};

/* The bit of c in its word of the set. */
#define BYTE_BIT(c) ((uint64_t)1 << ((unsigned)(c)&63))
#define BYTE_ALL    (~(uint64_t)0)
#define BYTE_DIGITS ((uint64_t)0x3FF << '0')
/* Of both cases, in the second word. */
#define BYTE_LETTERS                                                           \
    ((uint64_t)0x3FFFFFF << ('A' - 64) | (uint64_t)0x3FFFFFF << ('a' - 64))

static inline bool byte_set_has(const struct byte_set *set, unsigned char c)
{
    return (set->bits[c / 64] >> c % 64 & 1) != 0;
}

/* How many bits are set. */
static inline unsigned bits_count(uint64_t bits)
{
    bits -= bits >> 1 & 0x5555555555555555U;
    bits = (bits & 0x3333333333333333U) + (bits >> 2 & 0x3333333333333333U);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0FU;
    return (unsigned)(bits * 0x0101010101010101U >> 56);
}

/* Asks for the line of the cache at p, which is used soon. */
static inline void bits_prefetch(const void *p)
{
#if defined(__GNUC__)
    __builtin_prefetch(p);
#else
    (void)p;
#endif
}

/* Little-endian whatever the machine; compilers make one load of it. */
static inline uint32_t bits_load32(const char *p)
{
    return (uint32_t)(unsigned char)p[0] | (uint32_t)(unsigned char)p[1] << 8 |
           (uint32_t)(unsigned char)p[2] << 16 |
           (uint32_t)(unsigned char)p[3] << 24;
}

static inline uint64_t bits_load64(const char *p)
{
    return (uint64_t)(unsigned char)p[0] | (uint64_t)(unsigned char)p[1] << 8 |
           (uint64_t)(unsigned char)p[2] << 16 |
           (uint64_t)(unsigned char)p[3] << 24 |
           (uint64_t)(unsigned char)p[4] << 32 |
           (uint64_t)(unsigned char)p[5] << 40 |
           (uint64_t)(unsigned char)p[6] << 48 |
           (uint64_t)(unsigned char)p[7] << 56;
}

/* memcmp() == 0 for the short texts of tables: two loads that overlap in place
 * of a call. */
static inline bool bits_equal(const char *a, const char *b, size_t len)
{
    if (len >= 8) {
        size_t i = 0;

        for (; i + 8 < len; i += 8) {
            if (bits_load64(a + i) != bits_load64(b + i))
                return false;
        }
        return bits_load64(a + len - 8) == bits_load64(b + len - 8);
    }
    if (len >= 4)
        return bits_load32(a) == bits_load32(b) &&
               bits_load32(a + len - 4) == bits_load32(b + len - 4);
    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i])
            return false;
    }
    return true;
}

#endif
