/* SPDX-License-Identifier: MIT
 * A struct message with everything it needs, for tests of what reads mail. */
#ifndef TESTS_MIME_FIXTURE_H
#define TESTS_MIME_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/message.h"
#include "mime/charset.h"
#include "mime/mime.h"

#define FIXTURE_WARNINGS 50

struct fixture {
    struct bounce_options options;
    struct arena arena;
    struct charset_cache *charsets;
    struct bounce_warning warnings[FIXTURE_WARNINGS];
    struct message message;
};

/* false when the allocator refused. */
static inline bool fixture_init(struct fixture *fixture,
                                const struct bounce_allocator *allocator)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->options.max_depth = 32;
    fixture->options.max_parts = 1000;
    fixture->options.max_headers = 2000;
    fixture->options.max_header = 65536;
    fixture->options.max_warnings = FIXTURE_WARNINGS;
    arena_init(&fixture->arena, allocator, (size_t)64 << 20);
    fixture->charsets = charset_cache_new(allocator);
    fixture->message.arena = &fixture->arena;
    fixture->message.options = &fixture->options;
    fixture->message.charsets = fixture->charsets;
    fixture->message.warnings = fixture->warnings;
    return fixture->charsets != NULL;
}

static inline void fixture_clear(struct fixture *fixture)
{
    charset_cache_free(fixture->charsets);
    arena_clear(&fixture->arena);
}

/* Begins a new message that holds input. */
static inline struct message *fixture_begin(struct fixture *fixture,
                                            struct bounce_slice input)
{
    arena_reset(&fixture->arena);
    fixture->message.base = input.ptr;
    fixture->message.len = input.len;
    fixture->message.warning_count = 0;
    fixture->message.failed = BOUNCE_OK;
    return &fixture->message;
}

static inline bool fixture_warned(const struct fixture *fixture, const char *id)
{
    for (size_t i = 0; i < fixture->message.warning_count; i++) {
        if (strcmp(fixture->warnings[i].id, id) == 0)
            return true;
    }
    return false;
}

/* Fails the test, naming its row, when two texts differ. want NULL stands for
 * the NULL slice. */
static inline void check_slice(const char *label, struct bounce_slice got,
                               const char *want)
{
    if (want == NULL ? got.ptr == NULL
                     : got.ptr != NULL && slice_eq(got, slice_cstr(want)))
        return;
    fail_msg("%s: got \"%.*s\" (%zu bytes), want \"%s\"", label, (int)got.len,
             got.ptr != NULL ? got.ptr : "", got.len,
             want != NULL ? want : "(nothing)");
}

#endif
