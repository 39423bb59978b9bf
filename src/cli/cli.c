/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/progress.h"
#include "cli/textbuf.h"

static int only_status; /* 0: as it is said */

void cli_fail_with(int status)
{
    only_status = status;
}

/* Nothing sensible is left to do when standard error is closed. */
static void write_error(struct bounce_slice s)
{
    ssize_t done;

    do
        done = write(STDERR_FILENO, s.ptr, s.len);
    while (done < 0 && errno == EINTR);
}

__attribute__((format(printf, 1, 0))) static void say(const char *format,
                                                      va_list args)
{
    char raw[8192];
    struct textbuf line = {0};
    int len = vsnprintf(raw, sizeof(raw), format, args);
    size_t used = len < 0 ? 0 : (size_t)len;

    if (used >= sizeof(raw))
        used = sizeof(raw) - 1;
    progress_hide();
    textbuf_cstr(&line, "bounce: ");
    textbuf_clean(&line, slice_make(raw, used));
    textbuf_byte(&line, '\n');
    write_error(textbuf_slice(&line));
    textbuf_free(&line);
}

void cli_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
}

void cli_fail(int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    /* Not exit(): other threads may still use what it would take down. */
    _exit(only_status != 0 ? only_status : status);
}

void *cli_realloc(void *ptr, size_t size)
{
    void *result = realloc(ptr, size != 0 ? size : 1);

    if (result == NULL) {
        write_error(SLICE("bounce: out of memory\n"));
        _exit(CLI_TRY_AGAIN);
    }
    return result;
}

void *cli_array(void *ptr, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    return cli_realloc(ptr, count * size);
}
