/* SPDX-License-Identifier: MIT
 * Parameters of structured fields (RFC 2045 section 5.1, RFC 2231). */
#include "base/utf8.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/mime.h"

/* Sections of one parameter (name*0, name*1, ...) that are looked at: as many
 * as a mask has bits. */
#define MAX_SECTIONS 64

struct piece {
    struct bounce_slice text;
    bool quoted, extended;
};

struct param {
    struct bounce_slice name;
    struct piece value;
};

/* What was found of the wanted parameter. */
struct pieces {
    struct piece plain;                  /* name= */
    struct piece sections[MAX_SECTIONS]; /* name*=, name*0= and so on */
    uint64_t present;                    /* bit n: sections[n] is set */
};

/* Length of the comment at the start of s, with nested ones (RFC 5322 section
 * 3.2.2); all of s when it is not closed. */
static size_t comment_len(struct bounce_slice s)
{
    size_t depth = 0, i = 0;

    do {
        if (s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '(')
            depth++;
        else if (s.ptr[i] == ')')
            depth--;
        i++;
    } while (i < s.len && depth > 0);
    return i < s.len ? i : s.len;
}

static struct bounce_slice skip_cfws(struct bounce_slice s)
{
    while (s.len > 0) {
        if (ascii_is_space((unsigned char)*s.ptr))
            s = slice_from(s, 1);
        else if (*s.ptr == '(')
            s = slice_from(s, comment_len(s));
        else
            break;
    }
    return s;
}

/* Length of the quoted string at the start of s, with its quotes. */
static size_t quoted_len(struct bounce_slice s, bool *closed_out)
{
    size_t i = 1;

    while (i < s.len && s.ptr[i] != '"')
        i += s.ptr[i] == '\\' && i + 1 < s.len ? 2 : 1;
    *closed_out = i < s.len;
    return i < s.len ? i + 1 : s.len;
}

static bool is_attribute_byte(unsigned char c)
{
    return !ascii_is_space(c) && c != '=' && c != ';' && c != '"';
}

static size_t attribute_len(struct bounce_slice s)
{
    size_t n = 0;

    while (n < s.len && is_attribute_byte((unsigned char)s.ptr[n]))
        n++;
    return n;
}

/* A value without quotes ends at ";" or a comment. White space inside is let
 * be (file names), unless another parameter follows it: then the ";" was
 * forgotten. */
static size_t token_len(struct bounce_slice s)
{
    size_t i = 0;

    while (i < s.len && s.ptr[i] != ';') {
        size_t gap, n;

        while (i < s.len && s.ptr[i] != ';' &&
               !ascii_is_space((unsigned char)s.ptr[i]))
            i++;
        gap = i;
        while (i < s.len && ascii_is_space((unsigned char)s.ptr[i]))
            i++;
        if (gap == i)
            break;
        n = attribute_len(slice_from(s, i));
        if (i + n == s.len)
            return n > 0 ? s.len : gap;
        if (s.ptr[i] == '(' || (n > 0 && s.ptr[i + n] == '='))
            return gap;
    }
    return i;
}

static struct piece take_value(struct bounce_slice *rest)
{
    struct bounce_slice s = skip_cfws(*rest);
    struct piece piece = {.text = slice_sub(s, 0, 0)};
    size_t len;

    if (piece.text.ptr == NULL)
        piece.text = SLICE("");
    if (s.len > 0 && *s.ptr == '"') {
        bool closed;

        len = quoted_len(s, &closed);
        piece.quoted = true;
        piece.text = slice_sub(s, 1, len - (closed ? 2 : 1));
    } else {
        len = token_len(s);
        piece.text = slice_trim(slice_sub(s, 0, len));
    }
    *rest = slice_from(s, len);
    return piece;
}

/* Takes the next "name=value" off *rest. */
static bool next_param(struct bounce_slice *rest, struct param *param_out)
{
    struct bounce_slice s = *rest;

    for (;;) {
        size_t n;

        s = skip_cfws(s);
        if (s.len == 0)
            return false;
        n = attribute_len(s);
        param_out->name = slice_sub(s, 0, n);
        s = skip_cfws(slice_from(s, n));
        if (n > 0 && s.len > 0 && *s.ptr == '=') {
            s = slice_from(s, 1);
            param_out->value = take_value(&s);
            *rest = s;
            return true;
        }
        if (n == 0)
            s = slice_from(s, 1);
    }
}

/* The number of the section that a suffix such as "*", "*0" or "*0*" names.
 * false when it is none; *extended_out: charset and percent signs count. */
static bool parse_suffix(struct bounce_slice suffix, unsigned *section_out,
                         bool *extended_out)
{
    size_t digits;

    *section_out = 0;
    *extended_out = true;
    if (slice_eq(suffix, SLICE("*")))
        return true;
    if (!slice_starts(suffix, SLICE("*")))
        return false;
    suffix = slice_from(suffix, 1);
    digits = slice_parse_uint(suffix, 3, section_out);
    suffix = slice_from(suffix, digits);
    *extended_out = slice_eq(suffix, SLICE("*"));
    return digits > 0 && (suffix.len == 0 || *extended_out) &&
           *section_out < MAX_SECTIONS;
}

/* Keeps a parameter when it is the wanted one; the first of its kind counts. */
static void keep_param(const struct param *param, struct bounce_slice name,
                       struct pieces *pieces)
{
    struct bounce_slice suffix;
    unsigned section;
    bool extended;

    if (!slice_starts_nocase(param->name, name))
        return;
    suffix = slice_from(param->name, name.len);
    if (suffix.len == 0) {
        if (pieces->plain.text.ptr == NULL)
            pieces->plain = param->value;
    } else if (parse_suffix(suffix, &section, &extended) &&
               (pieces->present >> section & 1) == 0) {
        pieces->sections[section] = param->value;
        pieces->sections[section].extended = extended;
        pieces->present |= (uint64_t)1 << section;
    }
}

static void add_unquoted(struct buf *buf, struct bounce_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\' && i + 1 < text.len)
            i++;
        if (text.ptr[i] != '\r' && text.ptr[i] != '\n')
            buf_add_byte(buf, text.ptr[i]);
    }
}

static void add_percent(struct buf *buf, struct bounce_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '%' && text.len - i >= 3) {
            unsigned high = decode_hex((unsigned char)text.ptr[i + 1]);
            unsigned low = decode_hex((unsigned char)text.ptr[i + 2]);

            if ((high | low) < 16) {
                c = (char)(high << 4 | low);
                i += 2;
            }
        }
        buf_add_byte(buf, c);
    }
}

/* Takes "charset'language'" off an extended value. */
static struct bounce_slice take_charset(struct bounce_slice *text)
{
    size_t first = slice_find_byte(*text, '\'');
    struct bounce_slice charset;
    size_t second;

    if (first == SLICE_NPOS)
        return SLICE_NULL;
    second = slice_find_byte(slice_from(*text, first + 1), '\'');
    if (second == SLICE_NPOS)
        return SLICE_NULL;
    charset = slice_sub(*text, 0, first);
    *text = slice_from(*text, first + second + 2);
    return charset;
}

static struct bounce_slice join_sections(struct message *message,
                                         struct pieces *pieces, size_t room)
{
    struct bounce_slice charset = SLICE_NULL, joined;
    struct buf buf;

    buf_init(&buf, message->arena, room);
    if (pieces->sections[0].extended)
        charset = take_charset(&pieces->sections[0].text);
    for (size_t i = 0; i < MAX_SECTIONS; i++) {
        const struct piece *piece = &pieces->sections[i];

        if ((pieces->present >> i & 1) == 0)
            break;
        if (piece->extended)
            add_percent(&buf, piece->text);
        else if (piece->quoted)
            add_unquoted(&buf, piece->text);
        else
            buf_add(&buf, piece->text);
    }
    joined = decode_finish(message, &buf);
    if (joined.ptr == NULL)
        return joined;
    return charset_to_utf8(message, charset, joined, room * 3);
}

static struct bounce_slice plain_value(struct message *message,
                                       const struct piece *piece, size_t room)
{
    struct bounce_slice text = piece->text;

    if (piece->quoted && (slice_find_byte(text, '\\') != SLICE_NPOS ||
                          slice_find_byte(text, '\n') != SLICE_NPOS ||
                          slice_find_byte(text, '\r') != SLICE_NPOS)) {
        struct buf buf;

        buf_init(&buf, message->arena, room);
        add_unquoted(&buf, text);
        text = decode_finish(message, &buf);
    }
    /* RFC 2047 forbids its words here, and many mailers write them. */
    if (slice_find(text, SLICE("=?")) != SLICE_NPOS ||
        utf8_valid_prefix(text) != text.len)
        return mime_decode_header(message, text);
    return text;
}

struct bounce_slice mime_param(struct message *message,
                               struct bounce_slice value,
                               struct bounce_slice name)
{
    struct bounce_slice rest = value;
    struct pieces pieces;
    struct param param;

    pieces.plain.text = SLICE_NULL;
    pieces.present = 0;
    while (next_param(&rest, &param))
        keep_param(&param, name, &pieces);
    if ((pieces.present & 1) != 0)
        return join_sections(message, &pieces, value.len);
    if (pieces.plain.text.ptr != NULL)
        return plain_value(message, &pieces.plain, value.len);
    return SLICE_NULL;
}
