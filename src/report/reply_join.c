/* SPDX-License-Identifier: MIT */
#include "report/reply_join.h"

#include "base/block.h"
#include "report/reply_code.h"

struct joint {
    int code; /* of the reply that goes on over several lines; 0 none */
    struct bounce_slice status;
    size_t dash; /* where the "-" of its first line stands */
};

/* A line of a reply that goes on begins with its code again (RFC 5321 section
 * 4.2.1), often with the status too. Returns the bytes at s.ptr[at] that only
 * repeat; the first line opens the joint and keeps its words. */
static size_t repeated(struct joint *joint, struct bounce_slice s, size_t at)
{
    size_t start = at, after, len;
    int code;

    if (joint->code != 0 && slice_starts(slice_from(s, at), SLICE("<<< ")))
        at = skip_space(s, at + 3);
    if (reply_match_code(slice_from(s, at), &code) == 0)
        return 0;
    after = at + 3;
    if (after < s.len && s.ptr[after] == '-') {
        size_t next = skip_space(s, after + 1);
        len = reply_match_status(slice_from(s, next));
        if (joint->code != code) {
            joint->code = code;
            joint->status = slice_sub(s, next, len);
            joint->dash = after;
            return 0;
        }
        after = after + 1;
        if (len != 0 && slice_eq(joint->status, slice_sub(s, next, len)))
            after = next + len;
        return after - start;
    }
    if (joint->code != code || (after < s.len && s.ptr[after] != ' ' &&
                                !ascii_is_space((unsigned char)s.ptr[after])))
        return 0;
    joint->code = 0; /* "550 " is the last line */
    len = skip_space(s, after);
    if (joint->status.len != 0 &&
        slice_starts(slice_from(s, len), joint->status))
        after = len + joint->status.len;
    return after - start;
}

#define FOUR(x)  x, x, x, x
#define EIGHT(x) FOUR(x), FOUR(x)

const unsigned char REPLY_BYTE_CLASS[256] = {[0] = BYTE_SPACE,
                                             ['\t'] = BYTE_SPACE,
                                             ['\n'] = BYTE_SPACE,
                                             ['\v'] = BYTE_SPACE,
                                             ['\f'] = BYTE_SPACE,
                                             ['\r'] = BYTE_SPACE,
                                             [' '] = BYTE_SPACE,
                                             ['('] = BYTE_MARK,
                                             ['<'] = BYTE_MARK,
                                             ['>'] = BYTE_MARK,
                                             ['['] = BYTE_MARK,
                                             ['\''] = BYTE_MARK,
                                             ['0'] = EIGHT(BYTE_DIGIT),
                                             BYTE_DIGIT,
                                             BYTE_DIGIT,
                                             ['A'] = EIGHT(BYTE_ALPHA),
                                             EIGHT(BYTE_ALPHA),
                                             EIGHT(BYTE_ALPHA),
                                             BYTE_ALPHA,
                                             BYTE_ALPHA,
                                             ['a'] = EIGHT(BYTE_ALPHA),
                                             EIGHT(BYTE_ALPHA),
                                             EIGHT(BYTE_ALPHA),
                                             BYTE_ALPHA,
                                             BYTE_ALPHA};

/* Joins lines byte by byte; out has room for text. Returns the length. */
static size_t join(struct bounce_slice text, char *out)
{
    struct joint joint = {0, SLICE_NULL, SLICE_NPOS};
    bool blank = true;
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        enum byte_class class = class_of(c);

        if (class == BYTE_SPACE || i == joint.dash) {
            blank = true;
            continue;
        }
        if (blank) {
            if (class == BYTE_DIGIT || c == '<') {
                size_t skip = repeated(&joint, text, i);

                if (skip != 0) {
                    i += skip - 1;
                    continue;
                }
            }
            if (n > 0)
                out[n++] = ' ';
            blank = false;
        }
        out[n++] = c;
    }
    return n;
}

/* Whether "550-" stands at a "-" and behind a blank: the first line of a reply
 * of several, perhaps. */
static bool goes_on(struct bounce_slice text, size_t dash)
{
    int code;

    return dash >= 3 && (dash == 3 || text.ptr[dash - 4] == ' ') &&
           reply_match_code(slice_from(text, dash - 3), &code) != 0;
}

/* Fills begins; whether the text, which is trimmed, is its own line: only
 * single blanks between words, no code that lines repeat. */
static bool map_line(struct bounce_slice text, uint64_t *begins)
{
    uint64_t digit = 0, letter = 0, space = 0;
    bool plain = true;

    for (size_t at = 0; at < text.len; at += 64) {
        struct block b;
        uint64_t digits, letters, spaces, dashes, marks;

        block_load(&b, text.ptr + at, text.len - at);
        digits = block_digits(&b);
        letters = block_letters(&b);
        spaces = block_equal(&b, ' ');
        dashes = block_equal(&b, '-');
        marks = block_equal(&b, '(') | block_equal(&b, '<') |
                block_equal(&b, '>') | block_equal(&b, '[') |
                block_equal(&b, '\'') | block_equal(&b, '#');
        begins[at / 64] = (digits & ~(digits << 1 | digit)) |
                          (letters & ~(letters << 1 | letter)) | marks | dashes;
        if ((spaces & (spaces << 1 | space)) != 0 ||
            (text.len - at >= 64
                 ? block_controls(&b)
                 : block_controls(&b) << (64 - (text.len - at))) != 0)
            plain = false;
        for (; dashes != 0; dashes &= dashes - 1)
            plain = plain && !goes_on(text, at + bits_lowest(dashes));
        digit = digits >> 63;
        letter = letters >> 63;
        space = spaces >> 63;
    }
    return plain;
}

bool reply_join(struct message *message, struct bounce_slice text,
                struct reply_line *line_out)
{
    size_t words = text.len / 64 + 1;
    uint64_t *begins = message_alloc(
        message, words * sizeof(*begins) + (text.len + 1) * sizeof(char));
    char *low, *out;

    if (begins == NULL)
        return false;
    low = (char *)(begins + words);
    line_out->low = low;
    line_out->begins = begins;
    line_out->text = text;
    if (!map_line(text, begins)) {
        out = message_alloc(message, text.len + 1);
        if (out == NULL)
            return false;
        line_out->text = slice_make(out, join(text, out));
        map_line(line_out->text, begins);
    }
    block_lower(low, line_out->text.ptr, line_out->text.len);
    return true;
}
