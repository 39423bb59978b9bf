/* SPDX-License-Identifier: MIT
 * A list in an arena that doubles as it grows. For building tables once, not
 * for the path of a message. */
#ifndef BOUNCE_BASE_VEC_H
#define BOUNCE_BASE_VEC_H

#include "base/arena.h"

struct vec {
    void *ptr;
    size_t count, cap;
    size_t size; /* bytes of one element */
};

#define VEC_OF(type)         ((struct vec){.size = sizeof(type)})
#define VEC_AT(vec, type, i) (&((type *)(vec).ptr)[i])

/* A copy of *element at the end; its index, or SIZE_MAX when memory is out. */
size_t vec_push(struct vec *vec, struct arena *arena, const void *element);

#endif
