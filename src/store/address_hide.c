/* SPDX-License-Identifier: MIT
 * Addresses out of texts. Where it is not sure where an address begins, more is
 * hidden rather than less: "to=ann@example.org" is one address to RFC 5321. */
#include "base/utf8.h"
#include "store/address_book.h"
#include "store/address_fold.h"

/* How "@" is written in addresses inside of other things. "=" does so in
 * variable return paths only ("bounces+ann=example.org"). */
struct sign {
    struct bounce_slice text;
    char escape; /* what begins other bytes that are written so; 0: none */
};

static const struct sign plain_sign = {{"@", 1}, '\0'};
static const struct sign path_sign = {{"=", 1}, '\0'};
static const struct sign signs[] = {
    {{"%40", 3}, '%'},      {{"=40", 3}, '='},
    {{"+40", 3}, '+'},      {{"&#64;", 5}, '\0'},
    {{"&#x40;", 6}, '\0'},  {{"&commat;", 8}, '\0'},
    {{"\\x40", 4}, '\0'},   {{"\\u0040", 6}, '\0'},
    {{"\\x{40}", 6}, '\0'}, {{"\xEF\xBC\xA0", 3}, '\0'}, /* U+FF20 */
};

/* Words of replies: as a local part they are a role, and hiding them would
 * leave nothing to read. */
static const char *const common[] = {
    "abuse",     "account",       "address",  "admin",      "alias",
    "blocked",   "bounce",        "bounces",  "box",        "client",
    "contact",   "content",       "daemon",   "data",       "delivery",
    "disabled",  "dns",           "domain",   "email",      "error",
    "exist",     "failed",        "found",    "full",       "host",
    "inbox",     "info",          "invalid",  "list",       "mail",
    "mailbox",   "mailer-daemon", "message",  "name",       "noreply",
    "no-reply",  "office",        "policy",   "postmaster", "quota",
    "recipient", "rejected",      "relay",    "reply",      "root",
    "sender",    "server",        "service",  "smtp",       "spam",
    "status",    "support",       "test",     "the",        "this",
    "unknown",   "user",          "webmaster"};

#define QUOTES "<>\"'`()[]"

struct word {
    char text[ADDRESS_MAX]; /* folded */
    size_t len;
    struct bounce_slice becomes;
    bool quoted_only; /* else it is a word like any other */
    bool name;        /* a domain: a subdomain may stand before it */
};

struct hide {
    const struct address_book *book;
    struct bounce_slice text;
    struct address clear, keyed; /* the recipient */
    bool known;                  /* there is one */
    struct word words[3];
    size_t word_count;
    char *buf;
    size_t len, cap;
};

static void put(struct hide *hide, struct bounce_slice s)
{
    size_t room = hide->cap - hide->len;

    if (s.len > room) {
        s.len = utf8_cut(s, room);
        hide->cap = hide->len + s.len; /* nothing may follow a gap */
    }
    if (s.len > 0)
        memcpy(hide->buf + hide->len, s.ptr, s.len);
    hide->len += s.len;
}

/* ---- The recipient's local part alone -------------------------------- */

static bool is_word_byte(unsigned char c)
{
    return ascii_is_alnum(c) || c >= 0x80;
}

static bool is_telling(struct bounce_slice word)
{
    size_t digits = 0;

    while (digits < word.len && ascii_is_digit((unsigned char)word.ptr[digits]))
        digits++;
    if (word.len < 3 || (digits == word.len && digits < 4))
        return false;
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        if (slice_eq(word, slice_cstr(common[i])))
            return false;
    return true;
}

static void add_word(struct hide *hide, struct bounce_slice text,
                     struct bounce_slice becomes, bool name)
{
    struct word *word = &hide->words[hide->word_count];

    word->len = 0;
    for (size_t i = 0; i < text.len; i++) {
        /* A quoted local part is mentioned without its quotes. */
        if (text.ptr[0] == '"') {
            if (i == 0 || i + 1 == text.len)
                continue;
            if (text.ptr[i] == '\\')
                i++;
        }
        word->text[word->len++] = text.ptr[i];
    }
    word->becomes = becomes;
    word->name = name;
    word->quoted_only = !is_telling(slice_make(word->text, word->len));
    if (word->len > 0)
        hide->word_count++;
}

static void set_recipient(struct hide *hide, struct bounce_slice recipient)
{
    struct address_book clear = *hide->book;
    struct bounce_slice folded, local, becomes;
    size_t plus;

    clear.crypto = NULL;
    if (address_read(&clear, recipient, &hide->clear) != ADDRESS_FINE ||
        address_read(hide->book, recipient, &hide->keyed) != ADDRESS_FINE)
        return;
    folded = slice_make(hide->clear.folded, hide->clear.folded_len);
    local = slice_sub(folded, 0, folded.len - hide->clear.domain.len - 1);
    if (address_book_is_hash(hide->book, local))
        return; /* hidden already: nobody knows its local part */
    hide->known = true;
    becomes = slice_make(hide->keyed.text, ADDRESS_HASH_LEN);
    add_word(hide, local, becomes, false);
    plus = slice_find_byte(local, '+');
    if (plus != SLICE_NPOS && plus > 0 && local.ptr[0] != '"')
        add_word(hide, slice_sub(local, 0, plus), becomes, false);
    if (hide->book->hash_domains)
        add_word(hide, hide->clear.domain, hide->keyed.domain, true);
}

/* Bytes of text that are word, without case; 0: they are not. */
static size_t match_word(struct bounce_slice text, const struct word *word)
{
    size_t used = 0, at = 0;

    while (at < word->len) {
        char folded[4];
        struct bounce_slice rest = slice_from(text, used);
        uint32_t code;
        size_t step, len;
        bool ok;

        if (rest.len == 0)
            return 0;
        step = utf8_decode(rest, &code, &ok);
        len = address_fold(slice_sub(rest, 0, step), folded, sizeof(folded));
        if (len > word->len - at || memcmp(word->text + at, folded, len) != 0)
            return 0;
        at += len;
        used += step;
    }
    return used;
}

static bool stands_alone(const struct hide *hide, const struct word *word,
                         size_t start, size_t end)
{
    unsigned char before =
        start > 0 ? (unsigned char)hide->text.ptr[start - 1] : ' ';
    unsigned char after =
        end < hide->text.len ? (unsigned char)hide->text.ptr[end] : ' ';

    if (is_word_byte(before) || is_word_byte(after))
        return false;
    if (word->name)
        return before != '-' && after != '-';
    return !word->quoted_only ||
           (strchr(QUOTES, before) != NULL && strchr(QUOTES, after) != NULL);
}

/* Text without addresses. */
static void put_words(struct hide *hide, size_t from, size_t end)
{
    size_t done = from;

    for (size_t i = from; i < end; i++) {
        if (i > 0 && is_word_byte((unsigned char)hide->text.ptr[i - 1]))
            continue;
        for (size_t k = 0; k < hide->word_count; k++) {
            const struct word *word = &hide->words[k];
            size_t used = match_word(slice_sub(hide->text, i, end - i), word);

            if (used == 0 || !stands_alone(hide, word, i, i + used))
                continue;
            put(hide, slice_sub(hide->text, done, i - done));
            put(hide, word->becomes);
            done = i + used;
            i = done - 1;
            break;
        }
    }
    put(hide, slice_sub(hide->text, done, end - done));
}

/* ---- Addresses ------------------------------------------------------- */

/* The sign at the start of s, or NULL. */
static const struct sign *sign_at(struct bounce_slice s)
{
    switch (*s.ptr) {
    case '@':
        return &plain_sign;
    case '%':
    case '=':
    case '+':
    case '&':
    case '\\':
    case '\xEF':
        for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
            if (slice_starts_nocase(s, signs[i].text))
                return &signs[i];
        return *s.ptr == '=' ? &path_sign : NULL;
    default:
        return NULL;
    }
}

/* Bytes of a domain or an address literal at the start of s. */
static size_t domain_length(struct bounce_slice s)
{
    size_t len = 0;

    if (s.len > 2 && s.ptr[0] == '[') {
        for (len = 1; len < s.len && len < 256; len++) {
            unsigned char c = (unsigned char)s.ptr[len];

            if (c == ']')
                return len + 1;
            if (!ascii_is_alnum(c) && c != '.' && c != ':' && c != '-')
                break;
        }
        return 0;
    }
    while (len < s.len) {
        unsigned char c = (unsigned char)s.ptr[len];

        if (!is_word_byte(c) && c != '.' && c != '-' && c != '_')
            break;
        len++;
    }
    while (len > 0 && (s.ptr[len - 1] == '.' || s.ptr[len - 1] == '-'))
        len--;
    return len;
}

/* Whether it is one beyond doubt: letters behind a last dot. "=40" and the like
 * stand in other texts too. */
static bool is_sure_domain(struct bounce_slice s)
{
    size_t dot = slice_rfind_byte(s, '.');

    return dot != SLICE_NPOS && dot + 1 < s.len && s.ptr[0] != '.' &&
           !ascii_is_digit((unsigned char)s.ptr[dot + 1]);
}

/* Where the local part that ends at end begins, not before from. In "a@b@c" all
 * of "a@b" belongs to it: "b@c" may be somebody. */
static size_t local_start(const struct hide *hide, size_t from, size_t end)
{
    const char *text = hide->text.ptr;
    size_t start = end;

    if (end > from && text[end - 1] == '"') {
        for (start--; start > from && text[start - 1] != '"'; start--)
            ;
        return start > from ? start - 1 : end;
    }
    while (start > from && (address_is_atext((unsigned char)text[start - 1]) ||
                            text[start - 1] == '.' || text[start - 1] == '@'))
        start--;
    while (start + 1 < end && (text[start] == '\'' || text[start] == '`'))
        start++;
    return start;
}

/* "?email=", "&to=" before an address in a URL are no part of it. */
static size_t skip_parameter(struct bounce_slice local)
{
    size_t start = 0;

    for (size_t i = 0; i < local.len; i++) {
        size_t name = i + 1;

        if (local.ptr[i] != '?' && local.ptr[i] != '&')
            continue;
        while (name < local.len &&
               (ascii_is_alpha((unsigned char)local.ptr[name]) ||
                local.ptr[name] == '_'))
            name++;
        if (name + 1 < local.len && local.ptr[name] == '=')
            start = name + 1;
    }
    return start;
}

/* "to=ann@example.org" when ann@example.org is the recipient, or when its hash
 * stands there already: what is before it is no part of it. */
static size_t skip_to_known(const struct hide *hide, struct bounce_slice local,
                            struct bounce_slice domain)
{
    struct bounce_slice want = slice_make(
        hide->clear.folded, hide->clear.folded_len - hide->clear.domain.len);
    size_t start;

    if (local.len > ADDRESS_HASH_LEN) {
        start = local.len - ADDRESS_HASH_LEN;
        if (!is_word_byte((unsigned char)local.ptr[start - 1]) &&
            address_book_is_hash(hide->book, slice_from(local, start)))
            return start;
    }
    if (!hide->known || !slice_eq_nocase(domain, hide->clear.domain))
        return 0;
    want.len--; /* the "@" */
    if (local.len <= want.len || !slice_ends_nocase(local, want))
        return 0;
    start = local.len - want.len;
    return is_word_byte((unsigned char)local.ptr[start - 1]) ? 0 : start;
}

static int hex_digit(char c)
{
    if (ascii_is_digit((unsigned char)c))
        return c - '0';
    c = (char)ascii_lower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Puts the keyed hash of an address as it stands in the text. */
static void put_address(struct hide *hide, const struct sign *sign,
                        struct bounce_slice local, struct bounce_slice domain)
{
    char text[ADDRESS_MAX * 2], hash[ADDRESS_HASH_LEN];
    struct address address;
    size_t len = 0;

    for (size_t i = 0; i < local.len && len < ADDRESS_MAX; i++) {
        char c = local.ptr[i];

        if (sign->escape != '\0' && c == sign->escape && i + 2 < local.len &&
            hex_digit(local.ptr[i + 1]) >= 0 &&
            hex_digit(local.ptr[i + 2]) >= 0) {
            c = (char)(hex_digit(local.ptr[i + 1]) * 16 +
                       hex_digit(local.ptr[i + 2]));
            i += 2;
        }
        text[len++] = c;
    }
    text[len++] = '@';
    if (domain.len > ADDRESS_MAX / 2)
        domain.len = ADDRESS_MAX / 2;
    if (domain.len > 0)
        memcpy(text + len, domain.ptr, domain.len);
    len += domain.len;
    if (address_read(hide->book, slice_make(text, len), &address) ==
        ADDRESS_FINE) {
        put(hide, slice_make(address.text, address.len));
        return;
    }
    /* No address by the book, but it may be somebody's. */
    if (address_book_is_hash(hide->book, local))
        put(hide, local);
    else if (address_book_hash(hide->book, slice_make(text, len), hash))
        put(hide, slice_make(hash, sizeof(hash)));
    put(hide, SLICE("@"));
    if (!hide->book->hash_domains)
        put(hide, domain);
}

/* Takes the address whose sign stands at at; *done moves behind it. false: it
 * is none. */
static bool take_address(struct hide *hide, const struct sign *sign, size_t at,
                         size_t *done)
{
    struct bounce_slice text = hide->text, domain, local;
    size_t behind = at + sign->text.len, from = *done, start;

    domain = slice_sub(text, behind, domain_length(slice_from(text, behind)));
    if (sign != &plain_sign && !is_sure_domain(domain))
        return false;
    /* "...@host" behind it makes all of it one address. */
    if (domain.len > 0 && behind + domain.len < text.len &&
        (text.ptr[behind + domain.len] == '@' ||
         (sign == &path_sign && text.ptr[behind + domain.len] == '=')))
        return false;
    if (sign == &path_sign)
        from = at - from > 128 ? at - 128 : from;
    start = local_start(hide, from, at);
    local = slice_sub(text, start, at - start);
    if (sign == &path_sign && slice_find_byte(local, '+') == SLICE_NPOS)
        return false;
    start += skip_parameter(local);
    local = slice_sub(text, start, at - start);
    start += skip_to_known(hide, local, domain);
    local = slice_sub(text, start, at - start);
    if (local.len == 0)
        return false;
    put_words(hide, *done, start);
    put_address(hide, sign, local, domain);
    *done = behind + domain.len;
    return true;
}

size_t address_hide(const struct address_book *book, struct bounce_slice text,
                    const struct bounce_slice *recipient, char *buf, size_t cap)
{
    struct hide hide = {.book = book, .text = text, .buf = buf, .cap = cap};
    size_t done = 0;

    if (book->crypto == NULL) {
        put(&hide, text);
        return hide.len;
    }
    if (recipient != NULL && recipient->len > 0)
        set_recipient(&hide, *recipient);
    for (size_t i = 0; i < text.len; i++) {
        const struct sign *sign = sign_at(slice_from(text, i));

        if (sign != NULL && take_address(&hide, sign, i, &done))
            i = done - 1;
    }
    put_words(&hide, done, text.len);
    return hide.len;
}
