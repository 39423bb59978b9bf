/* SPDX-License-Identifier: MIT
 * bounce incidents: what is going wrong, where, since when. */
#include <stdio.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/grid.h"
#include "cli/incident_out.h"

#define STORY_MEMORY ((size_t)1 << 20)

struct incidents_run {
    struct session session;
    struct grid grid;
    struct out out;
    struct arena arena;
    struct list_incident found; /* of one that was asked for */
    bool any, out_of_memory;
    bool whole; /* each incident as its JSON object */
    uint64_t rows;
};

static const struct list_incident *incident_of(const void *row)
{
    return row;
}

#define TEXT_COLUMN(name)                                                      \
    static void put_##name(struct grid *grid, const void *row)                 \
    {                                                                          \
        grid_text(grid, incident_of(row)->name);                               \
    }
TEXT_COLUMN(id)
TEXT_COLUMN(what)
TEXT_COLUMN(dimension)
TEXT_COLUMN(ended_by)
TEXT_COLUMN(category)
TEXT_COLUMN(rule)
TEXT_COLUMN(remedy)

#define TIME_COLUMN(name)                                                      \
    static void put_##name(struct grid *grid, const void *row)                 \
    {                                                                          \
        grid_time(grid, incident_of(row)->name);                               \
    }
TIME_COLUMN(since)
TIME_COLUMN(until)
TIME_COLUMN(updated)

#define NUMBER_COLUMN(name)                                                    \
    static void put_##name(struct grid *grid, const void *row)                 \
    {                                                                          \
        grid_number(grid, incident_of(row)->name);                             \
    }
NUMBER_COLUMN(failures)
NUMBER_COLUMN(results)
NUMBER_COLUMN(hours)

static void put_value(struct grid *grid, const void *row)
{
    const struct bounce_slice value = incident_of(row)->value;

    grid_text(grid, value.len > 0 ? value : SLICE_NULL);
}

/* Shares are shares; people read per cent. */
static void put_part(struct grid *grid, double share)
{
    char text[32];

    if (grid->format == GRID_JSON || grid->format == GRID_CSV || share < 0) {
        grid_real(grid, share);
        return;
    }
    snprintf(text, sizeof(text), "%.2f%%", share * 100);
    grid_word(grid, text);
}

static void put_share(struct grid *grid, const void *row)
{
    put_part(grid, incident_of(row)->share);
}

static void put_usual(struct grid *grid, const void *row)
{
    put_part(grid, incident_of(row)->usual);
}

static void put_peak(struct grid *grid, const void *row)
{
    put_part(grid, incident_of(row)->peak);
}

static void put_open(struct grid *grid, const void *row)
{
    grid_bool(grid, incident_of(row)->until == BOUNCE_NO_TIME);
}

static void put_class(struct grid *grid, const void *row)
{
    grid_word(grid, incident_of(row)->cls);
}

static void put_severity(struct grid *grid, const void *row)
{
    grid_word(grid, incident_of(row)->severity);
}

static void put_samples(struct grid *grid, const void *row)
{
    grid_list(grid, incident_of(row)->samples, incident_of(row)->sample_count);
}

static const struct grid_column columns[] = {
    {"id", GRID_STANDARD, put_id},
    {"since", GRID_STANDARD, put_since},
    {"until", GRID_STANDARD, put_until},
    {"what", GRID_STANDARD, put_what},
    {"dimension", GRID_STANDARD, put_dimension},
    {"value", GRID_STANDARD, put_value},
    {"share", GRID_STANDARD, put_share},
    {"usual_share", GRID_STANDARD, put_usual},
    {"peak_share", GRID_MORE, put_peak},
    {"failures", GRID_STANDARD, put_failures},
    {"results", GRID_MORE, put_results},
    {"window_hours", GRID_MORE, put_hours},
    {"severity", GRID_STANDARD, put_severity},
    {"category", GRID_STANDARD, put_category},
    {"class", GRID_MORE, put_class},
    {"rule", GRID_MORE, put_rule},
    {"updated", GRID_MORE, put_updated},
    {"open", GRID_MORE, put_open},
    {"ended_by", GRID_MORE, put_ended_by},
    {"remedy", GRID_MORE, put_remedy},
    {"samples", GRID_MORE, put_samples},
};

static bool take(void *ctx, const struct list_incident *incident)
{
    struct incidents_run *run = ctx;

    run->rows++;
    if (run->whole) {
        incident_out_json(&run->out.text, incident);
        textbuf_byte(&run->out.text, '\n');
        out_tick(&run->out);
    } else {
        grid_row(&run->grid, incident);
    }
    return true;
}

static int show(struct incidents_run *run, const struct list_filter *filter,
                enum incident_state state, enum grid_format format,
                const char *chosen)
{
    struct list_filter asked = *filter;
    char next[LIST_CURSOR] = "";
    struct store_error error;
    int status = CLI_FINE;

    if (!grid_init(&run->grid, &run->out, format, columns,
                   sizeof(columns) / sizeof(columns[0]), chosen, "incidents"))
        return CLI_USAGE;
    run->whole = format == GRID_JSON && chosen == NULL;
    asked.next_out = next;
    if (list_incidents(run->session.book, &asked, state, SLICE_NULL, take, run,
                       &error) != STORE_OK)
        status = filter_complain("incidents", &error);
    grid_end(&run->grid);
    if (next[0] != '\0')
        filter_next_page(&run->out, format, filter, run->rows,
                         slice_cstr(next));
    return status;
}

static bool take_one(void *ctx, const struct list_incident *incident)
{
    struct incidents_run *run = ctx;

    run->any = true;
    run->out_of_memory = !incident_copy(&run->arena, incident, &run->found);
    return !run->out_of_memory;
}

static int tell(struct incidents_run *run, const struct list_filter *filter,
                const char *id, bool json)
{
    struct store_error error;
    int status = CLI_FINE;

    arena_init(&run->arena, allocator_default(), STORY_MEMORY);
    if (list_incidents(run->session.book, filter, INCIDENTS_ALL, slice_cstr(id),
                       take_one, run, &error) != STORE_OK)
        status = run->out_of_memory ? CLI_TRY_AGAIN
                                    : filter_complain("incidents", &error);
    else if (!run->any)
        status = args_wrong("incidents", "there is no incident %s", id);
    else
        status =
            incident_out_story(&run->out, &run->session, &run->found, json);
    arena_clear(&run->arena);
    return status;
}

int verb_incidents(int argc, char **argv)
{
    struct incidents_run run = {0};
    struct session_choice choice = {0};
    struct filter_choice rows = {0};
    struct list_filter filter;
    const char *chosen = NULL;
    enum incident_state state = INCIDENTS_OPEN;
    bool json = false, csv = false, table = false;
    bool open = false, closed = false, all = false;
    const struct arg_option options[] = {
        {"open", ARG_FLAG, &open, NULL, "those that are open: the default"},
        {"closed", ARG_FLAG, &closed, NULL, "those that are over"},
        {"all", ARG_FLAG, &all, NULL, "both"},
        {"what", ARG_TEXT, &rows.kind, "A,B",
         "hard, block, rate, complaint, connection, breaker, own_fault, hold"},
        {"provider", ARG_TEXT, &rows.provider, "A,B", "at these providers"},
        {"ip", ARG_TEXT, &rows.ip, "A,B", "of these IPs"},
        {"from", ARG_TEXT, &rows.from, "A,B", "of these sender domains"},
        {"campaign", ARG_TEXT, &rows.campaign, "A,B", "of these campaigns"},
        {"class", ARG_TEXT, &rows.cls, "A,B", "hard, soft, block, ..."},
        {"category", ARG_TEXT, &rows.category, "A,B", "of these causes"},
        FILTER_TIME(&rows),
        {"newest", ARG_FLAG, &rows.newest_first, NULL, "newest first"},
        FILTER_PAGE(&rows),
        {"columns", ARG_TEXT, &chosen, "A,B",
         "id, since, until, what, dimension, value, share, ..."},
        {"json", ARG_FLAG, &json, NULL, "one JSON object an incident"},
        {"csv", ARG_FLAG, &csv, NULL, "CSV with titles"},
        {"table", ARG_FLAG, &table, NULL, "aligned, also off a terminal"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce incidents [OPTION...] [ID]",
        "Lists what is going wrong: where a share of failures rose suddenly, "
        "since when, from\nwhat cause. With an ID the whole story: hour by "
        "hour, samples, holds, what mends it.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc > 1)
        return args_wrong("incidents", "unexpected argument %s", argv[1]);
    if (open + closed + all > 1)
        return args_wrong("incidents",
                          "--open, --closed and --all exclude each other");
    if (closed || all)
        state = closed ? INCIDENTS_CLOSED : INCIDENTS_ALL;
    status = session_open("incidents", &choice, false, 0, &run.session);
    if (status >= 0)
        return status;
    status = filter_make("incidents", &rows, run.session.now, &filter);
    if (status < 0) {
        out_init(&run.out);
        status = argc == 1 ? tell(&run, &filter, argv[0], json)
                           : show(&run, &filter, state,
                                  grid_format(json, csv, table), chosen);
        out_close(&run.out);
    }
    session_close(&run.session);
    return status;
}
