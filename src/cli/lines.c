/* SPDX-License-Identifier: MIT */
#include "cli/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

#define INPUT_BLOCK ((size_t)256 << 10)

void lines_init(struct lines *in, int fd)
{
    *in = (struct lines){.fd = fd, .cap = INPUT_BLOCK};
    in->buf = cli_realloc(NULL, in->cap);
}

void lines_free(struct lines *in)
{
    free(in->buf);
}

/* More input behind what is there. */
static void fill(struct lines *in)
{
    ssize_t got;

    if (in->start > 0) {
        memmove(in->buf, in->buf + in->start, in->end - in->start);
        in->end -= in->start;
        in->start = 0;
    }
    if (in->end == in->cap && in->cap < LINES_MAX) {
        in->cap *= 2;
        in->buf = cli_realloc(in->buf, in->cap);
    } else if (in->end == in->cap) {
        in->end = in->cap / 2;
        in->seen = in->end;
    }
    do
        got = read(in->fd, in->buf + in->end, in->cap - in->end);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        in->error = errno;
    if (got <= 0)
        in->at_end = true;
    else
        in->end += (size_t)got;
}

bool lines_next(struct lines *in, char **line_out, size_t *len_out)
{
    for (;;) {
        size_t have = in->end - in->start;
        char *line = in->buf + in->start;
        char *lf = have > in->seen
                       ? memchr(line + in->seen, '\n', have - in->seen)
                       : NULL;

        if (lf != NULL || (in->at_end && have > 0)) {
            *line_out = line;
            *len_out = lf != NULL ? (size_t)(lf - line) : have;
            in->start += *len_out + (lf != NULL);
            in->seen = 0;
            return true;
        }
        if (in->at_end)
            return false;
        in->seen = have;
        fill(in);
    }
}
