/* SPDX-License-Identifier: MIT
 * The grammar is that of RFC 5321 section 4.1.2 with RFC 6531 section 3.3:
 *
 *     Mailbox       = Local-part "@" ( Domain / address-literal )
 *     Local-part    = Dot-string / Quoted-string
 *     Dot-string    = Atom *("." Atom)
 *     Quoted-string = DQUOTE *QcontentSMTP DQUOTE
 *
 * and what is wider than that because such mailboxes exist and get mail: dots
 * anywhere ("a..b@example.org" is written "\"a..b\"@example.org" then), words of
 * both kinds with dots between (RFC 5322 section 4.4, obs-local-part), "_" in
 * domains, local parts of more than 64 bytes. */
#include "store/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "store/address_book.h"
#include "store/address_fold.h"
#include "store/module.h"

#define MAX_ADDRESS 320 /* RFC 5321 section 4.5.3.1: 64 + 1 + 255 */
#define MAX_DOMAIN  253 /* RFC 1035 section 2.3.4, without the root's dot */
#define MAX_TEXT    2048

/* Hex digits of a keyed hash, and of them those that prove it to be ours. */
#define HASH_HEX  32
#define PROOF_HEX 8

/* A text that is being put together. */
struct out {
    char *ptr;
    size_t len, cap;
    bool over;
};

static void put(struct out *out, const char *ptr, size_t len)
{
    if (len > out->cap - out->len) {
        out->over = true;
        return;
    }
    memcpy(out->ptr + out->len, ptr, len);
    out->len += len;
}

static void put_byte(struct out *out, char c)
{
    put(out, &c, 1);
}

/* ---- Local part ------------------------------------------------------ */

bool address_is_atext(unsigned char c)
{
    return ascii_is_alnum(c) || c >= 0x80 ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* UTF-8 without control characters, C1 and line separators among them. */
static bool is_clean(struct bounce_slice s)
{
    while (s.len > 0) {
        uint32_t code;
        bool ok;
        size_t used = utf8_decode(s, &code, &ok);

        if (!ok || code < 0x20 || (code >= 0x7F && code < 0xA0) ||
            code == 0x2028 || code == 0x2029)
            return false;
        s = slice_from(s, used);
    }
    return true;
}

/* The contents of the quoted string at *rest, whose quote is taken off. */
static bool take_quoted(struct bounce_slice *rest, struct out *content)
{
    for (size_t i = 1; i < rest->len; i++) {
        char c = rest->ptr[i];

        if (c == '"') {
            *rest = slice_from(*rest, i + 1);
            return true;
        }
        if (c == '\\' && ++i == rest->len)
            return false;
        put_byte(content, rest->ptr[i]);
    }
    return false;
}

/* The local part without quotes, up to and with the "@". */
static enum address_flaw take_local(struct bounce_slice *rest,
                                    struct out *content)
{
    bool word = false; /* a word ended here: only "." or "@" may follow */

    for (;;) {
        size_t n = 0;

        if (rest->len == 0)
            return ADDRESS_NO_DOMAIN;
        if (*rest->ptr == '@')
            break;
        if (*rest->ptr == '.') {
            put_byte(content, '.');
            *rest = slice_from(*rest, 1);
            word = false;
            continue;
        }
        if (word)
            return ADDRESS_SYNTAX;
        word = true;
        if (*rest->ptr == '"') {
            if (!take_quoted(rest, content))
                return ADDRESS_SYNTAX;
            continue;
        }
        while (n < rest->len && address_is_atext((unsigned char)rest->ptr[n]))
            n++;
        if (n == 0)
            return ADDRESS_SYNTAX;
        put(content, rest->ptr, n);
        *rest = slice_from(*rest, n);
    }
    *rest = slice_from(*rest, 1);
    if (content->over)
        return ADDRESS_TOO_LONG;
    if (content->len == 0 || !is_clean(slice_make(content->ptr, content->len)))
        return ADDRESS_SYNTAX;
    return ADDRESS_FINE;
}

static bool is_dot_string(struct bounce_slice s)
{
    if (s.ptr[0] == '.' || s.ptr[s.len - 1] == '.')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (c == '.' ? s.ptr[i + 1] == '.' : !address_is_atext(c))
            return false;
    }
    return true;
}

static void put_local(struct out *out, struct bounce_slice content)
{
    if (is_dot_string(content)) {
        put(out, content.ptr, content.len);
        return;
    }
    put_byte(out, '"');
    for (size_t i = 0; i < content.len; i++) {
        if (content.ptr[i] == '"' || content.ptr[i] == '\\')
            put_byte(out, '\\');
        put_byte(out, content.ptr[i]);
    }
    put_byte(out, '"');
}

/* ---- Domain ---------------------------------------------------------- */

/* "[192.0.2.1]", "[IPv6:2001:db8::1]", or what else stands in brackets: a tag, a
 * colon, dcontent (RFC 5321 section 4.1.3). */
static enum address_flaw put_literal(struct out *out, struct bounce_slice s)
{
    unsigned char bytes[16];
    char text[256];
    size_t len = s.len - 2;

    if (s.len < 3 || len >= sizeof(text) || s.ptr[s.len - 1] != ']')
        return ADDRESS_SYNTAX;
    for (size_t i = 0; i < len; i++)
        text[i] = (char)ascii_lower((unsigned char)s.ptr[i + 1]);
    text[len] = '\0';
    if (strncmp(text, "ipv6:", 5) == 0) {
        if (inet_pton(AF_INET6, text + 5, bytes) != 1 ||
            inet_ntop(AF_INET6, bytes, text + 5, sizeof(text) - 5) == NULL)
            return ADDRESS_DOMAIN;
    } else if (strchr(text, ':') == NULL) {
        if (inet_pton(AF_INET, text, bytes) != 1)
            return ADDRESS_DOMAIN;
    } else if (text[0] == ':') {
        return ADDRESS_SYNTAX;
    }
    for (const char *p = text; *p != '\0'; p++)
        if (*p < 33 || *p > 126 || *p == '[' || *p == '\\' || *p == ']')
            return ADDRESS_SYNTAX;
    put_byte(out, '[');
    put(out, text, strlen(text));
    put_byte(out, ']');
    return ADDRESS_FINE;
}

/* A name of letters, digits and hyphens. */
static enum address_flaw put_name(struct out *out, struct bounce_slice s)
{
    size_t start = 0;

    if (s.len > MAX_DOMAIN)
        return ADDRESS_TOO_LONG;
    for (size_t i = 0; i <= s.len; i++) {
        unsigned char c = i < s.len ? (unsigned char)s.ptr[i] : '.';

        if (c != '.') {
            if (!ascii_is_alnum(c) && c != '-' && c != '_')
                return ADDRESS_SYNTAX;
            put_byte(out, (char)ascii_lower(c));
            continue;
        }
        if (i == start || i - start > 63 || s.ptr[start] == '-' ||
            s.ptr[i - 1] == '-')
            return ADDRESS_DOMAIN;
        start = i + 1;
        if (i < s.len)
            put_byte(out, '.');
    }
    return ADDRESS_FINE;
}

static enum address_flaw put_unicode_name(struct out *out,
                                          struct bounce_slice s)
{
    char name[MODULE_IDN_CAP], error[160];
    const struct module_idn *idn;
    bool nomem;

    if (!is_clean(s))
        return ADDRESS_SYNTAX;
    idn = module_load("idn", error);
    if (idn == NULL)
        return ADDRESS_NO_IDN;
    if (!idn->to_ascii(s, name, &nomem))
        return ADDRESS_DOMAIN;
    return put_name(out, slice_cstr(name));
}

static enum address_flaw put_domain(struct out *out, struct bounce_slice s)
{
    if (s.len > 0 && s.ptr[0] == '[')
        return put_literal(out, s);
    if (s.len > 1 && s.ptr[s.len - 1] == '.') /* the root, said aloud */
        s.len--;
    if (s.len == 0)
        return ADDRESS_NO_DOMAIN;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return put_unicode_name(out, s);
    return put_name(out, s);
}

/* ---- Around an address ----------------------------------------------- */

static int hex_digit(char c)
{
    if (ascii_is_digit((unsigned char)c))
        return c - '0';
    c = (char)ascii_lower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "mailto:ann%2Bnews@example.org?subject=x" (RFC 6068 section 2). */
static struct bounce_slice take_mailto(struct bounce_slice s,
                                       char decoded[MAX_TEXT])
{
    size_t query = slice_find_byte(s, '?'), len = 0;

    if (query != SLICE_NPOS)
        s.len = query;
    for (size_t i = 0; i < s.len; i++) {
        int high = -1, low = -1;

        if (s.ptr[i] == '%' && i + 2 < s.len) {
            high = hex_digit(s.ptr[i + 1]);
            low = hex_digit(s.ptr[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            decoded[len++] = (char)(high * 16 + low);
            i += 2;
        } else {
            decoded[len++] = s.ptr[i];
        }
    }
    return slice_make(decoded, len);
}

/* The mailbox inside of brackets and "mailto:", source routes taken off. */
static struct bounce_slice unwrap(struct bounce_slice s, char decoded[MAX_TEXT])
{
    s = slice_trim(s);
    if (s.len > 1 && s.ptr[0] == '<' && s.ptr[s.len - 1] == '>') {
        s = slice_trim(slice_sub(s, 1, s.len - 2));
        /* RFC 5321 appendix C: "<@relay,@other:ann@example.org>". */
        if (s.len > 0 && s.ptr[0] == '@') {
            size_t colon = slice_find_byte(s, ':');

            if (colon != SLICE_NPOS)
                s = slice_from(s, colon + 1);
        }
    }
    if (slice_starts_nocase(s, SLICE("mailto:")))
        s = take_mailto(slice_from(s, 7), decoded);
    return s;
}

/* ---- Keyed hashes ---------------------------------------------------- */

static void hex_of(const unsigned char *bytes, size_t count, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
}

bool address_hmac(struct bounce_slice key, struct bounce_slice text,
                  char out[65])
{
    char error[160];
    const struct module_crypto *crypto = module_load("crypto", error);
    unsigned char mac[MODULE_SHA256_LEN];

    out[0] = '\0';
    if (crypto == NULL || !crypto->hmac_sha256(key, text, mac))
        return false;
    hex_of(mac, sizeof(mac), out);
    out[64] = '\0';
    return true;
}

/* The last digits of a keyed hash follow from the first ones and the key, so
 * that one is told from a local part that merely looks like one. */
static void prove(const struct address_book *book, char hash[HASH_HEX])
{
    struct hash128 proof;
    uint64_t words[2];
    unsigned char bytes[PROOF_HEX / 2];

    hash128_init(&proof);
    hash128_add(&proof, slice_make(book->proof, sizeof(book->proof)));
    hash128_add(&proof, slice_make(hash, HASH_HEX - PROOF_HEX));
    hash128_words(&proof, words);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(words[0] >> (8 * i));
    hex_of(bytes, sizeof(bytes), hash + HASH_HEX - PROOF_HEX);
}

bool address_book_hash(const struct address_book *book,
                       struct bounce_slice text, char out[ADDRESS_HASH_LEN])
{
    unsigned char mac[MODULE_SHA256_LEN];

    if (!book->crypto->hmac_sha256(slice_make(book->secret, book->secret_len),
                                   text, mac))
        return false;
    hex_of(mac, (HASH_HEX - PROOF_HEX) / 2, out);
    prove(book, out);
    return true;
}

bool address_book_is_hash(const struct address_book *book,
                          struct bounce_slice text)
{
    char hash[HASH_HEX];

    if (book->crypto == NULL || text.len != HASH_HEX)
        return false;
    for (size_t i = 0; i < HASH_HEX; i++)
        if (!ascii_is_digit((unsigned char)text.ptr[i]) &&
            (text.ptr[i] < 'a' || text.ptr[i] > 'f'))
            return false;
    memcpy(hash, text.ptr, HASH_HEX);
    prove(book, hash);
    return memcmp(hash, text.ptr, HASH_HEX) == 0;
}

/* Puts the keyed hashes in the place of local part and domain. at: the "@" in
 * folded. */
static bool hash_address(const struct address_book *book, struct address *a,
                         size_t at)
{
    struct bounce_slice folded = slice_make(a->folded, a->folded_len);
    struct bounce_slice domain = slice_from(folded, at + 1);
    char hash[HASH_HEX];
    char name[ADDRESS_HASH_LEN];

    if (address_book_is_hash(book, slice_sub(folded, 0, at)))
        memcpy(hash, folded.ptr, HASH_HEX);
    else if (!address_book_hash(book, folded, hash))
        return false;
    if (book->hash_domains && !address_book_is_hash(book, domain)) {
        char keyed[ADDRESS_MAX];

        /* "@" keeps the domain's hash apart from those of addresses. */
        memcpy(keyed, a->folded + at, domain.len + 1);
        if (!address_book_hash(book, slice_make(keyed, domain.len + 1), name))
            return false;
        domain = slice_make(name, sizeof(name));
    }
    memcpy(a->text, hash, HASH_HEX);
    a->text[HASH_HEX] = '@';
    memcpy(a->text + HASH_HEX + 1, domain.ptr, domain.len);
    a->len = HASH_HEX + 1 + domain.len;
    a->domain = slice_make(a->text + HASH_HEX + 1, domain.len);
    memcpy(a->folded, a->text, a->len);
    a->folded_len = a->len;
    return true;
}

/* ---- The book -------------------------------------------------------- */

/* Reads the proof's key; false when libcrypto refuses. */
static bool make_proof(struct address_book *book)
{
    unsigned char mac[MODULE_SHA256_LEN];

    if (!book->crypto->hmac_sha256(slice_make(book->secret, book->secret_len),
                                   SLICE("proof"), mac))
        return false;
    memcpy(book->proof, mac, sizeof(book->proof));
    return true;
}

struct address_book *address_book_new(const struct address_options *options,
                                      char error[160])
{
    struct address_book *book = calloc(1, sizeof(*book));
    char length[16];

    snprintf(error, 160, "memory is out");
    if (book == NULL)
        return NULL;
    hash128_init(&book->seed);
    snprintf(length, sizeof(length), "%zu:", options->salt.len);
    hash128_add(&book->seed, slice_cstr(length));
    hash128_add(&book->seed, options->salt);
    if (options->key.ptr == NULL)
        return book;

    book->hash_domains = options->hash_domains;
    if (options->key.len < 16) {
        snprintf(error, 160,
                 "the key for addresses is too short: %zu bytes, not 16",
                 options->key.len);
        goto bad;
    }
    book->crypto = module_load("crypto", error);
    if (book->crypto == NULL)
        goto bad;
    book->secret = malloc(options->key.len);
    if (book->secret == NULL) {
        snprintf(error, 160, "memory is out");
        goto bad;
    }
    memcpy(book->secret, options->key.ptr, options->key.len);
    book->secret_len = options->key.len;
    if (!make_proof(book)) {
        snprintf(error, 160, "libcrypto makes no HMAC-SHA-256");
        goto bad;
    }
    return book;
bad:
    address_book_free(book);
    return NULL;
}

void address_book_free(struct address_book *book)
{
    if (book == NULL)
        return;
    free(book->secret);
    free(book);
}

bool address_hidden(const struct address_book *book)
{
    return book->crypto != NULL;
}

static int64_t key_of(const struct address_book *book, struct bounce_slice text,
                      unsigned attempt)
{
    struct hash128 hash = book->seed;
    uint64_t words[2];
    char suffix[16];

    hash128_add(&hash, text);
    if (attempt > 0) {
        /* A blank stands in no folded address without quotes before it. */
        snprintf(suffix, sizeof(suffix), " %u", attempt);
        hash128_add(&hash, slice_cstr(suffix));
    }
    hash128_words(&hash, words);
    words[0] &= (uint64_t)INT64_MAX;
    return words[0] == 0 ? 1 : (int64_t)words[0];
}

void address_rekey(const struct address_book *book, struct address *address,
                   unsigned attempt)
{
    address->key =
        key_of(book, slice_make(address->folded, address->folded_len), attempt);
}

enum address_flaw address_read(const struct address_book *book,
                               struct bounce_slice text,
                               struct address *address_out)
{
    struct address *a = address_out;
    char decoded[MAX_TEXT], content[MAX_ADDRESS];
    struct out local = {content, 0, sizeof(content), false};
    struct out whole = {a->text, 0, MAX_ADDRESS, false};
    enum address_flaw flaw;
    size_t at, folded;

    a->len = a->folded_len = 0;
    a->domain = SLICE_NULL;
    a->key = 0;
    if (text.len > MAX_TEXT)
        return ADDRESS_TOO_LONG;
    text = unwrap(text, decoded);
    if (text.len == 0)
        return ADDRESS_EMPTY;
    flaw = take_local(&text, &local);
    if (flaw != ADDRESS_FINE)
        return flaw;
    put_local(&whole, slice_make(content, local.len));
    at = whole.len;
    put_byte(&whole, '@');
    flaw = put_domain(&whole, text);
    if (flaw != ADDRESS_FINE)
        return flaw;
    if (whole.over)
        return ADDRESS_TOO_LONG;
    a->len = whole.len;
    a->domain = slice_make(a->text + at + 1, a->len - at - 1);

    folded = address_fold(slice_make(a->text, at), a->folded, ADDRESS_MAX);
    memcpy(a->folded + folded, a->text + at, a->len - at);
    a->folded_len = folded + a->len - at;
    if (book->crypto != NULL && !hash_address(book, a, folded))
        return ADDRESS_NO_HASH;
    a->key = key_of(book, slice_make(a->folded, a->folded_len), 0);
    return ADDRESS_FINE;
}

const char *address_flaw_text(enum address_flaw flaw)
{
    switch (flaw) {
    case ADDRESS_FINE:
        return "fine";
    case ADDRESS_EMPTY:
        return "empty";
    case ADDRESS_NO_DOMAIN:
        return "no domain";
    case ADDRESS_TOO_LONG:
        return "too long";
    case ADDRESS_SYNTAX:
        return "not written like an address";
    case ADDRESS_DOMAIN:
        return "not a name that a domain can have";
    case ADDRESS_NO_IDN:
        return "support for international domain names is not installed";
    case ADDRESS_NO_HASH:
        return "it cannot be hashed";
    }
    return "unknown";
}
