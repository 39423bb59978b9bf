/* SPDX-License-Identifier: MIT
 * What the pieces of genformats share. */
#ifndef BOUNCE_TOOLS_GENFORMATS_H
#define BOUNCE_TOOLS_GENFORMATS_H

#include <stdio.h>

#include "base/vec.h"
#include "report/format.h"

struct made_mark {
    struct format_mark mark;
    struct bounce_slice text, name;
};

struct made_format {
    struct format format;
    struct bounce_slice id, system, like, file;
    unsigned line;
    struct vec marks; /* struct made_mark */
    struct vec lines; /* struct made_line */
    bool copied;
    bool variant; /* signs are taken over too */
};

struct made_line {
    struct bounce_slice text;
    uint8_t kind;
};

struct made_name {
    struct bounce_slice name;
    uint32_t at;
};

struct generator {
    struct arena arena;
    const char *file;
    struct vec formats; /* struct made_format */
    struct vec names;   /* struct made_name */
    FILE *out;
    uint32_t strings; /* bytes written to FORMAT_STRINGS */
    struct vec marks; /* struct made_mark: of all formats, in order */
};

/* Ends the program with "file:line: what: about". */
void generator_fail(const struct generator *g, unsigned line, const char *what,
                    struct bounce_slice about);
/* Ends the program for want of memory unless ok. */
void generator_must(bool ok);

/* Sets the steps of g->marks. */
void find_header_steps(struct generator *g);
/* How marks are found (struct format_indexes, FORMAT_HEADERS): written from
 * g->marks. */
void put_indexes(struct generator *g);
void put_headers(struct generator *g);

#endif
