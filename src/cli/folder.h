/* SPDX-License-Identifier: MIT
 * The names in a folder, sorted. */
#ifndef BOUNCE_CLI_FOLDER_H
#define BOUNCE_CLI_FOLDER_H

#include "cli/textbuf.h"

struct folder_name {
    const char *text; /* with NUL behind it */
    uint64_t key;     /* the first bytes in which names differ */
    uint32_t len;
    bool is_file; /* a regular one; false when the system did not say */
};

struct folder {
    struct folder_name *names; /* none begins with a dot; in byte order */
    size_t count, cap;
    struct textbuf texts;
};

/* false with errno. fd stays open. folder must be zero or freed. */
bool folder_list(struct folder *folder, int fd);
bool folder_list_path(struct folder *folder, const char *path);
void folder_free(struct folder *folder);

/* Whether a read of a regular file in the folder that is open as fd gives less
 * than it was asked for only at the file's end or, after an error, at a multiple
 * of FOLDER_READ_UNIT bytes: so it is on the usual local file systems. */
bool folder_ends_show(int fd);
#define FOLDER_READ_UNIT 512

#endif
