/* SPDX-License-Identifier: MIT
 * Text that grows in memory, and making foreign text safe to show. */
#ifndef BOUNCE_CLI_TEXTBUF_H
#define BOUNCE_CLI_TEXTBUF_H

#include "base/slice.h"

/* All zero is empty. Ends the process when memory is out. */
struct textbuf {
    char *ptr;
    size_t len, cap;
};

void textbuf_free(struct textbuf *text);
/* Room for extra bytes at ptr + len. */
char *textbuf_room(struct textbuf *text, size_t extra);
void textbuf_add(struct textbuf *text, struct bounce_slice s);
void textbuf_cstr(struct textbuf *text, const char *s);
void textbuf_byte(struct textbuf *text, char c);
void textbuf_repeat(struct textbuf *text, char c, size_t count);
void textbuf_format(struct textbuf *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline struct bounce_slice textbuf_slice(const struct textbuf *text)
{
    return slice_make(text->ptr != NULL ? text->ptr : "", text->len);
}

/* s with everything that could steer a terminal or break a line written out:
 * control characters as \n, \t, \x1b, \u009b, marks that turn the direction
 * of writing as \u202e; bytes that are no UTF-8 as U+FFFD. */
void textbuf_clean(struct textbuf *text, struct bounce_slice s);

/* Columns that cleaned UTF-8 takes on a terminal. */
size_t textbuf_columns(struct bounce_slice s);
/* Bytes of the longest prefix of s that takes at most columns. */
size_t textbuf_fit(struct bounce_slice s, size_t columns);

/* Words of s wrapped into lines of width columns, each behind indent blanks
 * and ended by LF; s is cleaned. Nothing when s is empty. */
void textbuf_wrap(struct textbuf *text, struct bounce_slice s, size_t indent,
                  size_t width);

#endif
