/* SPDX-License-Identifier: MIT */
#include "mime/part.h"

struct type_name {
    struct bounce_slice name;
    enum mime_type type;
};

#define NAME(text)                                                             \
    {                                                                          \
        (text), sizeof(text) - 1                                               \
    }

static const struct type_name type_names[] = {
    {NAME("text/html"), MIME_TYPE_TEXT_HTML},
    {NAME("application/xhtml+xml"), MIME_TYPE_TEXT_HTML},
    {NAME("text/rfc822-headers"), MIME_TYPE_TEXT_HEADERS},
    {NAME("text/rfc822-header"), MIME_TYPE_TEXT_HEADERS},
    {NAME("message/global-headers"), MIME_TYPE_TEXT_HEADERS},
    {NAME("message/rfc822-headers"), MIME_TYPE_TEXT_HEADERS},
    {NAME("message/rfc822"), MIME_TYPE_MESSAGE},
    {NAME("message/global"), MIME_TYPE_MESSAGE},
    {NAME("message/news"), MIME_TYPE_MESSAGE},
    {NAME("message/delivery-status"), MIME_TYPE_DELIVERY_STATUS},
    {NAME("message/global-delivery-status"), MIME_TYPE_DELIVERY_STATUS},
    {NAME("message/feedback-report"), MIME_TYPE_FEEDBACK_REPORT},
    {NAME("message/disposition-notification"), MIME_TYPE_DISPOSITION},
    {NAME("message/global-disposition-notification"), MIME_TYPE_DISPOSITION},
};

static enum mime_type classify(struct bounce_slice media)
{
    if (slice_starts_nocase(media, SLICE("multipart/")))
        return MIME_TYPE_MULTIPART;
    for (size_t i = 0; i < sizeof(type_names) / sizeof(*type_names); i++) {
        if (slice_eq_nocase(media, type_names[i].name))
            return type_names[i].type;
    }
    /* RFC 1049 knew "text" alone. RFC 2045 section 5.2 reads what has no
     * valid type as plain text. */
    if (slice_starts_nocase(media, SLICE("text")) ||
        slice_find_byte(media, '/') == SLICE_NPOS)
        return MIME_TYPE_TEXT_PLAIN;
    return MIME_TYPE_OTHER;
}

static struct bounce_slice take_media_type(struct bounce_slice value)
{
    size_t n = 0;

    while (value.len > 0 &&
           (ascii_is_space((unsigned char)*value.ptr) || *value.ptr == '"'))
        value = slice_from(value, 1);
    while (n < value.len && !ascii_is_space((unsigned char)value.ptr[n]) &&
           value.ptr[n] != ';' && value.ptr[n] != '(' && value.ptr[n] != '"' &&
           value.ptr[n] != ',')
        n++;
    return slice_sub(value, 0, n);
}

static enum mime_encoding take_encoding(struct bounce_slice value)
{
    struct bounce_slice word = take_media_type(value);

    if (word.len == 0 || word.ptr[0] == '7' || word.ptr[0] == '8')
        return MIME_ENCODING_IDENTITY;
    if (slice_eq_nocase(word, SLICE("quoted-printable")))
        return MIME_ENCODING_QUOTED_PRINTABLE;
    if (slice_eq_nocase(word, SLICE("base64")))
        return MIME_ENCODING_BASE64;
    if (slice_eq_nocase(word, SLICE("x-uuencode")) ||
        slice_eq_nocase(word, SLICE("uuencode")) ||
        slice_eq_nocase(word, SLICE("x-uue")) ||
        slice_eq_nocase(word, SLICE("uue")))
        return MIME_ENCODING_UUENCODE;
    return MIME_ENCODING_IDENTITY;
}

static struct bounce_slice skip_leading_comment(struct message *message,
                                                struct bounce_slice value)
{
    return slice_starts(value, SLICE("(")) ? mime_strip_comments(message, value)
                                           : value;
}

void part_describe(struct message *message, struct mime_part *part,
                   const struct header_block *block, bool in_digest)
{
    part->headers = block->first;
    part->head = block->raw;
    part->encoding =
        take_encoding(skip_leading_comment(message, block->encoding));
    part->type = in_digest ? MIME_TYPE_MESSAGE : MIME_TYPE_TEXT_PLAIN;
    if (block->content_type.ptr == NULL)
        return;
    part->media_type =
        take_media_type(skip_leading_comment(message, block->content_type));
    if (part->media_type.len > 0)
        part->type = classify(part->media_type);
    if (part->type <= MIME_TYPE_TEXT_HEADERS ||
        part->type >= MIME_TYPE_DELIVERY_STATUS)
        part->charset =
            mime_param(message, block->content_type, SLICE("charset"));
}

static bool is_quoted_printable_line(struct bounce_slice line)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t hit;

    while ((hit = slice_find_byte(line, '=')) != SLICE_NPOS) {
        line = slice_from(line, hit + 1);
        if (line_trim_end(line).len == 0)
            return true;
        if (line.len < 2 || memchr(digits, line.ptr[0], 16) == NULL ||
            memchr(digits, line.ptr[1], 16) == NULL)
            return false;
    }
    return true;
}

/* Whether every "=" of the enclosed header is one that RFC 2045 section 6.7
 * writes: before two upper-case digits or at the line end. */
static bool looks_quoted_printable(struct bounce_slice text)
{
    struct bounce_slice line;

    text = slice_sub(text, 0, 4096);
    while (slice_next_line(&text, &line)) {
        if (line.len == 0 || slice_starts(line, SLICE("--")) || text.len == 0)
            break;
        if (!is_quoted_printable_line(line))
            return false;
    }
    return true;
}

bool part_is_encoded(const struct mime_part *part)
{
    struct bounce_slice start = slice_trim(slice_sub(part->body, 0, 1000));
    size_t value_at;

    switch (part->encoding) {
    case MIME_ENCODING_QUOTED_PRINTABLE:
        return looks_quoted_printable(part->body);
    case MIME_ENCODING_BASE64:
        /* The alphabet has no colon. */
        return header_name_len(start, &value_at) == 0 &&
               !header_is_from_line(start);
    case MIME_ENCODING_UUENCODE:
        return header_name_len(start, &value_at) == 0;
    case MIME_ENCODING_IDENTITY:
        break;
    }
    return false;
}
