/* SPDX-License-Identifier: MIT */
#include "ingest/imap_scan.h"

#include "base/utf8.h"

#define DEPTH_MAX 64 /* lists in lists */

static enum imap_token_type broken(struct mail_stream *stream, const char *flaw)
{
    mail_stream_spoil(stream, flaw);
    return IMAP_BROKEN;
}

/* "{123}" and the end of its line; the brace was taken. */
static enum imap_token_type scan_literal(struct mail_stream *stream,
                                         struct imap_token *token)
{
    unsigned digits = 0;
    int byte;

    while ((byte = mail_stream_byte(stream)) >= '0' && byte <= '9') {
        if (++digits > 18)
            return broken(stream, "a literal is too long");
        token->len = token->len * 10 + (uint64_t)(byte - '0');
    }
    if (byte == '}' && digits > 0)
        byte = mail_stream_byte(stream);
    else
        return broken(stream, "a literal is malformed");
    if (byte == '\r')
        byte = mail_stream_byte(stream);
    if (byte != '\n')
        return broken(stream, "a literal is malformed");
    return token->type = IMAP_LITERAL;
}

/* Sections stand in brackets: BODY[HEADER.FIELDS (TO)]<0>. */
static enum imap_token_type scan_atom(struct mail_stream *stream,
                                      struct imap_token *token)
{
    bool section = false;
    size_t len = 0;
    int byte;

    while ((byte = mail_stream_peek(stream)) > ' ' ||
           (section && byte == ' ')) {
        if (!section && (byte == '(' || byte == ')' || byte == '"'))
            break;
        section = byte == '[' || (section && byte != ']');
        if (len + 1 < sizeof(token->text))
            token->text[len++] = (char)byte;
        mail_stream_byte(stream);
    }
    token->text[len] = '\0';
    if (len == 0)
        return broken(stream, "a control character in an answer");
    return token->type = IMAP_ATOM;
}

enum imap_token_type imap_scan(struct mail_stream *stream,
                               struct imap_token *token)
{
    int byte;

    *token = (struct imap_token){.type = IMAP_BROKEN};
    do
        byte = mail_stream_peek(stream);
    while (byte == ' ' && mail_stream_byte(stream) >= 0);
    switch (byte) {
    case -1:
        return IMAP_BROKEN;
    case '(':
    case ')':
        mail_stream_byte(stream);
        return token->type = byte == '(' ? IMAP_OPEN : IMAP_CLOSE;
    case '"':
        mail_stream_byte(stream);
        return token->type = IMAP_QUOTED;
    case '{':
        mail_stream_byte(stream);
        return scan_literal(stream, token);
    case '\r':
        mail_stream_byte(stream);
        if (mail_stream_byte(stream) != '\n')
            return broken(stream, "a line ends strangely");
        return token->type = IMAP_END;
    case '\n':
        mail_stream_byte(stream);
        return token->type = IMAP_END;
    default:
        return scan_atom(stream, token);
    }
}

static bool read_quoted(struct mail_stream *stream, struct mail_letter *letter)
{
    int byte;

    while ((byte = mail_stream_byte(stream)) != '"') {
        char c;

        if (byte == '\\')
            byte = mail_stream_byte(stream);
        if (byte < 0 || byte == '\n') {
            mail_stream_spoil(stream, "a quoted string does not end");
            return false;
        }
        c = (char)byte;
        if (letter != NULL)
            mail_letter_add(letter, slice_make(&c, 1));
    }
    return true;
}

bool imap_string_read(struct mail_stream *stream,
                      const struct imap_token *token,
                      struct mail_letter *letter)
{
    uint64_t left = token->len;

    if (token->type == IMAP_QUOTED)
        return read_quoted(stream, letter);
    while (left > 0) {
        struct bounce_slice some = mail_stream_some(
            stream,
            left < MAIL_STREAM_BUFFER ? (size_t)left : MAIL_STREAM_BUFFER);

        if (some.len == 0)
            return false;
        if (letter != NULL)
            mail_letter_add(letter, some);
        left -= some.len;
    }
    return true;
}

bool imap_value_skip(struct mail_stream *stream, const struct imap_token *token)
{
    struct imap_token next = *token;
    unsigned depth = 0;

    for (;;) {
        switch (next.type) {
        case IMAP_BROKEN:
            return false;
        case IMAP_QUOTED:
        case IMAP_LITERAL:
            if (!imap_string_read(stream, &next, NULL))
                return false;
            break;
        case IMAP_OPEN:
            depth++;
            break;
        case IMAP_CLOSE:
            depth -= depth > 0 ? 1 : 0;
            break;
        case IMAP_END:
            mail_stream_spoil(stream, "a list does not end");
            return false;
        case IMAP_ATOM:
            break;
        }
        if (depth == 0)
            return true;
        if (depth > DEPTH_MAX) {
            mail_stream_spoil(stream, "lists in lists in lists");
            return false;
        }
        imap_scan(stream, &next);
    }
}

bool imap_line_skip(struct mail_stream *stream)
{
    struct imap_token token;

    for (;;) {
        switch (imap_scan(stream, &token)) {
        case IMAP_END:
            return true;
        case IMAP_BROKEN:
            return false;
        case IMAP_QUOTED:
        case IMAP_LITERAL:
            if (!imap_string_read(stream, &token, NULL))
                return false;
            break;
        default:
            break;
        }
    }
}

bool imap_number(const char *text, uint64_t max, uint64_t *number_out)
{
    uint64_t number = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        unsigned digit = (unsigned)((unsigned char)*text - '0');

        if (digit > 9 || number > (max - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *number_out = number;
    return true;
}

/* ---- Names of folders -------------------------------------------------- */

struct quoting {
    char *out;
    size_t len, cap;
    uint32_t bits; /* of UTF-16, not yet written */
    unsigned count;
    bool shifted; /* between & and - */
};

static void put(struct quoting *q, char c)
{
    if (q->len < q->cap)
        q->out[q->len] = c;
    q->len++;
}

static void put_bits(struct quoting *q, unsigned least)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

    while (q->count >= least && q->count > 0) {
        unsigned left = q->count < 6 ? 0 : q->count - 6;
        uint32_t six =
            q->count < 6 ? q->bits << (6 - q->count) : q->bits >> left;

        put(q, digits[six & 63]);
        q->count = left;
        q->bits &= (1U << left) - 1;
    }
}

static void put_unit(struct quoting *q, uint32_t unit)
{
    q->bits = q->bits << 16 | unit;
    q->count += 16;
    put_bits(q, 6);
}

static void unshift(struct quoting *q)
{
    if (!q->shifted)
        return;
    put_bits(q, 1);
    put(q, '-');
    q->shifted = false;
}

static void put_wide(struct quoting *q, uint32_t c)
{
    if (!q->shifted)
        put(q, '&');
    q->shifted = true;
    if (c >= 0x10000) {
        put_unit(q, 0xd800 + ((c - 0x10000) >> 10));
        put_unit(q, 0xdc00 + ((c - 0x10000) & 0x3ff));
    } else {
        put_unit(q, c);
    }
}

bool imap_folder_quote(struct bounce_slice name, char *out, size_t cap)
{
    struct quoting q = {.out = out, .cap = cap};

    put(&q, '"');
    for (size_t i = 0; i < name.len;) {
        uint32_t c;
        bool fine;

        i += utf8_decode(slice_from(name, i), &c, &fine);
        if (!fine || c < ' ' || c == 0x7f)
            return false;
        if (c > '~') {
            put_wide(&q, c);
            continue;
        }
        unshift(&q);
        if (c == '"' || c == '\\')
            put(&q, '\\');
        put(&q, (char)c);
        if (c == '&')
            put(&q, '-');
    }
    unshift(&q);
    put(&q, '"');
    put(&q, '\0');
    return q.len <= cap;
}
