/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* for DT_REG, where it is known */
#include "cli/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

static int compare_names(const void *a, const void *b)
{
    const struct folder_name *left = a, *right = b;

    return strcmp(left->text, right->text);
}

/* Many file systems tell what a name stands for along with it. */
static bool is_file(const struct dirent *entry)
{
#ifdef DT_REG
    return entry->d_type == DT_REG;
#else
    (void)entry;
    return false;
#endif
}

static void add_name(struct folder *folder, const struct dirent *entry)
{
    size_t size = strlen(entry->d_name) + 1;
    struct folder_name *name;

    if (folder->count == folder->cap) {
        folder->cap = folder->cap ? folder->cap * 2 : 64;
        folder->names =
            cli_array(folder->names, folder->cap, sizeof(*folder->names));
    }
    name = &folder->names[folder->count++];
    name->text = cli_realloc(NULL, size);
    memcpy(name->text, entry->d_name, size);
    name->is_file = is_file(entry);
}

bool folder_list(struct folder *folder, int fd)
{
    int copy = dup(fd); /* closedir() will close it */
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    struct dirent *entry;

    if (dir == NULL) {
        if (copy >= 0)
            close(copy);
        return false;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.')
            add_name(folder, entry);
    }
    closedir(dir);
    if (folder->count > 1)
        qsort(folder->names, folder->count, sizeof(*folder->names),
              compare_names);
    return true;
}

bool folder_list_path(struct folder *folder, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && folder_list(folder, fd);

    if (fd >= 0)
        close(fd);
    return ok;
}

void folder_free(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->names[i].text);
    free(folder->names);
    *folder = (struct folder){0};
}
