/* SPDX-License-Identifier: MIT */
#include "store/record_json.h"

#include "base/utf8.h"

#define MAX_PATH  64
#define MAX_DEPTH 3

struct scanner {
    struct bounce_slice rest;
    struct arena *arena;
    record_json_fn *member;
    void *ctx;
    char path[MAX_PATH];
    size_t path_len;
};

static bool take_byte(struct scanner *s, char c)
{
    if (s->rest.len == 0 || *s->rest.ptr != c)
        return false;
    s->rest = slice_from(s->rest, 1);
    return true;
}

static bool take_word(struct scanner *s, struct bounce_slice word)
{
    if (!slice_starts(s->rest, word))
        return false;
    s->rest = slice_from(s->rest, word.len);
    return true;
}

/* The four digits of "\uXXXX". Bodies have no surrogates: only characters below
 * U+FFFF are escaped. */
static bool take_code(struct scanner *s, uint32_t *code_out)
{
    uint32_t code = 0;

    if (s->rest.len < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        unsigned char c = ascii_lower((unsigned char)s->rest.ptr[i]);

        if (ascii_is_digit(c))
            code = code << 4 | (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            code = code << 4 | (uint32_t)(c - 'a' + 10);
        else
            return false;
    }
    s->rest = slice_from(s->rest, 4);
    *code_out = code;
    return code < 0xD800 || code > 0xDFFF;
}

static bool take_escape(struct scanner *s, char *out, size_t *len)
{
    static const char names[] = "\"\\/nrtbf", values[] = "\"\\/\n\r\t\b\f";
    const char *at;
    uint32_t code;
    char c;

    if (s->rest.len == 0)
        return false;
    c = *s->rest.ptr;
    s->rest = slice_from(s->rest, 1);
    if (c == 'u') {
        if (!take_code(s, &code))
            return false;
        *len += utf8_encode(code, out + *len);
        return true;
    }
    at = c != '\0' ? strchr(names, c) : NULL;
    if (at == NULL)
        return false;
    out[(*len)++] = values[at - names];
    return true;
}

/* Behind the opening quote. */
static bool take_text(struct scanner *s, struct bounce_slice *text_out)
{
    size_t end = 0, len = 0;
    char *out;

    while (end < s->rest.len && s->rest.ptr[end] != '"' &&
           s->rest.ptr[end] != '\\')
        end++;
    if (end < s->rest.len && s->rest.ptr[end] == '"') {
        *text_out = slice_sub(s->rest, 0, end);
        s->rest = slice_from(s->rest, end + 1);
        return true;
    }
    /* No escape is shorter than what it stands for. */
    while (end < s->rest.len && s->rest.ptr[end] != '"')
        end += s->rest.ptr[end] == '\\' ? 2 : 1;
    if (end >= s->rest.len || (out = arena_alloc(s->arena, end)) == NULL)
        return false;
    while (!take_byte(s, '"')) {
        if (take_byte(s, '\\')) {
            if (!take_escape(s, out, &len))
                return false;
            continue;
        }
        out[len++] = *s->rest.ptr;
        s->rest = slice_from(s->rest, 1);
    }
    *text_out = slice_make(out, len);
    return true;
}

static bool take_number(struct scanner *s, struct record_json_value *value)
{
    bool negative = take_byte(s, '-');
    uint64_t whole = 0;
    double scale = 1, number;
    size_t digits = 0;

    for (; s->rest.len > 0 && ascii_is_digit((unsigned char)*s->rest.ptr);
         digits++) {
        if (digits == 18)
            return false;
        whole = whole * 10 + (uint64_t)(*s->rest.ptr - '0');
        s->rest = slice_from(s->rest, 1);
    }
    if (digits == 0)
        return false;
    number = (double)whole;
    if (take_byte(s, '.')) {
        while (s->rest.len > 0 && ascii_is_digit((unsigned char)*s->rest.ptr)) {
            scale /= 10;
            number += (*s->rest.ptr - '0') * scale;
            s->rest = slice_from(s->rest, 1);
        }
    }
    value->type = RECORD_JSON_NUMBER;
    value->integer = negative ? -(int64_t)whole : (int64_t)whole;
    value->number = negative ? -number : number;
    return true;
}

static bool enter(struct scanner *s, struct bounce_slice name)
{
    if (s->path_len + 1 + name.len > sizeof(s->path))
        return false;
    if (s->path_len > 0)
        s->path[s->path_len++] = '.';
    memcpy(s->path + s->path_len, name.ptr, name.len);
    s->path_len += name.len;
    return true;
}

static bool tell(struct scanner *s, const struct record_json_value *value)
{
    return s->member(s->ctx, slice_make(s->path, s->path_len), value);
}

static bool take_object(struct scanner *s, unsigned depth);

static bool take_value(struct scanner *s, unsigned depth)
{
    struct record_json_value value = {.type = RECORD_JSON_OBJECT};

    if (take_byte(s, '{'))
        return depth < MAX_DEPTH && tell(s, &value) &&
               take_object(s, depth + 1);
    if (take_byte(s, '"')) {
        value.type = RECORD_JSON_TEXT;
        if (!take_text(s, &value.text))
            return false;
        /* An empty text is a text. */
        if (value.text.ptr == NULL)
            value.text = SLICE("");
    } else if (take_word(s, SLICE("true"))) {
        value.type = RECORD_JSON_TRUE;
    } else if (take_word(s, SLICE("false"))) {
        value.type = RECORD_JSON_FALSE;
    } else if (!take_number(s, &value)) {
        return false;
    }
    return tell(s, &value);
}

/* Behind the opening brace. */
static bool take_object(struct scanner *s, unsigned depth)
{
    size_t outer = s->path_len;
    struct bounce_slice name;

    if (take_byte(s, '}'))
        return true;
    do {
        if (!take_byte(s, '"') || !take_text(s, &name) || !take_byte(s, ':') ||
            !enter(s, name) || !take_value(s, depth))
            return false;
        s->path_len = outer;
    } while (take_byte(s, ','));
    return take_byte(s, '}');
}

bool record_json_read(struct bounce_slice source, struct arena *arena,
                      record_json_fn *member, void *ctx)
{
    struct scanner s = {
        .rest = source, .arena = arena, .member = member, .ctx = ctx};

    return take_byte(&s, '{') && take_object(&s, 1) && s.rest.len == 0;
}
