/* SPDX-License-Identifier: MIT
 * Stanzas of "Field: value" lines with blank lines between: the format of
 * data/, of users' rules and of the configuration. See data/README.md. */
#ifndef BOUNCE_BASE_STANZA_H
#define BOUNCE_BASE_STANZA_H

#include "base/arena.h"

struct stanza_field {
    struct bounce_slice name;  /* as written, no colon */
    struct bounce_slice value; /* ends trimmed; continuation lines joined */
    unsigned line;             /* from 1 */
};

struct stanza {
    struct stanza_field *fields; /* at least one */
    size_t count;
};

struct stanza_reader {
    struct bounce_slice rest;
    unsigned line; /* lines taken so far */
};

void stanza_reader_init(struct stanza_reader *reader, struct bounce_slice text);

/* The next stanza, in the arena; values point into the text unless continued.
 * Returns false at the end (error_out->code is BOUNCE_OK then) and on errors:
 * BOUNCE_E_RULES for a line without a colon, an empty field name, a
 * continuation before any field or bytes that are no UTF-8; BOUNCE_E_NOMEM or
 * BOUNCE_E_LIMIT of the arena. error_out->line names the line. */
bool stanza_next(struct stanza_reader *reader, struct arena *arena,
                 struct stanza *stanza_out, struct bounce_error *error_out);

/* Fill in an error: code, line and a text made like printf(), its control
 * characters replaced. */
void error_set(struct bounce_error *error, enum bounce_err code, unsigned line,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* For printf("%.*s"): two arguments. */
#define SLICE_ARG(s) (int)((s).len > 1000 ? 1000 : (s).len), (s).ptr

#endif
