/* SPDX-License-Identifier: MIT
 * bounce due: whose temporary failure may be tried again, and when. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/event_out.h"
#include "cli/filter.h"
#include "cli/store_open.h"

struct due_run {
    struct session session;
    struct grid grid;
    struct out out;
    struct textbuf cursor;
};

static const struct list_due *due_of(const void *row)
{
    return row;
}

static void put_address(struct grid *grid, const void *row)
{
    grid_text(grid, due_of(row)->address);
}

/* "now", "later" or "never": what to do with this mail. */
static void put_try(struct grid *grid, const void *row)
{
    static const char *const words[] = {"now", "later", "never"};

    grid_word(grid, words[due_of(row)->may]);
}

static void put_when(struct grid *grid, const void *row)
{
    grid_time(grid, due_of(row)->when);
}

static void put_reason(struct grid *grid, const void *row)
{
    grid_word(grid, due_of(row)->reason);
}

static void put_category(struct grid *grid, const void *row)
{
    grid_text(grid, due_of(row)->record->event.category);
}

static void put_kind(struct grid *grid, const void *row)
{
    grid_word(grid, event_out_kind(due_of(row)->record));
}

static void put_last(struct grid *grid, const void *row)
{
    grid_time(grid, due_of(row)->record->event.occurred_at);
}

static void put_message(struct grid *grid, const void *row)
{
    grid_text(grid, due_of(row)->record->event.message_id);
}

static void put_diagnostic(struct grid *grid, const void *row)
{
    grid_text(grid, due_of(row)->record->event.diagnostic);
}

static void put_cursor(struct grid *grid, const void *row)
{
    grid_text(grid, due_of(row)->cursor);
}

static const struct grid_column columns[] = {
    {"address", GRID_STANDARD, put_address},
    {"try", GRID_STANDARD, put_try},
    {"when", GRID_STANDARD, put_when},
    {"reason", GRID_STANDARD, put_reason},
    {"category", GRID_STANDARD, put_category},
    {"kind", GRID_MORE, put_kind},
    {"last", GRID_STANDARD, put_last},
    {"message_id", GRID_MORE, put_message},
    {"cursor", GRID_MORE, put_cursor},
    {"diagnostic", GRID_STANDARD, put_diagnostic},
};

static bool take(void *ctx, const struct list_due *row)
{
    struct due_run *run = ctx;

    grid_row(&run->grid, row);
    run->cursor.len = 0;
    textbuf_add(&run->cursor, row->cursor);
    return true;
}

static int due(struct due_run *run, const struct list_filter *filter,
               enum grid_format format, const char *chosen)
{
    struct store_error error;
    int status = CLI_USAGE;

    out_init(&run->out);
    if (grid_init(&run->grid, &run->out, format, columns,
                  sizeof(columns) / sizeof(columns[0]), chosen, "due")) {
        status = CLI_FINE;
        if (list_due(run->session.book, filter, run->session.now, take, run,
                     &error) != STORE_OK)
            status = filter_complain("due", &error);
        grid_end(&run->grid);
        filter_next_page(&run->out, format, filter, run->grid.rows,
                         textbuf_slice(&run->cursor));
    }
    out_close(&run->out);
    textbuf_free(&run->cursor);
    return status;
}

int verb_due(int argc, char **argv)
{
    struct due_run run = {0};
    struct session_choice choice = {0};
    struct filter_choice rows = {0};
    struct list_filter filter;
    const char *chosen = NULL;
    bool json = false, csv = false, table = false;
    const struct arg_option options[] = {
        {"campaign", ARG_TEXT, &rows.campaign, "NAME", "of this campaign"},
        {"domain", ARG_TEXT, &rows.domain, "A,B", "of these domains"},
        {"provider", ARG_TEXT, &rows.provider, "A,B", "at these providers"},
        FILTER_PAGE(&rows),
        {"columns", ARG_TEXT, &chosen, "A,B",
         "address, try, when, reason, category, kind, last, ..."},
        {"json", ARG_FLAG, &json, NULL, "one JSON object an address"},
        {"csv", ARG_FLAG, &csv, NULL, "CSV with titles"},
        {"table", ARG_FLAG, &table, NULL, "aligned, also off a terminal"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce due --campaign NAME [OPTION...]",
        "Lists the recipients of a campaign whose last word is a temporary "
        "failure, a\nsuspension or a hold, and says whether the mail may be "
        "tried again now, when, or\nnever.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc > 0)
        return args_wrong("due", "unexpected argument %s", argv[0]);
    if (rows.campaign == NULL)
        return args_wrong("due", "which campaign? --campaign NAME");
    status = session_open("due", &choice, false, 0, &run.session);
    if (status >= 0)
        return status;
    status = filter_make("due", &rows, run.session.now, &filter);
    if (status < 0)
        status = due(&run, &filter, grid_format(json, csv, table), chosen);
    session_close(&run.session);
    return status;
}
