/* SPDX-License-Identifier: MIT
 * Tables that programs export, as rows of named values: CSV with titles, lists
 * without, JSON in any frame. */
#ifndef BOUNCE_INGEST_ROWS_H
#define BOUNCE_INGEST_ROWS_H

#include "ingest/csv.h"

struct row {
    /* Letters and digits of the title in lower case: "emailaddress" for "Email
     * Address", email_address and emailAddress; "reasoncode" for reason: {code:}.
     * Empty where there are no titles. */
    const struct bounce_slice *names;
    const struct bounce_slice *values; /* UTF-8; NULL slice: null */
    size_t count;
    bool titled;
    uint64_t line;    /* where it begins, from 1 */
    uint64_t offset;  /* bytes before it */
    const char *flaw; /* of CSV_BAD; for people, static */
};

struct rows; /* one thread at a time */

/* NULL: memory is out. */
struct rows *rows_new(csv_read_fn *read, void *ctx);
void rows_free(struct rows *rows);
/* The next row; valid until the next call. */
enum csv_step rows_next(struct rows *rows, struct row *row_out);
/* errno of a failed read, ENOMEM, or 0. */
int rows_error(const struct rows *rows);
/* Goes on at a line's beginning elsewhere in the input, which the caller has
 * moved to, with the titles that the first row had. Only behind a row. */
void rows_jump(struct rows *rows, uint64_t offset, uint64_t line);
/* Bytes of the input up to the end of the last row. */
uint64_t rows_offset(const struct rows *rows);
/* Whether it is lines of its own, CSV or NDJSON, so that rows_jump() works. */
bool rows_are_lines(const struct rows *rows);

/* The value of the column with this name; NULL when there is none. */
struct bounce_slice row_value(const struct row *row, const char *name);
/* The same for the first of several names, separated by blanks, that is there
 * and not empty. */
struct bounce_slice row_first(const struct row *row, const char *names);
bool row_has(const struct row *row, const char *name);

#endif
