/* SPDX-License-Identifier: MIT */
#include "base/stanza.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/utf8.h"

#define MAX_FIELDS 4096
#define MAX_VALUE  ((size_t)64 * 1024)

void error_set(struct bounce_error *error, enum bounce_err code, unsigned line,
               const char *format, ...)
{
    va_list args;

    if (error == NULL)
        return;
    *error = (struct bounce_error){
        .code = code, .offset = BOUNCE_NO_OFFSET, .line = line};
    va_start(args, format);
    vsnprintf(error->msg, sizeof(error->msg), format, args);
    va_end(args);
    for (char *p = error->msg; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            *p = '?';
    }
}

void stanza_reader_init(struct stanza_reader *reader, struct bounce_slice text)
{
    /* A byte order mark is what some editors leave. */
    if (slice_starts(text, SLICE("\xEF\xBB\xBF")))
        text = slice_from(text, 3);
    *reader = (struct stanza_reader){.rest = text};
}

static bool is_continuation(struct bounce_slice line)
{
    return line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
}

/* The lines that continue field, joined to it by one blank each. */
static bool join_lines(struct stanza_reader *reader, struct arena *arena,
                       struct stanza_field *field)
{
    struct buf joined;
    bool copied = false;

    for (;;) {
        struct bounce_slice rest = reader->rest, line;

        if (!slice_next_line(&rest, &line) || !is_continuation(line) ||
            slice_trim(line).len == 0)
            break;
        if (!copied) {
            buf_init(&joined, arena, MAX_VALUE);
            buf_add(&joined, field->value);
            copied = true;
        }
        if (joined.len > 0)
            buf_add_byte(&joined, ' ');
        buf_add(&joined, slice_trim(line));
        reader->rest = rest;
        reader->line++;
    }
    if (copied) {
        field->value = buf_slice(&joined);
        if (joined.cut)
            arena->over = true;
        return !joined.failed && !joined.cut;
    }
    return true;
}

static bool parse_field(struct bounce_slice line, unsigned number,
                        struct stanza_field *field_out,
                        struct bounce_error *error_out)
{
    size_t colon = slice_find_byte(line, ':');

    if (utf8_valid_prefix(line) != line.len) {
        error_set(error_out, BOUNCE_E_RULES, number, "not UTF-8");
        return false;
    }
    if (is_continuation(line)) {
        error_set(error_out, BOUNCE_E_RULES, number,
                  "a line begins with a blank, but no field stands before it");
        return false;
    }
    if (colon == SLICE_NPOS || colon == 0) {
        error_set(error_out, BOUNCE_E_RULES, number, "not 'Field: value': %.*s",
                  SLICE_ARG(line));
        return false;
    }
    *field_out = (struct stanza_field){
        .name = slice_trim(slice_sub(line, 0, colon)),
        .value = slice_trim(slice_from(line, colon + 1)),
        .line = number,
    };
    return true;
}

static bool add_field(struct arena *arena, struct stanza *stanza, size_t *cap,
                      const struct stanza_field *field)
{
    if (stanza->count == *cap) {
        size_t more = *cap == 0 ? 16 : *cap * 2;
        struct stanza_field *fields;

        if (more > MAX_FIELDS) {
            arena->over = true;
            return false;
        }
        fields = arena_alloc(arena, more * sizeof(*fields));
        if (fields == NULL)
            return false;
        if (stanza->count > 0)
            memcpy(fields, stanza->fields, stanza->count * sizeof(*fields));
        stanza->fields = fields;
        *cap = more;
    }
    stanza->fields[stanza->count++] = *field;
    return true;
}

bool stanza_next(struct stanza_reader *reader, struct arena *arena,
                 struct stanza *stanza_out, struct bounce_error *error_out)
{
    struct bounce_slice line;
    size_t cap = 0;

    *stanza_out = (struct stanza){0};
    error_set(error_out, BOUNCE_OK, 0, "%s", "");
    while (slice_next_line(&reader->rest, &line)) {
        struct stanza_field field;

        reader->line++;
        if (line.len > 0 && line.ptr[0] == '#')
            continue;
        if (slice_trim(line).len == 0) {
            if (stanza_out->count > 0)
                return true;
            continue;
        }
        if (!parse_field(line, reader->line, &field, error_out))
            return false;
        if (!join_lines(reader, arena, &field) ||
            !add_field(arena, stanza_out, &cap, &field)) {
            error_set(error_out, arena_error(arena), field.line,
                      arena->over ? "stanza too large" : "out of memory");
            return false;
        }
    }
    return stanza_out->count > 0;
}
