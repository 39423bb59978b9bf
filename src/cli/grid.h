/* SPDX-License-Identifier: MIT
 * Rows of chosen columns as a table, as lines with tabs, as CSV or as JSON. */
#ifndef BOUNCE_CLI_GRID_H
#define BOUNCE_CLI_GRID_H

#include "cli/table.h"

enum grid_format {
    GRID_TEXT, /* tabs between, no titles: stable for programs */
    GRID_TABLE,
    GRID_CSV, /* RFC 4180, with titles */
    GRID_JSON /* an object a line */
};

struct grid;

enum grid_show {
    GRID_STANDARD, /* shown unless --columns says otherwise */
    GRID_MORE,     /* likewise in JSON and CSV, which people do not look at */
    GRID_ASKED     /* only when --columns names it */
};

struct grid_column {
    const char *name; /* in --columns, of the JSON member, title elsewhere */
    enum grid_show show;
    /* Calls one of grid_text() ... once. */
    void (*put)(struct grid *grid, const void *row);
};

struct grid {
    struct out *out;
    enum grid_format format;
    const struct grid_column *columns[TABLE_COLUMNS];
    const char *titles[TABLE_COLUMNS];
    size_t count;
    struct table table;
    struct textbuf row;
    size_t at;     /* column that is being put */
    uint64_t rows; /* so far */
    bool exact;    /* CSV for a program: nothing is done for spreadsheets. The
                 * caller's to set after grid_init(). */
};

/* The format that options ask for: json, csv and table at most one; else a
 * table on a terminal and text off it. */
enum grid_format grid_format(bool json, bool csv, bool table);

/* chosen: names separated by commas, or NULL for the standard columns. false: a
 * name is unknown, which was said for verb. out must be open. */
bool grid_init(struct grid *grid, struct out *out, enum grid_format format,
               const struct grid_column *all, size_t count, const char *chosen,
               const char *verb);
void grid_row(struct grid *grid, const void *row);
void grid_end(struct grid *grid);

/* A value of the column that is being put. NULL slice: unknown. */
void grid_text(struct grid *grid, struct bounce_slice s);
void grid_word(struct grid *grid, const char *word); /* NULL: unknown */
void grid_number(struct grid *grid, int64_t value);
void grid_real(struct grid *grid, double value); /* negative: unknown */
void grid_time(struct grid *grid, int64_t time); /* BOUNCE_NO_TIME: unknown */
void grid_bool(struct grid *grid, bool value);
/* A list in JSON, else words with blanks between. */
void grid_list(struct grid *grid, const struct bounce_slice *list,
               size_t count);

#endif
