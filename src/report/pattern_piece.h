/* SPDX-License-Identifier: MIT
 * The placeholders of patterns, for the matcher and the generator. */
#ifndef BOUNCE_REPORT_PATTERN_PIECE_H
#define BOUNCE_REPORT_PATTERN_PIECE_H

#include "report/pattern.h"

enum piece {
    PIECE_ADDR,
    PIECE_NAME,
    PIECE_ORIG,
    PIECE_REPLY,
    PIECE_TEXT,
    PIECE_HOST,
    PIECE_IP,
    PIECE_CODE,
    PIECE_STATUS,
    PIECE_QUEUE,
    PIECE_STAGE,
    PIECE_NUMBER,
    PIECE_IN,
    PIECE_COUNT
};

extern const struct bounce_slice PATTERN_NAMES[PIECE_COUNT];

/* The placeholder at the start of s, which begins with "{", or PIECE_COUNT. */
enum piece pattern_placeholder(struct bounce_slice s);

/* The placeholder at the start of s, or PIECE_COUNT. */
static inline enum piece pattern_piece(struct bounce_slice s)
{
    return s.len > 0 && s.ptr[0] == '{' ? pattern_placeholder(s) : PIECE_COUNT;
}

#endif
