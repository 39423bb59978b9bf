/* SPDX-License-Identifier: MIT
 * A file of rows for a verb: import, ingest sent. */
#ifndef BOUNCE_CLI_ROWS_FILE_H
#define BOUNCE_CLI_ROWS_FILE_H

#include "ingest/rows.h"

struct rows_file {
    const char *path; /* as given; "-" */
    int fd;
    struct rows *rows;
    uint64_t size; /* bytes; 0: not known */
    uint64_t bad;  /* lines that were named */
};

/* Opens path, "-" being standard input. false: the cause has been named. Ends
 * the process when memory is out. */
bool rows_file_open(struct rows_file *file, const char *path);
void rows_file_close(struct rows_file *file);
/* The next good row; bad ones are named on the way, and so is a failure to
 * read, which counts as one more. false at the end. */
bool rows_file_next(struct rows_file *file, struct row *row_out);
/* "PATH:LINE: flaw" on standard error, and counts it. */
void rows_file_complain(struct rows_file *file, uint64_t line,
                        const char *flaw);

#endif
