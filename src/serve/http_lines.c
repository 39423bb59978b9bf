/* SPDX-License-Identifier: MIT */
#include "serve/http_lines.h"

#include "base/arena.h"

bool http_form(struct http_call *call, enum http_form *form_out)
{
    static const struct {
        const char *type;
        enum http_form form;
    } types[] = {
        {"application/json", HTTP_ONE},
        {"application/x-ndjson", HTTP_MANY},
        {"application/ndjson", HTTP_MANY},
        {"application/jsonl", HTTP_MANY},
        {"application/json-lines", HTTP_MANY},
        {"text/plain", HTTP_TEXT},
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        *form_out = types[i].form;
        if (http_has_type(call, types[i].type))
            return true;
    }
    http_problem(call, 415,
                 "application/json, application/x-ndjson or text/plain is "
                 "wanted");
    return false;
}

char *http_body_copy(struct http_call *call, struct arena *arena)
{
    const struct bounce_slice body = call->request->body;
    char *copy = arena_alloc(arena, body.len + 1);

    if (copy == NULL) {
        http_no_memory(call);
        return NULL;
    }
    memcpy(copy, body.ptr, body.len);
    copy[body.len] = '\0';
    return copy;
}

void http_lines_init(struct http_lines *lines, char *body, size_t len)
{
    *lines = (struct http_lines){body, len, 0};
}

bool http_lines_next(struct http_lines *lines, char **line_out, size_t *len_out)
{
    while (lines->len > 0) {
        char *end = memchr(lines->rest, '\n', lines->len);
        size_t len = end != NULL ? (size_t)(end - lines->rest) : lines->len;
        struct bounce_slice line = slice_trim(slice_make(lines->rest, len));

        *line_out = lines->rest + (line.ptr - lines->rest);
        *len_out = line.len;
        lines->rest += end != NULL ? len + 1 : len;
        lines->len -= end != NULL ? len + 1 : len;
        lines->line++;
        if (line.len > 0)
            return true;
    }
    return false;
}
