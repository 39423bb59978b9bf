/* SPDX-License-Identifier: MIT
 * bounce holds: routes that rest. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/grid.h"
#include "cli/store_open.h"
#include "serve/holds_text.h"
#include "store/act.h"

#define EXIT_CANT_CREATE 73 /* sysexits.h */

struct holds_run {
    struct session session;
    struct grid grid;
    struct out out;
};

static const struct bounce_hold *hold_of(const void *row)
{
    return row;
}

static void put_known(struct grid *grid, const char *text)
{
    grid_word(grid, text[0] != '\0' ? text : NULL);
}

static void put_provider(struct grid *grid, const void *row)
{
    put_known(grid, hold_of(row)->key.provider);
}

static void put_domain(struct grid *grid, const void *row)
{
    put_known(grid, hold_of(row)->key.domain);
}

static void put_ip(struct grid *grid, const void *row)
{
    put_known(grid, hold_of(row)->key.ip);
}

static void put_from(struct grid *grid, const void *row)
{
    put_known(grid, hold_of(row)->key.sender_domain);
}

static void put_campaign(struct grid *grid, const void *row)
{
    put_known(grid, hold_of(row)->key.campaign);
}

static void put_since(struct grid *grid, const void *row)
{
    grid_time(grid, hold_of(row)->cause.since);
}

static void put_until(struct grid *grid, const void *row)
{
    grid_time(grid, hold_of(row)->cause.until);
}

static void put_category(struct grid *grid, const void *row)
{
    put_known(grid, hold_of(row)->cause.category);
}

static void put_rule(struct grid *grid, const void *row)
{
    put_known(grid, hold_of(row)->cause.rule);
}

static void put_entry(struct grid *grid, const void *row)
{
    put_known(grid, hold_of(row)->cause.entry);
}

static void put_event(struct grid *grid, const void *row)
{
    put_known(grid, hold_of(row)->cause.event_id);
}

static void put_step(struct grid *grid, const void *row)
{
    grid_number(grid, hold_of(row)->step);
}

static void put_open(struct grid *grid, const void *row)
{
    grid_bool(grid, hold_of(row)->open);
}

/* Only a person ends it, once what is wrong is mended. */
static void put_by_hand(struct grid *grid, const void *row)
{
    grid_bool(grid, hold_of(row)->by_hand);
}

static const struct grid_column columns[] = {
    {"provider", GRID_STANDARD, put_provider},
    {"domain", GRID_STANDARD, put_domain},
    {"ip", GRID_STANDARD, put_ip},
    {"from", GRID_STANDARD, put_from},
    {"campaign", GRID_STANDARD, put_campaign},
    {"since", GRID_STANDARD, put_since},
    {"until", GRID_STANDARD, put_until},
    {"category", GRID_STANDARD, put_category},
    {"by_hand", GRID_STANDARD, put_by_hand},
    {"open", GRID_MORE, put_open},
    {"step", GRID_MORE, put_step},
    {"entry", GRID_MORE, put_entry},
    {"event_id", GRID_MORE, put_event},
    {"rule", GRID_STANDARD, put_rule},
};

static bool take(void *ctx, const struct bounce_hold *hold)
{
    struct holds_run *run = ctx;

    grid_row(&run->grid, hold);
    return true;
}

static int show(struct holds_run *run, const struct list_filter *filter,
                bool with_ended, enum grid_format format, const char *chosen)
{
    struct store_error error;
    int status = CLI_USAGE;

    out_init(&run->out);
    if (grid_init(&run->grid, &run->out, format, columns,
                  sizeof(columns) / sizeof(columns[0]), chosen, "holds")) {
        status = CLI_FINE;
        if (list_holds(run->session.book, filter, with_ended, run->session.now,
                       take, run, &error) != STORE_OK)
            status = filter_complain("holds", &error);
        grid_end(&run->grid);
    }
    out_close(&run->out);
    return status;
}

static int end_holds(struct holds_run *run, const struct list_filter *filter,
                     const char *reason)
{
    const struct act act = {.reason = slice_cstr(reason),
                            .source = SLICE("by hand"),
                            .now = run->session.now,
                            .until = BOUNCE_NO_TIME};
    struct ledger *ledger = ledger_new(run->session.book);
    struct store_error error;
    size_t ended = 0;
    int status = CLI_FINE;

    if (ledger == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    if (act_end_holds(ledger, filter, &act, &ended, &error) != STORE_OK) {
        status = filter_complain("holds", &error);
    } else {
        out_init(&run->out);
        textbuf_format(&run->out.text, "%zu hold%s ended\n", ended,
                       ended == 1 ? "" : "s");
        out_close(&run->out);
    }
    ledger_free(ledger);
    return status;
}

/* --format: a file for a mail server, in place of a list. */
static int write_file(struct holds_run *run, const struct filter_choice *rows,
                      const char *format, const char *path)
{
    const struct holds_choice choice = {
        holds_format_parse(slice_cstr(format)), slice_cstr(rows->ip),
        slice_cstr(rows->from), slice_cstr(rows->campaign)};
    struct bytes text = {0};
    struct store_error error;
    char why[200];
    int64_t until;
    int status = CLI_FINE;

    if (holds_text(run->session.book, &choice, run->session.now, &text, &until,
                   &error) != STORE_OK) {
        status = session_complain(&error);
    } else if (path == NULL) {
        out_init(&run->out);
        textbuf_add(&run->out.text, bytes_slice(&text));
        out_close(&run->out);
    } else if (!holds_write(path, bytes_slice(&text), why)) {
        cli_error("%s", why);
        status = EXIT_CANT_CREATE;
    }
    bytes_free(&text);
    return status;
}

/* Returns -1, or CLI_USAGE. */
static int check_format(const char *format, const char *path,
                        const struct filter_choice *rows, bool others)
{
    if (format == NULL)
        return path == NULL ? -1
                            : args_wrong("holds", "--output wants a --format");
    if (holds_format_parse(slice_cstr(format)) == HOLDS_FORMATS)
        return args_wrong("holds", "there is no format %s", format);
    if (others || rows->provider != NULL || rows->domain != NULL ||
        rows->category != NULL)
        return args_wrong("holds", "with --format only --ip, --from, "
                                   "--campaign and --output go");
    return -1;
}

static bool names_some(const struct filter_choice *rows)
{
    return rows->provider != NULL || rows->domain != NULL || rows->ip != NULL ||
           rows->from != NULL || rows->campaign != NULL ||
           rows->category != NULL;
}

int verb_holds(int argc, char **argv)
{
    struct holds_run run = {0};
    struct session_choice choice = {0};
    struct filter_choice rows = {0};
    struct list_filter filter;
    const char *chosen = NULL, *reason = NULL, *format = NULL, *path = NULL;
    bool json = false, csv = false, table = false, ended = false, end = false;
    bool all = false;
    const struct arg_option options[] = {
        {"provider", ARG_TEXT, &rows.provider, "A,B", "at these providers"},
        {"domain", ARG_TEXT, &rows.domain, "A,B", "to these domains"},
        {"ip", ARG_TEXT, &rows.ip, "A,B", "from these IPs"},
        {"from", ARG_TEXT, &rows.from, "A,B", "of these sender domains"},
        {"campaign", ARG_TEXT, &rows.campaign, "A,B", "of these campaigns"},
        {"category", ARG_TEXT, &rows.category, "A,B", "of these categories"},
        {"ended", ARG_FLAG, &ended, NULL, "those that ended too"},
        {"end", ARG_FLAG, &end, NULL, "end the holds that are found"},
        {"all", ARG_FLAG, &all, NULL, "with --end and no filter: all of them"},
        {"reason", ARG_TEXT, &reason, "TEXT", "with --end: kept in the story"},
        {"format", ARG_TEXT, &format, "F",
         "a file: postfix, postfix-transport, kumomta, json"},
        {"output", ARG_TEXT, &path, "FILE",
         "with --format: replace it, at once and as a whole"},
        {"columns", ARG_TEXT, &chosen, "A,B",
         "provider, domain, ip, from, campaign, since, until, ..."},
        {"json", ARG_FLAG, &json, NULL, "one JSON object a hold"},
        {"csv", ARG_FLAG, &csv, NULL, "CSV with titles"},
        {"table", ARG_FLAG, &table, NULL, "aligned, also off a terminal"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce holds [OPTION...] [--end]",
        "Lists the routes that mail waits on, with the cause; with --end ends "
        "them, once\nwhat was wrong is mended. \"-\" in a route stands for "
        "any.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc > 0)
        return args_wrong("holds", "unexpected argument %s", argv[0]);
    if (end && !all && !names_some(&rows))
        return args_wrong("holds", "--end without a filter ends every hold: "
                                   "say --all if that is meant");
    status =
        check_format(format, path, &rows,
                     end || ended || json || csv || table || chosen != NULL);
    if (status >= 0)
        return status;
    status = session_open("holds", &choice, false, 0, &run.session);
    if (status >= 0)
        return status;
    status = filter_make("holds", &rows, run.session.now, &filter);
    if (status < 0 && format != NULL)
        status = write_file(&run, &rows, format, path);
    else if (status < 0)
        status = end ? end_holds(&run, &filter, reason)
                     : show(&run, &filter, ended, grid_format(json, csv, table),
                            chosen);
    session_close(&run.session);
    return status;
}
