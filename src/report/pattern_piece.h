/* SPDX-License-Identifier: MIT
 * The placeholders of patterns, for the matcher and the generator. */
#ifndef BOUNCE_REPORT_PATTERN_PIECE_H
#define BOUNCE_REPORT_PATTERN_PIECE_H

#include "base/slice.h"

/* In a compiled pattern a placeholder is one byte, which no text has. */
enum piece {
    PIECE_NONE = 0, /* not a placeholder */
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

/* For patterns that stand in C. */
#define PATTERN_NAME  "\x02"
#define PATTERN_ORIG  "\x03"
#define PATTERN_REPLY "\x04"
#define PATTERN_TEXT  "\x05"
#define PATTERN_HOST  "\x06"
#define PATTERN_CODE  "\x08"

/* The placeholder that a byte of a compiled pattern stands for. */
static inline enum piece pattern_piece(char c)
{
    return (unsigned char)c < PIECE_COUNT ? (enum piece)c : PIECE_NONE;
}

/* Whether the compiled pattern begins with a placeholder. */
static inline bool pattern_is_open(struct bounce_slice pattern)
{
    return pattern.len > 0 && pattern_piece(pattern.ptr[0]) != PIECE_NONE;
}

/* Compiles the text of a pattern into out, which has room for text.len bytes:
 * placeholders become bytes, letters lower case. false when it is not
 * well-formed; *out is then what is wrong. */
bool pattern_compile(struct bounce_slice text, char *buf,
                     struct bounce_slice *out);

#endif
