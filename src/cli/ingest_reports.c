/* SPDX-License-Identifier: MIT
 * bounce ingest of reports from files, folders, mboxes and standard input. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/ingest_mailbox.h"
#include "cli/progress.h"
#include "cli/source.h"

struct reports {
    struct ingest_run run;
    struct source source;
    struct book *reading; /* for positions; the writer has the other one */
    struct ledger *positions;
    bool mailbox_failed; /* some of what mailboxes have could not be read */
};

static void add_message(void *ctx, const struct input_message *message)
{
    struct reports *reports = ctx;

    ingest_run_add(&reports->run, message);
    if (ingest_stopped != 0 || ingest_run_broken(&reports->run))
        reports->source.stop = true;
}

/* Where an mbox stood, when the message that began there still does. */
static int64_t resume(void *ctx, int fd, const char *name)
{
    struct reports *reports = ctx;
    char begin[INGEST_MARK_BYTES], mark[64] = "", now[64];
    struct store_error error;
    int64_t offset = 0;
    size_t len;
    ssize_t got;

    if (reports->positions == NULL)
        return 0;
    if (ledger_position_get(
            reports->positions,
            slice_cstr(ingest_run_path(&reports->run, slice_cstr(name))),
            &offset, mark, sizeof(mark), &error) != STORE_OK) {
        cli_error("%s", error.msg);
        return 0;
    }
    len = (size_t)strtoul(mark, NULL, 10);
    if (offset <= 0 || len == 0 || len > sizeof(begin))
        return 0;
    got = pread(fd, begin, len, (off_t)offset);
    if (got != (ssize_t)len)
        return 0;
    ingest_run_mark(slice_make(begin, len), now);
    return strcmp(mark, now) == 0 ? offset : 0;
}

/* -1 to go on, or the exit status of a mailbox that could not be read; others
 * are read all the same. */
static int read_sources(struct reports *reports, char *const *paths, int count)
{
    struct bounce_options limits;
    int status = -1, one;

    bounce_options_init(&limits, sizeof(limits));
    source_init(&reports->source, limits.max_message, add_message, reports);
    reports->source.resume = resume;
    progress_start("messages");
    for (int i = 0, end; i < count && !reports->source.stop; i = end) {
        for (end = i; end < count && !mail_url_is(paths[end]); end++)
            ;
        source_run(&reports->source, paths + i, end - i);
        if (end < count && !reports->source.stop) {
            one = ingest_mailbox(&reports->run, paths[end++],
                                 &reports->mailbox_failed);
            status = status < 0 ? one : status;
        }
    }
    ingest_run_end_reading(&reports->run);
    progress_end();
    source_clear(&reports->source);
    return status;
}

static void skip_from_line(struct input_message *message)
{
    const char *end;
    size_t len;

    if (!slice_starts(slice_make(message->data, message->len), SLICE("From ")))
        return;
    end = memchr(message->data, '\n', message->len - message->tail_len);
    len = end != NULL ? (size_t)(end + 1 - message->data) : 0;
    message->data += len;
    message->len -= len;
}

/* One message, whole, from standard input: it is no mbox, even where the mail
 * server puts a "From " line before it. -1 to go on, or the exit status. */
static int read_pipe(struct reports *reports)
{
    struct bounce_options limits;
    struct mail_letter letter;
    struct input_message message = {.source = SLICE("-")};
    char buf[16384];
    ssize_t got;

    bounce_options_init(&limits, sizeof(limits));
    mail_letter_init(&letter, limits.max_message);
    while ((got = read(STDIN_FILENO, buf, sizeof(buf))) != 0) {
        if (got > 0)
            mail_letter_add(&letter, slice_make(buf, (size_t)got));
        else if (errno != EINTR)
            break;
    }
    if (got < 0 || letter.len == 0) {
        cli_error("standard input: %s",
                  got < 0 ? strerror(errno) : "there is no message");
        mail_letter_clear(&letter);
        return CLI_TRY_AGAIN;
    }
    message.data = mail_letter_end(&letter, &message.len, &message.tail_len);
    if (message.data == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    skip_from_line(&message);
    ingest_run_add(&reports->run, &message);
    ingest_run_end_reading(&reports->run);
    mail_letter_clear(&letter);
    return -1;
}

/* -1 to go on, or the exit status. */
static int open_positions(struct reports *reports, struct session *session,
                          const struct ingest_options *options)
{
    int status;

    if (options->again || options->pipe)
        return -1;
    status = session_open_book("ingest", options->choice, session, false, 0,
                               &reports->reading);
    if (status >= 0)
        return status;
    reports->positions = ledger_new(reports->reading);
    if (reports->positions == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    return -1;
}

int ingest_reports(struct session *session,
                   const struct ingest_options *options, char *const *paths,
                   int count)
{
    struct reports reports = {.reading = NULL};
    struct ingest_run *run = &reports.run;
    int status = open_positions(&reports, session, options), mailbox;
    int folded = -1;

    if (status >= 0)
        return status;
    ingest_run_init(run, session, options);
    ingest_catch_signals();
    mailbox = options->pipe ? read_pipe(&reports)
                            : read_sources(&reports, paths, count);
    status = ingest_run_flush(run);
    if (status < 0) {
        ingest_run_keep_position(run);
        status = ingest_run_flush(run);
    }
    ingest_run_clear(run);
    ledger_free(reports.positions);
    book_close(reports.reading);
    if (status < 0 && ingest_stopped == 0)
        folded = ingest_fold(session, options->keep_event_days,
                             options->keep_raw_days);
    /* Who pipes wants to know of the message, which is safe. */
    if (status < 0 && !options->pipe)
        status = folded;
    if (!options->pipe)
        ingest_run_summarize(run);
    if (status >= 0 || mailbox >= 0)
        return status >= 0 ? status : mailbox;
    return reports.source.failed || reports.mailbox_failed ||
                   run->count.unreadable > 0 || run->stored.bad > 0
               ? CLI_UNREADABLE
               : CLI_FINE;
}
