/* SPDX-License-Identifier: MIT
 * The body of a part as text. */
#include "base/utf8.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/mime.h"

/* A charset that the page itself names: <meta charset=x>, or "text/html;
 * charset=x" in a <meta http-equiv>. Browsers look at the first 1024 bytes. */
static struct bounce_slice find_meta_charset(struct bounce_slice html)
{
    struct bounce_slice head = slice_sub(html, 0, 1024), name;
    size_t at = slice_find_nocase(head, SLICE("charset="));
    size_t n = 0;

    if (at == SLICE_NPOS)
        return SLICE_NULL;
    name = slice_from(head, at + 8);
    if (name.len > 0 && (*name.ptr == '"' || *name.ptr == '\''))
        name = slice_from(name, 1);
    while (n < name.len && (ascii_is_alnum((unsigned char)name.ptr[n]) ||
                            name.ptr[n] == '-' || name.ptr[n] == '_'))
        n++;
    /* In a charset that needs more than single bytes it could not be read. */
    if (slice_starts_nocase(name, SLICE("utf-16")))
        return SLICE_NULL;
    return slice_sub(name, 0, n);
}

/* CRLF, CR CR LF and CR become LF. */
static struct bounce_slice unify_lines(struct message *message,
                                       struct bounce_slice text)
{
    char *start, *out;

    if (slice_find_byte(text, '\r') == SLICE_NPOS)
        return text;
    start = out = message_alloc(message, text.len);
    if (start == NULL)
        return SLICE_NULL;
    while (text.len > 0) {
        size_t n = slice_find_byte(text, '\r');

        if (n == SLICE_NPOS)
            n = text.len;
        memcpy(out, text.ptr, n);
        out += n;
        text = slice_from(text, n);
        if (text.len == 0)
            break;
        *out++ = '\n';
        n = 1;
        if (text.len > 2 && text.ptr[1] == '\r' && text.ptr[2] == '\n')
            n = 3;
        else if (text.len > 1 && text.ptr[1] == '\n')
            n = 2;
        text = slice_from(text, n);
    }
    return slice_make(start, (size_t)(out - start));
}

/* How many raw bytes may be needed for max bytes of text. */
static size_t raw_limit(enum mime_type type, size_t max)
{
    size_t factor = type == MIME_TYPE_TEXT_HTML ? 8 : 2;

    return max > SIZE_MAX / 16 ? SIZE_MAX : max * factor + 4096;
}

struct bounce_slice mime_text(struct message *message,
                              const struct mime_part *part, size_t max)
{
    bool html = part->type == MIME_TYPE_TEXT_HTML;
    size_t limit = raw_limit(part->type, max);
    struct bounce_slice text = mime_decode_body(message, part, limit);
    struct bounce_slice charset = part->charset;

    if (text.ptr == NULL)
        return text;
    if (html && charset.len == 0)
        charset = find_meta_charset(text);
    text = charset_to_utf8(message, charset, text, limit);
    if (html)
        text = mime_html_text(message, text, max);
    else if (text.ptr != NULL)
        text = unify_lines(message, text);
    if (text.len > max) {
        message_warn(message, "body-cut",
                     "The text of a part is too long and was cut",
                     part->body.ptr);
        text.len = utf8_cut(text, max);
    }
    return text;
}
