/* SPDX-License-Identifier: MIT
 * The words of the enums with their lengths, for JSON, which wants them by the
 * million. */
#ifndef BOUNCE_ENGINE_NAMES_H
#define BOUNCE_ENGINE_NAMES_H

#include "base/slice.h"

/* The whole array can be read, so that a copy has a constant length. */
struct name {
    char text[31];
    unsigned char len; /* 0: no word */
};

struct names {
    const struct name *list;
    size_t count;
};

extern const struct names names_kind, names_class, names_action, names_stage,
    names_evidence, names_do, names_who, names_retry_by, names_recipient_from;

/* NULL where value has no word. */
static inline const struct name *names_find(const struct names *names,
                                            size_t value)
{
    return value < names->count && names->list[value].len > 0
               ? &names->list[value]
               : NULL;
}

#endif
