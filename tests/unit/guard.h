/* SPDX-License-Identifier: MIT
 * Copies of test inputs that end right before an unreadable page, so that one
 * byte read too many crashes (after picohttpparser's tests). */
#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/slice.h"

struct guard {
    char *map;
    size_t size; /* of the whole mapping */
    struct bounce_slice slice;
};

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS 0x20 /* hidden by strict POSIX headers */
#endif

/* Aborts when the system refuses: a test cannot go on then. */
static inline struct guard guard_copy(const void *data, size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (len + page - 1) / page * page;
    struct guard guard;

    guard.size = room + page;
    guard.map = mmap(NULL, guard.size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guard.map == MAP_FAILED ||
        mprotect(guard.map + room, page, PROT_NONE) != 0)
        abort();
    guard.slice = slice_make(guard.map + room - len, len);
    if (len > 0)
        memcpy(guard.map + room - len, data, len);
    return guard;
}

static inline struct guard guard_slice(struct bounce_slice s)
{
    return guard_copy(s.ptr, s.len);
}

static inline void guard_free(struct guard *guard)
{
    munmap(guard->map, guard->size);
}

#endif
