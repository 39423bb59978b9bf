/* SPDX-License-Identifier: MIT */
#include "ingest/json_scan.h"

#include "base/block.h"
#include "base/utf8.h"
#include "mime/decode.h"

void json_scan_init(struct json_scan *scan, char *text, size_t len)
{
    *scan = (struct json_scan){text, text + len, NULL};
    if (utf8_valid_prefix(slice_make(text, len)) != len)
        scan->flaw = "not UTF-8";
}

void json_scan_fail(struct json_scan *scan, const char *flaw)
{
    if (scan->flaw == NULL)
        scan->flaw = flaw;
}

void json_scan_space(struct json_scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' ||
                              *s->at == '\r' || *s->at == '\n'))
        s->at++;
}

bool json_scan_take(struct json_scan *s, char c)
{
    json_scan_space(s);
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

/* Four hex digits; false when they are not there. */
static bool take_hex4(struct json_scan *s, uint32_t *code_out)
{
    uint32_t code = 0;

    if (s->end - s->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        unsigned value = decode_hex((unsigned char)s->at[i]);

        if (value > 15)
            return false;
        code = code << 4 | value;
    }
    s->at += 4;
    *code_out = code;
    return true;
}

/* Behind "\u". Surrogates without a partner come from programs that carry
 * broken bytes along; the reply is worth more than their purity. */
static size_t take_unicode(struct json_scan *s, char *out)
{
    uint32_t code = 0, low = 0;
    char *before;

    if (!take_hex4(s, &code)) {
        json_scan_fail(s, "\\u wants four hexadecimal digits");
        return 0;
    }
    if (code >= 0xD800 && code <= 0xDBFF) {
        before = s->at;
        if (s->end - s->at >= 6 && s->at[0] == '\\' && s->at[1] == 'u') {
            s->at += 2;
            if (take_hex4(s, &low) && low >= 0xDC00 && low <= 0xDFFF)
                return utf8_encode(
                    0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF)), out);
        }
        s->at = before;
    }
    if (code >= 0xD800 && code <= 0xDFFF)
        code = UTF8_REPLACEMENT;
    return utf8_encode(code, out);
}

/* Behind "\"; what it means goes to out, at most 4 bytes, never more than the
 * escape took. */
static size_t take_escape(struct json_scan *s, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *known;

    if (s->at == s->end) {
        json_scan_fail(s, "a string does not end");
        return 0;
    }
    if (*s->at == 'u') {
        s->at++;
        return take_unicode(s, out);
    }
    known = memchr(from, *s->at, sizeof(from) - 1);
    if (known == NULL) {
        json_scan_fail(s, "unknown escape in a string");
        return 0;
    }
    s->at++;
    *out = to[known - from];
    return 1;
}

/* Over what a string holds as it is, up to its end, an escape or a flaw, which
 * is said. The text is known to be UTF-8. */
static void pass_plain(struct json_scan *s)
{
    for (;;) {
        s->at += block_find_special(s->at, s->end, '"', '\\') - s->at;
        if (s->at == s->end) {
            json_scan_fail(s, "a string does not end");
            return;
        }
        if (*s->at == '"' || *s->at == '\\')
            return;
        if ((unsigned char)*s->at < 0x20) {
            json_scan_fail(s, "a control character in a string");
            return;
        }
        do
            s->at++; /* letters beyond ASCII seldom stand alone */
        while (s->at < s->end && (unsigned char)*s->at >= 0x7F);
    }
}

struct bounce_slice json_scan_string(struct json_scan *s)
{
    char *start = s->at, *out = s->at;

    while (s->flaw == NULL) {
        char *from = s->at, bytes[4];
        size_t len;

        pass_plain(s);
        len = (size_t)(s->at - from);
        if (out != from)
            memmove(out, from, len);
        out += len;
        if (s->flaw != NULL || *s->at++ == '"')
            break;
        len = take_escape(s, bytes);
        memcpy(out, bytes, len);
        out += len;
    }
    return slice_make(start, (size_t)(out - start));
}

/* A string that is not needed: nothing is changed. */
static void skip_string(struct json_scan *s)
{
    while (s->flaw == NULL) {
        char ignored[4];

        pass_plain(s);
        if (s->flaw != NULL || *s->at++ == '"')
            break;
        take_escape(s, ignored);
    }
}

static size_t skip_digits(struct json_scan *s)
{
    char *start = s->at;

    while (s->at < s->end && ascii_is_digit((unsigned char)*s->at))
        s->at++;
    return (size_t)(s->at - start);
}

/* RFC 8259 section 6. */
static void skip_number(struct json_scan *s)
{
    char *first;

    if (*s->at == '-')
        s->at++;
    first = s->at;
    if (skip_digits(s) == 0 || (*first == '0' && s->at - first > 1))
        json_scan_fail(s, "not a number");
    if (s->at < s->end && *s->at == '.') {
        s->at++;
        if (skip_digits(s) == 0)
            json_scan_fail(s, "not a number");
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        s->at++;
        if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
            s->at++;
        if (skip_digits(s) == 0)
            json_scan_fail(s, "not a number");
    }
}

bool json_scan_word(struct json_scan *s, struct bounce_slice word)
{
    if (!slice_starts(slice_make(s->at, (size_t)(s->end - s->at)), word))
        return false;
    s->at += word.len;
    return true;
}

/* A string, number, true, false or null. */
static void skip_scalar(struct json_scan *s)
{
    if (s->at == s->end)
        json_scan_fail(s, "a value is missing");
    else if (json_scan_take(s, '"'))
        skip_string(s);
    else if (*s->at == '-' || ascii_is_digit((unsigned char)*s->at))
        skip_number(s);
    else if (!json_scan_word(s, SLICE("true")) &&
             !json_scan_word(s, SLICE("false")) &&
             !json_scan_word(s, SLICE("null")))
        json_scan_fail(s, "not a JSON value");
}

static void skip_key(struct json_scan *s)
{
    if (!json_scan_take(s, '"')) {
        json_scan_fail(s, "a member has no name");
        return;
    }
    skip_string(s);
    if (!json_scan_take(s, ':'))
        json_scan_fail(s, "a colon is missing");
}

/* Any value. Without recursion: what is nested comes from strangers. */
static void skip_value(struct json_scan *s)
{
    char open[JSON_SCAN_DEPTH]; /* '[' or '{' */
    size_t depth = 0;

    do {
        bool entered = false;

        json_scan_space(s);
        if (s->at < s->end && (*s->at == '[' || *s->at == '{')) {
            if (depth == JSON_SCAN_DEPTH) {
                json_scan_fail(s, "nested too deeply");
                return;
            }
            open[depth++] = *s->at++;
            entered = true;
        } else {
            skip_scalar(s);
        }
        while (s->flaw == NULL && depth > 0) {
            if (json_scan_take(s, open[depth - 1] == '[' ? ']' : '}')) {
                depth--;
                entered = false;
                continue;
            }
            if (!entered && !json_scan_take(s, ','))
                json_scan_fail(s, "a comma is missing");
            if (open[depth - 1] == '{')
                skip_key(s);
            break;
        }
    } while (s->flaw == NULL && depth > 0);
}

struct bounce_slice json_scan_value(struct json_scan *scan)
{
    char *start;

    json_scan_space(scan);
    start = scan->at;
    skip_value(scan);
    return slice_make(start, (size_t)(scan->at - start));
}

struct bounce_slice json_scan_name(struct json_scan *scan)
{
    struct bounce_slice name;

    if (!json_scan_take(scan, '"')) {
        json_scan_fail(scan, "a member has no name");
        return SLICE_NULL;
    }
    name = json_scan_string(scan);
    if (!json_scan_take(scan, ':'))
        json_scan_fail(scan, "a colon is missing");
    json_scan_space(scan);
    return name;
}

bool json_scan_next(struct json_scan *scan, char close, bool first)
{
    if (scan->flaw != NULL)
        return false;
    if (first)
        return !json_scan_take(scan, close);
    if (json_scan_take(scan, ','))
        return true;
    if (!json_scan_take(scan, close))
        json_scan_fail(scan, close == '}' ? "the object does not end"
                                          : "the array does not end");
    return false;
}

void json_scan_end(struct json_scan *scan)
{
    json_scan_space(scan);
    if (scan->at != scan->end)
        json_scan_fail(scan, "something stands behind the object");
}
