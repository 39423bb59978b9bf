/* SPDX-License-Identifier: MIT
 * What replies that a server writes again and again have in common: their text
 * with the pieces left out that vary. Two texts of one outline, over which the
 * same knowledge is asked with the same facts, get the same verdict, told at
 * the same places of the outline.
 *
 * Pieces are mail addresses, numbers from four digits on, words with digits
 * (queue ids, session ids, host names), addresses of IPv4 and times. The outline
 * keeps of each what anything asks of it: its kind, its length where that
 * matters, how it begins. Words that rules, codes or wrappers may speak of stay
 * (classify/guard.h), and so does whatever this file does not understand. */
#ifndef BOUNCE_CLASSIFY_OUTLINE_H
#define BOUNCE_CLASSIFY_OUTLINE_H

#include "base/bits.h"
#include "report/reply_join.h"

/* Longer texts have no outline. */
#define OUTLINE_TEXT    2048
#define OUTLINE_FACTS   96
#define OUTLINE_PIECES  24
#define OUTLINE_NOWHERE UINT16_MAX

/* A piece that is left out. */
struct outline_piece {
    uint16_t at, end;        /* in the text */
    uint16_t mark, mark_end; /* in the outline: what stands for it */
    bool address;            /* of mail; normalising makes one byte of it */
};

struct outline {
    struct bounce_slice text; /* what it was made of */
    struct outline_piece pieces[OUTLINE_PIECES];
    size_t piece_count;
    size_t len;
    bool open_end; /* the last piece may be of any length */
    size_t facts;  /* bytes in front of the text's own */
    /* A mark takes up to three bytes more than the piece that it stands for. */
    char bytes[OUTLINE_FACTS + OUTLINE_TEXT + 3 * OUTLINE_PIECES];
};

/* Begins an outline with the facts beside the text: up to OUTLINE_FACTS bytes,
 * whose number follows from what they are. */
void outline_begin(struct outline *outline, const unsigned char *facts,
                   size_t len);

/* Adds the text. false when it has no outline: it is too long, or has control
 * characters. guard: GUARD_WORDS. */
bool outline_add(struct outline *outline, const struct reply_line *line,
                 const uint32_t *guard);

/* Where a byte of the text stands in the outline, or OUTLINE_NOWHERE inside a
 * piece; the end of the text is a place too. */
uint16_t outline_place(const struct outline *outline, size_t at);

/* The way back, in a text of the same outline. */
size_t outline_at(const struct outline *outline, uint16_t place);

#endif
