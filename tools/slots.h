/* SPDX-License-Identifier: MIT
 * Slots for keys that are known when the program is built, so that one look
 * finds a key: slot = key * factor >> (32 - bits). */
#ifndef BOUNCE_TOOLS_SLOTS_H
#define BOUNCE_TOOLS_SLOTS_H

#include <stdio.h>

#include "base/slice.h"

enum { SLOTS_MAX = 1 << 12 };

/* Puts 1 + the number of each key into its slot; equal keys share that of the
 * first. false when two keys share a slot by that factor. */
static inline bool slots_try(const uint32_t *keys, size_t count, unsigned bits,
                             uint32_t factor, uint16_t slots[SLOTS_MAX])
{
    memset(slots, 0, sizeof(*slots) << bits);
    for (size_t i = 0; i < count; i++) {
        size_t slot = keys[i] * factor >> (32 - bits);

        if (slots[slot] == 0)
            slots[slot] = (uint16_t)(i + 1);
        else if (keys[slots[slot] - 1] != keys[i])
            return false;
    }
    return true;
}

/* Fills the slots and returns the factor. Ends only when there is one: the
 * keys should fill no more than an eighth of the slots. */
static inline uint32_t slots_fill(const uint32_t *keys, size_t count,
                                  unsigned bits, uint16_t slots[SLOTS_MAX])
{
    uint32_t factor = 0x9E3779B1U;

    while (!slots_try(keys, count, bits, factor, slots))
        factor = factor * 0x915F77F5U + 2; /* stays odd */
    return factor;
}

/* NAME_FACTOR and NAME_SLOTS. */
static inline void slots_write(FILE *out, const char *name, const char *type,
                               uint32_t factor, const uint16_t *slots,
                               unsigned bits)
{
    fprintf(out, "const uint32_t %s_FACTOR = %luU;\nconst %s %s_SLOTS[] = {\n",
            name, (unsigned long)factor, type, name);
    for (size_t i = 0; i < (size_t)1 << bits; i++)
        fprintf(out, "%u,%s", slots[i], i % 16 == 15 ? "\n" : "");
    fputs("};\n\n", out);
}

#endif
