/* SPDX-License-Identifier: MIT
 *
 *     local   = prefix [ "+" recipient ] [ "+" id ] "+" token
 *     token   = key-name "-" hours "-" mac
 *
 * recipient has "=" for its "@"; recipient and id have "~" and two hex digits
 * for what would be taken for a separator or may not stand in an atom. hours
 * since 1970 and the mac are in base 32, low in letters that look alike. What
 * is signed is compared without case, since relays there are that change it. */
#include "store/verp.h"

#include <stdio.h>

#include "store/address.h"

#define MAX_LOCAL   64 /* RFC 5321 section 4.5.3.1.1 */
#define MAX_ADDRESS 320
#define MAC_BYTES   10 /* RFC 2104 section 5 asks for 80 bits or more */
#define MAC_CHARS   16
#define MAX_NAME    8
#define HOUR_S      3600

static const char base32[] = "0123456789abcdefghjkmnpqrstvwxyz";
static const char hex[] = "0123456789abcdef";

/* An address that is put together, or a text that is signed. */
struct text {
    char ptr[1024];
    size_t len;
    bool over;
};

static void put(struct text *text, struct bounce_slice s)
{
    if (s.len > sizeof(text->ptr) - text->len) {
        text->over = true;
        return;
    }
    if (s.len > 0)
        memcpy(text->ptr + text->len, s.ptr, s.len);
    text->len += s.len;
}

static void put_byte(struct text *text, char c)
{
    put(text, slice_make(&c, 1));
}

static bool is_plain(unsigned char c)
{
    return ascii_is_alnum(c) || (c != '\0' && strchr("._-", c) != NULL);
}

static void put_escaped(struct text *text, struct bounce_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        /* Dots stand between atoms (RFC 5321 section 4.1.2). */
        if (is_plain(c) &&
            (c != '.' || (i > 0 && i + 1 < s.len && s.ptr[i - 1] != '.'))) {
            put_byte(text, (char)c);
        } else {
            put_byte(text, '~');
            put_byte(text, hex[c >> 4]);
            put_byte(text, hex[c & 15]);
        }
    }
}

static int value_of(const char *digits, char c)
{
    const char *at =
        c == '\0' ? NULL : strchr(digits, ascii_lower((unsigned char)c));

    return at == NULL ? -1 : (int)(at - digits);
}

/* The way back, with NUL; false: not escaped like that, or too long. */
static bool unescape(struct bounce_slice s, char *out, size_t cap)
{
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (c == '~') {
            int high = i + 2 < s.len ? value_of(hex, s.ptr[i + 1]) : -1;
            int low = i + 2 < s.len ? value_of(hex, s.ptr[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '=') {
            c = '@';
        } else if (!is_plain((unsigned char)c)) {
            return false;
        }
        if ((unsigned char)c < 0x20 || c == 0x7F || len + 1 >= cap)
            return false;
        out[len++] = c;
    }
    out[len] = '\0';
    return true;
}

/* What is signed: each part with its length before it, in lower case. */
static void put_signed(struct text *text, struct bounce_slice part)
{
    char length[24];

    snprintf(length, sizeof(length), "%zu:", part.len);
    put(text, slice_cstr(length));
    for (size_t i = 0; i < part.len; i++)
        put_byte(text, (char)ascii_lower((unsigned char)part.ptr[i]));
}

struct parts {
    struct bounce_slice name, domain, recipient, id; /* as they are written */
    struct bounce_slice hours;
};

static bool make_mac(struct bounce_slice secret, const struct parts *parts,
                     char mac_out[MAC_CHARS])
{
    struct text text = {.len = 0};
    char digits[65];
    unsigned bits = 0, held = 0;
    size_t len = 0;

    put_signed(&text, SLICE("bounce-verp-1"));
    put_signed(&text, parts->name);
    put_signed(&text, parts->domain);
    put_signed(&text, parts->recipient);
    put_signed(&text, parts->id);
    put_signed(&text, parts->hours);
    if (text.over ||
        !address_hmac(secret, slice_make(text.ptr, text.len), digits))
        return false;
    for (size_t i = 0; i < (size_t)MAC_BYTES * 2; i++) {
        bits = bits << 4 | (unsigned)value_of(hex, digits[i]);
        held += 4;
        if (held >= 5) {
            held -= 5;
            mac_out[len++] = base32[bits >> held & 31];
        }
    }
    return true;
}

static bool is_key(const struct verp_key *key)
{
    if (key->name.len == 0 || key->name.len > MAX_NAME || key->secret.len < 16)
        return false;
    for (size_t i = 0; i < key->name.len; i++) {
        unsigned char c = (unsigned char)key->name.ptr[i];

        if (!ascii_is_digit(c) && !(c >= 'a' && c <= 'z'))
            return false;
    }
    return true;
}

/* Letters, digits, "-" and "." as in "mail.example.com"; bytes of other
 * scripts. */
static bool is_domain(struct bounce_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (!is_plain(c) && c < 0x80)
            return false;
    }
    return s.len > 0 && s.len <= 255;
}

/* The sender's local part: an atom that leaves the separators to us. */
static bool is_prefix(struct bounce_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_plain((unsigned char)s.ptr[i]) && s.ptr[i] != '+')
            return false;
    return s.len > 0;
}

static bool split(struct bounce_slice address, struct bounce_slice *local_out,
                  struct bounce_slice *domain_out)
{
    size_t at;

    if (address.len > 2 && address.ptr[0] == '<' &&
        address.ptr[address.len - 1] == '>')
        address = slice_sub(address, 1, address.len - 2);
    at = slice_rfind_byte(address, '@');
    if (at == SLICE_NPOS || at == 0 || address.len > MAX_ADDRESS)
        return false;
    *local_out = slice_sub(address, 0, at);
    *domain_out = slice_from(address, at + 1);
    return is_domain(*domain_out);
}

static bool has_control(struct bounce_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7F)
            return true;
    return false;
}

static bool compose(const struct verp_key *key, struct bounce_slice prefix,
                    struct parts *parts, char out[321])
{
    struct text text = {.len = 0};
    char mac[MAC_CHARS];

    put(&text, prefix);
    if (parts->recipient.len > 0) {
        put_byte(&text, '+');
        put(&text, parts->recipient);
    }
    if (parts->id.len > 0) {
        put_byte(&text, '+');
        put(&text, parts->id);
    }
    put_byte(&text, '+');
    put(&text, parts->name);
    put_byte(&text, '-');
    put(&text, parts->hours);
    put_byte(&text, '-');
    if (text.over || text.len + MAC_CHARS > MAX_LOCAL ||
        !make_mac(key->secret, parts, mac))
        return false;
    put(&text, slice_make(mac, MAC_CHARS));
    put_byte(&text, '@');
    put(&text, parts->domain);
    if (text.over || text.len > MAX_ADDRESS)
        return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

bool verp_sign(const struct verp_key *key, struct bounce_slice sender,
               struct bounce_slice recipient, struct bounce_slice id,
               int64_t now, char out[321])
{
    struct text to = {.len = 0}, name = {.len = 0};
    struct bounce_slice prefix, local, domain;
    struct parts parts;
    char hours[16];
    size_t at = sizeof(hours);

    out[0] = '\0';
    if (!is_key(key) || !split(sender, &prefix, &parts.domain) ||
        !is_prefix(prefix) || !split(recipient, &local, &domain) ||
        has_control(recipient) || has_control(id) || id.len > 127 || now < 0)
        return false;
    now /= HOUR_S;
    do {
        hours[--at] = base32[now & 31];
        now >>= 5;
    } while (now > 0);
    parts.hours = slice_make(hours + at, sizeof(hours) - at);
    parts.name = key->name;
    put_escaped(&to, local);
    put_byte(&to, '=');
    put_escaped(&to, domain);
    put_escaped(&name, id);
    parts.recipient = slice_make(to.ptr, to.len);
    parts.id = slice_make(name.ptr, name.len);
    if (!to.over && !name.over && compose(key, prefix, &parts, out))
        return true;
    if (parts.id.len == 0)
        return false;
    parts.recipient = SLICE("");
    return !name.over && compose(key, prefix, &parts, out);
}

/* The piece behind the last "+", taken off *local. */
static bool take_last(struct bounce_slice *local,
                      struct bounce_slice *piece_out)
{
    size_t plus = slice_rfind_byte(*local, '+');

    if (plus == SLICE_NPOS)
        return false;
    *piece_out = slice_from(*local, plus + 1);
    *local = slice_sub(*local, 0, plus);
    return true;
}

/* name "-" hours "-" mac; false: it is none of ours. */
static bool read_token(struct bounce_slice token, struct parts *parts,
                       struct bounce_slice *mac_out, struct verp_seen *seen)
{
    size_t first = slice_find_byte(token, '-');
    size_t last = slice_rfind_byte(token, '-');
    int64_t hours = 0;

    if (first == SLICE_NPOS || first == last || first == 0 || first > MAX_NAME)
        return false;
    parts->name = slice_sub(token, 0, first);
    parts->hours = slice_sub(token, first + 1, last - first - 1);
    *mac_out = slice_from(token, last + 1);
    if (parts->hours.len == 0 || parts->hours.len > 8 ||
        mac_out->len != MAC_CHARS)
        return false;
    for (size_t i = 0; i < MAC_CHARS; i++)
        if (value_of(base32, mac_out->ptr[i]) < 0)
            return false;
    for (size_t i = 0; i < first; i++) {
        seen->key[i] = (char)ascii_lower((unsigned char)token.ptr[i]);
        if (!ascii_is_alnum((unsigned char)token.ptr[i]))
            return false;
    }
    seen->key[first] = '\0';
    for (size_t i = 0; i < parts->hours.len; i++) {
        int value = value_of(base32, parts->hours.ptr[i]);

        if (value < 0)
            return false;
        hours = hours * 32 + value;
    }
    seen->signed_at = hours * HOUR_S;
    return true;
}

/* false: not written by verp_sign(). */
static bool read_address(struct bounce_slice address, struct parts *parts,
                         struct bounce_slice *mac_out, struct verp_seen *seen)
{
    struct bounce_slice local, piece;

    if (!split(address, &local, &parts->domain) || !take_last(&local, &piece) ||
        !read_token(piece, parts, mac_out, seen) || !take_last(&local, &piece))
        return false;
    parts->id = parts->recipient = SLICE("");
    if (slice_find_byte(piece, '=') == SLICE_NPOS) {
        struct bounce_slice rest = local;

        parts->id = piece;
        if (take_last(&rest, &piece) &&
            slice_find_byte(piece, '=') != SLICE_NPOS) {
            parts->recipient = piece;
            local = rest;
        }
    } else {
        parts->recipient = piece;
    }
    return local.len > 0 && unescape(parts->id, seen->id, sizeof(seen->id)) &&
           unescape(parts->recipient, seen->recipient, sizeof(seen->recipient));
}

/* In a time that does not tell how much of it was right. */
static bool same_mac(const char *mac, struct bounce_slice text)
{
    unsigned differs = 0;

    for (size_t i = 0; i < MAC_CHARS; i++)
        differs |=
            (unsigned char)mac[i] ^ ascii_lower((unsigned char)text.ptr[i]);
    return differs == 0;
}

enum verp_verdict verp_verify(const struct verp_key *keys, size_t count,
                              struct bounce_slice address, int64_t now,
                              int64_t max_age_s, struct verp_seen *seen_out)
{
    struct bounce_slice text = slice_trim(address), mac;
    struct parts parts;
    bool known = false;

    memset(seen_out, 0, sizeof(*seen_out));
    if (!read_address(text, &parts, &mac, seen_out)) {
        memset(seen_out, 0, sizeof(*seen_out));
        return VERP_NONE;
    }
    for (size_t i = 0; i < count; i++) {
        char want[MAC_CHARS];

        if (!is_key(&keys[i]) || !slice_eq_nocase(keys[i].name, parts.name))
            continue;
        known = true;
        if (!make_mac(keys[i].secret, &parts, want) || !same_mac(want, mac))
            continue;
        /* It may have been signed at the end of its hour. */
        if (now - seen_out->signed_at - (HOUR_S - 1) > max_age_s)
            return VERP_EXPIRED;
        return VERP_FINE;
    }
    return known ? VERP_FORGED : VERP_FOREIGN;
}

const char *verp_verdict_text(enum verp_verdict verdict)
{
    switch (verdict) {
    case VERP_FINE:
        return "genuine";
    case VERP_NONE:
        return "no token";
    case VERP_FORGED:
        return "forged";
    case VERP_EXPIRED:
        return "expired";
    case VERP_FOREIGN:
        return "unknown key";
    }
    return "unknown";
}
