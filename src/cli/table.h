/* SPDX-License-Identifier: MIT
 * A table with aligned columns. Widths come from the first rows, so that a
 * table of any length takes little memory. */
#ifndef BOUNCE_CLI_TABLE_H
#define BOUNCE_CLI_TABLE_H

#include "cli/out.h"

#define TABLE_COLUMNS 40
#define TABLE_AHEAD   200 /* rows that decide on the widths */

struct table {
    struct out *out;
    const char *const *titles; /* columns of them */
    size_t columns;
    size_t class_column; /* coloured by class; columns when none */
    size_t line_width;
    bool colour;
    struct textbuf ahead; /* rows kept until the widths are known */
    size_t ahead_rows;
    size_t widths[TABLE_COLUMNS];
    bool started; /* widths are fixed, titles are written */
};

/* Titles must live as long as the table. */
void table_init(struct table *table, struct out *out, const char *const *titles,
                size_t columns, size_t class_column);
/* A row: clean fields with tabs between, no LF. */
void table_row(struct table *table, struct bounce_slice row);
/* Writes what is left and frees. */
void table_end(struct table *table);

#endif
