/* SPDX-License-Identifier: MIT
 * bounce classify: replies in, one verdict a line out, in order. */
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/lines.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/view.h"
#include "ingest/request.h"

struct classify_run {
    struct bounce_engine *engine;
    struct bounce_reader *reader;
    struct bounce_slice labels;
    struct bounce_reply common; /* what the options say of every reply */
    bool json, tabular;
    struct out out;
    struct textbuf row; /* of the table */
    struct table table;
    uint64_t line;
    bool failed;
};

/* category class confidence status provider why */
static void add_row(struct textbuf *text, const struct bounce_event *event)
{
    view_field(text, event->category);
    textbuf_byte(text, '\t');
    view_class(text, event);
    if (event->confidence < 0)
        textbuf_cstr(text, "\t-\t");
    else
        textbuf_format(text, "\t%.2f\t", event->confidence);
    view_status(text, event);
    textbuf_byte(text, '\t');
    view_field(text, event->provider);
    textbuf_byte(text, '\t');
    view_why(text, event);
}

static void emit(struct classify_run *run, const struct bounce_result *result,
                 struct bounce_slice id)
{
    const struct bounce_event *event = bounce_result_event(result, 0);

    if (run->json) {
        struct bounce_json_options options = {.size = sizeof(options),
                                              .offset = -1,
                                              .labels = run->labels,
                                              .id_json = id};
        view_json(&run->out.text, run->engine, result, 0, &options);
    } else if (run->tabular) {
        run->row.len = 0;
        add_row(&run->row, event);
        table_row(&run->table, textbuf_slice(&run->row));
    } else {
        add_row(&run->out.text, event);
        textbuf_byte(&run->out.text, '\n');
    }
    out_tick(&run->out);
}

static void classify_reply(struct classify_run *run,
                           const struct bounce_reply *reply,
                           struct bounce_slice id)
{
    const struct bounce_result *result = NULL;
    enum bounce_err err = bounce_classify(run->reader, reply, &result, NULL);

    if (err == BOUNCE_E_LIMIT) { /* the order of the output must hold */
        struct bounce_reply empty = {.size = sizeof(empty), .text = SLICE("")};

        cli_error("line %llu: %s", (unsigned long long)run->line,
                  bounce_strerror(err));
        run->failed = true;
        err = bounce_classify(run->reader, &empty, &result, NULL);
    }
    if (err != BOUNCE_OK)
        cli_fail(CLI_TRY_AGAIN, "%s", bounce_strerror(err));
    emit(run, result, id);
}

static void classify_json(struct classify_run *run, char *line, size_t len)
{
    struct bounce_reply reply = run->common;
    struct request request;
    const char *flaw = request_parse(line, len, &request);

    if (flaw != NULL) {
        cli_error("line %llu: %s", (unsigned long long)run->line, flaw);
        run->failed = true;
        reply.text = SLICE("");
    } else {
        reply.text = request.reply;
        if (request.host.len > 0)
            reply.host = request.host;
        if (request.service.len > 0)
            reply.service = request.service;
        if (request.status.len > 0)
            reply.status = request.status;
        if (request.stage != BOUNCE_STAGE_NONE)
            reply.stage = request.stage;
    }
    classify_reply(run, &reply, request.id);
}

static void classify_line(struct classify_run *run, char *line, size_t len)
{
    struct bounce_reply reply = run->common;

    run->line++;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    if (len > 0 && line[0] == '{') {
        classify_json(run, line, len);
        return;
    }
    reply.text = slice_make(line, len);
    classify_reply(run, &reply, SLICE_NULL);
}

static void classify_stdin(struct classify_run *run)
{
    struct lines in;
    char *line;
    size_t len;

    lines_init(&in, STDIN_FILENO);
    if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
        cli_error("reading replies, one a line; Ctrl-D ends");
    else
        progress_start("replies");
    while (lines_next(&in, &line, &len)) {
        classify_line(run, line, len);
        progress_update(run->line, -1);
    }
    progress_end();
    if (in.error != 0) {
        cli_error("standard input: %s", strerror(in.error));
        run->failed = true;
    }
    lines_free(&in);
}

static int classify_all(struct classify_run *run, char **replies, int count)
{
    static const char *const titles[] = {"category", "class",    "sure",
                                         "status",   "provider", "why"};

    out_init(&run->out);
    run->tabular = run->out.tty && !run->json;
    run->reader = open_reader(run->engine);
    table_init(&run->table, &run->out, titles, 6, 1);
    for (int i = 0; i < count; i++) {
        struct bounce_reply reply = run->common;

        run->line++;
        reply.text = slice_cstr(replies[i]);
        classify_reply(run, &reply, SLICE_NULL);
    }
    if (count == 0)
        classify_stdin(run);
    table_end(&run->table);
    out_close(&run->out);
    textbuf_free(&run->row);
    bounce_reader_free(run->reader);
    return run->failed ? CLI_UNREADABLE : CLI_FINE;
}

static int classify_with(struct classify_run *run, const char *rules,
                         const char *labels, char **replies, int count)
{
    int status;

    run->engine = open_engine(rules, &status);
    if (run->engine == NULL)
        return status;
    run->labels = slice_cstr(labels);
    if (check_labels(run->engine, "classify", labels))
        status = classify_all(run, replies, count);
    else
        status = CLI_USAGE;
    bounce_engine_free(run->engine);
    return status;
}

int verb_classify(int argc, char **argv)
{
    struct classify_run run = {.common = {.size = sizeof(run.common)}};
    const char *labels = NULL, *rules = NULL, *host = NULL, *service = NULL,
               *stage = NULL;
    const struct arg_option options[] = {
        {"json", ARG_FLAG, &run.json, NULL, "one JSON object a reply"},
        {"labels", ARG_TEXT, &labels, "A,B",
         "with --json: labels of these taxonomies (bounce labels)"},
        {"host", ARG_TEXT, &host, "H", "the host that answered"},
        {"stage", ARG_TEXT, &stage, "S",
         "what it answered: connect helo mail rcpt data end-of-data"},
        {"service", ARG_TEXT, &service, "S", "the sending service"},
        {"rules", ARG_TEXT, &rules, "DIR", "rules that precede the built-in"},
    };
    const struct arg_spec spec = {
        "bounce classify [OPTION...] [REPLY...]",
        "Says what SMTP replies mean. Each argument is one reply; without "
        "any, or with -,\neach line of standard input is one, or a JSON "
        "object {\"id\":1,\"reply\":\"550 ...\",\n\"host\":\"mx\","
        "\"stage\":\"rcpt\",\"service\":\"mailgun\",\"status\":"
        "\"5.1.1\"} whose id comes\nback.",
        options, sizeof(options) / sizeof(options[0]),
        "Without --json and off a terminal: a line for each reply, fields "
        "separated by\ntabs: category, class, confidence, status, provider, "
        "why."};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    run.common.host = slice_cstr(host);
    run.common.service = slice_cstr(service);
    if (stage != NULL) {
        run.common.stage = bounce_stage_parse(stage, strlen(stage));
        if (run.common.stage == BOUNCE_STAGE_NONE)
            return args_wrong("classify", "unknown stage %s", stage);
    }
    if (argc == 1 && strcmp(argv[0], "-") == 0)
        argc = 0;
    return classify_with(&run, rules, labels, argv, argc);
}
