/* SPDX-License-Identifier: MIT */
#include "serve/http_messages.h"

#include "mime/mbox.h"

#define BOUNDARY_MAX 70 /* RFC 2046 section 5.1.1 */

/* Flaws of which the second is none of the body. */
static const char out_of_memory[] = "out of memory";
static const char stopped[] = "stopped";

/* ---- mbox -------------------------------------------------------------- */

static const char *take_mbox(struct bounce_slice body, struct arena *arena,
                             size_t offset, http_message_fn *take, void *ctx)
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
        if (!take(ctx, slice_make(message, mbox_unquote(message, len)),
                  offset + start))
            return stopped;
        start = end;
    }
    return NULL;
}

static const char *take_one(struct bounce_slice body, struct arena *arena,
                            size_t offset, http_message_fn *take, void *ctx)
{
    if (mbox_detect(body))
        return take_mbox(body, arena, offset, take, ctx);
    return take(ctx, body, offset) ? NULL : stopped;
}

/* ---- Forms ------------------------------------------------------------- */

/* A value of a parameter: a quoted string or what stands before the next ";"
 * (RFC 9110 section 5.6.6). Takes it off text; what of it does not fit into out
 * makes it one too long. */
static size_t take_value(struct bounce_slice *text, char *out, size_t cap)
{
    const bool quoted = text->len > 0 && text->ptr[0] == '"';
    size_t at = quoted, len = 0;

    for (; at < text->len && text->ptr[at] != (quoted ? '"' : ';'); at++) {
        if (quoted && text->ptr[at] == '\\' && at + 1 < text->len)
            at++;
        if (len < cap)
            out[len++] = text->ptr[at];
    }
    *text = slice_from(*text, at);
    while (!quoted && len > 0 && ascii_is_space((unsigned char)out[len - 1]))
        len--;
    return len;
}

/* The boundary= of a Content-Type; its length, 0 when there is none that RFC
 * 2046 section 5.1.1 allows. */
static size_t read_boundary(struct bounce_slice type,
                            char boundary_out[BOUNDARY_MAX + 1])
{
    size_t semicolon, equals;

    while ((semicolon = slice_find_byte(type, ';')) != SLICE_NPOS) {
        struct bounce_slice name;
        size_t len;

        type = slice_trim(slice_from(type, semicolon + 1));
        equals = slice_find_byte(type, '=');
        if (equals == SLICE_NPOS || slice_find_byte(type, ';') < equals)
            continue;
        name = slice_trim(slice_sub(type, 0, equals));
        type = slice_trim(slice_from(type, equals + 1));
        len = take_value(&type, boundary_out, BOUNDARY_MAX + 1);
        if (slice_eq_nocase(name, SLICE("boundary")))
            return len <= BOUNDARY_MAX ? len : 0;
    }
    return 0;
}

struct form {
    struct bounce_slice rest, boundary;
    bool begun, closed; /* its first, its last delimiter was met */
};

/* The whole line counts, blanks behind it aside: one boundary may begin with
 * another one. */
static bool is_delimiter(const struct form *form, struct bounce_slice line,
                         bool *closes_out)
{
    while (line.len > 0 &&
           ascii_is_space((unsigned char)line.ptr[line.len - 1]))
        line.len--;
    if (!slice_starts(line, SLICE("--")) ||
        !slice_starts(slice_from(line, 2), form->boundary))
        return false;
    line = slice_from(line, form->boundary.len + 2);
    *closes_out = slice_eq(line, SLICE("--"));
    return *closes_out || line.len == 0;
}

/* What stands before the next delimiter, which is taken off too, without the
 * line end that belongs to it. false: no delimiter follows. */
static bool next_part(struct form *form, struct bounce_slice *part_out)
{
    const struct bounce_slice whole = form->rest;
    struct bounce_slice line;

    while (slice_next_line(&form->rest, &line)) {
        if (!is_delimiter(form, line, &form->closed))
            continue;
        *part_out = slice_sub(whole, 0, (size_t)(line.ptr - whole.ptr));
        if (slice_ends_nocase(*part_out, SLICE("\r\n")))
            part_out->len -= 2;
        else if (part_out->len > 0)
            part_out->len--;
        return true;
    }
    return false;
}

/* Nothing of a form that breaks off is taken: it will come again. */
static const char *check_form(struct form form)
{
    struct bounce_slice part;
    bool begun = false;

    while (!form.closed && next_part(&form, &part))
        begun = true;
    if (form.closed)
        return NULL;
    return begun ? "the body ends before its last boundary"
                 : "the boundary stands nowhere in the body";
}

/* A part behind its header. */
static struct bounce_slice content_of(struct bounce_slice part)
{
    struct bounce_slice line;

    while (slice_next_line(&part, &line) && line.len > 0)
        continue;
    return part;
}

static const char *take_form(struct bounce_slice body, struct bounce_slice type,
                             struct arena *arena, http_message_fn *take,
                             void *ctx)
{
    char boundary[BOUNDARY_MAX + 1];
    struct form form = {.rest = body};
    struct bounce_slice part;
    const char *flaw;

    form.boundary = slice_make(boundary, read_boundary(type, boundary));
    if (form.boundary.len == 0)
        return "multipart/form-data without a boundary";
    flaw = check_form(form);
    for (bool first = true; flaw == NULL && !form.closed; first = false) {
        (void)next_part(&form, &part);
        if (!first)
            part = content_of(part);
        if (!first && part.len > 0)
            flaw =
                take_one(part, arena, (size_t)(part.ptr - body.ptr), take, ctx);
    }
    return flaw;
}

/* ---- Multipart messages ------------------------------------------------ */

/* Whether a body begins with the header of a message that names its own type:
 * it is whole, whatever the header of the request says of it. */
static bool is_whole(struct bounce_slice body)
{
    struct bounce_slice line;

    for (bool first = true; slice_next_line(&body, &line); first = false) {
        size_t colon = slice_find_byte(line, ':');

        if (!first && line.len > 0 &&
            ascii_is_space((unsigned char)line.ptr[0]))
            continue;
        if (slice_starts_nocase(line, SLICE("Content-Type:")))
            return true;
        for (size_t i = 0; i < line.len && i < colon; i++) {
            if (line.ptr[i] <= ' ' || line.ptr[i] > '~') /* RFC 5322 2.2 */
                return false;
        }
        if (colon == SLICE_NPOS || colon == 0)
            return false;
    }
    return false;
}

/* "multipart/report" is the header of the message, whose body came alone. */
static const char *take_headless(struct bounce_slice body,
                                 struct bounce_slice type, struct arena *arena,
                                 http_message_fn *take, void *ctx)
{
    static const char name[] = "Content-Type: ", end[] = "\r\n\r\n";
    const size_t head = sizeof(name) - 1 + type.len + sizeof(end) - 1;
    char *message;

    if (is_whole(body) || mbox_detect(body))
        return take_one(body, arena, 0, take, ctx);
    message = arena_alloc(arena, head + body.len);
    if (message == NULL)
        return out_of_memory;
    memcpy(message, name, sizeof(name) - 1);
    memcpy(message + sizeof(name) - 1, type.ptr, type.len);
    memcpy(message + head - (sizeof(end) - 1), end, sizeof(end) - 1);
    memcpy(message + head, body.ptr, body.len);
    return take(ctx, slice_make(message, head + body.len), 0) ? NULL : stopped;
}

const char *http_messages(struct bounce_slice type, struct bounce_slice body,
                          struct arena *arena, http_message_fn *take, void *ctx)
{
    struct bounce_slice plain =
        slice_trim(slice_sub(type, 0, slice_find_byte(type, ';')));
    const char *flaw;

    if (slice_eq_nocase(plain, SLICE("multipart/form-data")))
        flaw = take_form(body, type, arena, take, ctx);
    else if (slice_starts_nocase(plain, SLICE("multipart/")))
        flaw = take_headless(body, type, arena, take, ctx);
    else
        flaw = take_one(body, arena, 0, take, ctx);
    return flaw == stopped ? NULL : flaw;
}
