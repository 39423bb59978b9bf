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

/* How many bytes from ptr on a JSON string holds as they are: printable ASCII
 * save " and \. */
static size_t plain_run(const char *ptr, size_t len)
{
    return (size_t)(block_find_special(ptr, ptr + len, '"', '\\') - ptr);
}

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

void json_quoted(struct json_writer *w, struct bounce_slice s)
{
    JSON_RAW(w, "\"");
    while (s.len > 0) {
        size_t run = plain_run(s.ptr, s.len);

        json_raw(w, s.ptr, run);
        s = slice_from(s, run);
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
