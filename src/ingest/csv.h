/* SPDX-License-Identifier: MIT
 * Comma-separated values as RFC 4180 has them and as programs write them:
 * quotes, line ends within quotes, LF or CRLF, a byte order mark, commas,
 * semicolons or tabs (seen from the first line). Memory does not grow with the
 * input; a row has a ceiling. */
#ifndef BOUNCE_INGEST_CSV_H
#define BOUNCE_INGEST_CSV_H

#include <sys/types.h>

#include "base/slice.h"

#define CSV_ROW_MAX    ((size_t)1 << 20) /* bytes */
#define CSV_FIELDS_MAX 1000

/* As read(2): bytes, 0 at the end, -1 with errno. */
typedef ssize_t csv_read_fn(void *ctx, char *buf, size_t cap);

enum csv_step {
    CSV_ROW,
    CSV_BAD, /* this line is none; the next call goes on behind it */
    CSV_END  /* or reading failed: csv_error() */
};

struct csv_row {
    const struct bounce_slice *fields; /* UTF-8; trimmed unless quoted */
    size_t count;                      /* at least 1 */
    uint64_t line;                     /* where it begins, from 1 */
    uint64_t offset;                   /* bytes before it */
    const char *flaw;                  /* of CSV_BAD; for people, static */
};

struct csv; /* one thread at a time */

/* NULL: memory is out. */
struct csv *csv_new(csv_read_fn *read, void *ctx);
void csv_free(struct csv *csv);
/* The next row that is not empty; valid until the next call. Fields that are no
 * UTF-8 are taken as Windows-1252, a superset of ISO 8859-1. */
enum csv_step csv_next(struct csv *csv, struct csv_row *row_out);
/* errno of a failed read, ENOMEM, or 0. */
int csv_error(const struct csv *csv);
/* ',', ';', '\t' or '|'; known after the first row. */
char csv_separator(const struct csv *csv);
/* Bytes of the input up to the end of the last row. */
uint64_t csv_offset(const struct csv *csv);
/* The input goes on elsewhere, at a line's beginning: what was read ahead is
 * dropped, lines and bytes count from here. */
void csv_jump(struct csv *csv, uint64_t offset, uint64_t line);

#endif
