/* SPDX-License-Identifier: MIT */
#include "cli/rows_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

static ssize_t read_fd(void *ctx, char *buf, size_t cap)
{
    const struct rows_file *file = ctx;

    return read(file->fd, buf, cap);
}

bool rows_file_open(struct rows_file *file, const char *path)
{
    struct stat info;

    *file = (struct rows_file){.path = path, .fd = STDIN_FILENO};
    if (strcmp(path, "-") != 0)
        file->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0) {
        cli_error("%s: %s", path, strerror(errno));
        return false;
    }
    if (fstat(file->fd, &info) == 0 && S_ISREG(info.st_mode))
        file->size = (uint64_t)info.st_size;
    file->rows = rows_new(read_fd, file);
    if (file->rows == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    return true;
}

void rows_file_close(struct rows_file *file)
{
    rows_free(file->rows);
    if (file->fd > STDIN_FILENO)
        close(file->fd);
}

void rows_file_complain(struct rows_file *file, uint64_t line, const char *flaw)
{
    cli_error("%s:%llu: %s", file->path, (unsigned long long)line, flaw);
    file->bad++;
}

bool rows_file_next(struct rows_file *file, struct row *row_out)
{
    enum csv_step step;

    while ((step = rows_next(file->rows, row_out)) == CSV_BAD)
        rows_file_complain(file, row_out->line, row_out->flaw);
    if (step == CSV_ROW)
        return true;
    if (rows_error(file->rows) == ENOMEM)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    if (rows_error(file->rows) != 0) {
        cli_error("%s: %s", file->path, strerror(rows_error(file->rows)));
        file->bad++;
    }
    return false;
}
