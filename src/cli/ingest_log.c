/* SPDX-License-Identifier: MIT
 * bounce ingest log: what mail servers write down of deliveries. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/ingest.h"
#include "cli/json_out.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "ingest/log/feed.h"

struct log_run {
    struct session session;
    const struct session_choice *choice;
    struct book *reading; /* for positions; the writer has session.book */
    struct writer *writer;
    struct feed_options feed;
    struct feed_result total;
    bool json;
};

static bool stop(void *ctx)
{
    (void)ctx;
    return ingest_stopped != 0;
}

static void progress(void *ctx, uint64_t lines)
{
    (void)ctx;
    progress_update(lines, -1);
}

static bool open_writer(struct log_run *run, int *status_out)
{
    const struct writer_options options = {
        .batch = WRITER_BULK,
        .queue = 2 * WRITER_BULK,
        .now = run->session.now_given ? run->session.now : BOUNCE_NO_TIME};

    *status_out = session_open_book("ingest log", run->choice, &run->session,
                                    false, 0, &run->reading);
    if (*status_out >= 0)
        return false;
    run->writer = writer_new(run->session.book, &options);
    if (run->writer == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    run->feed.engine = run->session.engine;
    run->feed.writer = run->writer;
    run->feed.book = run->reading;
    run->feed.now = options.now;
    return true;
}

/* All files, one behind the other. A file that cannot be read is named and
 * passed over; a store that fails ends it. */
static int read_files(struct log_run *run, char *const *paths, int count)
{
    int status = CLI_FINE;

    for (int i = 0; i < count && ingest_stopped == 0; i++) {
        struct textbuf full = {0};
        struct feed_result result;
        struct store_error error;
        enum store_err err;

        if (strcmp(paths[i], "-") == 0)
            textbuf_cstr(&full, "-");
        else
            ingest_full_path(&full, slice_cstr(paths[i]));
        textbuf_byte(&full, '\0');
        run->feed.path = full.ptr;
        err = feed_log(&run->feed, &result, &error);
        textbuf_free(&full);
        run->total.counts.lines += result.counts.lines;
        run->total.counts.events += result.counts.events;
        run->total.counts.flawed += result.counts.flawed;
        run->total.skipped += result.skipped;
        run->total.fresh += result.fresh;
        run->total.known += result.known;
        run->total.bad += result.bad;
        if (err == STORE_E_OPEN) {
            cli_error("%s", error.msg);
            status = CLI_UNREADABLE;
        } else if (err != STORE_OK) {
            return session_complain(&error);
        }
    }
    return status;
}

static void add_number(struct textbuf *text, uint64_t number, const char *what)
{
    if (number > 0)
        textbuf_format(text, "%10llu  %s\n", (unsigned long long)number, what);
}

static void summary(struct log_run *run)
{
    struct out out;

    out_init(&out);
    if (run->json) {
        textbuf_byte(&out.text, '{');
        json_out_number(&out.text, "lines", (int64_t)run->total.counts.lines);
        json_out_number(&out.text, "events", (int64_t)run->total.counts.events);
        json_out_number(&out.text, "new", (int64_t)run->total.fresh);
        json_out_number(&out.text, "known", (int64_t)run->total.known);
        json_out_number(&out.text, "bad", (int64_t)run->total.bad);
        json_out_number(&out.text, "flawed", (int64_t)run->total.counts.flawed);
        json_out_number(&out.text, "bytes_skipped",
                        (int64_t)run->total.skipped);
        textbuf_cstr(&out.text, "}\n");
    } else {
        textbuf_format(&out.text, "%10llu  lines\n",
                       (unsigned long long)run->total.counts.lines);
        add_number(&out.text, run->total.counts.events, "events");
        add_number(&out.text, run->total.fresh, "new");
        add_number(&out.text, run->total.known, "known before");
        add_number(&out.text, run->total.bad, "could not be stored");
        add_number(&out.text, run->total.counts.flawed, "lines break off");
        add_number(&out.text, run->total.skipped, "bytes read before");
    }
    out_close(&out);
}

static int ingest(struct log_run *run, char *const *paths, int count)
{
    int status;

    ingest_catch_signals();
    if (!open_writer(run, &status))
        return status;
    progress_start("lines");
    status = read_files(run, paths, count);
    progress_end();
    summary(run);
    writer_free(run->writer);
    book_close(run->reading);
    return status;
}

int ingest_log(int argc, char **argv)
{
    struct session_choice choice = {0};
    struct log_run run = {.feed = {.stop = stop, .progress = progress}};
    const char *format = NULL, *scope = NULL;
    const struct arg_option options[] = {
        {"format", ARG_TEXT, &format, "FORMAT",
         "postfix, exim, sendmail, opensmtpd, powermta, kumomta, journal"},
        {"follow", ARG_FLAG, &run.feed.follow, NULL,
         "go on at the end, through rotations, until stopped"},
        {"scope", ARG_TEXT, &scope, "SCOPE", "the list or brand"},
        {"again", ARG_FLAG, &run.feed.again, NULL,
         "from the beginning, also of what was read before"},
        {"json", ARG_FLAG, &run.json, NULL, "the summary as JSON"},
        {"rules", ARG_TEXT, &choice.rules, "DIR",
         "rules that precede the built-in"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce ingest log --format FORMAT [OPTION...] FILE...|-",
        "Reads logs of mail servers into the store: deliveries, bounces, "
        "deferrals, expiries,\nand what was sent. Reading goes on where it "
        "stopped, also in the rotated file; files\nthat end in .gz, .xz, .bz2 "
        "or .zst are unpacked.",
        options, sizeof(options) / sizeof(options[0]),
        "Exit status 75: the store did not take it, try again; what was taken "
        "before is kept."};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (format == NULL)
        return args_wrong("ingest log", "which log? --format FORMAT");
    run.feed.format = log_format_parse(slice_cstr(format));
    if (run.feed.format == LOG_FORMATS)
        return args_wrong("ingest log", "there is no format %s", format);
    if (argc == 0)
        return args_wrong("ingest log", "nothing to read: name files, or -");
    if (run.feed.follow && argc > 1)
        return args_wrong("ingest log", "--follow takes one file");
    run.feed.scope = slice_cstr(scope);
    run.choice = &choice;
    status = session_open("ingest log", &choice, true, 0, &run.session);
    if (status >= 0)
        return status;
    status = ingest(&run, argv, argc);
    session_close(&run.session);
    ingest_die_of_signal();
    return status;
}
