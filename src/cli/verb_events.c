/* SPDX-License-Identifier: MIT
 * bounce events and bounce review: what was told, event by event. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/event_out.h"
#include "cli/filter.h"
#include "cli/open.h"
#include "cli/store_open.h"

typedef enum store_err
list_fn(struct book *book, const struct list_filter *filter,
        bool (*take)(void *ctx, const struct list_event *row), void *ctx,
        struct store_error *error);

struct events_run {
    struct session session;
    struct grid grid;
    struct out out;
    struct textbuf cursor; /* of the last row */
    bool whole;            /* each event as its JSON object */
    const char *labels;    /* in that: of these taxonomies */
    uint64_t rows;
};

static bool take(void *ctx, const struct list_event *row)
{
    struct events_run *run = ctx;

    run->rows++;
    if (run->whole) {
        event_out_json(&run->out.text, run->session.engine, row, run->labels);
        textbuf_byte(&run->out.text, '\n');
        out_tick(&run->out);
    } else {
        grid_row(&run->grid, row);
    }
    run->cursor.len = 0;
    textbuf_add(&run->cursor, row->cursor);
    return true;
}

static int show(struct events_run *run, const char *verb, list_fn *list,
                const struct list_filter *filter, enum grid_format format,
                const char *chosen)
{
    struct store_error error;
    int status = CLI_USAGE;

    out_init(&run->out);
    run->whole = format == GRID_JSON && chosen == NULL;
    if (grid_init(&run->grid, &run->out, format, event_columns,
                  event_column_count, chosen, verb)) {
        status = CLI_FINE;
        if (list(run->session.book, filter, take, run, &error) != STORE_OK)
            status = filter_complain(verb, &error);
        grid_end(&run->grid);
        filter_next_page(&run->out, format, filter, run->rows,
                         textbuf_slice(&run->cursor));
    }
    out_close(&run->out);
    textbuf_free(&run->cursor);
    return status;
}

static int run_verb(int argc, char **argv, const char *usage, const char *intro,
                    list_fn *list)
{
    const char *verb = argv[0];
    struct events_run run = {0};
    struct session_choice choice = {0};
    struct filter_choice rows = {0};
    struct list_filter filter;
    const char *chosen = NULL;
    bool json = false, csv = false, table = false;
    const struct arg_option options[] = {
        {"address", ARG_TEXT, &rows.address, "ADDRESS", "of one recipient"},
        {"kind", ARG_TEXT, &rows.kind, "A,B",
         "bounce, delay, delivery, feedback, unsubscribe, ..."},
        FILTER_VERDICT(&rows),
        {"rule", ARG_TEXT, &rows.rule, "A,B", "decided by these rules"},
        {"ip", ARG_TEXT, &rows.ip, "A,B", "sent from these IPs"},
        {"from", ARG_TEXT, &rows.from, "A,B", "of these sender domains"},
        FILTER_TIME(&rows),
        FILTER_PAGE(&rows),
        {"newest", ARG_FLAG, &rows.newest_first, NULL, "newest first"},
        {"columns", ARG_TEXT, &chosen, "A,B",
         "at, recipient, kind, category, class, status, diagnostic, ..."},
        {"json", ARG_FLAG, &json, NULL, "each event whole, as read --json"},
        {"labels", ARG_TEXT, &run.labels, "A,B",
         "with --json: labels of these taxonomies (bounce labels)"},
        {"csv", ARG_FLAG, &csv, NULL, "CSV with titles"},
        {"table", ARG_FLAG, &table, NULL, "aligned, also off a terminal"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        usage, intro, options, sizeof(options) / sizeof(options[0]),
        "Several values of one option stand between commas. With --json and "
        "--columns the\nobjects have these members."};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc > 0)
        return args_wrong(verb, "unexpected argument %s", argv[0]);
    status = session_open(verb, &choice, false, 0, &run.session);
    if (status >= 0)
        return status;
    status = filter_make(verb, &rows, run.session.now, &filter);
    if (!check_labels(run.session.engine, verb, run.labels))
        status = CLI_USAGE;
    if (status < 0)
        status = show(&run, verb, list, &filter, grid_format(json, csv, table),
                      chosen);
    session_close(&run.session);
    return status;
}

int verb_events(int argc, char **argv)
{
    return run_verb(argc, argv, "bounce events [OPTION...]",
                    "Lists what was told, an event a row: for each mail of a "
                    "campaign why it bounced.",
                    list_events);
}

int verb_review(int argc, char **argv)
{
    return run_verb(argc, argv, "bounce review [OPTION...]",
                    "Lists what a person should look at: reports without a "
                    "safe recipient, and what a\ncircuit breaker kept from "
                    "counting.",
                    list_review);
}
