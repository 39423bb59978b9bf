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

/* The maps of struct reply_line while they are made. */
struct maps {
    uint64_t *begins, *digits, *alnums, *signs;
};

/* Fills the maps; whether the text, which is trimmed, is its own line: only
 * single blanks between words, no code that lines repeat. */
static bool map_line(struct bounce_slice text, const struct maps *maps,
                     bool *odd_out)
{
    uint64_t digit = 0, letter = 0, space = 0, odd = 0;
    bool plain = true;

    for (size_t at = 0, i = 0; i < text.len / 64 + 1; at += 64, i++) {
        size_t rest = text.len - at;
        uint64_t some = rest >= 64 ? UINT64_MAX : ((uint64_t)1 << rest) - 1;
        uint64_t letters, spaces, dashes, marks, controls;
        struct block b;

        block_load(&b, text.ptr + at, rest);
        maps->digits[i] = block_digits(&b);
        letters = block_letters(&b);
        maps->alnums[i] = maps->digits[i] | letters;
        maps->signs[i] = block_equal(&b, '@');
        spaces = block_equal(&b, ' ');
        dashes = block_equal(&b, '-');
        marks = block_equal(&b, '(') | block_equal(&b, '<') |
                block_equal(&b, '>') | block_equal(&b, '[') |
                block_equal(&b, '\'') | block_equal(&b, '#');
        maps->begins[i] = (maps->digits[i] & ~(maps->digits[i] << 1 | digit)) |
                          (letters & ~(letters << 1 | letter)) | marks | dashes;
        controls = block_controls(&b) & some;
        odd |= controls | block_equal(&b, 0x7F);
        if ((spaces & (spaces << 1 | space)) != 0 || controls != 0)
            plain = false;
        for (; dashes != 0; dashes &= dashes - 1)
            plain = plain && !goes_on(text, at + bits_lowest(dashes));
        digit = maps->digits[i] >> 63;
        letter = letters >> 63;
        space = spaces >> 63;
    }
    *odd_out = odd != 0;
    return plain;
}

bool reply_join(struct message *message, struct bounce_slice text,
                struct reply_line *line_out)
{
    size_t words = text.len / 64 + 1;
    uint64_t *room =
        message_alloc(message, 4 * words * sizeof(*room) + text.len + 1);
    struct maps maps;
    char *low, *out;

    if (room == NULL)
        return false;
    maps =
        (struct maps){room, room + words, room + 2 * words, room + 3 * words};
    low = (char *)(room + 4 * words);
    *line_out = (struct reply_line){.text = text,
                                    .low = low,
                                    .begins = maps.begins,
                                    .digits = maps.digits,
                                    .alnums = maps.alnums,
                                    .signs = maps.signs};
    if (!map_line(text, &maps, &line_out->odd)) {
        out = message_alloc(message, text.len + 1);
        if (out == NULL)
            return false;
        line_out->text = slice_make(out, join(text, out));
        map_line(line_out->text, &maps, &line_out->odd);
    }
    block_lower(low, line_out->text.ptr, line_out->text.len);
    return true;
}
