/* SPDX-License-Identifier: MIT
 * Text in a charset to UTF-8. The names are in charset_names.c. */
#include "mime/charset.h"

#include <errno.h>
#include <iconv.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "mime/charset_names.h"
#include "mime/charset_tables.h"
#include "mime/decode.h"

/* Bytes that no converter knows, after which a text is not what its charset
 * says: each costs a call. */
#define MAX_INVALID 10000

#define REPLACEMENT SLICE("\xEF\xBF\xBD")

struct charset_cache {
    const struct bounce_allocator *allocator;
    /* One for each name of the allow-list: that bounds the cache. */
    iconv_t handles[CHARSET_ICONV_COUNT];
    enum { CLOSED, OPEN, ABSENT } states[CHARSET_ICONV_COUNT];
};

struct charset_cache *
charset_cache_new(const struct bounce_allocator *allocator)
{
    struct charset_cache *cache =
        allocator->alloc(allocator->ctx, sizeof(*cache));

    if (cache == NULL)
        return NULL;
    memset(cache, 0, sizeof(*cache));
    cache->allocator = allocator;
    return cache;
}

void charset_cache_free(struct charset_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < CHARSET_ICONV_COUNT; i++) {
        if (cache->states[i] == OPEN)
            iconv_close(cache->handles[i]);
    }
    cache->allocator->release(cache->allocator->ctx, cache, sizeof(*cache));
}

static bool cache_open(struct charset_cache *cache, enum charset_iconv which)
{
    if (cache == NULL)
        return false;
    if (cache->states[which] == CLOSED) {
        const char *const *names = charset_iconv_names(which);

        cache->states[which] = ABSENT;
        for (int i = 0; i < 2 && names[i] != NULL; i++) {
            iconv_t handle = iconv_open("UTF-8", names[i]);

            /* What iconv_open() returns for "none" is (iconv_t)-1. */
            if ((intptr_t)handle == -1)
                continue;
            cache->handles[which] = handle;
            cache->states[which] = OPEN;
            break;
        }
    }
    return cache->states[which] == OPEN;
}

bool charset_known(struct bounce_slice charset)
{
    struct charset_entry entry;

    return charset_lookup(charset, &entry) && entry.kind != CHARSET_UNDECLARED;
}

/* ---- UTF-8 and text without a charset -------------------------------- */

/* Invalid bytes become U+FFFD, one for each run that began a character. */
static struct bounce_slice repair_utf8(struct message *message,
                                       struct bounce_slice text, size_t max)
{
    struct buf out;
    size_t good = utf8_valid_prefix(text);

    if (good == text.len)
        return slice_sub(text, 0, utf8_cut(text, max));
    buf_init(&out, message->arena, max);
    for (;;) {
        struct bounce_slice part = slice_sub(text, 0, good);

        buf_add(&out, slice_sub(part, 0, utf8_cut(part, max - out.len)));
        text = slice_from(text, good);
        if (text.len == 0 || max - out.len < REPLACEMENT.len || out.failed)
            break;
        buf_add(&out, REPLACEMENT);
        do
            text = slice_from(text, 1);
        while (text.len > 0 && ((unsigned char)*text.ptr & 0xC0) == 0x80);
        good = utf8_valid_prefix(text);
    }
    return decode_finish(message, &out);
}

/* Valid but for a character that the end cuts off. */
static bool is_cut_utf8(struct bounce_slice text)
{
    size_t good = utf8_valid_prefix(text), left = text.len - good;
    unsigned char first;

    if (left == 0)
        return true;
    first = (unsigned char)text.ptr[good];
    if (good == 0 || left > 3 || first < 0xC2 || first > 0xF4)
        return false;
    for (size_t i = 1; i < left; i++) {
        if (((unsigned char)text.ptr[good + i] & 0xC0) != 0x80)
            return false;
    }
    return left < (first < 0xE0 ? 2U : first < 0xF0 ? 3U : 4U);
}

/* Single bytes by table. */
static struct bounce_slice convert_table(struct message *message,
                                         const uint16_t table[128],
                                         struct bounce_slice text, size_t max)
{
    struct buf out;
    size_t i = utf8_ascii_prefix(text);

    /* Nothing to do for the usual text: all tables keep US-ASCII. */
    if (i == text.len)
        return slice_sub(text, 0, max);
    buf_init(&out, message->arena, max);
    buf_add(&out, slice_sub(text, 0, i));
    for (; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        char bytes[4];
        size_t n;

        if (c < 0x80) {
            buf_add_byte(&out, (char)c);
            continue;
        }
        n = utf8_encode(table[c - 0x80], bytes);
        if (n > max - out.len)
            break;
        buf_add(&out, slice_make(bytes, n));
    }
    return decode_finish(message, &out);
}

/* ---- iconv ----------------------------------------------------------- */

static void run_iconv(iconv_t handle, struct bounce_slice text, struct buf *out)
{
    /* iconv() wants a pointer it may not write through. */
    union {
        const char *in;
        char *iconv_in;
    } from = {text.ptr};
    size_t left = text.len, invalid = 0;

    iconv(handle, NULL, NULL, NULL, NULL);
    while (left > 0 && buf_reserve(out, left + 16) && out->len < out->max) {
        char *to = out->ptr + out->len;
        size_t room = out->cap - out->len;
        size_t done = iconv(handle, &from.iconv_in, &left, &to, &room);

        out->len = out->cap - room;
        if (done != (size_t)-1)
            break;
        if (errno == E2BIG) {
            if (out->cap == out->max)
                break;
            continue;
        }
        if (out->max - out->len < REPLACEMENT.len || ++invalid > MAX_INVALID)
            break;
        buf_add(out, REPLACEMENT);
        if (errno != EILSEQ)
            break;
        from.in++;
        left--;
    }
}

static struct bounce_slice convert_iconv(struct message *message,
                                         enum charset_iconv which,
                                         struct bounce_slice text, size_t max)
{
    struct buf out;

    if (!cache_open(message->charsets, which)) {
        message_warn(message, "charset-missing",
                     "The C library has no converter for a charset", text.ptr);
        return repair_utf8(message, text, max);
    }
    buf_init(&out, message->arena, max);
    run_iconv(message->charsets->handles[which], text, &out);
    return decode_finish(message, &out);
}

/* ---- 7-bit encodings of 8-bit charsets ------------------------------- */

/* ISO-2022-JP (RFC 1468, with JIS X 0201 kana and JIS X 0212) as EUC-JP,
 * which needs no state and whose converters know the vendors' characters. */
static size_t jis_to_euc(struct bounce_slice in, char *out)
{
    enum { ASCII, KANA, TWO, THREE } mode = ASCII;
    char *start = out;

    while (in.len > 0) {
        unsigned char c = (unsigned char)*in.ptr;
        bool pair;

        if (c == 0x1B && in.len >= 3) {
            size_t n = 3;

            if (in.ptr[1] == '$') {
                mode = TWO;
                if (in.len >= 4 && in.ptr[2] == '(') {
                    mode = in.ptr[3] == 'D' ? THREE : TWO;
                    n = 4;
                }
            } else {
                mode = in.ptr[1] == '(' && in.ptr[2] == 'I' ? KANA : ASCII;
            }
            in = slice_from(in, n);
            continue;
        }
        /* RFC 1468: a line end goes back to ASCII. */
        if (c == '\n' || c == '\r')
            mode = ASCII;
        pair = mode >= TWO && c > ' ' && c < 0x7F && in.len >= 2 &&
               in.ptr[1] > ' ' && in.ptr[1] != 0x7F;
        if (mode == KANA && c > ' ' && c < 0x60) {
            *out++ = (char)0x8E;
            *out++ = (char)(c | 0x80);
        } else if (pair) {
            if (mode == THREE)
                *out++ = (char)0x8F;
            *out++ = (char)(c | 0x80);
            *out++ = (char)(in.ptr[1] | 0x80);
        } else {
            *out++ = (char)c;
        }
        in = slice_from(in, pair ? 2 : 1);
    }
    return (size_t)(out - start);
}

/* HZ (RFC 1843) as GB 2312. */
static size_t hz_to_gb(struct bounce_slice in, char *out)
{
    bool two = false;
    char *start = out;

    while (in.len > 0) {
        char next = in.len >= 2 ? in.ptr[1] : '\0';
        size_t used = 1;

        if (*in.ptr == '~' &&
            (next == '{' || next == '}' || next == '~' || next == '\n')) {
            two = next == '{' || (two && next == '\n');
            if (next == '~')
                *out++ = '~';
            used = 2;
        } else if (two && *in.ptr > ' ' && next > ' ') {
            *out++ = (char)(*in.ptr | 0x80);
            *out++ = (char)(next | 0x80);
            used = 2;
        } else {
            if (*in.ptr == '\n')
                two = false;
            *out++ = *in.ptr;
        }
        in = slice_from(in, used);
    }
    return (size_t)(out - start);
}

static struct bounce_slice convert_7bit(struct message *message,
                                        enum charset_kind kind,
                                        struct bounce_slice text, size_t max)
{
    bool jis = kind == CHARSET_ISO_2022_JP;
    char *raw;

    /* Without shifts, or with 8-bit bytes that have no place here, it is
     * something else. */
    if (slice_find_byte(text, jis ? 0x1B : '~') == SLICE_NPOS)
        return repair_utf8(message, text, max);
    raw = message_alloc(message, text.len * 2);
    if (raw == NULL)
        return SLICE_NULL;
    text = slice_make(raw, jis ? jis_to_euc(text, raw) : hz_to_gb(text, raw));
    return convert_iconv(message, jis ? CHARSET_EUC_JP : CHARSET_GB18030, text,
                         max);
}

/* ---- All of them ----------------------------------------------------- */

static bool looks_like_iso_2022_jp(struct bounce_slice text)
{
    size_t at = slice_find_byte(text, 0x1B);

    if (at == SLICE_NPOS)
        return false;
    text = slice_sub(text, at, 3);
    return slice_eq(text, SLICE("\x1B$B")) || slice_eq(text, SLICE("\x1B$@")) ||
           slice_eq(text, SLICE("\x1B(I"));
}

static struct bounce_slice convert_undeclared(struct message *message,
                                              struct bounce_slice text,
                                              size_t max)
{
    if (looks_like_iso_2022_jp(text) && utf8_valid_prefix(text) == text.len)
        return convert_7bit(message, CHARSET_ISO_2022_JP, text, max);
    if (is_cut_utf8(text))
        return repair_utf8(message, text, max);
    return convert_table(message, charset_windows_1252, text, max);
}

/* RFC 2781 section 4.3: a byte order mark decides, without one it is big
 * endian. Some mailers mean little endian; zeros tell. */
static enum charset_iconv find_utf16_order(struct bounce_slice text)
{
    if (slice_starts(text, SLICE("\xFF\xFE")) ||
        (text.len >= 2 && text.ptr[0] != '\0' && text.ptr[1] == '\0'))
        return CHARSET_UTF_16LE;
    return CHARSET_UTF_16BE;
}

static struct bounce_slice convert_utf16(struct message *message,
                                         struct bounce_slice text, size_t max)
{
    enum charset_iconv order = find_utf16_order(text);

    if (slice_starts(text, SLICE("\xFF\xFE")) ||
        slice_starts(text, SLICE("\xFE\xFF")))
        text = slice_from(text, 2);
    return convert_iconv(message, order, text, max);
}

struct bounce_slice charset_to_utf8(struct message *message,
                                    struct bounce_slice charset,
                                    struct bounce_slice text, size_t max)
{
    struct charset_entry entry;

    if (text.len == 0)
        return text;
    if (!charset_lookup(charset, &entry)) {
        message_warn(message, "charset-unknown",
                     "A charset is unknown: its text is kept as it is",
                     charset.ptr);
        entry.kind = CHARSET_UNDECLARED;
    }
    switch (entry.kind) {
    case CHARSET_UNDECLARED:
        return convert_undeclared(message, text, max);
    case CHARSET_UTF_8:
        return repair_utf8(message, text, max);
    case CHARSET_TABLE:
        return convert_table(message, entry.table, text, max);
    case CHARSET_ICONV:
        return convert_iconv(message, entry.iconv, text, max);
    case CHARSET_UTF_16:
        return convert_utf16(message, text, max);
    case CHARSET_ISO_2022_JP:
    case CHARSET_HZ:
        return convert_7bit(message, entry.kind, text, max);
    }
    return SLICE_NULL;
}
