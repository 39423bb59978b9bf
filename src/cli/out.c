/* SPDX-License-Identifier: MIT */
#include "cli/out.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/progress.h"

#define OUT_MUCH ((size_t)64 << 10)

void out_init(struct out *out)
{
    *out = (struct out){.tty = isatty(STDOUT_FILENO) != 0};
    textbuf_room(&out->text, 2 * OUT_MUCH);
}

void out_tick(struct out *out)
{
    if (out->text.len >= OUT_MUCH)
        out_flush(out);
}

static _Noreturn void give_up(int error)
{
    if (error == EPIPE) { /* whoever started us may have ignored SIGPIPE */
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
        _exit(CLI_IO_ERROR);
    }
    cli_fail(CLI_IO_ERROR, "cannot write output: %s", strerror(error));
}

void out_flush(struct out *out)
{
    const char *at = out->text.ptr;
    size_t left = out->text.len;

    if (out->tty && left > 0)
        progress_hide();
    while (left > 0) {
        ssize_t done = write(STDOUT_FILENO, at, left);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            give_up(errno);
        at += done;
        left -= (size_t)done;
    }
    out->text.len = 0;
}

void out_close(struct out *out)
{
    out_flush(out);
    /* Some file systems tell of a full disk only here. */
    if (close(STDOUT_FILENO) != 0 && errno != EINTR && errno != EBADF)
        give_up(errno);
    textbuf_free(&out->text);
}
