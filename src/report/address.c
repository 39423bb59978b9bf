/* SPDX-License-Identifier: MIT */
#include "report/address.h"

#include "base/bits.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "mime/decode.h"

/* RFC 5322 section 3.2.3 atext and the dot; bytes above 0x7F by RFC 6531. */
static bool is_local_byte(unsigned char c)
{
    static const struct byte_set local = {
        {BYTE_DIGITS | BYTE_BIT('!') | BYTE_BIT('#') | BYTE_BIT('$') |
             BYTE_BIT('%') | BYTE_BIT('&') | BYTE_BIT('\'') | BYTE_BIT('*') |
             BYTE_BIT('+') | BYTE_BIT('-') | BYTE_BIT('.') | BYTE_BIT('/') |
             BYTE_BIT('=') | BYTE_BIT('?'),
         BYTE_LETTERS | BYTE_BIT('^') | BYTE_BIT('_') | BYTE_BIT('`') |
             BYTE_BIT('{') | BYTE_BIT('|') | BYTE_BIT('}') | BYTE_BIT('~'),
         BYTE_ALL, BYTE_ALL}};

    return byte_set_has(&local, c);
}

static bool is_domain_byte(unsigned char c)
{
    static const struct byte_set domain = {
        {BYTE_DIGITS | BYTE_BIT('.') | BYTE_BIT('-'),
         BYTE_LETTERS | BYTE_BIT('_'), BYTE_ALL, BYTE_ALL}};

    return byte_set_has(&domain, c);
}

/* Marks beyond ASCII that stand right behind an address: those of Latin-1
 * (U+0080 to U+00BF: quotation marks, a blank that does not break) and the
 * Arabic comma and semicolon. */
static bool is_punctuation(struct bounce_slice s)
{
    unsigned char c = (unsigned char)s.ptr[0];

    return c == 0xC2 || (c == 0xD8 && s.len > 1 &&
                         ((unsigned char)s.ptr[1] == 0x8C ||
                          (unsigned char)s.ptr[1] == 0x9B));
}

/* Bytes of a domain or address literal at the start of s; 0: none. */
static size_t match_domain(struct bounce_slice s)
{
    size_t len = 0;

    if (s.len > 2 && s.ptr[0] == '[') {
        for (len = 1; len < s.len && len < 60; len++) {
            unsigned char c = (unsigned char)s.ptr[len];
            if (c == ']')
                return len > 1 ? len + 1 : 0;
            if (!ascii_is_alnum(c) && c != '.' && c != ':')
                return 0;
        }
        return 0;
    }
    while (len < s.len && len < 255 &&
           is_domain_byte((unsigned char)s.ptr[len])) {
        /* "ann@example.org...": no blank stands between an address and the
         * words of Chinese or Japanese; a label does not mix the two. */
        if ((unsigned char)s.ptr[len] >= 0xE0 && len > 0 &&
            ascii_is_alnum((unsigned char)s.ptr[len - 1]))
            break;
        if ((unsigned char)s.ptr[len] >= 0x80 &&
            is_punctuation(slice_from(s, len)))
            break;
        len++;
    }
    while (len > 0 && (s.ptr[len - 1] == '.' || s.ptr[len - 1] == '-'))
        len--; /* the end of a sentence, not of a name */
    return len;
}

/* The end of a quoted local part whose opening quote is at s.ptr[0]. */
static size_t match_quoted(struct bounce_slice s)
{
    for (size_t i = 1; i < s.len && i < 256; i++) {
        if (s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '"')
            return i + 1;
        else if (s.ptr[i] == '\n')
            break;
    }
    return 0;
}

/* Bytes of "local@domain" at the start of s; 0 when it is none. */
static size_t match_bare(struct bounce_slice s)
{
    size_t len = 0, domain;

    if (s.len > 0 && s.ptr[0] == '"') {
        len = match_quoted(s);
        if (len <= 2) /* an empty local part is written to cheat */
            return 0;
    } else {
        while (len < s.len && len < 256 &&
               is_local_byte((unsigned char)s.ptr[len]))
            len++;
    }
    if (len == 0 || len >= s.len || s.ptr[len] != '@')
        return 0;
    domain = match_domain(slice_from(s, len + 1));
    return domain == 0 ? 0 : len + 1 + domain;
}

struct bounce_slice address_at(struct bounce_slice s, size_t *end_out)
{
    size_t open = 0, len;
    char close = '\0';

    if (end_out != NULL)
        *end_out = 0;
    if (s.len > 0 && (s.ptr[0] == '<' || s.ptr[0] == '\'' || s.ptr[0] == '[' ||
                      s.ptr[0] == '(')) {
        close = s.ptr[0] == '<'   ? '>'
                : s.ptr[0] == '[' ? ']'
                : s.ptr[0] == '(' ? ')'
                                  : '\'';
        open = 1;
    }
    if (slice_starts_nocase(slice_from(s, open), SLICE("mailto:")))
        open += 7;
    else if (slice_starts_nocase(slice_from(s, open), SLICE("smtp:")))
        open += 5;
    len = match_bare(slice_from(s, open));
    if (len == 0 && open < s.len && s.ptr[open] == '"') {
        /* "\"user@example.org\":" quotes the whole address. */
        close = '"';
        open++;
        len = match_bare(slice_from(s, open));
    }
    if (len == 0)
        return SLICE_NULL;
    if (end_out != NULL) {
        *end_out = open + len;
        if (close != '\0' && *end_out < s.len && s.ptr[*end_out] == close)
            (*end_out)++;
    }
    s = slice_sub(s, open, len);
    /* 'user@example.org' in quotes that local parts may hold as well. */
    while (s.len > 0 && (s.ptr[0] == '\'' || s.ptr[0] == '`'))
        s = slice_from(s, 1);
    return s;
}

/* Where the local part before the "@" at at begins. Words of Chinese or
 * Japanese right before it do not belong to it. */
static size_t local_start(struct bounce_slice s, size_t from, size_t at)
{
    size_t start = at;

    while (start > from && is_local_byte((unsigned char)s.ptr[start - 1])) {
        if ((unsigned char)s.ptr[start - 1] >= 0x80 && start < at &&
            (unsigned char)s.ptr[start] < 0x80)
            break;
        start--;
    }
    return start;
}

struct bounce_slice address_find(struct bounce_slice s, size_t *end_out)
{
    size_t from = 0;

    if (end_out != NULL)
        *end_out = s.len;
    for (;;) {
        size_t at = slice_find_byte(slice_from(s, from), '@'), start, end;
        struct bounce_slice found;

        if (at == SLICE_NPOS)
            return SLICE_NULL;
        at += from;
        start = at;
        if (start > from && s.ptr[start - 1] == '"') {
            for (start--; start > from && s.ptr[start - 1] != '"'; start--)
                ;
            start -= start > from;
        } else {
            start = local_start(s, from, at);
        }
        while (start < at && (s.ptr[start] == '\'' || s.ptr[start] == '.'))
            start++;
        /* "RCPT TO:a@b", "From=a@b" and "rfc822;a@b" need no care: ":" and
         * ";" are no local bytes; "to=a@b" does. */
        found = slice_make(NULL, 0);
        if (at - start < 256)
            found = address_at(slice_from(s, start), &end);
        if (found.ptr != NULL) {
            end += start;
            if (end < s.len && (s.ptr[end] == '>' || s.ptr[end] == '"'))
                end++;
            if (end_out != NULL)
                *end_out = end;
            return found;
        }
        from = at + 1;
    }
}

bool address_is(struct bounce_slice s)
{
    return s.len > 2 && match_bare(s) == s.len;
}

bool address_is_daemon(struct bounce_slice address)
{
    static const struct bounce_slice names[] = {
        {"mailer-daemon", 13}, {"postmaster", 10},
        {"mailerdaemon", 12},  {"mail-daemon", 11},
        {"mailer_daemon", 13}, {"post_master", 11},
        {"mail.daemon", 11},   {"daemon", 6},
        {"poostmaster", 11},   {"postmaster-dsn", 14},
        {"mailsystem", 10},    {"mail.delivery.system", 20},
        {"mdaemon", 7},        {"mail-delivery", 13},
        {"mailadmin", 9}};
    size_t at = slice_rfind_byte(address, '@');
    struct bounce_slice local;

    local = slice_sub(address, 0, at == SLICE_NPOS ? address.len : at);
    if (slice_starts_nocase(local, SLICE("MicrosoftExchange329e71ec88ae")))
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (slice_eq_nocase(local, names[i]))
            return true;
    return false;
}

/* RFC 3461 section 4: "+2B". Only upper case is allowed there, and people
 * write plain "+" in addresses: both digits must be there in upper case. */
static bool decode_plus(struct bounce_slice s, size_t at, struct buf *out)
{
    unsigned high, low;

    if (at + 2 >= s.len || s.ptr[at + 1] > 'F' || s.ptr[at + 2] > 'F')
        return false;
    high = decode_hex((unsigned char)s.ptr[at + 1]);
    low = decode_hex((unsigned char)s.ptr[at + 2]);
    if ((high | low) > 15)
        return false;
    buf_add_byte(out, (char)(high << 4 | low));
    return true;
}

/* RFC 6533 section 3: "\x{263A}". Returns the bytes used, 0 when it is none. */
static size_t decode_unicode(struct bounce_slice s, size_t at, struct buf *out)
{
    uint32_t code = 0;
    size_t i = at + 3;
    char utf8[4];

    if (!slice_starts_nocase(slice_from(s, at), SLICE("\\x{")))
        return 0;
    for (; i < s.len && i - at < 9 && decode_hex((unsigned char)s.ptr[i]) < 16;
         i++)
        code = code << 4 | decode_hex((unsigned char)s.ptr[i]);
    if (i == at + 3 || i >= s.len || s.ptr[i] != '}' || code > 0x10FFFF ||
        (code >= 0xD800 && code <= 0xDFFF) || code < 0x20)
        return 0;
    buf_add(out, slice_make(utf8, utf8_encode(code, utf8)));
    return i + 1 - at;
}

static struct bounce_slice decode_xtext(struct message *message,
                                        struct bounce_slice s, bool plus)
{
    struct buf out;

    if (slice_find(s, SLICE("\\x{")) == SLICE_NPOS &&
        (!plus || slice_find_byte(s, '+') == SLICE_NPOS))
        return s;
    buf_init(&out, message->arena, s.len + 4);
    for (size_t i = 0; i < s.len; i++) {
        size_t used = decode_unicode(s, i, &out);
        if (used != 0)
            i += used - 1;
        else if (plus && s.ptr[i] == '+' && decode_plus(s, i, &out))
            i += 2;
        else
            buf_add_byte(&out, s.ptr[i]);
    }
    if (out.failed) {
        message->failed = arena_error(message->arena);
        return s;
    }
    return buf_slice(&out);
}

struct bounce_slice address_typed(struct message *message,
                                  struct bounce_slice value)
{
    struct bounce_slice s = slice_trim(value), type, found;
    size_t semi = slice_find_byte(s, ';'), end;
    bool utf8 = false;

    type = slice_trim(slice_sub(s, 0, semi == SLICE_NPOS ? 0 : semi));
    if (semi != SLICE_NPOS && type.len < 40 &&
        slice_find_byte(type, '@') == SLICE_NPOS &&
        slice_find_byte(type, ' ') == SLICE_NPOS) {
        s = slice_trim(slice_from(s, semi + 1));
        utf8 = slice_eq_nocase(type, SLICE("utf-8"));
    }
    if (s.len > 0 && (s.ptr[0] == '|' || s.ptr[0] == '/'))
        return s; /* a pipe or file, whatever address stands inside */
    s = decode_xtext(message, s, utf8);
    if (s.len > 1 && s.ptr[0] == '@') { /* RFC 5321 appendix C: @a,@b:c@d */
        size_t colon = slice_find_byte(s, ':');
        if (colon != SLICE_NPOS)
            s = slice_from(s, colon + 1);
    }
    found = address_at(s, &end);
    if (found.ptr != NULL &&
        (end == s.len || s.ptr[end] == ' ' || s.ptr[end] == '(' ||
         s.ptr[end] == '\t' || s.ptr[end] == '>'))
        return found;
    if (s.len > 1 && s.ptr[0] == '<' && s.ptr[s.len - 1] == '>')
        s = slice_sub(s, 1, s.len - 2);
    /* "Name <a@b>", "a@b;", "IMCEAEX-..." */
    if (slice_find_byte(s, '<') != SLICE_NPOS) {
        found = address_find(slice_from(s, slice_find_byte(s, '<')), NULL);
        if (found.ptr != NULL)
            return found;
    }
    return s;
}

struct bounce_slice address_verp(struct message *message,
                                 struct bounce_slice address)
{
    size_t at = slice_rfind_byte(address, '@'), equal, start;
    struct bounce_slice local, domain;
    struct buf out;

    if (at == SLICE_NPOS)
        return SLICE_NULL;
    local = slice_sub(address, 0, at);
    equal = slice_rfind_byte(local, '=');
    if (equal == SLICE_NPOS || equal == 0)
        return SLICE_NULL;
    domain = slice_from(local, equal + 1);
    if (slice_find_byte(domain, '.') == SLICE_NPOS ||
        match_domain(domain) != domain.len)
        return SLICE_NULL;
    /* "list-bounces+user", "list-owner-user" (ezmlm), "prvs=0123-user". */
    start = slice_find_byte(slice_sub(local, 0, equal), '+');
    if (start == SLICE_NPOS)
        start = slice_rfind_byte(slice_sub(local, 0, equal), '-');
    start = start == SLICE_NPOS ? 0 : start + 1;
    local = slice_sub(local, start, equal - start);
    if (local.len == 0)
        return SLICE_NULL;
    buf_init(&out, message->arena, 512);
    buf_add(&out, local);
    buf_add_byte(&out, '@');
    buf_add(&out, domain);
    if (out.failed) {
        message->failed = arena_error(message->arena);
        return SLICE_NULL;
    }
    return address_is(buf_slice(&out)) ? buf_slice(&out) : SLICE_NULL;
}
