/* SPDX-License-Identifier: MIT
 * The objects of a JSON file, one by one, whatever stands around them: NDJSON,
 * an array, or an object that has the array somewhere within ({"items":[...]}).
 * Memory does not grow with the input; an object has a ceiling. */
#ifndef BOUNCE_INGEST_JSON_ROWS_H
#define BOUNCE_INGEST_JSON_ROWS_H

#include "ingest/csv.h"

struct json_row {
    char *text; /* an object, or a string of an array of strings; it may be
                 * changed until the next call */
    size_t len;
    uint64_t line, offset; /* where it begins */
    const char *flaw;      /* of CSV_BAD; for people, static */
};

struct json_rows;

/* NULL: memory is out. */
struct json_rows *json_rows_new(csv_read_fn *read, void *ctx);
void json_rows_free(struct json_rows *rows);
/* Brackets and quotes are matched here, all else is the caller's to check.
 * CSV_BAD: this line, or all that follows, is no JSON. */
enum csv_step json_rows_next(struct json_rows *rows, struct json_row *row_out);
/* errno of a failed read, ENOMEM, or 0. */
int json_rows_error(const struct json_rows *rows);
/* Whether each object stands on a line of its own; known after the first. */
bool json_rows_lines(const struct json_rows *rows);
/* As csv_jump(); the input is lines then. */
void json_rows_jump(struct json_rows *rows, uint64_t offset, uint64_t line);

#endif
