/* SPDX-License-Identifier: MIT
 * The table of wrappers, and the slots that find them, which tools/genformats.c
 * makes from it. */
#ifndef BOUNCE_REPORT_REPLY_WRAPS_H
#define BOUNCE_REPORT_REPLY_WRAPS_H

#include "base/bits.h"
#include "report/reply_wrap.h"

/* Bytes by which wrappers are found; none is shorter. */
#define REPLY_WRAP_KEY 4

#define REPLY_WRAP_BITS 10

/* Sorted; ends with an entry whose text is NULL. */
extern const struct reply_wrap REPLY_WRAPS[];

/* By reply_wrap_slot(): 1 + the index of the first wrapper that begins with the
 * four bytes, or 0. No two keys share a slot. */
extern const uint16_t REPLY_WRAP_SLOTS[1 << REPLY_WRAP_BITS];
extern const uint32_t REPLY_WRAP_FACTOR;

/* key: the first bytes by bits_load32(). */
static inline size_t reply_wrap_slot(uint32_t key, uint32_t factor)
{
    return key * factor >> (32 - REPLY_WRAP_BITS);
}

/* Whether a wrapper may begin at p, where four bytes can be read. */
static inline bool reply_wrap_may(const char *p)
{
    return REPLY_WRAP_SLOTS[reply_wrap_slot(bits_load32(p),
                                            REPLY_WRAP_FACTOR)] != 0;
}

#endif
