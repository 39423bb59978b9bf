/* SPDX-License-Identifier: MIT
 * Addresses in header values (RFC 5322 section 3.4, RFC 6531), as mail writes
 * them. Nothing is refused for its form alone: what can be read is read. */
#include "base/utf8.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/mime.h"

enum token_type {
    TOKEN_END = 0,
    TOKEN_ATOM,   /* letters, digits, dots, most signs */
    TOKEN_QUOTED, /* with its quotes */
    TOKEN_DOMAIN, /* a domain literal with its brackets */
    TOKEN_SIGN    /* one of , ; : < > @ */
};

struct token {
    enum token_type type;
    struct bounce_slice text;
};

/* An addr-spec whose pieces may stand apart ("a (x) @ b"). */
struct found {
    struct bounce_slice local, domain; /* domain.ptr NULL: nothing found */
    bool null_sender;
};

static size_t skip_comment(struct bounce_slice s)
{
    size_t depth = 0, i = 0;

    for (; i < s.len; i++) {
        if (s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '(')
            depth++;
        else if (s.ptr[i] == ')' && --depth == 0)
            return i + 1;
    }
    return s.len;
}

static size_t skip_quoted(struct bounce_slice s)
{
    size_t i = 1;

    while (i < s.len && s.ptr[i] != '"')
        i += s.ptr[i] == '\\' && i + 1 < s.len ? 2 : 1;
    return i < s.len ? i + 1 : s.len;
}

/* All but controls, blanks and ()<>[]:;@," */
static bool is_atom_byte(unsigned char c)
{
    static const struct byte_set atom = {
        {0xFFFFFFFE00000000U &
             ~(BYTE_BIT('"') | BYTE_BIT('(') | BYTE_BIT(')') | BYTE_BIT(',') |
               BYTE_BIT(':') | BYTE_BIT(';') | BYTE_BIT('<') | BYTE_BIT('>')),
         ~(BYTE_BIT('@') | BYTE_BIT('[') | BYTE_BIT(']') | BYTE_BIT(0x7F)),
         BYTE_ALL, BYTE_ALL}};

    return byte_set_has(&atom, c);
}

static bool is_sign(unsigned char c)
{
    static const struct byte_set signs = {{BYTE_BIT(',') | BYTE_BIT(';') |
                                               BYTE_BIT(':') | BYTE_BIT('<') |
                                               BYTE_BIT('>'),
                                           BYTE_BIT('@'), 0, 0}};

    return byte_set_has(&signs, c);
}

static size_t skip_atom(struct bounce_slice s)
{
    size_t i = 0;

    while (i < s.len && is_atom_byte((unsigned char)s.ptr[i]))
        i += s.ptr[i] == '\\' && i + 1 < s.len &&
                     !ascii_is_space((unsigned char)s.ptr[i + 1])
                 ? 2
                 : 1;
    return i;
}

static size_t skip_domain_literal(struct bounce_slice s)
{
    size_t end = slice_find_byte(slice_sub(s, 0, 256), ']');

    return end == SLICE_NPOS ? 0 : end + 1;
}

static struct token make_token(enum token_type type, struct bounce_slice *rest,
                               size_t len)
{
    struct token token = {type, slice_sub(*rest, 0, len)};

    *rest = slice_from(*rest, len);
    return token;
}

/* Takes the next token; comments and white space between them go. A "[" opens
 * a domain literal behind "@" only ("[mailto:a@b]" is no such thing). */
static struct token next_token(struct bounce_slice *rest, bool after_at)
{
    while (rest->len > 0) {
        unsigned char c = (unsigned char)*rest->ptr;
        size_t len;

        if (c == '(') {
            *rest = slice_from(*rest, skip_comment(*rest));
            continue;
        }
        if (c == '"')
            return make_token(TOKEN_QUOTED, rest, skip_quoted(*rest));
        if (c == '[' && after_at) {
            len = skip_domain_literal(*rest);
            if (len > 0)
                return make_token(TOKEN_DOMAIN, rest, len);
        }
        if (is_sign(c))
            return make_token(TOKEN_SIGN, rest, 1);
        len = skip_atom(*rest);
        if (len > 0)
            return make_token(TOKEN_ATOM, rest, len);
        *rest = slice_from(*rest, 1);
    }
    return (struct token){TOKEN_END, slice_from(*rest, 0)};
}

/* ---- addr-spec ------------------------------------------------------- */

/* What of a word can be a domain: trailing junk ("b.org...", "b.org'") goes. */
static struct bounce_slice clean_domain(struct bounce_slice word)
{
    size_t n = 0;

    while (n < word.len) {
        unsigned char c = (unsigned char)word.ptr[n];

        if (!ascii_is_alnum(c) && c != '-' && c != '.' && c != '_' && c < 0x80)
            break;
        n++;
    }
    while (n > 0 && (word.ptr[n - 1] == '.' || word.ptr[n - 1] == '-'))
        n--;
    if (n > 0 && word.ptr[0] == '.')
        n = 0;
    return slice_sub(word, 0, n);
}

/* 'a@b': single quotes are letters of an address to RFC 5322, and quotes to
 * some mailers. */
static struct bounce_slice clean_local(struct bounce_slice local,
                                       struct bounce_slice domain_word)
{
    if (local.len > 1 && local.ptr[0] == '\'' &&
        slice_find_byte(domain_word, '\'') != SLICE_NPOS)
        return slice_from(local, 1);
    return local;
}

/* The domain behind an "@", taken off *rest. */
static bool take_domain(struct bounce_slice *rest, struct bounce_slice local,
                        struct found *found_out)
{
    struct bounce_slice ahead = *rest;
    struct token token = next_token(&ahead, true);
    struct bounce_slice domain;

    if (token.type != TOKEN_ATOM && token.type != TOKEN_DOMAIN)
        return false;
    domain = token.type == TOKEN_ATOM ? clean_domain(token.text) : token.text;
    *rest = ahead;
    if (domain.len == 0)
        return false;
    *found_out = (struct found){clean_local(local, token.text), domain, false};
    return found_out->local.len > 0;
}

/* A word that extends the one before it without a gap ("a"."b") joins it. */
static struct bounce_slice join_words(struct bounce_slice before,
                                      struct bounce_slice word)
{
    if (before.ptr != NULL && before.ptr + before.len == word.ptr)
        return slice_make(before.ptr, before.len + word.len);
    return word;
}

/* First addr-spec in s, which has no display name; source routes (RFC 5322
 * section 4.4) and prefixes such as "mailto:" go. */
static bool find_spec(struct bounce_slice s, struct found *found_out)
{
    struct bounce_slice local = SLICE_NULL;
    bool after_at = false;

    for (;;) {
        struct token token = next_token(&s, after_at);

        after_at = false;
        switch (token.type) {
        case TOKEN_END:
            return false;
        case TOKEN_ATOM:
        case TOKEN_QUOTED:
            local = join_words(local, token.text);
            break;
        case TOKEN_DOMAIN:
            break;
        case TOKEN_SIGN:
            if (*token.text.ptr == '@' && local.len > 0 &&
                take_domain(&s, local, found_out))
                return true;
            /* "@relay" of a route: its domain is no local part. */
            if (*token.text.ptr == '@' && local.len == 0)
                next_token(&s, true);
            local = SLICE_NULL;
            break;
        }
    }
}

/* The part in angle brackets that opens at *rest, without them; *rest moves
 * behind. A missing ">" ends it at white space or a comma. */
static struct bounce_slice take_angle(struct bounce_slice *rest)
{
    struct bounce_slice s = *rest;
    size_t n = 0;

    while (n < s.len && s.ptr[n] != '>' && s.ptr[n] != '<') {
        if (s.ptr[n] == '"')
            n += skip_quoted(slice_from(s, n));
        else
            n++;
    }
    if (n < s.len && s.ptr[n] == '>') {
        *rest = slice_from(s, n + 1);
        return slice_sub(s, 0, n);
    }
    n = 0;
    while (n < s.len && !ascii_is_space((unsigned char)s.ptr[n]) &&
           s.ptr[n] != ',' && s.ptr[n] != '<')
        n++;
    *rest = slice_from(s, n);
    return slice_sub(s, 0, n);
}

/* What find_address() saw of one address so far. */
struct scan {
    struct found found;
    struct bounce_slice local;  /* word that may be a local part */
    struct bounce_slice quoted; /* "a@b", quotes and all: the last resort */
    bool route;                 /* inside "@a,@b:" */
};

/* The contents of a quoted string may be an address: "a@b" <>. */
static void note_quoted(struct scan *scan, struct bounce_slice text)
{
    if (scan->quoted.ptr == NULL && text.len > 2)
        scan->quoted = slice_sub(text, 1, text.len - 2);
}

static void take_sign(struct scan *scan, char sign, struct bounce_slice *rest)
{
    struct bounce_slice angle;
    struct found found = {.null_sender = false};

    if (sign == '@' && scan->local.len > 0) {
        if (scan->found.domain.ptr == NULL)
            take_domain(rest, scan->local, &scan->found);
    } else if (sign == '@') {
        scan->route = true;
        next_token(rest, true);
    } else if (sign == '<') {
        angle = take_angle(rest);
        if (find_spec(angle, &found))
            scan->found = found;
        else if (slice_trim(angle).len == 0 && scan->found.domain.ptr == NULL)
            scan->found = (struct found){angle, SLICE_NULL, true};
    } else if (sign == ':') {
        scan->route = false;
    }
    scan->local = SLICE_NULL;
}

/* Reads up to the "," or ";" behind the first address. A bracketed address
 * goes before a bare one: "a@b <c@d>". */
static struct found find_address(struct bounce_slice *rest)
{
    struct scan scan = {.route = false};

    for (;;) {
        struct token token = next_token(rest, false);
        char sign;

        if (token.type == TOKEN_END)
            break;
        if (token.type == TOKEN_QUOTED)
            note_quoted(&scan, token.text);
        if (token.type != TOKEN_SIGN) {
            scan.local = join_words(scan.local, token.text);
            continue;
        }
        sign = *token.text.ptr;
        if ((sign == ',' && !scan.route) || sign == ';') {
            if (scan.found.domain.ptr != NULL || scan.found.null_sender)
                break;
            scan.local = SLICE_NULL;
            continue;
        }
        take_sign(&scan, sign, rest);
    }
    if (scan.found.domain.ptr == NULL && !scan.found.null_sender &&
        scan.quoted.ptr != NULL)
        find_spec(scan.quoted, &scan.found);
    return scan.found;
}

/* One slice of the two pieces: of the input when they stand together. */
static struct bounce_slice join_found(struct message *message,
                                      const struct found *found)
{
    struct bounce_slice local = found->local, domain = found->domain;
    char *ptr;

    if (local.ptr + local.len + 1 == domain.ptr)
        return slice_make(local.ptr, local.len + 1 + domain.len);
    ptr = message_alloc(message, local.len + 1 + domain.len);
    if (ptr == NULL)
        return SLICE_NULL;
    memcpy(ptr, local.ptr, local.len);
    ptr[local.len] = '@';
    memcpy(ptr + local.len + 1, domain.ptr, domain.len);
    return slice_make(ptr, local.len + 1 + domain.len);
}

/* ---- The usual form -------------------------------------------------- */

static size_t run_of(const struct byte_set *set, struct bounce_slice s,
                     size_t at)
{
    while (at < s.len && byte_set_has(set, (unsigned char)s.ptr[at]))
        at++;
    return at;
}

/* "user@example.org" and "Some Words <user@example.org>" in plain ASCII, which
 * nearly all values are: what find_address() finds in them, at less expense.
 * NULL for any other value. */
static struct bounce_slice find_plain(struct bounce_slice value)
{
    /* Letters, digits, and what has no meaning anywhere above. */
    static const struct byte_set local = {
        {BYTE_BIT('!') | BYTE_BIT('#') | BYTE_BIT('$') | BYTE_BIT('%') |
             BYTE_BIT('&') | BYTE_BIT('*') | BYTE_BIT('+') | BYTE_BIT('-') |
             BYTE_BIT('.') | BYTE_BIT('/') | BYTE_BIT('=') | BYTE_DIGITS,
         BYTE_LETTERS | BYTE_BIT('^') | BYTE_BIT('_') | BYTE_BIT('{') |
             BYTE_BIT('|') | BYTE_BIT('}') | BYTE_BIT('~'),
         0, 0}};
    static const struct byte_set domain = {
        {BYTE_BIT('-') | BYTE_BIT('.') | BYTE_DIGITS,
         BYTE_LETTERS | BYTE_BIT('_'), 0, 0}};
    struct byte_set words = local;
    size_t start = 0, at, end;
    bool bracket;

    words.bits[0] |= BYTE_BIT(' ');
    at = run_of(&words, value, 0);
    bracket = at < value.len && value.ptr[at] == '<';
    if (bracket)
        start = at + 1;
    at = run_of(&local, value, start);
    if (at == start || at == value.len || value.ptr[at] != '@')
        return SLICE_NULL;
    end = run_of(&domain, value, at + 1);
    if (end == at + 1 || value.ptr[at + 1] == '.' ||
        value.ptr[end - 1] == '.' || value.ptr[end - 1] == '-')
        return SLICE_NULL;
    if (bracket ? end + 1 != value.len || value.ptr[end] != '>'
                : end != value.len)
        return SLICE_NULL;
    return slice_sub(value, start, end - start);
}

struct bounce_slice mime_address(struct message *message,
                                 struct bounce_slice value,
                                 struct bounce_slice *rest_out)
{
    struct bounce_slice rest = value, address = find_plain(value);
    struct found found;

    if (address.ptr != NULL) {
        if (rest_out != NULL)
            *rest_out = slice_from(value, value.len);
        return address;
    }
    found = find_address(&rest);
    if (rest_out != NULL)
        *rest_out = rest;
    if (found.null_sender)
        return slice_make(found.local.ptr, 0);
    if (found.domain.ptr == NULL ||
        slice_find(found.local, SLICE("=?")) != SLICE_NPOS) {
        struct found decoded;

        /* Some mailers encode the address along with the name. */
        value = slice_sub(value, 0, value.len - rest.len);
        if (slice_find(value, SLICE("=?")) != SLICE_NPOS) {
            value = mime_decode_header(message, value);
            decoded = find_address(&value);
            if (decoded.domain.ptr != NULL)
                found = decoded;
        }
    }
    if (found.domain.ptr == NULL)
        return SLICE_NULL;
    address = join_found(message, &found);
    if (address.ptr != NULL && utf8_valid_prefix(address) != address.len)
        address =
            charset_to_utf8(message, SLICE_NULL, address, address.len * 3);
    return address;
}

struct bounce_slice mime_strip_comments(struct message *message,
                                        struct bounce_slice value)
{
    struct buf buf;

    value = slice_trim(value);
    if (slice_find_byte(value, '(') == SLICE_NPOS)
        return value;
    buf_init(&buf, message->arena, value.len);
    while (value.len > 0) {
        size_t n = 0;

        while (n < value.len && value.ptr[n] != '(')
            n += value.ptr[n] == '"' ? skip_quoted(slice_from(value, n)) : 1;
        buf_add(&buf, slice_sub(value, 0, n));
        value = slice_from(value, n);
        if (value.len > 0)
            value = slice_from(value, skip_comment(value));
    }
    return slice_trim(decode_finish(message, &buf));
}
