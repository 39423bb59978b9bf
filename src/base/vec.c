/* SPDX-License-Identifier: MIT */
#include "base/vec.h"

size_t vec_push(struct vec *vec, struct arena *arena, const void *element)
{
    if (vec->count == vec->cap) {
        size_t cap = vec->cap == 0 ? 32 : vec->cap * 2;
        void *ptr;

        if (cap > SIZE_MAX / 8 / vec->size)
            return SIZE_MAX;
        ptr = arena_alloc(arena, cap * vec->size);
        if (ptr == NULL)
            return SIZE_MAX;
        if (vec->count > 0)
            memcpy(ptr, vec->ptr, vec->count * vec->size);
        vec->ptr = ptr;
        vec->cap = cap;
    }
    memcpy((char *)vec->ptr + vec->count * vec->size, element, vec->size);
    return vec->count++;
}
