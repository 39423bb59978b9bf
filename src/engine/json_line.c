/* SPDX-License-Identifier: MIT */
#include "engine/json_line.h"

char *json_line_begin(struct json_line *line, char *buf, size_t cap)
{
    *line = (struct json_line){.w = {cap > 0 ? buf : line->nowhere, cap, 0}};
    line->end = line->w.ptr + cap;
    return line->w.ptr;
}

size_t json_line_end(const struct json_line *line, const char *at)
{
    return line->counting ? line->w.len : (size_t)(at - line->w.ptr);
}

static struct json_writer *begin_counting(struct json_line *line,
                                          const char *at)
{
    if (!line->counting)
        line->w.len = (size_t)(at - line->w.ptr);
    line->counting = true;
    return &line->w;
}

char *json_line_count(struct json_line *line, const char *at, const char *text,
                      size_t len)
{
    json_raw(begin_counting(line, at), text, len);
    return line->end; /* where nothing has room */
}

char *json_line_count_string(struct json_line *line, const char *at,
                             const char *key, size_t key_len,
                             struct bounce_slice s)
{
    struct json_writer *w = begin_counting(line, at);

    json_raw(w, key, key_len);
    json_string(w, s);
    return line->end;
}
