/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdlib.h>

#define CHUNK_MIN ((size_t)64 * 1024)

static void *default_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return malloc(size);
}

static void *default_resize(void *ctx, void *ptr, size_t old_size,
                            size_t new_size)
{
    (void)ctx;
    (void)old_size;
    return realloc(ptr, new_size);
}

static void default_release(void *ctx, void *ptr, size_t size)
{
    (void)ctx;
    (void)size;
    free(ptr);
}

const struct bounce_allocator *allocator_default(void)
{
    static const struct bounce_allocator allocator = {
        default_alloc, default_resize, default_release, NULL};

    return &allocator;
}

void arena_init(struct arena *arena, const struct bounce_allocator *allocator,
                size_t max)
{
    *arena = (struct arena){.allocator = allocator, .max = max};
}

void arena_clear(struct arena *arena)
{
    struct arena_chunk *chunk = arena->first;

    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;

        arena->allocator->release(arena->allocator->ctx, chunk,
                                  sizeof(*chunk) + chunk->size);
        chunk = next;
    }
    arena_init(arena, arena->allocator, arena->max);
}

void arena_reset(struct arena *arena)
{
    for (struct arena_chunk *c = arena->first; c != NULL; c = c->next)
        c->used = 0;
    arena->current = arena->first;
    arena->over = false;
}

/* Gives back the kept chunks that this message has not used, so that what
 * earlier messages left behind never makes a later one fail. */
static void release_unused(struct arena *arena)
{
    struct arena_chunk **link = &arena->first;

    arena->current = NULL;
    while (*link != NULL) {
        struct arena_chunk *chunk = *link;

        if (chunk->used > 0) {
            arena->current = chunk;
            link = &chunk->next;
            continue;
        }
        *link = chunk->next;
        arena->held -= chunk->size;
        arena->allocator->release(arena->allocator->ctx, chunk,
                                  sizeof(*chunk) + chunk->size);
    }
}

static struct arena_chunk *add_chunk(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk;
    size_t want = size > CHUNK_MIN ? size : CHUNK_MIN;

    /* Doubling keeps the number of chunks small for large messages. */
    if (want < arena->held / 2)
        want = arena->held / 2;
    /* The last chunk is what is left, so that its room costs one header. */
    if (want > arena->max - arena->held && size <= arena->max - arena->held)
        want = arena->max - arena->held;
    if (want > arena->max - arena->held) {
        want = size;
        release_unused(arena);
    }
    if (want > arena->max - arena->held) {
        arena->over = true;
        return NULL;
    }
    chunk =
        arena->allocator->alloc(arena->allocator->ctx, sizeof(*chunk) + want);
    if (chunk == NULL) {
        arena->over = false;
        return NULL;
    }
    *chunk = (struct arena_chunk){.size = want};
    arena->held += want;
    if (arena->current != NULL) {
        chunk->next = arena->current->next;
        arena->current->next = chunk;
    } else {
        arena->first = chunk;
    }
    arena->current = chunk;
    return chunk;
}

void *arena_alloc_slowly(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = arena->current;
    void *ptr;

    if (size > SIZE_MAX / 4) {
        arena->over = true;
        return NULL;
    }
    size = arena_round(size);
    while (chunk != NULL && chunk->size - chunk->used < size) {
        /* Kept chunks of earlier messages are used in order. */
        if (chunk->next == NULL || chunk->next->used > 0) {
            chunk = NULL;
            break;
        }
        chunk = chunk->next;
        arena->current = chunk;
    }
    if (chunk == NULL) {
        chunk = add_chunk(arena, size);
        if (chunk == NULL)
            return NULL;
    }
    ptr = chunk->data + chunk->used;
    chunk->used += size;
    return ptr;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
    void *ptr;

    if (size != 0 && count > SIZE_MAX / 4 / size) {
        arena->over = true;
        return NULL;
    }
    ptr = arena_alloc(arena, count * size);
    if (ptr != NULL)
        memset(ptr, 0, count * size);
    return ptr;
}

struct bounce_slice arena_dup(struct arena *arena, struct bounce_slice s)
{
    char *ptr;

    if (s.ptr == NULL)
        return s;
    ptr = arena_alloc(arena, s.len + 1);
    if (ptr == NULL)
        return SLICE_NULL;
    memcpy(ptr, s.ptr, s.len);
    ptr[s.len] = '\0';
    return slice_make(ptr, s.len);
}

enum bounce_err arena_error(const struct arena *arena)
{
    return arena->over ? BOUNCE_E_LIMIT : BOUNCE_E_NOMEM;
}
