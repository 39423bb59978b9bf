/* SPDX-License-Identifier: MIT
 * bounce list: the smart list of addresses that may not be written to. */
#include <stdio.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/grid.h"
#include "cli/store_open.h"

/* What Marketo shows of an address, side by side: it can be both. */
#define MARKETO                                                                \
    "Email Address,Email Invalid,Email Invalid Cause,Email Suspended,"         \
    "Email Suspended At,Email Suspended Cause"

struct list_run {
    struct session session;
    struct grid grid;
    struct out out;
    struct textbuf cursor; /* of the last row */
};

struct list_row {
    const struct list_address *address;
    int64_t now;
};

static const struct list_address *address_of(const void *row)
{
    return ((const struct list_row *)row)->address;
}

static void put_address(struct grid *grid, const void *row)
{
    grid_text(grid, address_of(row)->address);
}

static void put_state(struct grid *grid, const void *row)
{
    grid_word(grid, bounce_standing_name(address_of(row)->standing));
}

static void put_scope(struct grid *grid, const void *row)
{
    struct bounce_slice scope = address_of(row)->scope;

    grid_text(grid, scope.len > 0 ? scope : SLICE_NULL);
}

static void put_domain(struct grid *grid, const void *row)
{
    grid_text(grid, address_of(row)->domain);
}

static void put_cause_time(struct grid *grid, const struct bounce_cause *cause,
                           bool until)
{
    grid_time(grid, cause == NULL ? BOUNCE_NO_TIME
                    : until       ? cause->until
                                  : cause->since);
}

static void put_since(struct grid *grid, const void *row)
{
    put_cause_time(grid, address_of(row)->cause, false);
}

static void put_until(struct grid *grid, const void *row)
{
    put_cause_time(grid, address_of(row)->cause, true);
}

static void put_known(struct grid *grid, const char *text)
{
    grid_word(grid, text != NULL && text[0] != '\0' ? text : NULL);
}

static void put_category(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = address_of(row)->cause;

    put_known(grid, cause != NULL ? cause->category : NULL);
}

static void put_rule(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = address_of(row)->cause;

    put_known(grid, cause != NULL ? cause->rule : NULL);
}

static void put_entry(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = address_of(row)->cause;

    put_known(grid, cause != NULL ? cause->entry : NULL);
}

static void put_event(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = address_of(row)->cause;

    put_known(grid, cause != NULL ? cause->event_id : NULL);
}

static void put_class(struct grid *grid, const void *row)
{
    grid_word(grid, bounce_class_name(address_of(row)->cls));
}

static void put_slot(struct grid *grid, const void *row)
{
    const struct list_address *address = address_of(row);

    grid_word(grid,
              address->cause != NULL ? bounce_slot_name(address->slot) : NULL);
}

static void put_provider(struct grid *grid, const void *row)
{
    grid_text(grid, address_of(row)->provider);
}

static void put_campaign(struct grid *grid, const void *row)
{
    grid_text(grid, address_of(row)->campaign);
}

static void put_confidence(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = address_of(row)->cause;

    grid_real(grid, cause != NULL ? cause->confidence / 100.0 : -1);
}

static void put_cursor(struct grid *grid, const void *row)
{
    grid_text(grid, address_of(row)->cursor);
}

static bool stands(const struct bounce_cause *cause, int64_t now)
{
    return cause->since != BOUNCE_NO_TIME && cause->since <= now &&
           (cause->until == BOUNCE_NO_TIME || cause->until > now);
}

/* Invalid at Marketo is what bounces made so, not what a person asked for. */
static const struct bounce_cause *invalid_cause(const void *row)
{
    static const enum bounce_slot slots[] = {
        BOUNCE_SLOT_HARD, BOUNCE_SLOT_COUNTED, BOUNCE_SLOT_MANUAL};
    const struct list_row *list = row;

    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        const struct bounce_cause *cause =
            &list->address->state->causes[slots[i]];

        if (stands(cause, list->now))
            return cause;
    }
    return NULL;
}

static const struct bounce_cause *suspended_cause(const void *row)
{
    const struct list_row *list = row;
    const struct bounce_cause *cause =
        &list->address->state->causes[BOUNCE_SLOT_SUSPENSION];

    return stands(cause, list->now) ? cause : NULL;
}

/* "user_unknown (google.no-such-user)"; what people did has only a reason. */
static void put_cause_text(struct grid *grid, const struct bounce_cause *cause)
{
    char text[160];

    if (cause == NULL) {
        grid_text(grid, SLICE_NULL);
    } else if (cause->category[0] == '\0' || cause->rule[0] == '\0') {
        grid_word(grid,
                  cause->category[0] != '\0' ? cause->category : cause->rule);
    } else {
        snprintf(text, sizeof(text), "%s (%s)", cause->category, cause->rule);
        grid_word(grid, text);
    }
}

static void put_invalid(struct grid *grid, const void *row)
{
    grid_bool(grid, invalid_cause(row) != NULL);
}

static void put_invalid_cause(struct grid *grid, const void *row)
{
    put_cause_text(grid, invalid_cause(row));
}

static void put_suspended(struct grid *grid, const void *row)
{
    grid_bool(grid, suspended_cause(row) != NULL);
}

static void put_suspended_at(struct grid *grid, const void *row)
{
    put_cause_time(grid, suspended_cause(row), false);
}

static void put_suspended_cause(struct grid *grid, const void *row)
{
    put_cause_text(grid, suspended_cause(row));
}

static const struct grid_column columns[] = {
    {"address", GRID_STANDARD, put_address},
    {"state", GRID_STANDARD, put_state},
    {"scope", GRID_MORE, put_scope},
    {"until", GRID_STANDARD, put_until},
    {"since", GRID_STANDARD, put_since},
    {"category", GRID_STANDARD, put_category},
    {"class", GRID_STANDARD, put_class},
    {"provider", GRID_STANDARD, put_provider},
    {"cause", GRID_MORE, put_slot},
    {"domain", GRID_MORE, put_domain},
    {"campaign", GRID_MORE, put_campaign},
    {"confidence", GRID_MORE, put_confidence},
    {"entry", GRID_MORE, put_entry},
    {"event_id", GRID_MORE, put_event},
    {"cursor", GRID_MORE, put_cursor},
    {"rule", GRID_STANDARD, put_rule},
    {"Email Address", GRID_ASKED, put_address},
    {"Email Invalid", GRID_ASKED, put_invalid},
    {"Email Invalid Cause", GRID_ASKED, put_invalid_cause},
    {"Email Suspended", GRID_ASKED, put_suspended},
    {"Email Suspended At", GRID_ASKED, put_suspended_at},
    {"Email Suspended Cause", GRID_ASKED, put_suspended_cause},
};

static bool take(void *ctx, const struct list_address *address)
{
    struct list_run *run = ctx;
    const struct list_row row = {address, run->session.now};

    grid_row(&run->grid, &row);
    run->cursor.len = 0;
    textbuf_add(&run->cursor, address->cursor);
    return true;
}

static int list(struct list_run *run, const struct filter_choice *choice,
                enum grid_format format, const char *chosen)
{
    struct list_filter filter;
    struct store_error error;
    int status = filter_make("list", choice, run->session.now, &filter);

    if (status >= 0)
        return status;
    if (chosen != NULL && strcmp(chosen, "marketo") == 0)
        chosen = MARKETO;
    out_init(&run->out);
    status = CLI_USAGE;
    if (grid_init(&run->grid, &run->out, format, columns,
                  sizeof(columns) / sizeof(columns[0]), chosen, "list")) {
        status = CLI_FINE;
        if (list_addresses(run->session.book, &filter, run->session.now, take,
                           run, &error) != STORE_OK)
            status = filter_complain("list", &error);
        grid_end(&run->grid);
        filter_next_page(&run->out, format, &filter, run->grid.rows,
                         textbuf_slice(&run->cursor));
    }
    out_close(&run->out);
    textbuf_free(&run->cursor);
    return status;
}

int verb_list(int argc, char **argv)
{
    struct list_run run = {0};
    struct session_choice choice = {0};
    struct filter_choice rows = {0};
    const char *chosen = NULL;
    bool json = false, csv = false, table = false;
    const struct arg_option options[] = {
        {"state", ARG_TEXT, &rows.state, "A,B",
         "active, suspended, suppressed; default the last two"},
        FILTER_VERDICT(&rows),
        FILTER_TIME(&rows),
        FILTER_PAGE(&rows),
        {"newest", ARG_FLAG, &rows.newest_first, NULL, "newest first"},
        {"columns", ARG_TEXT, &chosen, "A,B",
         "these columns; \"marketo\" for Email Invalid, Email Suspended, ..."},
        {"json", ARG_FLAG, &json, NULL, "one JSON object an address"},
        {"csv", ARG_FLAG, &csv, NULL, "CSV with titles"},
        {"table", ARG_FLAG, &table, NULL, "aligned, also off a terminal"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce list [OPTION...]",
        "Lists the addresses that are suspended or suppressed, in the whole "
        "store and in\neach scope, with the cause.",
        options, sizeof(options) / sizeof(options[0]),
        "Several values of one option stand between commas."};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc > 0)
        return args_wrong("list", "unexpected argument %s", argv[0]);
    if (rows.state == NULL)
        rows.state = "suspended,suppressed";
    status = session_open("list", &choice, false, 0, &run.session);
    if (status >= 0)
        return status;
    status = list(&run, &rows, grid_format(json, csv, table), chosen);
    session_close(&run.session);
    return status;
}
