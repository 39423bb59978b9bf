/* SPDX-License-Identifier: MIT */
#include "cli/textbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "cli/cli.h"

void textbuf_free(struct textbuf *text)
{
    free(text->ptr);
    *text = (struct textbuf){0};
}

char *textbuf_room(struct textbuf *text, size_t extra)
{
    if (extra > text->cap - text->len) {
        size_t cap = text->cap < 256 ? 256 : text->cap;

        if (extra > SIZE_MAX / 4 - text->len)
            cli_fail(CLI_TRY_AGAIN, "out of memory");
        while (cap - text->len < extra)
            cap *= 2;
        text->ptr = cli_realloc(text->ptr, cap);
        text->cap = cap;
    }
    return text->ptr + text->len;
}

void textbuf_add(struct textbuf *text, struct bounce_slice s)
{
    if (s.len == 0)
        return;
    memcpy(textbuf_room(text, s.len), s.ptr, s.len);
    text->len += s.len;
}

void textbuf_cstr(struct textbuf *text, const char *s)
{
    textbuf_add(text, slice_cstr(s));
}

void textbuf_byte(struct textbuf *text, char c)
{
    *textbuf_room(text, 1) = c;
    text->len++;
}

void textbuf_repeat(struct textbuf *text, char c, size_t count)
{
    if (count == 0)
        return;
    memset(textbuf_room(text, count), c, count);
    text->len += count;
}

void textbuf_format(struct textbuf *text, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(textbuf_room(text, 256), 256, format, args);
    va_end(args);
    if (len >= 256) {
        va_start(args, format);
        len = vsnprintf(textbuf_room(text, (size_t)len + 1), (size_t)len + 1,
                        format, args);
        va_end(args);
    }
    if (len > 0)
        text->len += (size_t)len;
}

/* Marks that reorder or end a line though they are no control characters. */
static bool is_steering(uint32_t code)
{
    return code == 0x061C || code == 0x200E || code == 0x200F ||
           (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

/* The first character of s, which is no printable ASCII; its length. */
static size_t clean_special(struct textbuf *text, struct bounce_slice s)
{
    unsigned char c = (unsigned char)s.ptr[0];
    uint32_t code = 0;
    bool ok = true;
    size_t len;

    if (c == '\n' || c == '\t' || c == '\r') {
        textbuf_byte(text, '\\');
        textbuf_byte(text, c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
        return 1;
    }
    if (c < 0x80) {
        textbuf_format(text, "\\x%02x", c);
        return 1;
    }
    len = utf8_decode(s, &code, &ok);
    if (!ok)
        textbuf_cstr(text, "\xEF\xBF\xBD");
    else if (code < 0xA0 || is_steering(code))
        textbuf_format(text, "\\u%04x", (unsigned)code);
    else
        textbuf_add(text, slice_make(s.ptr, len));
    return len;
}

void textbuf_clean(struct textbuf *text, struct bounce_slice s)
{
    while (s.len > 0) {
        size_t run = 0;

        while (run < s.len && s.ptr[run] >= 0x20 && s.ptr[run] < 0x7F)
            run++;
        textbuf_add(text, slice_make(s.ptr, run));
        s = slice_from(s, run);
        if (s.len > 0)
            s = slice_from(s, clean_special(text, s));
    }
}

/* wcwidth() depends on the locale; this little serves for mail. */
static size_t columns_of(uint32_t code)
{
    if ((code >= 0x0300 && code <= 0x036F) || code == 0x200B ||
        code == 0x200D || (code >= 0xFE00 && code <= 0xFE0F))
        return 0;
    if ((code >= 0x1100 && code <= 0x115F) ||
        (code >= 0x2E80 && code <= 0xA4CF) ||
        (code >= 0xAC00 && code <= 0xD7A3) ||
        (code >= 0xF900 && code <= 0xFAFF) ||
        (code >= 0xFE30 && code <= 0xFE6F) ||
        (code >= 0xFF00 && code <= 0xFF60) ||
        (code >= 0x1F300 && code <= 0x1FAFF) ||
        (code >= 0x20000 && code <= 0x3FFFD))
        return 2;
    return 1;
}

size_t textbuf_columns(struct bounce_slice s)
{
    size_t columns = 0;

    while (s.len > 0) {
        uint32_t code = 0;
        bool ok = true;
        size_t len = utf8_decode(s, &code, &ok);

        columns += columns_of(code);
        s = slice_from(s, len);
    }
    return columns;
}

size_t textbuf_fit(struct bounce_slice s, size_t columns)
{
    size_t at = 0;

    while (at < s.len) {
        uint32_t code = 0;
        bool ok = true;
        size_t len = utf8_decode(slice_from(s, at), &code, &ok);

        if (columns_of(code) > columns)
            break;
        columns -= columns_of(code);
        at += len;
    }
    return at;
}

void textbuf_wrap(struct textbuf *text, struct bounce_slice s, size_t indent,
                  size_t width)
{
    struct textbuf clean = {0};
    struct bounce_slice rest, word;
    size_t used = 0;

    textbuf_clean(&clean, slice_trim(s));
    rest = textbuf_slice(&clean);
    while (slice_next_piece(&rest, ' ', &word)) {
        size_t columns = textbuf_columns(word);

        if (columns == 0)
            continue;
        if (used > 0 && used + 1 + columns > width) {
            textbuf_byte(text, '\n');
            used = 0;
        }
        if (used == 0) {
            textbuf_repeat(text, ' ', indent);
            used = indent;
        } else {
            textbuf_byte(text, ' ');
            used++;
        }
        textbuf_add(text, word);
        used += columns;
    }
    if (used > 0)
        textbuf_byte(text, '\n');
    textbuf_free(&clean);
}
