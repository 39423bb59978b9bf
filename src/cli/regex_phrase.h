/* SPDX-License-Identifier: MIT
 * Regular expressions of other programs said as phrases, where they can be. */
#ifndef BOUNCE_CLI_REGEX_PHRASE_H
#define BOUNCE_CLI_REGEX_PHRASE_H

#include "cli/textbuf.h"

/* Appends the phrase for a regular expression (PCRE, Rust or JavaScript
 * notation, matched without case) to phrase. NULL when all is well, else why
 * it cannot be said; static. */
const char *regex_phrase(struct bounce_slice regex, struct textbuf *phrase);

#endif
