/* SPDX-License-Identifier: MIT */
#include "engine/json_write.h"

#include "base/block.h"
#include "base/date.h"
#include "base/utf8.h"

void json_int(struct json_writer *w, int64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0)
        JSON_RAW(w, "-");
    json_raw(w, digits + at, sizeof(digits) - at);
}

void json_decimal(struct json_writer *w, double value, bool trim)
{
    int64_t hundredths;
    char rest[3];

    if (!(value > -9e15 && value < 9e15)) {
        JSON_RAW(w, "null");
        return;
    }
    hundredths = (int64_t)(value * 100 + (value < 0 ? -0.5 : 0.5));
    if (hundredths < 0) {
        JSON_RAW(w, "-");
        hundredths = -hundredths;
    }
    json_int(w, hundredths / 100);
    if (trim && hundredths % 100 == 0)
        return;
    rest[0] = '.';
    rest[1] = (char)('0' + hundredths / 10 % 10);
    rest[2] = (char)('0' + hundredths % 10);
    json_raw(w, rest, sizeof(rest));
}

void json_rate(struct json_writer *w, double value)
{
    const int64_t million = 1000000;
    char rest[7];
    int64_t millionths;

    if (!(value >= 0 && value < 1e12)) {
        JSON_RAW(w, "null");
        return;
    }
    millionths = (int64_t)(value * (double)million + 0.5);
    json_int(w, millionths / million);
    millionths %= million;
    for (size_t i = sizeof(rest); --i > 0; millionths /= 10)
        rest[i] = (char)('0' + millionths % 10);
    rest[0] = '.';
    json_raw(w, rest, sizeof(rest));
}

#if defined(__SSE2__)

/* Stores 16 bytes; which of them a JSON string does not hold as they are, as the
 * bits of a word: all but printable ASCII, and " and \\. */
static unsigned store_plain(char *to, __m128i bytes)
{
    _mm_storeu_si128((__m128i *)(void *)to, bytes);
    return (unsigned)_mm_movemask_epi8(block_is_special(bytes, '"', '\\'));
}

static __m128i load_16(const char *from)
{
    return _mm_loadu_si128((const __m128i *)(const void *)from);
}

/* copy_plain() for less than 16 bytes, of which none behind the end may be
 * read: two loads that may overlap, one behind the other. */
static size_t copy_short(char *to, const char *from, size_t len)
{
    unsigned found;

    if (len >= 8) {
        uint64_t low, high;

        memcpy(&low, from, 8);
        memcpy(&high, from + len - 8, 8);
        memcpy(to, &low, 8);
        memcpy(to + len - 8, &high, 8);
        found = (unsigned)_mm_movemask_epi8(block_is_special(
            _mm_set_epi64x((long long)high, (long long)low), '"', '\\'));
        if ((found & 0xFF) == 0)
            return found == 0 ? len : len - 16 + bits_lowest(found);
        return bits_lowest(found);
    }
    if (len >= 4) {
        uint32_t low, high;

        memcpy(&low, from, 4);
        memcpy(&high, from + len - 4, 4);
        memcpy(to, &low, 4);
        memcpy(to + len - 4, &high, 4);
        found = (unsigned)_mm_movemask_epi8(block_is_special(
            _mm_set_epi32(0x20202020, 0x20202020, (int)high, (int)low), '"',
            '\\'));
        if ((found & 0xF) == 0)
            return found == 0 ? len : len - 8 + bits_lowest(found);
        return bits_lowest(found);
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)from[i];

        to[i] = from[i];
        if (c < ' ' || c >= 0x7F || c == '"' || c == '\\')
            return i;
    }
    return len;
}

/* Copies what a JSON string holds as it is; how many bytes. As many as len, and
 * 16, are touched in any case. */
static size_t copy_plain(char *to, const char *from, size_t len)
{
    size_t at = 0;
    unsigned found;

    if (len < 16)
        return copy_short(to, from, len);
    do {
        found = store_plain(to + at, load_16(from + at));
        if (found != 0)
            return at + bits_lowest(found);
        at += 16;
    } while (len - at >= 16);
    if (at == len)
        return len;
    at = len - 16; /* what stands before the rest is known to be plain */
    found = store_plain(to + at, load_16(from + at));
    return found != 0 ? at + bits_lowest(found) : len;
}

#else

static size_t copy_plain(char *to, const char *from, size_t len)
{
    len = (size_t)(block_find_special(from, from + len, '"', '\\') - from);
    memcpy(to, from, len);
    return len;
}

#endif

static void put_unicode_escape(struct json_writer *w, uint32_t code)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', 'u'};

    for (size_t i = 0; i < 4; i++)
        text[2 + i] = hex[code >> (12 - 4 * i) & 15];
    json_raw(w, text, sizeof(text));
}

static void put_ascii_escape(struct json_writer *w, unsigned char c)
{
    static const char named[][2] = {
        {'"', '"'},  {'\\', '\\'}, {'\n', 'n'}, {'\r', 'r'},
        {'\t', 't'}, {'\b', 'b'},  {'\f', 'f'},
    };

    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if ((unsigned char)named[i][0] == c) {
            char text[2] = {'\\', named[i][1]};
            json_raw(w, text, sizeof(text));
            return;
        }
    }
    put_unicode_escape(w, c);
}

/* The first character of s, which is not plain; its length. C1 controls are
 * escaped as C0 ones are, and U+2028/9 since JavaScript once ended lines at
 * them. */
static size_t put_special(struct json_writer *w, struct bounce_slice s)
{
    uint32_t code = 0;
    bool ok = true;
    size_t len;

    if ((unsigned char)s.ptr[0] < 0x80) {
        put_ascii_escape(w, (unsigned char)s.ptr[0]);
        return 1;
    }
    len = utf8_decode(s, &code, &ok);
    if (!ok)
        JSON_RAW(w, "\xEF\xBF\xBD");
    else if (code < 0xA0 || code == 0x2028 || code == 0x2029)
        put_unicode_escape(w, code);
    else
        json_raw(w, s.ptr, len);
    return len;
}

/* json_escape() from the first byte on that is not plain, without the quotes.
 * Not inlined, so that strings which are plain do not pay for it. */
__attribute__((noinline)) static char *escape_rest(char *to,
                                                   struct bounce_slice s)
{
    while (s.len > 0) {
        size_t plain;

        do { /* seldom alone where letters are not ASCII */
            struct json_writer w = {to, JSON_ESCAPED_ROOM(1), 0};
            size_t len = put_special(&w, s);

            to += w.len;
            s.ptr += len;
            s.len -= len;
        } while (s.len > 0 && (unsigned char)*s.ptr >= 0x80);
        plain = copy_plain(to, s.ptr, s.len);
        to += plain;
        s.ptr += plain;
        s.len -= plain;
    }
    return to;
}

char *json_escape(char *to, struct bounce_slice s)
{
    size_t plain;

    *to++ = '"';
    plain = copy_plain(to, s.ptr, s.len);
    to += plain;
    if (plain < s.len)
        to = escape_rest(to, slice_make(s.ptr + plain, s.len - plain));
    *to = '"';
    return to + 1;
}

void json_quoted(struct json_writer *w, struct bounce_slice s)
{
    if (w->len < w->cap && (w->cap - w->len) / 8 > s.len + 2) {
        w->len = (size_t)(json_escape(w->ptr + w->len, s) - w->ptr);
        return;
    }
    JSON_RAW(w, "\"");
    while (s.len > 0) {
        const char *plain = block_find_special(s.ptr, s.ptr + s.len, '"', '\\');

        json_raw(w, s.ptr, (size_t)(plain - s.ptr));
        s = slice_from(s, (size_t)(plain - s.ptr));
        if (s.len > 0)
            s = slice_from(s, put_special(w, s));
    }
    JSON_RAW(w, "\"");
}

void json_string(struct json_writer *w, struct bounce_slice s)
{
    if (s.ptr == NULL)
        JSON_RAW(w, "null");
    else
        json_quoted(w, s);
}

void json_strings(struct json_writer *w, const struct bounce_slice *list,
                  size_t count)
{
    JSON_RAW(w, "[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            JSON_RAW(w, ",");
        json_string(w, list[i]);
    }
    JSON_RAW(w, "]");
}

void json_word(struct json_writer *w, const char *word)
{
    if (word == NULL) {
        JSON_RAW(w, "null");
        return;
    }
    JSON_RAW(w, "\"");
    json_raw(w, word, strlen(word));
    JSON_RAW(w, "\"");
}

void json_tristate(struct json_writer *w, int value)
{
    if (value < 0)
        JSON_RAW(w, "null");
    else if (value > 0)
        JSON_RAW(w, "true");
    else
        JSON_RAW(w, "false");
}

void json_time(struct json_writer *w, int64_t time)
{
    char text[DATE_ISO_SIZE];
    size_t len;

    if (time == BOUNCE_NO_TIME || (len = date_format_iso(time, text)) == 0) {
        JSON_RAW(w, "null");
        return;
    }
    JSON_RAW(w, "\"");
    json_raw(w, text, len);
    JSON_RAW(w, "\"");
}
