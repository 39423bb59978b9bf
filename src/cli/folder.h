/* SPDX-License-Identifier: MIT
 * The names in a folder, sorted. */
#ifndef BOUNCE_CLI_FOLDER_H
#define BOUNCE_CLI_FOLDER_H

#include "base/slice.h"

struct folder_name {
    char *text;
    bool is_file; /* a regular one; false when the system did not say */
};

struct folder {
    struct folder_name *names; /* none begins with a dot; in byte order */
    size_t count, cap;
};

/* false with errno. fd stays open. folder must be zero or freed. */
bool folder_list(struct folder *folder, int fd);
bool folder_list_path(struct folder *folder, const char *path);
void folder_free(struct folder *folder);

#endif
