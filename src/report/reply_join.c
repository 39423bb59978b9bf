/* SPDX-License-Identifier: MIT */
#include "report/reply_join.h"

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

bool reply_join(struct message *message, struct bounce_slice text,
                struct bounce_slice *line_out, const char **low_out)
{
    struct joint joint = {0, SLICE_NULL, SLICE_NPOS};
    bool blank = true;
    char *out, *low;
    size_t n = 0;

    out = message_alloc(message, 2 * text.len + 1);
    if (out == NULL)
        return false;
    low = out + text.len;
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
            if (n > 0) {
                out[n] = low[n] = ' ';
                n++;
            }
            blank = false;
        }
        out[n] = c;
        low[n] = (char)ascii_lower((unsigned char)c);
        n++;
    }
    *line_out = slice_make(out, n);
    *low_out = low;
    return true;
}
