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

static _Noreturn void give_up(int error)
{
    if (error == EPIPE) { /* whoever started us may have ignored SIGPIPE */
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
        _exit(CLI_IO_ERROR);
    }
    cli_fail(CLI_IO_ERROR, "cannot write output: %s", strerror(error));
}

static void write_all(struct bounce_slice s)
{
    while (s.len > 0) {
        ssize_t done = write(STDOUT_FILENO, s.ptr, s.len);

        if (done < 0 && errno != EINTR)
            give_up(errno);
        if (done > 0)
            s = slice_from(s, (size_t)done);
    }
}

void out_flush(struct out *out)
{
    if (out->tty && out->text.len > 0)
        progress_hide();
    write_all(textbuf_slice(&out->text));
    out->text.len = 0;
}

void out_tick(struct out *out)
{
    if (out->text.len >= OUT_MUCH)
        out_flush(out);
}

void out_add(struct out *out, struct bounce_slice s)
{
    if (s.len < OUT_MUCH / 2) {
        textbuf_add(&out->text, s);
        out_tick(out);
        return;
    }
    out_flush(out);
    if (out->tty)
        progress_hide();
    write_all(s);
}

void out_close(struct out *out)
{
    out_flush(out);
    /* Some file systems tell of a full disk only here. */
    if (close(STDOUT_FILENO) != 0 && errno != EINTR && errno != EBADF)
        give_up(errno);
    textbuf_free(&out->text);
}
