/* SPDX-License-Identifier: MIT
 * A message as it comes in pieces: whole up to a limit, else its head and its
 * tail. */
#ifndef BOUNCE_INGEST_MAIL_LETTER_H
#define BOUNCE_INGEST_MAIL_LETTER_H

#include "base/slice.h"

struct mail_letter {
    size_t max, head_max; /* bytes */
    char *buf;
    size_t len, cap;
    uint64_t dropped; /* bytes behind the head that are gone */
    bool no_memory;
};

/* max: of a message that is kept whole. */
void mail_letter_init(struct mail_letter *letter, size_t max);
void mail_letter_clear(struct mail_letter *letter);

/* The next message begins. */
void mail_letter_begin(struct mail_letter *letter);
void mail_letter_add(struct mail_letter *letter, struct bounce_slice piece);
/* What is added from now on stands somewhere behind what was: a hole. */
void mail_letter_skip(struct mail_letter *letter);
/* The message, to be written to, until the next one begins; *tail_out is how
 * many bytes at its end stand behind a hole, 0: it is whole. NULL: memory is
 * out. */
char *mail_letter_end(struct mail_letter *letter, size_t *len_out,
                      size_t *tail_out);

#endif
