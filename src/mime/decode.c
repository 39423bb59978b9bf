/* SPDX-License-Identifier: MIT */
#include "mime/decode.h"

#include "mime/part.h"

/* 64 what is skipped, 65 the padding. */
static const unsigned char base64_values[256] = {
#define SKIP16 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64
    SKIP16, SKIP16, 64,     64,     64,     64,     64,     64, 64, 64, 64,
    64,     64,     62,     64,     64,     64,     63,     52, 53, 54, 55,
    56,     57,     58,     59,     60,     61,     64,     64, 64, 65, 64,
    64,     64,     0,      1,      2,      3,      4,      5,  6,  7,  8,
    9,      10,     11,     12,     13,     14,     15,     16, 17, 18, 19,
    20,     21,     22,     23,     24,     25,     64,     64, 64, 64, 64,
    64,     26,     27,     28,     29,     30,     31,     32, 33, 34, 35,
    36,     37,     38,     39,     40,     41,     42,     43, 44, 45, 46,
    47,     48,     49,     50,     51,     64,     64,     64, 64, 64, SKIP16,
    SKIP16, SKIP16, SKIP16, SKIP16, SKIP16, SKIP16, SKIP16,
#undef SKIP16
};

unsigned decode_hex(unsigned char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10U : 16;
}

/* The bytes that a group of less than four characters holds. */
static size_t flush_group(uint32_t bits, unsigned count, char *out)
{
    if (count < 2)
        return 0;
    bits <<= 6 * (4 - count);
    out[0] = (char)(bits >> 16);
    if (count == 2)
        return 1;
    out[1] = (char)(bits >> 8);
    return 2;
}

size_t decode_base64(struct bounce_slice in, char *out)
{
    const unsigned char *p = (const unsigned char *)in.ptr;
    const unsigned char *end = p + in.len;
    uint32_t bits = 0;
    unsigned count = 0;
    char *start = out;

    while (p < end) {
        unsigned value;

        while (count == 0 && end - p >= 4) {
            unsigned a = base64_values[p[0]], b = base64_values[p[1]];
            unsigned c = base64_values[p[2]], d = base64_values[p[3]];

            if ((a | b | c | d) >= 64)
                break;
            out[0] = (char)(a << 2 | b >> 4);
            out[1] = (char)(b << 4 | c >> 2);
            out[2] = (char)(c << 6 | d);
            out += 3;
            p += 4;
        }
        if (p == end)
            break;
        value = base64_values[*p++];
        if (value == 65) {
            out += flush_group(bits, count, out);
            count = 0;
        }
        if (value >= 64)
            continue;
        bits = bits << 6 | value;
        if (++count == 4) {
            *out++ = (char)(bits >> 16);
            *out++ = (char)(bits >> 8);
            *out++ = (char)bits;
            count = 0;
        }
    }
    out += flush_group(bits, count, out);
    return (size_t)(out - start);
}

/* Length of a soft line break behind "=": blanks and a line end (RFC 2045
 * section 6.7, rule 5); 0 when there is none. The end counts as one. */
static size_t soft_break_len(struct bounce_slice s)
{
    size_t i = 0;

    while (i < s.len && (s.ptr[i] == ' ' || s.ptr[i] == '\t'))
        i++;
    if (i == s.len)
        return i;
    if (slice_starts(slice_from(s, i), SLICE("\r\r\n")))
        return i + 3;
    if (slice_starts(slice_from(s, i), SLICE("\r\n")))
        return i + 2;
    return s.ptr[i] == '\n' || s.ptr[i] == '\r' ? i + 1 : 0;
}

/* One "=" sequence at s; how much of it was used. */
static size_t decode_escape(struct bounce_slice s, char **out)
{
    size_t soft;

    if (s.len >= 3) {
        unsigned high = decode_hex((unsigned char)s.ptr[1]);
        unsigned low = decode_hex((unsigned char)s.ptr[2]);

        if ((high | low) < 16) {
            *(*out)++ = (char)(high << 4 | low);
            return 3;
        }
    }
    if (s.len == 1)
        return 1;
    soft = soft_break_len(slice_from(s, 1));
    if (soft == 0)
        *(*out)++ = '=';
    return 1 + soft;
}

size_t decode_quoted_printable(struct bounce_slice in, char *out)
{
    char *start = out;

    while (in.len > 0) {
        size_t n = slice_find_byte(in, '=');

        if (n == SLICE_NPOS)
            n = in.len;
        memcpy(out, in.ptr, n);
        out += n;
        in = slice_from(in, n);
        if (in.len > 0)
            in = slice_from(in, decode_escape(in, &out));
    }
    return (size_t)(out - start);
}

size_t decode_q(struct bounce_slice in, char *out)
{
    char *start = out;

    while (in.len > 0) {
        if (*in.ptr == '=') {
            in = slice_from(in, decode_escape(in, &out));
            continue;
        }
        *out++ = *in.ptr == '_' ? ' ' : *in.ptr;
        in = slice_from(in, 1);
    }
    return (size_t)(out - start);
}

/* One line: its first character tells the number of bytes. */
static size_t decode_uu_line(struct bounce_slice line, char *out)
{
    size_t want, done = 0;

    if (line.len == 0)
        return 0;
    want = ((unsigned char)line.ptr[0] - 32U) & 63U;
    for (size_t at = 1; done < want && at < line.len; at += 4) {
        uint32_t bits = 0;

        for (size_t i = 0; i < 4; i++) {
            unsigned char c =
                at + i < line.len ? (unsigned char)line.ptr[at + i] : ' ';

            bits = bits << 6 | ((c - 32U) & 63U);
        }
        for (int shift = 16; shift >= 0 && done < want; shift -= 8)
            out[done++] = (char)(bits >> shift);
    }
    return done;
}

size_t decode_uuencode(struct bounce_slice in, char *out)
{
    struct line_cursor cursor = line_cursor_make(in);
    struct bounce_slice line;
    bool inside = false;
    size_t len = 0;

    while (line_next(&cursor, &line)) {
        if (slice_starts(line, SLICE("begin ")))
            inside = true;
        else if (inside && slice_eq(line_trim_end(line), SLICE("end")))
            inside = false;
        else if (inside)
            len += decode_uu_line(line, out + len);
    }
    return len;
}

struct bounce_slice decode_finish(struct message *message,
                                  const struct buf *buf)
{
    if (buf->failed && message->failed == BOUNCE_OK)
        message->failed = arena_error(buf->arena);
    return buf->failed ? SLICE_NULL : buf_slice(buf);
}

/* How much of the body is needed for max decoded bytes, so that a huge
 * attachment costs no more memory than is wanted of it. */
static struct bounce_slice limit_input(const struct mime_part *part, size_t max)
{
    size_t factor = part->encoding == MIME_ENCODING_BASE64 ? 2 : 4;

    if (max > part->body.len / factor)
        return part->body;
    return slice_sub(part->body, 0, max * factor + 1024);
}

static bool is_plain(const struct mime_part *part)
{
    switch (part->encoding) {
    case MIME_ENCODING_IDENTITY:
        return true;
    case MIME_ENCODING_QUOTED_PRINTABLE:
        if (slice_find_byte(part->body, '=') == SLICE_NPOS)
            return true;
        break;
    case MIME_ENCODING_BASE64:
        break;
    case MIME_ENCODING_UUENCODE:
        if (slice_find(part->body, SLICE("begin ")) == SLICE_NPOS)
            return true;
        break;
    }
    /* Reports are often declared encoded and are not. */
    return (part->type == MIME_TYPE_TEXT_HEADERS ||
            part->type >= MIME_TYPE_DELIVERY_STATUS) &&
           !part_is_encoded(part);
}

static size_t decode(enum mime_encoding encoding, struct bounce_slice in,
                     char *out)
{
    switch (encoding) {
    case MIME_ENCODING_QUOTED_PRINTABLE:
        return decode_quoted_printable(in, out);
    case MIME_ENCODING_BASE64:
        return decode_base64(in, out);
    case MIME_ENCODING_UUENCODE:
        return decode_uuencode(in, out);
    case MIME_ENCODING_IDENTITY:
        break;
    }
    return 0;
}

struct bounce_slice mime_decode_body(struct message *message,
                                     const struct mime_part *part, size_t max)
{
    struct bounce_slice body = part->body;

    if (body.ptr == NULL)
        body = SLICE("");
    if (!is_plain(part)) {
        struct bounce_slice in = limit_input(part, max);
        char *out = message_alloc(message, in.len);

        if (out == NULL)
            return SLICE_NULL;
        body = slice_make(out, decode(part->encoding, in, out));
    }
    if (body.len > max) {
        message_warn(message, "body-cut",
                     "The text of a part is too long and was cut",
                     part->body.ptr);
        body.len = max;
    }
    return body;
}
