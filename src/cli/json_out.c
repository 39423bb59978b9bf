/* SPDX-License-Identifier: MIT */
#include "cli/json_out.h"

#include "base/date.h"
#include "engine/json_write.h"

void json_out_string(struct textbuf *text, struct bounce_slice s)
{
    struct json_writer w;
    size_t room = s.len * 6 + 8; /* six bytes at most for one, quotes, null */

    w = (struct json_writer){textbuf_room(text, room), room, 0};
    json_string(&w, s);
    text->len += w.len;
}

void json_out_strings(struct textbuf *text, const struct bounce_slice *list,
                      size_t count)
{
    struct json_writer w;
    size_t room = 2;

    for (size_t i = 0; i < count; i++)
        room += list[i].len * 6 + 8; /* as above; a comma, too */
    w = (struct json_writer){textbuf_room(text, room), room, 0};
    json_strings(&w, list, count);
    text->len += w.len;
}

void json_out_rate(struct textbuf *text, double value)
{
    const size_t room = 32; /* 12 digits, a point, 6 more */
    struct json_writer w = {textbuf_room(text, room), room, 0};

    json_rate(&w, value);
    text->len += w.len;
}

void json_out_key(struct textbuf *text, const char *key)
{
    if (text->len > 0 && text->ptr[text->len - 1] != '{')
        textbuf_byte(text, ',');
    textbuf_format(text, "\"%s\":", key);
}

void json_out_member(struct textbuf *text, const char *key,
                     struct bounce_slice s)
{
    json_out_key(text, key);
    json_out_string(text, s);
}

void json_out_number(struct textbuf *text, const char *key, int64_t value)
{
    json_out_key(text, key);
    textbuf_format(text, "%lld", (long long)value);
}

void json_out_bool(struct textbuf *text, const char *key, bool value)
{
    json_out_key(text, key);
    textbuf_cstr(text, value ? "true" : "false");
}

void json_out_time(struct textbuf *text, const char *key, int64_t time)
{
    struct json_writer w;

    json_out_key(text, key);
    w = (struct json_writer){textbuf_room(text, DATE_ISO_SIZE + 8),
                             DATE_ISO_SIZE + 8, 0};
    json_time(&w, time);
    text->len += w.len;
}

void json_out_known(struct textbuf *text, const char *key, const char *value)
{
    json_out_member(text, key,
                    value[0] != '\0' ? slice_cstr(value) : SLICE_NULL);
}

void json_out_code(struct textbuf *text, const struct bounce_code *code)
{
    textbuf_byte(text, '{');
    json_out_member(text, "code", code->code);
    json_out_member(text, "service", code->service);
    json_out_member(text, "title", code->title);
    json_out_member(text, "category", code->category);
    json_out_member(text, "meaning", code->meaning);
    json_out_member(text, "cause", code->cause);
    json_out_member(text, "remedy", code->remedy);
    json_out_member(text, "reference", code->reference);
    textbuf_byte(text, '}');
}
