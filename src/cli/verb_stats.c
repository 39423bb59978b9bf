/* SPDX-License-Identifier: MIT
 * bounce stats: rates, and what moves the reputation. */
#include <stdio.h>

#include "base/arena.h"
#include "base/vec.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/grid.h"
#include "cli/incident_out.h"
#include "cli/store_open.h"
#include "store/stats.h"

#define STATS_MEMORY   ((size_t)1 << 30)
#define BAR_COLUMNS    16 /* of the longest bar */
#define MOST_INCIDENTS 5

struct stats_run {
    struct session session;
    struct arena arena;
    struct vec rows; /* of struct stats_row */
    struct grid grid;
    struct out out;
    uint64_t most; /* bounces of one row: the longest bar */
    bool out_of_memory;
};

static const struct {
    const char *name;
    enum stats_by by;
} groupings[] = {
    {"day", STATS_DAY},
    {"class", STATS_CLASS},
    {"category", STATS_CATEGORY},
    {"provider", STATS_PROVIDER},
    {"domain", STATS_DOMAIN},
    {"campaign", STATS_CAMPAIGN},
    {"scope", STATS_SCOPE},
    {"ip", STATS_IP},
    {"from", STATS_SENDER_DOMAIN},
};

/* A row of the grid. */
struct stats_line {
    const struct stats_run *run;
    const struct stats_row *row;
};

static const struct stats_row *row_of(const void *row)
{
    return ((const struct stats_line *)row)->row;
}

#define NUMBER_COLUMN(name)                                                    \
    static void put_##name(struct grid *grid, const void *row)                 \
    {                                                                          \
        grid_number(grid, (int64_t)row_of(row)->name);                         \
    }
NUMBER_COLUMN(sent)
NUMBER_COLUMN(delivered)
NUMBER_COLUMN(bounced)
NUMBER_COLUMN(delayed)
NUMBER_COLUMN(complaints)
NUMBER_COLUMN(unsubscribes)
NUMBER_COLUMN(hard)
NUMBER_COLUMN(soft)
NUMBER_COLUMN(block)
NUMBER_COLUMN(admin)
NUMBER_COLUMN(undetermined)

static void put_value(struct grid *grid, const void *row)
{
    grid_text(grid, row_of(row)->value);
}

/* Rates are shares; people read per cent. */
static void put_rate(struct grid *grid, double rate, bool warning)
{
    char text[32];

    if (grid->format == GRID_JSON || grid->format == GRID_CSV || rate < 0) {
        grid_real(grid, rate);
        return;
    }
    snprintf(text, sizeof(text), "%.2f%%%s", rate * 100, warning ? " !" : "");
    grid_word(grid, text);
}

static void put_bounce_rate(struct grid *grid, const void *row)
{
    put_rate(grid, row_of(row)->bounce_rate, row_of(row)->bounce_warning);
}

static void put_complaint_rate(struct grid *grid, const void *row)
{
    put_rate(grid, row_of(row)->complaint_rate, row_of(row)->complaint_warning);
}

static void put_bar(struct grid *grid, const void *row)
{
    const struct stats_line *line = row;
    struct textbuf bar = {0};
    uint64_t length = 0;

    if (line->run->most > 0)
        length = (line->row->bounced * BAR_COLUMNS + line->run->most - 1) /
                 line->run->most;
    while (length-- > 0)
        textbuf_cstr(&bar, "\xE2\x96\x88"); /* full block */
    grid_text(grid, textbuf_slice(&bar));
    textbuf_free(&bar);
}

static const struct grid_column columns[] = {
    {"value", GRID_STANDARD, put_value},
    {"sent", GRID_STANDARD, put_sent},
    {"delivered", GRID_MORE, put_delivered},
    {"bounced", GRID_STANDARD, put_bounced},
    {"hard", GRID_STANDARD, put_hard},
    {"soft", GRID_STANDARD, put_soft},
    {"block", GRID_STANDARD, put_block},
    {"admin", GRID_MORE, put_admin},
    {"undetermined", GRID_MORE, put_undetermined},
    {"delayed", GRID_MORE, put_delayed},
    {"complaints", GRID_STANDARD, put_complaints},
    {"unsubscribes", GRID_MORE, put_unsubscribes},
    {"bounce_rate", GRID_STANDARD, put_bounce_rate},
    {"complaint_rate", GRID_STANDARD, put_complaint_rate},
    {"chart", GRID_ASKED, put_bar},
};
#define CHART_COLUMNS                                                          \
    "value,sent,bounced,hard,soft,block,complaints,bounce_rate,"               \
    "complaint_rate,chart"

static bool take_row(void *ctx, const struct stats_row *row)
{
    struct stats_run *run = ctx;
    struct stats_row copy = *row;

    copy.value = arena_dup(&run->arena, row->value);
    if (copy.value.ptr == NULL ||
        vec_push(&run->rows, &run->arena, &copy) == SIZE_MAX) {
        run->out_of_memory = true;
        return false;
    }
    if (row->bounced > run->most)
        run->most = row->bounced;
    return true;
}

static void add_warnings(struct stats_run *run)
{
    struct textbuf *text = &run->out.text;
    bool first = true;

    for (size_t i = 0; i < run->rows.count; i++) {
        const struct stats_row *row = VEC_AT(run->rows, struct stats_row, i);

        if (!row->bounce_warning && !row->complaint_warning)
            continue;
        if (first)
            textbuf_byte(text, '\n');
        first = false;
        textbuf_cstr(text, "warning: ");
        textbuf_clean(text, row->value);
        if (row->bounce_warning)
            textbuf_format(text, ": bounces are %.2f %%, more than 2 %%",
                           row->bounce_rate * 100);
        if (row->complaint_warning)
            textbuf_format(text, "%s complaints are %.2f %%, more than 0.1 %%",
                           row->bounce_warning ? ";" : ":",
                           row->complaint_rate * 100);
        textbuf_byte(text, '\n');
    }
}

/* What is open now, of those that the filter asks for. */
static int add_incidents(struct stats_run *run,
                         const struct list_filter *filter)
{
    const struct list_filter asked = {.since = BOUNCE_NO_TIME,
                                      .until = BOUNCE_NO_TIME,
                                      .provider = filter->provider,
                                      .campaign = filter->campaign,
                                      .ip = filter->ip,
                                      .sender_domain = filter->sender_domain,
                                      .limit = MOST_INCIDENTS,
                                      .newest_first = true};
    struct store_error error;

    return incident_out_lines(&run->out.text, run->session.book, &asked,
                              "incident: ", &error) == STORE_OK
               ? CLI_FINE
               : session_complain(&error);
}

static int show_rates(struct stats_run *run, enum stats_by by,
                      const struct list_filter *filter, enum grid_format format,
                      const char *chosen)
{
    struct store_error error;
    int status = CLI_FINE;

    if (chosen == NULL && format == GRID_TABLE)
        chosen = CHART_COLUMNS;
    if (!grid_init(&run->grid, &run->out, format, columns,
                   sizeof(columns) / sizeof(columns[0]), chosen, "stats"))
        return CLI_USAGE;
    if (stats_rows(run->session.book, by, filter, take_row, run, &error) !=
        STORE_OK)
        status = filter_complain("stats", &error);
    if (run->out_of_memory)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    for (size_t i = 0; i < run->rows.count; i++) {
        const struct stats_line line = {run,
                                        VEC_AT(run->rows, struct stats_row, i)};

        grid_row(&run->grid, &line);
    }
    grid_end(&run->grid);
    /* A class is a part of all bounces: its share warns of nothing. */
    if (format == GRID_TABLE && by != STATS_CLASS && by != STATS_CATEGORY)
        add_warnings(run);
    if (format == GRID_TABLE && status == CLI_FINE)
        status = add_incidents(run, filter);
    return status;
}

static const struct stats_reputation *reputation_of(const void *row)
{
    return row;
}

static void put_name(struct grid *grid, const void *row)
{
    grid_text(grid, reputation_of(row)->value);
}

static void put_figure(struct grid *grid, const void *row)
{
    grid_number(grid, reputation_of(row)->figure);
}

static void put_volume(struct grid *grid, const void *row)
{
    grid_number(grid, (int64_t)reputation_of(row)->sent);
}

#define REPUTATION_COLUMN(name)                                                \
    static void put_rep_##name(struct grid *grid, const void *row)             \
    {                                                                          \
        grid_real(grid, reputation_of(row)->name);                             \
    }
REPUTATION_COLUMN(hard_rate)
REPUTATION_COLUMN(block_rate)
REPUTATION_COLUMN(complaint_rate)
REPUTATION_COLUMN(steadiness)
REPUTATION_COLUMN(interval_hours)
REPUTATION_COLUMN(block_loss)
REPUTATION_COLUMN(hard_loss)
REPUTATION_COLUMN(complaint_loss)
REPUTATION_COLUMN(volume_loss)

/* The largest loss, in words: where to begin. */
static void put_mover(struct grid *grid, const void *row)
{
    const struct stats_reputation *r = row;
    const struct {
        double loss;
        const char *words;
    } losses[] = {
        {r->complaint_loss, "complaints"},
        {r->block_loss, "blocks"},
        {r->hard_loss, "hard bounces"},
        {r->volume_loss, "unsteady volume"},
    };
    size_t most = 0;

    for (size_t i = 1; i < sizeof(losses) / sizeof(losses[0]); i++) {
        if (losses[i].loss > losses[most].loss)
            most = i;
    }
    grid_word(grid, losses[most].loss > 0.5 ? losses[most].words : NULL);
}

static const struct grid_column reputation_columns[] = {
    {"value", GRID_STANDARD, put_name},
    {"reputation", GRID_STANDARD, put_figure},
    {"sent", GRID_STANDARD, put_volume},
    {"hard_rate", GRID_STANDARD, put_rep_hard_rate},
    {"block_rate", GRID_STANDARD, put_rep_block_rate},
    {"complaint_rate", GRID_STANDARD, put_rep_complaint_rate},
    {"steadiness", GRID_STANDARD, put_rep_steadiness},
    {"interval_hours", GRID_STANDARD, put_rep_interval_hours},
    {"complaint_loss", GRID_MORE, put_rep_complaint_loss},
    {"block_loss", GRID_MORE, put_rep_block_loss},
    {"hard_loss", GRID_MORE, put_rep_hard_loss},
    {"volume_loss", GRID_MORE, put_rep_volume_loss},
    {"moved_by", GRID_STANDARD, put_mover},
};

static bool take_reputation(void *ctx, const struct stats_reputation *row)
{
    struct stats_run *run = ctx;

    grid_row(&run->grid, row);
    return true;
}

static int show_reputation(struct stats_run *run, enum stats_by by,
                           const struct list_filter *filter,
                           enum grid_format format, const char *chosen)
{
    struct store_error error;
    int status = CLI_FINE;

    if (by != STATS_IP && by != STATS_SENDER_DOMAIN && by != STATS_CAMPAIGN)
        return args_wrong("stats", "--reputation is by ip, from or campaign");
    if (!grid_init(&run->grid, &run->out, format, reputation_columns,
                   sizeof(reputation_columns) / sizeof(reputation_columns[0]),
                   chosen, "stats"))
        return CLI_USAGE;
    if (stats_reputation(run->session.book, by, filter, take_reputation, run,
                         &error) != STORE_OK)
        status = filter_complain("stats", &error);
    grid_end(&run->grid);
    return status;
}

/* -1 and *by_out, or CLI_USAGE. */
static int parse_by(const char *name, enum stats_by *by_out)
{
    for (size_t i = 0; i < sizeof(groupings) / sizeof(groupings[0]); i++) {
        if (strcmp(name, groupings[i].name) == 0) {
            *by_out = groupings[i].by;
            return -1;
        }
    }
    return args_wrong("stats",
                      "--by wants day, class, category, provider, domain, "
                      "campaign, scope, ip or from, not %s",
                      name);
}

static int stats(struct stats_run *run, const struct filter_choice *rows,
                 enum stats_by by, bool reputation, enum grid_format format,
                 const char *chosen)
{
    struct list_filter filter;
    int status = filter_make("stats", rows, run->session.now, &filter);

    if (status >= 0)
        return status;
    arena_init(&run->arena, allocator_default(), STATS_MEMORY);
    run->rows = VEC_OF(struct stats_row);
    out_init(&run->out);
    status = reputation ? show_reputation(run, by, &filter, format, chosen)
                        : show_rates(run, by, &filter, format, chosen);
    out_close(&run->out);
    arena_clear(&run->arena);
    return status;
}

int verb_stats(int argc, char **argv)
{
    struct stats_run run = {0};
    struct session_choice choice = {0};
    struct filter_choice rows = {0};
    const char *chosen = NULL, *by_name = "day";
    enum stats_by by = STATS_DAY;
    bool json = false, csv = false, table = false, reputation = false;
    const struct arg_option options[] = {
        {"by", ARG_TEXT, &by_name, "WHAT",
         "day, class, category, provider, domain, campaign, scope, ip, from"},
        {"reputation", ARG_FLAG, &reputation, NULL,
         "a figure for each ip, from or campaign, and what moves it"},
        {"provider", ARG_TEXT, &rows.provider, "NAME", "at this provider only"},
        {"domain", ARG_TEXT, &rows.domain, "NAME", "to this domain only"},
        {"campaign", ARG_TEXT, &rows.campaign, "NAME", "of this campaign only"},
        {"scope", ARG_TEXT, &rows.scope, "NAME", "of this list or brand only"},
        {"ip", ARG_TEXT, &rows.ip, "IP", "from this IP only"},
        {"from", ARG_TEXT, &rows.from, "DOMAIN", "of this sender domain only"},
        FILTER_TIME(&rows),
        {"limit", ARG_NUMBER, &rows.limit, "N", "at most so many rows"},
        {"columns", ARG_TEXT, &chosen, "A,B",
         "value, sent, delivered, bounced, hard, soft, ..., chart"},
        {"json", ARG_FLAG, &json, NULL, "one JSON object a row"},
        {"csv", ARG_FLAG, &csv, NULL, "CSV with titles"},
        {"table", ARG_FLAG, &table, NULL,
         "aligned with a chart, also off a terminal"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce stats [--by WHAT] [OPTION...]",
        "Shows how much bounced, against what was sent where the sent log "
        "tells, and warns\nwhere bounces pass 2 % or complaints 0.1 %.",
        options, sizeof(options) / sizeof(options[0]),
        "One of --provider, --domain, --campaign, --scope, --ip, --from at a "
        "time, and with\n--by day, class or category. Rates are shares of "
        "what was sent; without a sent log\nof what bounced or was "
        "delivered."};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc > 0)
        return args_wrong("stats", "unexpected argument %s", argv[0]);
    status = parse_by(by_name, &by);
    if (status >= 0)
        return status;
    status = session_open("stats", &choice, false, 0, &run.session);
    if (status >= 0)
        return status;
    status = stats(&run, &rows, by, reputation, grid_format(json, csv, table),
                   chosen);
    session_close(&run.session);
    return status;
}
