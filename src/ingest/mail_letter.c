/* SPDX-License-Identifier: MIT */
#include "ingest/mail_letter.h"

#include <stdlib.h>

#define START ((size_t)64 << 10)

void mail_letter_init(struct mail_letter *letter, size_t max)
{
    *letter = (struct mail_letter){.max = max};
    mail_letter_begin(letter);
}

void mail_letter_clear(struct mail_letter *letter)
{
    free(letter->buf);
    letter->buf = NULL;
    letter->len = letter->cap = 0;
}

void mail_letter_begin(struct mail_letter *letter)
{
    if (letter->cap > 16 * START) /* after a giant */
        mail_letter_clear(letter);
    /* Reports say in front what happened; behind stands the returned mail. */
    letter->head_max = letter->max - letter->max / 4;
    letter->len = 0;
    letter->dropped = 0;
    letter->no_memory = false;
}

static size_t tail_max(const struct mail_letter *letter)
{
    return letter->max - letter->head_max;
}

/* Head and twice the tail: so each byte of an endless message is moved once. */
static size_t window_max(const struct mail_letter *letter)
{
    return letter->head_max + 2 * tail_max(letter) + 1;
}

/* All behind the head but the newest bytes of the tail. */
static void drop_middle(struct mail_letter *letter)
{
    size_t gone;
    char *hole = letter->buf + letter->head_max;

    if (letter->len <= letter->head_max + tail_max(letter))
        return;
    gone = letter->len - letter->head_max - tail_max(letter);
    memmove(hole, hole + gone, tail_max(letter));
    letter->len -= gone;
    letter->dropped += gone;
}

static bool make_room(struct mail_letter *letter)
{
    size_t cap = letter->cap > 0 ? 2 * letter->cap : START;
    char *grown;

    if (letter->len < letter->cap)
        return true;
    if (letter->cap >= window_max(letter)) {
        drop_middle(letter);
        return letter->len < letter->cap;
    }
    cap = cap < window_max(letter) ? cap : window_max(letter);
    grown = realloc(letter->buf, cap);
    if (grown == NULL)
        return false;
    letter->buf = grown;
    letter->cap = cap;
    return true;
}

void mail_letter_add(struct mail_letter *letter, struct bounce_slice piece)
{
    while (piece.len > 0 && !letter->no_memory) {
        size_t room;

        if (!make_room(letter)) {
            letter->no_memory = true;
            return;
        }
        room = letter->cap - letter->len;
        room = room < piece.len ? room : piece.len;
        memcpy(letter->buf + letter->len, piece.ptr, room);
        letter->len += room;
        piece = slice_from(piece, room);
    }
}

void mail_letter_skip(struct mail_letter *letter)
{
    letter->head_max =
        letter->len < letter->head_max ? letter->len : letter->head_max;
    letter->dropped++;
}

char *mail_letter_end(struct mail_letter *letter, size_t *len_out,
                      size_t *tail_out)
{
    if (letter->no_memory || !make_room(letter))
        return NULL;
    if (letter->dropped > 0 || letter->len > letter->max)
        drop_middle(letter);
    *len_out = letter->len;
    *tail_out = letter->dropped > 0 ? letter->len - letter->head_max : 0;
    return letter->buf;
}
