/* SPDX-License-Identifier: MIT
 * Lines of a file descriptor, in big blocks. */
#ifndef BOUNCE_CLI_LINES_H
#define BOUNCE_CLI_LINES_H

#include "base/slice.h"

/* A longer line is cut there; the rest of it is dropped. */
#define LINES_MAX ((size_t)8 << 20)

/* The input, and the line at the front of what was read. */
struct lines {
    int fd;
    char *buf;
    size_t cap, start, end;
    size_t seen; /* bytes from start on known to hold no LF */
    bool at_end;
    int error; /* errno of a failed read, which ends the lines */
};

void lines_init(struct lines *in, int fd);
void lines_free(struct lines *in);
/* The next line without its LF, which the caller may change; false at the
 * end. Valid until the next call. */
bool lines_next(struct lines *in, char **line_out, size_t *len_out);

#endif
