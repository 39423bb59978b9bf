/* SPDX-License-Identifier: MIT
 * One line of a diagnostic of several, and what its bytes may begin. */
#ifndef BOUNCE_REPORT_REPLY_JOIN_H
#define BOUNCE_REPORT_REPLY_JOIN_H

#include "base/bits.h"
#include "base/message.h"

/* What a byte may begin. */
enum byte_class {
    BYTE_OTHER = 0,
    BYTE_ALPHA,
    BYTE_DIGIT,
    BYTE_MARK, /* punctuation that wrappers begin with */
    BYTE_SPACE
};

extern const unsigned char REPLY_BYTE_CLASS[256];

static inline enum byte_class class_of(char c)
{
    return (enum byte_class)REPLY_BYTE_CLASS[(unsigned char)c];
}

/* The offset of the first byte from at on that is no white space. */
static inline size_t skip_space(struct bounce_slice s, size_t at)
{
    while (at < s.len && ascii_is_space((unsigned char)s.ptr[at]))
        at++;
    return at;
}

/* A diagnostic as one line. */
struct reply_line {
    struct bounce_slice text; /* white space collapsed */
    const char *low;          /* the same bytes, ASCII letters lowered */
    /* A bit for each byte, and a zero bit at least behind the last one. begins:
     * where a word, a number, or what else may begin a wrapper begins; see
     * class_of(). */
    const uint64_t *begins;
    const uint64_t *digits, *alnums; /* ASCII digits, and with letters */
    const uint64_t *signs;           /* "@" */
    bool odd;                        /* there are control characters */
};

/* Codes that the lines of one reply repeat are left out. false: no memory. */
bool reply_join(struct message *message, struct bounce_slice text,
                struct reply_line *line_out);

/* The first byte from at on where something begins; the line's length if there
 * is none. */
static inline size_t reply_line_next(const struct reply_line *line, size_t at)
{
    while (at < line->text.len) {
        uint64_t bits = line->begins[at / 64] >> at % 64;

        if (bits != 0)
            return at + bits_lowest(bits);
        at = (at / 64 + 1) * 64;
    }
    return line->text.len;
}

#endif
