/* SPDX-License-Identifier: MIT
 * Which words with digits rules, hosts and the reader of replies speak of. The
 * outline of a text (classify/outline.h) leaves words out that vary from one
 * reply to the next; a word that something asks for must stay. The guard knows
 * the beginnings and ends of all that is asked for, as bits: it may say that a
 * word is asked for that is not, never the other way round. */
#ifndef BOUNCE_CLASSIFY_GUARD_H
#define BOUNCE_CLASSIFY_GUARD_H

#include "classify/tables.h"

#define GUARD_BITS  17
#define GUARD_WORDS (1U << (GUARD_BITS - 5))

enum guard_kind {
    GUARD_HEAD,   /* a word begins so: guard_head() */
    GUARD_WHOLE,  /* it is this: guard_whole() */
    GUARD_LEAD,   /* ... with just these letters before a digit: guard_lead() */
    GUARD_TAIL,   /* it ends so: guard_head() of its last bytes */
    GUARD_BEHIND, /* it begins so behind other bytes: guard_behind() */
    /* Numbers of up to three digits: one behind the other with a dot between,
     * behind a byte, before a byte, anywhere. */
    GUARD_PAIR,
    GUARD_FIRST,
    GUARD_LAST,
    GUARD_NUMBER,
    GUARD_ANY_WORD, /* key 0: no word with letters and digits is safe */
    GUARD_END       /* key 0: how far away the end of the text is may matter */
};

/* Bytes of a head or tail that count. */
#define GUARD_HEAD_LEN 3

/* The key of up to GUARD_HEAD_LEN bytes, in lower case. */
static inline uint32_t guard_head(const char *p, size_t len)
{
    uint32_t key = 0;

    for (size_t i = 0; i < len && i < GUARD_HEAD_LEN; i++)
        key = key << 8 | ascii_lower((unsigned char)p[i]);
    return key;
}

/* The same of a whole word. */
static inline uint32_t guard_whole(const char *p, size_t len)
{
    return guard_head(p, len) | (uint32_t)len << 24;
}

/* Bytes before a word that count. */
#define GUARD_BEFORE_LEN 3

/* The key of the first byte of a word and of those before it. */
static inline uint32_t guard_behind(const char *p)
{
    return guard_head(p - GUARD_BEFORE_LEN, GUARD_BEFORE_LEN) << 8 |
           ascii_lower((unsigned char)*p);
}

/* The key of a run of letters: its first four and how many there are. */
static inline uint32_t guard_lead(const char *p, size_t len)
{
    uint32_t key = (uint32_t)len * 0x01000193U;

    for (size_t i = 0; i < len && i < 4; i++)
        key ^= (uint32_t)ascii_lower((unsigned char)p[i]) << 8 * i;
    return key;
}

/* A number and the byte before or behind it. */
static inline uint32_t guard_beside(uint32_t number, char byte)
{
    return number << 8 | (unsigned char)byte;
}

static inline uint32_t guard_pair(uint32_t first, uint32_t second)
{
    return first << 10 | second;
}

/* The two bits of a key. */
static inline uint32_t guard_bit(enum guard_kind kind, uint32_t key, unsigned i)
{
    uint32_t hash = key * 0x9E3779B1U ^ (uint32_t)kind * 0x85EBCA6BU;

    return hash * (i == 0 ? 0xC2B2AE35U : 0x27D4EB2FU) >> (32 - GUARD_BITS);
}

static inline bool guard_has_bit(const uint32_t *guard, uint32_t bit)
{
    return (guard[bit / 32] >> bit % 32 & 1) != 0;
}

/* guard: GUARD_WORDS of tables. */
static inline bool guard_has(const uint32_t *guard, enum guard_kind kind,
                             uint32_t key)
{
    return guard_has_bit(guard, guard_bit(kind, key, 0)) &&
           guard_has_bit(guard, guard_bit(kind, key, 1));
}

#endif
