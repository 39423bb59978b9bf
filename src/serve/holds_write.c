/* SPDX-License-Identifier: MIT
 * A file that others read while it is replaced: they see the old one or the new
 * one, never half of it. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/holds_text.h"

#define MODE 0644

static bool write_all(int fd, struct bounce_slice text)
{
    while (text.len > 0) {
        ssize_t done = write(fd, text.ptr, text.len);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        text = slice_from(text, (size_t)done);
    }
    return true;
}

bool holds_write(const char *path, struct bounce_slice text, char why[200])
{
    char temporary[PATH_MAX];
    int len = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    int fd;
    bool fine;

    if (len < 0 || (size_t)len >= sizeof(temporary)) {
        snprintf(why, 200, "%.100s...: the name is too long", path);
        return false;
    }
    fd = mkstemp(temporary); /* in the same folder: rename() is at once */
    if (fd < 0) {
        snprintf(why, 200, "%.150s: %s", path, strerror(errno));
        return false;
    }
    fine = write_all(fd, text) && fchmod(fd, MODE) == 0 && fsync(fd) == 0;
    fine = close(fd) == 0 && fine && rename(temporary, path) == 0;
    if (!fine) {
        snprintf(why, 200, "%.150s: %s", path, strerror(errno));
        (void)unlink(temporary);
    }
    return fine;
}
