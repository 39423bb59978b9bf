/* SPDX-License-Identifier: MIT
 * An allocator that fails at its n-th call, and counts what is not given back.
 *
 *     struct failing_alloc failing;
 *     for (size_t n = 0; ; n++) {
 *         failing_alloc_init(&failing, n);
 *         bool done = work(&failing.allocator);
 *         assert_int_equal(failing.held, 0);
 *         if (done)
 *             break;
 *     }
 */
#ifndef TESTS_FAILING_ALLOC_H
#define TESTS_FAILING_ALLOC_H

#include <stdlib.h>

#include "bounce.h"

#define FAILING_ALLOC_NEVER SIZE_MAX

struct failing_alloc {
    struct bounce_allocator allocator;
    size_t calls;   /* alloc and resize so far */
    size_t fail_at; /* this call (from 0) and all later ones fail */
    size_t held;    /* bytes not yet released */
};

static inline bool failing_alloc_refuses(struct failing_alloc *failing)
{
    return failing->calls++ >= failing->fail_at;
}

static inline void *failing_alloc_alloc(void *ctx, size_t size)
{
    struct failing_alloc *failing = ctx;
    void *ptr = failing_alloc_refuses(failing) ? NULL : malloc(size);

    if (ptr != NULL)
        failing->held += size;
    return ptr;
}

static inline void *failing_alloc_resize(void *ctx, void *ptr, size_t old_size,
                                         size_t new_size)
{
    struct failing_alloc *failing = ctx;
    void *moved =
        failing_alloc_refuses(failing) ? NULL : realloc(ptr, new_size);

    if (moved != NULL)
        failing->held += new_size - old_size;
    return moved;
}

static inline void failing_alloc_release(void *ctx, void *ptr, size_t size)
{
    struct failing_alloc *failing = ctx;

    failing->held -= ptr != NULL ? size : 0;
    free(ptr);
}

static inline void failing_alloc_init(struct failing_alloc *failing,
                                      size_t fail_at)
{
    *failing =
        (struct failing_alloc){{failing_alloc_alloc, failing_alloc_resize,
                                failing_alloc_release, failing},
                               0,
                               fail_at,
                               0};
}

#endif
