/* SPDX-License-Identifier: MIT
 * One spelling for letters: lower case, no accents, full-width forms as plain
 * ones, typographic quotes and dashes as ASCII. */
#ifndef BOUNCE_CLASSIFY_FOLD_H
#define BOUNCE_CLASSIFY_FOLD_H

#include "base/slice.h"

/* Longest UTF-8 text that one character folds to. */
#define FOLD_MAX 4

/* Writes the folded form of a code point: 0 to FOLD_MAX bytes (0 for
 * combining marks and invisible characters). All kinds of white space give one
 * blank. */
size_t fold_code_point(uint32_t code, char out[FOLD_MAX]);

/* Whether the character that ends before at, or begins at at, is a letter or
 * digit of a script that puts blanks between words. text is folded. */
bool fold_word_before(const char *text, size_t at);
bool fold_word_at(const char *text, size_t len, size_t at);

#endif
