/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* for DT_REG, where it is known */
#include "cli/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/magic.h>
#include <sys/vfs.h>
#ifndef XFS_SUPER_MAGIC /* younger than the others there */
#define XFS_SUPER_MAGIC 0x58465342
#endif
#endif

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
    struct folder_name *name;

    if (folder->count == folder->cap) {
        folder->cap = folder->cap ? folder->cap * 2 : 64;
        folder->names =
            cli_array(folder->names, folder->cap, sizeof(*folder->names));
    }
    name = &folder->names[folder->count++];
    name->len = (uint32_t)strlen(entry->d_name);
    name->is_file = is_file(entry);
    textbuf_add(&folder->texts, slice_make(entry->d_name, name->len + 1));
}

/* How many bytes all names have in common in front. */
static size_t common_start(const struct folder *folder)
{
    const char *first = folder->names[0].text;
    size_t common = folder->names[0].len;

    for (size_t i = 1; i < folder->count; i++) {
        const char *text = folder->names[i].text;
        size_t n = 0;

        while (n < common && text[n] == first[n])
            n++;
        common = n;
    }
    return common;
}

static void set_keys(struct folder *folder)
{
    const size_t common = common_start(folder);

    for (size_t i = 0; i < folder->count; i++) {
        struct folder_name *name = &folder->names[i];

        name->key = 0;
        for (size_t n = 0; n < 8; n++) {
            size_t at = common + n < name->len ? common + n : name->len;

            name->key = name->key << 8 | (unsigned char)name->text[at];
        }
    }
}

/* By a byte of the key, those that are equal in it in their order. */
static void sort_by_byte(const struct folder_name *from, struct folder_name *to,
                         size_t count, unsigned shift)
{
    size_t at[256] = {0}, begin = 0;

    for (size_t i = 0; i < count; i++)
        at[from[i].key >> shift & 255]++;
    for (size_t byte = 0; byte < 256; byte++) {
        size_t here = at[byte];

        at[byte] = begin;
        begin += here;
    }
    for (size_t i = 0; i < count; i++)
        to[at[from[i].key >> shift & 255]++] = from[i];
}

/* By keys first: in a Maildir they are the digits of times that differ, and a
 * pass for each byte that does takes less than comparing. */
static void sort_names(struct folder *folder)
{
    const size_t size = sizeof(*folder->names);
    struct folder_name *spare = cli_array(NULL, folder->cap, size), *sorted;
    uint64_t differ = 0;

    set_keys(folder);
    for (size_t i = 1; i < folder->count; i++)
        differ |= folder->names[i].key ^ folder->names[0].key;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if ((differ >> shift & 255) == 0)
            continue;
        sort_by_byte(folder->names, spare, folder->count, shift);
        sorted = spare;
        spare = folder->names;
        folder->names = sorted;
    }
    free(spare);
    for (size_t i = 0, end; i < folder->count; i = end) {
        for (end = i + 1; end < folder->count &&
                          folder->names[end].key == folder->names[i].key;)
            end++;
        if (end - i > 1)
            qsort(folder->names + i, end - i, size, compare_names);
    }
}

/* Where each name stands, now that their texts do not move any more. */
static void set_texts(struct folder *folder)
{
    const char *text = folder->texts.ptr;

    for (size_t i = 0; i < folder->count; i++) {
        folder->names[i].text = text;
        text += folder->names[i].len + 1;
    }
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
    set_texts(folder);
    if (folder->count > 1)
        sort_names(folder);
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
    free(folder->names);
    textbuf_free(&folder->texts);
    *folder = (struct folder){0};
}

bool folder_ends_show(int fd)
{
#ifdef __linux__
    struct statfs info;

    if (fstatfs(fd, &info) != 0)
        return false;
    switch ((unsigned long)info.f_type) {
    case EXT4_SUPER_MAGIC: /* of ext2 and ext3 too */
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
        return true;
    default:
        return false;
    }
#else
    (void)fd;
    return false;
#endif
}
