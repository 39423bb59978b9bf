/* SPDX-License-Identifier: MIT
 * Stanzas to tables. Used by tools/gentab.c for the built-in knowledge and by
 * the engine for a user's rules. */
#ifndef BOUNCE_CLASSIFY_COMPILE_H
#define BOUNCE_CLASSIFY_COMPILE_H

#include "base/arena.h"
#include "classify/tables.h"

struct compile_source {
    struct bounce_slice name; /* stands in messages and as a rule's origin */
    struct bounce_slice text;
};

/* Compile all sources together; their order does not matter. Categories,
 * providers and word sets of base (NULL: none) may be referred to. The tables
 * and everything they refer to live in arena.
 * Errors: BOUNCE_E_RULES with "file:line: cause" in error_out->msg,
 * BOUNCE_E_NOMEM, BOUNCE_E_LIMIT (arena). error_out must not be NULL. */
BOUNCE_CHECK enum bounce_err
tables_compile(struct arena *arena, const struct compile_source *sources,
               size_t count, const struct tables *base,
               struct tables *tables_out, struct bounce_error *error_out);

#endif
