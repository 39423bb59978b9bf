/* SPDX-License-Identifier: MIT
 * Bodies with messages. The first line of the input is the Content-Type. What
 * is handed over lies in the body, or is a copy of what does; a body with a flaw
 * hands over nothing; and each form comes out again as it was put together. */
#include <stdlib.h>

#include "serve/bytes.h"
#include "serve/http_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    size_t bytes, count, size;
};

static bool look(void *ctx, struct bounce_slice message, size_t offset)
{
    struct seen *seen = ctx;

    if (offset > seen->size)
        abort();
    for (size_t i = 0; i < message.len; i++)
        seen->bytes += (unsigned char)message.ptr[i];
    seen->count++;
    return true;
}

static const char *read_body(struct bounce_slice type, struct bounce_slice body,
                             http_message_fn *take, void *ctx)
{
    struct arena arena;
    const char *flaw;
    /* Exactly as long as it is, so that one byte too many is seen. */
    char *copy = malloc(body.len > 0 ? body.len : 1);

    if (copy == NULL)
        abort();
    if (body.len > 0)
        memcpy(copy, body.ptr, body.len);
    arena_init(&arena, allocator_default(), (size_t)1 << 24);
    flaw = http_messages(type, slice_make(copy, body.len), &arena, take, ctx);
    arena_clear(&arena);
    free(copy);
    return flaw;
}

static bool compare(void *ctx, struct bounce_slice message, size_t offset)
{
    struct bounce_slice *wanted = ctx;

    (void)offset;
    if (!slice_eq(message, *wanted))
        abort();
    wanted->len = SIZE_MAX; /* there is one */
    return true;
}

/* A form around body, with a boundary that stands nowhere in it. */
static void wrap(struct bounce_slice body)
{
    struct bounce_slice wanted = body;
    struct bytes form = {0};

    if (body.len == 0 || slice_starts(body, SLICE("From ")) ||
        slice_find(body, SLICE("--zq7")) != SLICE_NPOS)
        return;
    if (!bytes_add(&form, SLICE("--zq7\r\nX: y\r\n\r\n")) ||
        !bytes_add(&form, body) || !bytes_add(&form, SLICE("\r\n--zq7--")))
        abort();
    if (read_body(SLICE("multipart/form-data; boundary=zq7"),
                  bytes_slice(&form), compare, &wanted) != NULL ||
        wanted.len != SIZE_MAX)
        abort();
    bytes_free(&form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bounce_slice body = slice_make((const char *)data, size), type;
    struct seen seen = {.size = size};
    const char *flaw;

    if (!slice_next_line(&body, &type))
        return 0;
    flaw = read_body(type, body, look, &seen);
    if (flaw != NULL && seen.count > 0)
        abort();
    wrap(body);
    return 0;
}
