/* SPDX-License-Identifier: MIT */
#include "cli/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/folder.h"
#include "cli/progress.h"
#include "cli/textbuf.h"
#include "mime/mbox.h"

#define SOURCE_DEPTH 64 /* folders in folders */

void source_init(struct source *source, size_t max_message,
                 void (*sink)(void *ctx, const struct input_message *message),
                 void *ctx)
{
    *source = (struct source){.sink = sink, .ctx = ctx};
    stream_init(&source->stream, max_message);
}

void source_clear(struct source *source)
{
    stream_clear(&source->stream);
}

static void complain(struct source *source, const char *path, int error)
{
    if (source->complain != NULL)
        source->complain(source->ctx, path, error);
    else
        cli_error("%s: %s", path, strerror(error));
    source->failed = true;
}

static void read_stream(struct source *source, int fd, const char *name,
                        off_t size)
{
    struct stream *stream = &source->stream;
    struct input_message message;

    stream_open(stream, fd, slice_cstr(name));
    if (source->resume != NULL && lseek(fd, 0, SEEK_CUR) == 0) {
        int64_t at = source->resume(source->ctx, fd, name);

        if (at > 0 && lseek(fd, (off_t)at, SEEK_SET) == (off_t)at)
            stream->offset = (uint64_t)at;
    }
    while (!source->stop && stream_next(stream, &message)) {
        double part = size > 0 ? (double)stream->offset / (double)size : 0;

        source->sink(source->ctx, &message);
        source->messages++;
        progress_update(source->messages, source->done + source->span * part);
    }
    if (stream->error != 0)
        complain(source, name, stream->error);
}

static void read_file(struct source *source, int dir, const char *name,
                      const char *path)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        complain(source, path, errno);
        return;
    }
    read_stream(source, fd, path, 0); /* progress counts files here */
    close(fd);
}

/* The same for what is known to be a regular file. */
static void take_file(struct source *source, const struct source_file *file)
{
    const char *path = file->path.ptr;

    if (source->take_file == NULL || !source->take_file(source->ctx, file)) {
        read_file(source, file->dir, path + file->path.len - file->name_len,
                  path);
        return;
    }
    source->messages++;
    progress_update(source->messages, source->done);
}

static bool is_folder(int dir, const char *name)
{
    struct stat info;

    return fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(info.st_mode);
}

static void read_folder(struct source *source, int fd, const char *path,
                        unsigned depth);

/* One name of a folder. Links to files are followed, links to folders are
 * not (they may lead back); sockets, pipes and devices are passed over. */
static void read_entry(struct source *source, const struct source_file *file,
                       unsigned depth)
{
    const char *path = file->path.ptr;
    const char *name = path + file->path.len - file->name_len;
    const int dir = file->dir;
    struct stat info;
    int fd;

    if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        complain(source, path, errno);
        return;
    }
    if (S_ISLNK(info.st_mode) && fstatat(dir, name, &info, 0) == 0 &&
        S_ISDIR(info.st_mode))
        return;
    if (S_ISREG(info.st_mode)) {
        take_file(source, file);
        return;
    }
    if (S_ISLNK(info.st_mode)) {
        read_file(source, dir, name, path);
        return;
    }
    if (!S_ISDIR(info.st_mode))
        return;
    fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        complain(source, path, errno);
        return;
    }
    read_folder(source, fd, path, depth + 1);
    close(fd);
}

static void read_names(struct source *source, int fd, const char *path,
                       unsigned depth, const struct folder *folder)
{
    const double done = source->done, span = source->span;
    struct source_file file = {.dir = fd, .folder = ++source->folders};
    size_t path_len = strlen(path);
    struct textbuf full = {0};

    textbuf_cstr(&full, path);
    if (path_len > 0 && path[path_len - 1] != '/')
        textbuf_byte(&full, '/');
    path_len = full.len;
    source->span = span / (double)(folder->count ? folder->count : 1);
    for (size_t i = 0; i < folder->count && !source->stop; i++) {
        const struct folder_name *name = &folder->names[i];

        full.len = path_len;
        textbuf_add(&full, slice_make(name->text, (size_t)name->len + 1));
        file.path = slice_make(full.ptr, full.len - 1);
        file.name_len = name->len;
        source->done = done + source->span * (double)i;
        if (name->is_file)
            take_file(source, &file);
        else
            read_entry(source, &file, depth);
    }
    source->done = done;
    source->span = span;
    textbuf_free(&full);
}

static void read_folder(struct source *source, int fd, const char *path,
                        unsigned depth)
{
    static char new_name[] = "new", cur_name[] = "cur";
    static struct folder_name maildir_names[] = {{.text = new_name, .len = 3},
                                                 {.text = cur_name, .len = 3}};
    struct folder maildir = {.names = maildir_names, .count = 2}, names = {0};

    if (depth > SOURCE_DEPTH) {
        complain(source, path, ELOOP);
        return;
    }
    if (is_folder(fd, "new") && is_folder(fd, "cur")) {
        read_names(source, fd, path, depth, &maildir);
        return;
    }
    if (folder_list(&names, fd))
        read_names(source, fd, path, depth, &names);
    else
        complain(source, path, errno);
    folder_free(&names);
}

static void read_path(struct source *source, const char *path)
{
    struct stat info;
    int fd;

    if (strcmp(path, "-") == 0) {
        read_stream(source, STDIN_FILENO, "-", 0);
        return;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        complain(source, path, errno);
    } else if (S_ISDIR(info.st_mode)) {
        read_folder(source, fd, path, 0);
    } else {
        read_stream(source, fd, path, S_ISREG(info.st_mode) ? info.st_size : 0);
    }
    if (fd >= 0)
        close(fd);
}

void source_run(struct source *source, char *const *paths, int count)
{
    for (int i = 0; i < count && !source->stop; i++) {
        source->done = (double)i / count;
        source->span = 1.0 / count;
        read_path(source, paths[i]);
    }
}

enum bounce_err source_read(struct bounce_reader *reader,
                            const struct input_message *message,
                            const struct bounce_result **result_out,
                            struct bounce_error *error_out)
{
    size_t len = message->len;

    if (message->tail_len > 0)
        return bounce_read_truncated(reader, message->data,
                                     len - message->tail_len, message->tail_len,
                                     result_out, error_out);
    if (message->mbox)
        len = mbox_unquote(message->data, len);
    return bounce_read(reader, message->data, len, result_out, error_out);
}
