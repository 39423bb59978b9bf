/* SPDX-License-Identifier: MIT
 * Text that grows in memory, and making foreign text safe to show. */
#ifndef BOUNCE_CLI_TEXT_H
#define BOUNCE_CLI_TEXT_H

#include "base/slice.h"

/* All zero is empty. Ends the process when memory is out. */
struct text {
    char *ptr;
    size_t len, cap;
};

void text_free(struct text *text);
/* Room for extra bytes at ptr + len. */
char *text_room(struct text *text, size_t extra);
void text_add(struct text *text, struct bounce_slice s);
void text_cstr(struct text *text, const char *s);
void text_byte(struct text *text, char c);
void text_repeat(struct text *text, char c, size_t count);
void text_format(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline struct bounce_slice text_slice(const struct text *text)
{
    return slice_make(text->ptr != NULL ? text->ptr : "", text->len);
}

/* s with everything that could steer a terminal or break a line written out:
 * control characters as \n, \t, \x1b, \u009b, marks that turn the direction
 * of writing as \u202e; bytes that are no UTF-8 as U+FFFD. */
void text_clean(struct text *text, struct bounce_slice s);

/* Columns that cleaned UTF-8 takes on a terminal. */
size_t text_columns(struct bounce_slice s);
/* Bytes of the longest prefix of s that takes at most columns. */
size_t text_fit(struct bounce_slice s, size_t columns);

/* Words of s wrapped into lines of width columns, each behind indent blanks
 * and ended by LF; s is cleaned. Nothing when s is empty. */
void text_wrap(struct text *text, struct bounce_slice s, size_t indent,
               size_t width);

#endif
