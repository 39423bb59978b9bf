/* SPDX-License-Identifier: MIT */
#ifndef BOUNCE_SERVE_FILE_H
#define BOUNCE_SERVE_FILE_H

#include "base/slice.h"

/* A file whole, with a NUL behind; len_out may be NULL. NULL: why_out says why.
 * The caller frees. */
char *file_read(const char *path, size_t max, size_t *len_out,
                char why_out[200]);
/* The same without white space at its end: a secret. */
char *file_read_secret(const char *path, char why_out[200]);

#endif
