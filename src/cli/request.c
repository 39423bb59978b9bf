/* SPDX-License-Identifier: MIT */
#include "cli/request.h"

#include "base/utf8.h"

#define REQUEST_DEPTH 64 /* nested arrays and objects in what is skipped */

struct scanner {
    char *at, *end;
    const char *flaw; /* the first; NULL while all is well */
};

static const char *set_flaw(struct scanner *s, const char *flaw)
{
    if (s->flaw == NULL)
        s->flaw = flaw;
    return s->flaw;
}

static void skip_space(struct scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' ||
                              *s->at == '\r' || *s->at == '\n'))
        s->at++;
}

/* Whether c comes next, behind white space; takes it. */
static bool take(struct scanner *s, char c)
{
    skip_space(s);
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static int hex_value(char c)
{
    if (ascii_is_digit((unsigned char)c))
        return c - '0';
    c = (char)ascii_lower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits; false when they are not there. */
static bool take_hex4(struct scanner *s, uint32_t *code_out)
{
    uint32_t code = 0;

    if (s->end - s->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int value = hex_value(s->at[i]);

        if (value < 0)
            return false;
        code = code << 4 | (uint32_t)value;
    }
    s->at += 4;
    *code_out = code;
    return true;
}

/* Behind "\u". Surrogates without a partner come from programs that carry
 * broken bytes along; the reply is worth more than their purity. */
static size_t take_unicode(struct scanner *s, char *out)
{
    uint32_t code = 0, low = 0;
    char *before;

    if (!take_hex4(s, &code)) {
        set_flaw(s, "\\u wants four hexadecimal digits");
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
static size_t take_escape(struct scanner *s, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *known;

    if (s->at == s->end) {
        set_flaw(s, "a string does not end");
        return 0;
    }
    if (*s->at == 'u') {
        s->at++;
        return take_unicode(s, out);
    }
    known = memchr(from, *s->at, sizeof(from) - 1);
    if (known == NULL) {
        set_flaw(s, "unknown escape in a string");
        return 0;
    }
    s->at++;
    *out = to[known - from];
    return 1;
}

/* A string behind its first quote, decoded in place. */
static struct bounce_slice take_string(struct scanner *s)
{
    char *start = s->at, *out = s->at;

    while (s->flaw == NULL) {
        unsigned char c;

        if (s->at == s->end) {
            set_flaw(s, "a string does not end");
            break;
        }
        c = (unsigned char)*s->at++;
        if (c == '"')
            break;
        if (c == '\\') {
            char bytes[4];
            size_t len = take_escape(s, bytes);

            memcpy(out, bytes, len);
            out += len;
        } else if (c < 0x20) {
            set_flaw(s, "a control character in a string");
        } else {
            *out++ = (char)c;
        }
    }
    return slice_make(start, (size_t)(out - start));
}

/* A string that is not needed: nothing is changed. */
static void skip_string(struct scanner *s)
{
    while (s->at < s->end && s->flaw == NULL) {
        unsigned char c = (unsigned char)*s->at++;
        char ignored[4];

        if (c == '"')
            return;
        if (c == '\\')
            take_escape(s, ignored);
        else if (c < 0x20)
            set_flaw(s, "a control character in a string");
    }
    set_flaw(s, "a string does not end");
}

static size_t skip_digits(struct scanner *s)
{
    char *start = s->at;

    while (s->at < s->end && ascii_is_digit((unsigned char)*s->at))
        s->at++;
    return (size_t)(s->at - start);
}

/* RFC 8259 section 6. */
static void skip_number(struct scanner *s)
{
    char *first;

    if (*s->at == '-')
        s->at++;
    first = s->at;
    if (skip_digits(s) == 0 || (*first == '0' && s->at - first > 1))
        set_flaw(s, "not a number");
    if (s->at < s->end && *s->at == '.') {
        s->at++;
        if (skip_digits(s) == 0)
            set_flaw(s, "not a number");
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        s->at++;
        if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
            s->at++;
        if (skip_digits(s) == 0)
            set_flaw(s, "not a number");
    }
}

static bool take_word(struct scanner *s, struct bounce_slice word)
{
    if (!slice_starts(slice_make(s->at, (size_t)(s->end - s->at)), word))
        return false;
    s->at += word.len;
    return true;
}

/* A string, number, true, false or null. */
static void skip_scalar(struct scanner *s)
{
    if (s->at == s->end)
        set_flaw(s, "a value is missing");
    else if (take(s, '"'))
        skip_string(s);
    else if (*s->at == '-' || ascii_is_digit((unsigned char)*s->at))
        skip_number(s);
    else if (!take_word(s, SLICE("true")) && !take_word(s, SLICE("false")) &&
             !take_word(s, SLICE("null")))
        set_flaw(s, "not a JSON value");
}

static void skip_key(struct scanner *s)
{
    if (!take(s, '"')) {
        set_flaw(s, "a member has no name");
        return;
    }
    skip_string(s);
    if (!take(s, ':'))
        set_flaw(s, "a colon is missing");
}

/* Any value. Without recursion: what is nested comes from strangers. */
static void skip_value(struct scanner *s)
{
    char open[REQUEST_DEPTH]; /* '[' or '{' */
    size_t depth = 0;

    do {
        bool entered = false;

        skip_space(s);
        if (s->at < s->end && (*s->at == '[' || *s->at == '{')) {
            if (depth == REQUEST_DEPTH) {
                set_flaw(s, "nested too deeply");
                return;
            }
            open[depth++] = *s->at++;
            entered = true;
        } else {
            skip_scalar(s);
        }
        while (s->flaw == NULL && depth > 0) {
            if (take(s, open[depth - 1] == '[' ? ']' : '}')) {
                depth--;
                entered = false;
                continue;
            }
            if (!entered && !take(s, ','))
                set_flaw(s, "a comma is missing");
            if (open[depth - 1] == '{')
                skip_key(s);
            break;
        }
    } while (s->flaw == NULL && depth > 0);
}

/* The value of a member that must be a string or null. */
static struct bounce_slice take_text(struct scanner *s)
{
    if (take(s, '"'))
        return take_string(s);
    if (!take_word(s, SLICE("null")))
        set_flaw(s, "reply, host, stage, service and status must be strings");
    return SLICE_NULL;
}

static void take_member(struct scanner *s, struct request *request)
{
    struct bounce_slice name, stage;
    char *start;

    if (!take(s, '"')) {
        set_flaw(s, "a member has no name");
        return;
    }
    name = take_string(s);
    if (!take(s, ':'))
        set_flaw(s, "a colon is missing");
    skip_space(s);
    if (s->flaw != NULL)
        return;
    if (slice_eq(name, SLICE("reply"))) {
        request->reply = take_text(s);
    } else if (slice_eq(name, SLICE("host"))) {
        request->host = take_text(s);
    } else if (slice_eq(name, SLICE("service"))) {
        request->service = take_text(s);
    } else if (slice_eq(name, SLICE("status"))) {
        request->status = take_text(s);
    } else if (slice_eq(name, SLICE("stage"))) {
        stage = take_text(s);
        request->stage = bounce_stage_parse(stage.ptr, stage.len);
        if (stage.len > 0 && request->stage == BOUNCE_STAGE_NONE)
            set_flaw(s, "unknown stage");
    } else {
        start = s->at;
        skip_value(s);
        if (slice_eq(name, SLICE("id")) && s->flaw == NULL)
            request->id = slice_make(start, (size_t)(s->at - start));
    }
}

const char *request_parse(char *line, size_t len, struct request *request_out)
{
    struct scanner s = {line, line + len, NULL};

    *request_out = (struct request){0};
    if (utf8_valid_prefix(slice_make(line, len)) != len)
        return "not UTF-8";
    if (!take(&s, '{'))
        return "not a JSON object";
    if (!take(&s, '}')) {
        do
            take_member(&s, request_out);
        while (s.flaw == NULL && take(&s, ','));
        if (s.flaw == NULL && !take(&s, '}'))
            set_flaw(&s, "the object does not end");
    }
    skip_space(&s);
    if (s.at != s.end)
        set_flaw(&s, "something stands behind the object");
    if (s.flaw == NULL && request_out->reply.ptr == NULL)
        set_flaw(&s, "no reply");
    return s.flaw;
}
