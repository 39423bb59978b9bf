/* SPDX-License-Identifier: MIT
 * One line of a diagnostic of several, and what its bytes may begin. */
#ifndef BOUNCE_REPORT_REPLY_JOIN_H
#define BOUNCE_REPORT_REPLY_JOIN_H

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

/* White space collapsed; codes that lines of one reply repeat left out.
 * *low_out is the same line with ASCII letters lowered. false: no memory. */
bool reply_join(struct message *message, struct bounce_slice text,
                struct bounce_slice *line_out, const char **low_out);

#endif
