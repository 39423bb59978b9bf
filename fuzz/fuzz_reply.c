/* SPDX-License-Identifier: MIT
 * Any diagnostic: the results stay inside their text. */
#include <stdlib.h>

#include "report/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool inside(struct bounce_slice s, struct bounce_slice whole)
{
    return s.len == 0 ||
           (s.ptr >= whole.ptr && s.ptr + s.len <= whole.ptr + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bounce_options options = {.max_diagnostic = 4096};
    struct arena arena;
    struct message message = {.arena = &arena,
                              .options = &options,
                              .base = (const char *)data,
                              .len = size};
    struct reply reply;

    arena_init(&arena, allocator_default(), (size_t)1 << 24);
    reply_parse(&message, slice_make((const char *)data, size), &reply);
    require(message.failed == BOUNCE_OK);
    require(reply.whole.len <= options.max_diagnostic);
    require(inside(reply.basis, reply.whole));
    require(inside(reply.inner, reply.basis));
    require(inside(reply.text, reply.basis));
    require(inside(reply.host, reply.whole));
    require(inside(reply.ip, reply.whole));
    require(reply.code == 0 || (reply.code >= 200 && reply.code <= 699));
    require(reply.status.ptr == NULL ||
            (inside(reply.status, reply.whole) &&
             reply_match_status(reply.status) == reply.status.len));
    arena_clear(&arena);
    return 0;
}
