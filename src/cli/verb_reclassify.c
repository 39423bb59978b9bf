/* SPDX-License-Identifier: MIT
 * bounce reclassify: what was stored, read again with today's rules. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/json_out.h"
#include "cli/store_open.h"
#include "store/ledger.h"

struct reclassify_run {
    struct session session;
    struct grid grid;
    struct out out;
    uint64_t differing;
};

static const struct ledger_reclassified *change_of(const void *row)
{
    return row;
}

static void put_address(struct grid *grid, const void *row)
{
    grid_text(grid, change_of(row)->address);
}

static void put_event(struct grid *grid, const void *row)
{
    grid_text(grid, change_of(row)->event_id);
}

static void put_was(struct grid *grid, const void *row)
{
    grid_text(grid, change_of(row)->was);
}

static void put_becomes(struct grid *grid, const void *row)
{
    grid_text(grid, change_of(row)->becomes);
}

static void put_rule(struct grid *grid, const void *row)
{
    grid_text(grid, change_of(row)->rule);
}

static const struct grid_column columns[] = {
    {"address", GRID_STANDARD, put_address}, {"was", GRID_STANDARD, put_was},
    {"becomes", GRID_STANDARD, put_becomes}, {"rule", GRID_STANDARD, put_rule},
    {"event_id", GRID_STANDARD, put_event},
};

static bool differs(void *ctx, const struct ledger_reclassified *what)
{
    struct reclassify_run *run = ctx;

    run->differing++;
    grid_row(&run->grid, what);
    return true;
}

static int reclassify(struct reclassify_run *run, bool dry_run,
                      enum grid_format format)
{
    struct ledger *ledger = ledger_new(run->session.book);
    struct store_error error;
    uint64_t events = 0;
    int status = CLI_USAGE;

    if (ledger == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    out_init(&run->out);
    if (grid_init(&run->grid, &run->out, format, columns,
                  sizeof(columns) / sizeof(columns[0]), NULL, "reclassify")) {
        status = ledger_reclassify(ledger, !dry_run, run->session.now, differs,
                                   run, &events, &error) == STORE_OK
                     ? CLI_FINE
                     : session_complain(&error);
        grid_end(&run->grid);
    }
    if (format == GRID_TABLE)
        textbuf_format(&run->out.text,
                       "\n%llu events read again, %llu %s another category\n",
                       (unsigned long long)events,
                       (unsigned long long)run->differing,
                       dry_run ? "would have" : "have");
    out_close(&run->out);
    ledger_free(ledger);
    return status;
}

int verb_reclassify(int argc, char **argv)
{
    struct reclassify_run run = {0};
    struct session_choice choice = {0};
    bool dry_run = false, json = false, csv = false, table = false;
    const struct arg_option options[] = {
        {"dry-run", ARG_FLAG, &dry_run, NULL,
         "only show what would change; write nothing"},
        {"json", ARG_FLAG, &json, NULL, "one JSON object an event"},
        {"csv", ARG_FLAG, &csv, NULL, "CSV with titles"},
        {"table", ARG_FLAG, &table, NULL, "aligned, also off a terminal"},
        {"rules", ARG_TEXT, &choice.rules, "DIR",
         "rules that precede the built-in"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce reclassify [--dry-run] [OPTION...]",
        "Reads the stored replies again, after new rules or a new version, and "
        "brings events\nwhose category differs, and the states that follow "
        "from them, up to date.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc > 0)
        return args_wrong("reclassify", "unexpected argument %s", argv[0]);
    status = session_open("reclassify", &choice, false, 0, &run.session);
    if (status >= 0)
        return status;
    status = reclassify(&run, dry_run, grid_format(json, csv, table));
    session_close(&run.session);
    return status;
}
