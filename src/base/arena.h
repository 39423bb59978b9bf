/* SPDX-License-Identifier: MIT
 * Arena: memory that is freed whole. One per message (in the reader) and one
 * for things that live as long as the engine. */
#ifndef BOUNCE_BASE_ARENA_H
#define BOUNCE_BASE_ARENA_H

#include <stdalign.h>
#include <stddef.h>

#include "base/slice.h"

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used; /* bytes of data */
    alignas(max_align_t) char data[];
};

struct arena {
    const struct bounce_allocator *allocator;
    struct arena_chunk *first, *current;
    size_t held; /* bytes of all chunks */
    size_t max;  /* ceiling of held */
    bool over;   /* the ceiling, not the allocator, refused */
};

/* The malloc family as an allocator. Static. */
const struct bounce_allocator *allocator_default(void);

/* allocator must outlive the arena. */
void arena_init(struct arena *arena, const struct bounce_allocator *allocator,
                size_t max);
/* Gives all memory back to the allocator. */
void arena_clear(struct arena *arena);
/* Forgets the contents and keeps the memory for the next message. */
void arena_reset(struct arena *arena);

/* size bytes aligned for any type, not zeroed; NULL when the allocator or the
 * ceiling refuses (arena_error() tells which). size 0 gives a valid pointer. */
static inline void *arena_alloc(struct arena *arena, size_t size);
/* As arena_alloc, of count * size zeroed bytes; NULL on overflow too. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);

/* The same bytes, NUL-terminated beyond len. ptr NULL when memory is out; a
 * NULL slice stays NULL. */
struct bounce_slice arena_dup(struct arena *arena, struct bounce_slice s);

/* ---- Inside ---------------------------------------------------------- */

/* Where the current chunk has no room. */
void *arena_alloc_slowly(struct arena *arena, size_t size);

static inline size_t arena_round(size_t size)
{
    const size_t align = alignof(max_align_t);

    return (size + align - 1) / align * align;
}

static inline void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = arena->current;
    char *ptr;

    /* Smaller than what is left, so that rounding cannot overflow. */
    if (chunk == NULL || size > chunk->size - chunk->used ||
        arena_round(size) > chunk->size - chunk->used)
        return arena_alloc_slowly(arena, size);
    ptr = chunk->data + chunk->used;
    chunk->used += arena_round(size);
    return ptr;
}

/* BOUNCE_E_LIMIT when the ceiling refused last, else BOUNCE_E_NOMEM. */
enum bounce_err arena_error(const struct arena *arena);

#endif
