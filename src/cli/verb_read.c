/* SPDX-License-Identifier: MIT
 * bounce read: messages in, one event a line out. */
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/source.h"
#include "cli/table.h"
#include "cli/view.h"
#include "cli/work.h"

struct read_run {
    struct bounce_engine *engine;
    struct bounce_slice labels;
    bool json, trace, tabular;
    struct work *work;
    struct out out;
    struct table table;
    struct tally tally;
    bool failed;
};

static void *start_state(void *ctx)
{
    struct read_run *run = ctx;
    struct bounce_reader *reader = open_reader(run->engine);

    if (run->trace)
        bounce_reader_trace(reader, true);
    return reader;
}

static void stop_state(void *ctx, void *state)
{
    (void)ctx;
    bounce_reader_free(state);
}

/* Text output: a row of the table has the last six of these fields. */
static void add_row(struct textbuf *text, const struct bounce_event *event,
                    const struct input_message *message)
{
    view_field(text, message->source);
    textbuf_format(text, "\t%lld\t%s\t", (long long)message->offset,
                   bounce_kind_name(event->kind));
    view_field(text, event->recipient);
    textbuf_byte(text, '\t');
    view_field(text, event->category);
    textbuf_byte(text, '\t');
    view_class(text, event);
    textbuf_byte(text, '\t');
    view_status(text, event);
    textbuf_byte(text, '\t');
    view_field(text, event->provider);
    textbuf_byte(text, '\t');
    view_why(text, event);
    textbuf_byte(text, '\n');
}

static void add_trace(struct textbuf *text, struct bounce_reader *reader,
                      const struct input_message *message)
{
    struct bounce_slice rest = bounce_reader_trace_text(reader), line;

    textbuf_clean(text, message->source);
    textbuf_format(text, " at %lld\n", (long long)message->offset);
    while (slice_next_piece(&rest, '\n', &line)) {
        textbuf_cstr(text, "  ");
        textbuf_clean(text, line);
        textbuf_byte(text, '\n');
    }
}

static void render(void *ctx, void *state, const struct input_message *message,
                   struct work_result *result)
{
    struct read_run *run = ctx;
    struct bounce_json_options options = {.size = sizeof(options),
                                          .source = message->source,
                                          .offset = message->offset,
                                          .labels = run->labels};
    const struct bounce_result *found = NULL;
    enum bounce_err err = source_read(state, message, &found, NULL);

    result->tally.messages++;
    if (err != BOUNCE_OK) {
        work_unreadable(result, message, err);
        return;
    }
    if (run->trace) /* as text it stands before the rows of its message */
        add_trace(run->json || run->tabular ? &result->trace : &result->output,
                  state, message);
    for (size_t i = 0; i < bounce_result_events(found); i++) {
        const struct bounce_event *event = bounce_result_event(found, i);

        if (run->json) {
            view_json(&result->output, run->engine, found, i, &options);
            continue;
        }
        add_row(&result->output, event, message);
        tally_event(&result->tally, run->engine, event);
    }
}

/* The fields that a table shows: those behind source, offset and kind. */
static struct bounce_slice table_fields(struct bounce_slice row)
{
    for (int i = 0; i < 3; i++)
        row = slice_from(row, slice_find_byte(row, '\t') + 1);
    return row;
}

static void emit_rows(struct read_run *run, struct bounce_slice rows)
{
    struct bounce_slice row;

    while (slice_next_piece(&rows, '\n', &row))
        table_row(&run->table, table_fields(row));
}

static void emit(void *ctx, const struct work_result *result)
{
    struct read_run *run = ctx;
    struct bounce_slice errors = textbuf_slice(&result->errors), line;

    while (slice_next_piece(&errors, '\n', &line))
        cli_error("%.*s", (int)line.len, line.ptr);
    if (result->trace.len > 0 && run->json) {
        if (write(STDERR_FILENO, result->trace.ptr, result->trace.len) < 0)
            run->failed = true;
    } else {
        textbuf_add(&run->out.text, textbuf_slice(&result->trace));
    }
    if (run->tabular)
        emit_rows(run, textbuf_slice(&result->output));
    else
        out_add(&run->out, textbuf_slice(&result->output));
    if (!run->json)
        tally_merge(&run->tally, &result->tally);
    run->failed = run->failed || result->failed;
    out_tick(&run->out);
}

static void add_message(void *ctx, const struct input_message *message)
{
    struct read_run *run = ctx;

    work_add(run->work, message);
}

static bool add_file(void *ctx, const struct source_file *file)
{
    struct read_run *run = ctx;

    return work_add_file(run->work, file);
}

static void add_failure(void *ctx, const char *path, int error)
{
    struct read_run *run = ctx;

    work_add_failure(run->work, path, error);
}

static bool read_all(struct read_run *run, char *const *paths, int count,
                     unsigned jobs)
{
    struct work_job job = {.start = start_state,
                           .render = render,
                           .stop = stop_state,
                           .emit = emit,
                           .ctx = run};
    struct bounce_options limits;
    struct source source;

    bounce_options_init(&limits, sizeof(limits));
    job.max_message = limits.max_message;
    source_init(&source, limits.max_message, add_message, run);
    source.complain = add_failure;
    if (!run->trace) /* on standard error traces come as soon as they are there */
        source.take_file = add_file;
    run->work = work_new(&job, jobs);
    progress_start("messages");
    source_run(&source, paths, count);
    work_end(run->work);
    progress_end();
    source_clear(&source);
    return !source.failed && !run->failed;
}

static int read_paths(struct read_run *run, char *const *paths, int count,
                      unsigned jobs, bool table)
{
    static const char *const titles[] = {"recipient", "category", "class",
                                         "status",    "provider", "why"};
    bool fine;

    out_init(&run->out);
    run->tabular = !run->json && (table || (run->out.tty && !run->trace));
    table_init(&run->table, &run->out, titles, 6, 2);
    fine = read_all(run, paths, count, jobs);
    table_end(&run->table);
    if (run->tabular && run->tally.messages > 1)
        tally_write(&run->tally, run->engine, &run->out);
    out_close(&run->out);
    return fine ? CLI_FINE : CLI_UNREADABLE;
}

int verb_read(int argc, char **argv)
{
    struct read_run run = {0};
    const char *labels = NULL, *rules = NULL;
    unsigned jobs = 1;
    bool table = false;
    const struct arg_option options[] = {
        {"json", ARG_FLAG, &run.json, NULL, "one JSON object a line"},
        {"table", ARG_FLAG, &table, NULL,
         "the table and summary of a terminal, also elsewhere"},
        {"labels", ARG_TEXT, &labels, "A,B",
         "with --json: labels of these taxonomies (bounce labels)"},
        {"trace", ARG_FLAG, &run.trace, NULL,
         "what each stage found (with --json on standard error)"},
        {"rules", ARG_TEXT, &rules, "DIR", "rules that precede the built-in"},
        {"jobs", ARG_NUMBER, &jobs, "N", "threads; default 1"},
    };
    const struct arg_spec spec = {
        "bounce read [OPTION...] PATH...",
        "Reads files, folders, Maildirs, mboxes and standard input (-) and "
        "says for each\nmessage what happened to which recipient.",
        options, sizeof(options) / sizeof(options[0]),
        "Without --json and off a terminal: a line for each event, fields "
        "separated by\ntabs: source, offset, kind, recipient, category, "
        "class, status, provider, why."};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc == 0)
        return args_wrong("read", "nothing to read: name files, or -");
    run.engine = open_engine(rules, &status);
    if (run.engine == NULL)
        return status;
    run.labels = slice_cstr(labels);
    if (check_labels(run.engine, "read", labels))
        status = read_paths(&run, argv, argc, jobs, table);
    else
        status = CLI_USAGE;
    bounce_engine_free(run.engine);
    return status;
}
