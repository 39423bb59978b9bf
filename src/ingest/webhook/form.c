/* SPDX-License-Identifier: MIT
 * Bodies of HTML forms. */
#include "ingest/webhook/hook.h"

#include "base/utf8.h"
#include "mime/decode.h"

#define FIELDS_MAX 1000

/* "+" is a blank, "%41" a byte (URL Standard section 5.1). */
static struct bounce_slice unescape(struct arena *arena, struct bounce_slice s)
{
    char *out = arena_alloc(arena, s.len + 1);
    size_t n = 0;

    if (out == NULL)
        return SLICE_NULL;
    for (size_t i = 0; i < s.len; i++) {
        unsigned high = 16, low = 16;

        if (s.ptr[i] == '%' && i + 2 < s.len) {
            high = decode_hex((unsigned char)s.ptr[i + 1]);
            low = decode_hex((unsigned char)s.ptr[i + 2]);
        }
        if (high < 16 && low < 16) {
            out[n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[n++] = s.ptr[i] == '+' ? ' ' : s.ptr[i];
        }
    }
    return slice_make(out, n);
}

struct filling {
    struct arena *arena;
    struct json *object, *last;
    const char *flaw; /* NULL and failed: memory is out */
    bool failed;
};

static void add_field(struct filling *f, struct bounce_slice name,
                      struct bounce_slice value)
{
    f->failed = true;
    if (name.ptr == NULL || value.ptr == NULL)
        return;
    if (f->object->count == FIELDS_MAX)
        f->flaw = "too many fields";
    else if (utf8_valid_prefix(name) != name.len ||
             utf8_valid_prefix(value) != value.len)
        f->flaw = "not UTF-8";
    else
        f->failed =
            !json_object_add(f->object, &f->last, f->arena, name, value);
}

static void read_urlencoded(struct filling *f, struct bounce_slice body)
{
    struct bounce_slice pair;

    body = slice_trim(body);
    if (slice_find_byte(body, '=') == SLICE_NPOS) {
        f->flaw = "neither JSON nor a form";
        f->failed = true;
    }
    while (!f->failed && slice_next_piece(&body, '&', &pair)) {
        size_t equals = slice_find_byte(pair, '=');
        struct bounce_slice name = slice_sub(pair, 0, equals);

        if (pair.len == 0)
            continue;
        add_field(f, unescape(f->arena, name),
                  unescape(f->arena, slice_from(pair, equals == SLICE_NPOS
                                                          ? pair.len
                                                          : equals + 1)));
    }
}

/* A parameter such as name="x" of a header's value. */
static struct bounce_slice parameter(struct bounce_slice value,
                                     const char *name)
{
    struct bounce_slice key = slice_cstr(name);

    for (size_t at; (at = slice_find_nocase(value, key)) != SLICE_NPOS;) {
        bool begins =
            at > 0 && (value.ptr[at - 1] == ' ' || value.ptr[at - 1] == ';' ||
                       value.ptr[at - 1] == '\t');

        value = slice_from(value, at + key.len);
        if (!begins || value.len == 0 || value.ptr[0] != '=')
            continue;
        value = slice_from(value, 1);
        if (value.len > 0 && value.ptr[0] == '"') {
            value = slice_from(value, 1);
            return slice_sub(value, 0, slice_find_byte(value, '"'));
        }
        return slice_trim(slice_sub(value, 0, slice_find_byte(value, ';')));
    }
    return SLICE_NULL;
}

/* One part of RFC 7578: fields with a file name are attachments. */
static void read_part(struct filling *f, struct bounce_slice part)
{
    struct bounce_slice line, name = SLICE_NULL;
    bool file = false;

    while (slice_next_line(&part, &line) && line.len > 0) {
        if (!slice_starts_nocase(line, SLICE("Content-Disposition:")))
            continue;
        name = parameter(line, "name");
        file = parameter(line, "filename").ptr != NULL;
    }
    if (name.len == 0 || file)
        return;
    if (part.ptr == NULL)
        part = SLICE("");
    if (part.len > 0 && part.ptr[part.len - 1] == '\n')
        part.len--;
    if (part.len > 0 && part.ptr[part.len - 1] == '\r')
        part.len--;
    add_field(f, name, part);
}

/* Behind "--" and the boundary the line ends, or there is "--": one boundary may
 * begin with another one. */
static bool ends_delimiter(struct bounce_slice rest)
{
    return rest.len == 0 || ascii_is_space((unsigned char)rest.ptr[0]) ||
           slice_starts(rest, SLICE("--"));
}

static void read_multipart(struct filling *f, struct bounce_slice body,
                           struct bounce_slice boundary)
{
    bool inside = false, closed = false;

    while (!f->failed && !closed) {
        struct bounce_slice rest = body;
        size_t at = 0;

        /* The boundary stands at the beginning of a line behind "--". */
        for (;;) {
            size_t dashes = slice_find(slice_from(rest, at), SLICE("--"));

            if (dashes == SLICE_NPOS) {
                f->flaw = "the form breaks off";
                f->failed = true;
                return;
            }
            at += dashes;
            if ((at == 0 || rest.ptr[at - 1] == '\n') &&
                slice_starts(slice_from(rest, at + 2), boundary) &&
                ends_delimiter(slice_from(rest, at + 2 + boundary.len)))
                break;
            at++;
        }
        if (inside)
            read_part(f, slice_sub(rest, 0, at));
        inside = true;
        body = slice_from(rest, at + 2 + boundary.len);
        closed = slice_starts(body, SLICE("--"));
        body = slice_from(body, slice_find_byte(body, '\n') == SLICE_NPOS
                                    ? body.len
                                    : slice_find_byte(body, '\n') + 1);
    }
}

struct json *hook_form_read(struct arena *arena, struct bounce_slice body,
                            struct bounce_slice content_type,
                            const char **flaw_out)
{
    struct filling f = {.arena = arena, .object = json_object_new(arena)};

    *flaw_out = NULL;
    if (f.object == NULL)
        return NULL;
    f.object->text = body;
    if (slice_starts_nocase(content_type, SLICE("multipart/form-data"))) {
        struct bounce_slice boundary = parameter(content_type, "boundary");

        if (boundary.len > 0) {
            read_multipart(&f, body, boundary);
        } else {
            f.flaw = "the form names no boundary";
            f.failed = true;
        }
    } else {
        read_urlencoded(&f, body);
    }
    *flaw_out = f.flaw;
    return f.failed ? NULL : f.object;
}
