/* SPDX-License-Identifier: MIT
 * What the terminal can do. */
#ifndef BOUNCE_CLI_TERM_H
#define BOUNCE_CLI_TERM_H

#include "cli/textbuf.h"

enum term_style {
    TERM_PLAIN = 0,
    TERM_BOLD,
    TERM_DIM,
    TERM_RED,
    TERM_GREEN,
    TERM_YELLOW,
    TERM_BLUE,
    TERM_MAGENTA,
    TERM_CYAN
};

/* Whether colours may go to fd: a terminal that is not dumb, and no NO_COLOR
 * in the environment. */
bool term_colour(int fd);
/* Columns of the terminal at fd; COLUMNS, or 100, when it does not tell. */
size_t term_columns(int fd);
/* The style that people connect with a class. */
enum term_style term_class_style(struct bounce_slice class_name);
/* s in a style, or bare when colour is off. */
void term_styled(struct textbuf *text, enum term_style style, bool colour,
                 struct bounce_slice s);

#endif
