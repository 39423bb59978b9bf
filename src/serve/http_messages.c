/* SPDX-License-Identifier: MIT */
#include "serve/http_messages.h"

#include "mime/mbox.h"

static const char out_of_memory[] = "out of memory";

/* ---- mbox -------------------------------------------------------------- */

static const char *take_mbox(struct bounce_slice body, struct arena *arena,
                             http_message_fn *take, void *ctx)
{
    size_t start = 0;

    while (start < body.len) {
        size_t resume, end = mbox_find(body, start + 1, true, &resume);
        char *message;
        size_t len;

        if (end == SLICE_NPOS)
            end = body.len;
        len = end - start;
        message = arena_alloc(arena, len);
        if (message == NULL)
            return out_of_memory;
        memcpy(message, body.ptr + start, len);
        if (!take(ctx, slice_make(message, mbox_unquote(message, len)), start))
            return NULL;
        start = end;
    }
    return NULL;
}

/* ---- Forms ------------------------------------------------------------- */

/* The value of boundary= in a Content-Type. */
static struct bounce_slice boundary_of(struct bounce_slice type)
{
    size_t at = slice_find_nocase(type, SLICE("boundary="));
    struct bounce_slice value;

    if (at == SLICE_NPOS)
        return SLICE_NULL;
    value = slice_from(type, at + 9);
    if (value.len > 0 && value.ptr[0] == '"') {
        value = slice_from(value, 1);
        return slice_sub(value, 0, slice_find_byte(value, '"'));
    }
    return slice_trim(slice_sub(value, 0, slice_find_byte(value, ';')));
}

/* Where the next line "--boundary" begins, at or behind from; SLICE_NPOS: there
 * is none. */
static size_t find_delimiter(struct bounce_slice body, size_t from,
                             struct bounce_slice delimiter)
{
    while (from < body.len) {
        size_t at = slice_find(slice_from(body, from), delimiter);

        if (at == SLICE_NPOS)
            return SLICE_NPOS;
        from += at;
        if (from == 0 || body.ptr[from - 1] == '\n')
            return from;
        from++;
    }
    return SLICE_NPOS;
}

/* A part without its headers and the line end that belongs to the delimiter
 * behind it. */
static struct bounce_slice content_of(struct bounce_slice part)
{
    struct bounce_slice rest = part, line;

    while (slice_next_line(&rest, &line) && line.len > 0)
        continue;
    if (rest.len > 0 && rest.ptr[rest.len - 1] == '\n')
        rest.len--;
    if (rest.len > 0 && rest.ptr[rest.len - 1] == '\r')
        rest.len--;
    return rest;
}

static const char *take_one(struct bounce_slice body, struct arena *arena,
                            size_t offset, http_message_fn *take, void *ctx)
{
    if (mbox_detect(body))
        return take_mbox(body, arena, take, ctx);
    (void)take(ctx, body, offset);
    return NULL;
}

static const char *take_form(struct bounce_slice body, struct bounce_slice type,
                             struct arena *arena, http_message_fn *take,
                             void *ctx)
{
    struct bounce_slice boundary = boundary_of(type), delimiter;
    size_t at, end;
    char *text;

    if (boundary.len == 0 || boundary.len > 70) /* RFC 2046 section 5.1.1 */
        return "multipart/form-data without a boundary";
    text = arena_alloc(arena, boundary.len + 2);
    if (text == NULL)
        return out_of_memory;
    memcpy(text, "--", 2);
    memcpy(text + 2, boundary.ptr, boundary.len);
    delimiter = slice_make(text, boundary.len + 2);
    at = find_delimiter(body, 0, delimiter);
    if (at == SLICE_NPOS)
        return "the boundary stands nowhere in the body";
    for (;; at = end) {
        struct bounce_slice part, line, rest;

        at += delimiter.len;
        rest = slice_from(body, at);
        if (slice_starts(rest, SLICE("--")))
            return NULL;
        end = find_delimiter(body, at, delimiter);
        if (end == SLICE_NPOS)
            return "the body ends before its last boundary";
        part = slice_sub(body, at, end - at);
        (void)slice_next_line(&part, &line); /* of the delimiter itself */
        part = content_of(part);
        if (part.len > 0 && take_one(part, arena, (size_t)(part.ptr - body.ptr),
                                     take, ctx) != NULL)
            return out_of_memory;
    }
}

/* "multipart/report" is the header of the message, whose body came alone. */
static const char *take_headless(struct bounce_slice body,
                                 struct bounce_slice type, struct arena *arena,
                                 http_message_fn *take, void *ctx)
{
    static const char name[] = "Content-Type: ", end[] = "\r\n\r\n";
    const size_t head = sizeof(name) - 1 + type.len + sizeof(end) - 1;
    char *message = arena_alloc(arena, head + body.len);

    if (message == NULL)
        return out_of_memory;
    memcpy(message, name, sizeof(name) - 1);
    memcpy(message + sizeof(name) - 1, type.ptr, type.len);
    memcpy(message + head - (sizeof(end) - 1), end, sizeof(end) - 1);
    memcpy(message + head, body.ptr, body.len);
    (void)take(ctx, slice_make(message, head + body.len), 0);
    return NULL;
}

const char *http_messages(struct http_call *call, struct arena *arena,
                          http_message_fn *take, void *ctx)
{
    struct bounce_slice type = slice_cstr(http_head(call, "Content-Type"));
    const struct bounce_slice body = call->request->body;

    if (http_has_type(call, "multipart/form-data"))
        return take_form(body, type, arena, take, ctx);
    if (slice_starts_nocase(type, SLICE("multipart/")))
        return take_headless(body, type, arena, take, ctx);
    return take_one(body, arena, 0, take, ctx);
}
