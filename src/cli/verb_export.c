/* SPDX-License-Identifier: MIT
 * bounce export: suppressions and suspensions for other systems. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/grid.h"
#include "cli/store_open.h"

struct export_run {
    struct session session;
    struct grid grid;
    struct out out;
};

static const struct list_address *row_of(const void *row)
{
    return row;
}

static const char *known(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static void put_address(struct grid *grid, const void *row)
{
    grid_text(grid, row_of(row)->address);
}

static void put_state(struct grid *grid, const void *row)
{
    grid_word(grid, bounce_standing_name(row_of(row)->standing));
}

static void put_scope(struct grid *grid, const void *row)
{
    struct bounce_slice scope = row_of(row)->scope;

    grid_text(grid, scope.len > 0 ? scope : SLICE_NULL);
}

static void put_slot(struct grid *grid, const void *row)
{
    grid_word(grid, row_of(row)->cause != NULL
                        ? bounce_slot_name(row_of(row)->slot)
                        : NULL);
}

static void put_since(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = row_of(row)->cause;

    grid_time(grid, cause != NULL ? cause->since : BOUNCE_NO_TIME);
}

static void put_until(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = row_of(row)->cause;

    grid_time(grid, cause != NULL ? cause->until : BOUNCE_NO_TIME);
}

static void put_category(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = row_of(row)->cause;

    grid_word(grid, cause != NULL ? known(cause->category) : NULL);
}

static void put_reason(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = row_of(row)->cause;

    grid_word(grid, cause != NULL ? known(cause->rule) : NULL);
}

/* The code that Mailgun's upload wants: the failure's own class. */
static void put_code(struct grid *grid, const void *row)
{
    grid_word(grid, row_of(row)->cls == BOUNCE_CLASS_HARD ? "550" : "450");
}

static const struct grid_column columns[] = {
    {"address", GRID_STANDARD, put_address},
    {"state", GRID_STANDARD, put_state},
    {"scope", GRID_STANDARD, put_scope},
    {"cause", GRID_STANDARD, put_slot},
    {"since", GRID_STANDARD, put_since},
    {"until", GRID_STANDARD, put_until},
    {"category", GRID_STANDARD, put_category},
    {"reason", GRID_STANDARD, put_reason},
};

static const struct grid_column plain_columns[] = {
    {"address", GRID_STANDARD, put_address},
};

/* The CSV that Mailgun's import of bounces takes. */
static const struct grid_column mailgun_columns[] = {
    {"address", GRID_STANDARD, put_address},
    {"code", GRID_STANDARD, put_code},
    {"error", GRID_STANDARD, put_reason},
    {"created_at", GRID_STANDARD, put_since},
};

/* SendGrid, Postmark, Brevo, Mailchimp: one column of this name. */
static const struct grid_column email_columns[] = {
    {"email", GRID_STANDARD, put_address},
};

#define COLUMNS(array) array, sizeof(array) / sizeof((array)[0])
static const struct {
    const char *name;
    enum grid_format format;
    const struct grid_column *columns;
    size_t count;
} formats[] = {
    {"csv", GRID_CSV, COLUMNS(columns)},
    {"json", GRID_JSON, COLUMNS(columns)},
    {"plain", GRID_TEXT, COLUMNS(plain_columns)},
    {"mailgun", GRID_CSV, COLUMNS(mailgun_columns)},
    {"email", GRID_CSV, COLUMNS(email_columns)},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static bool take(void *ctx, const struct list_address *row)
{
    struct export_run *run = ctx;

    grid_row(&run->grid, row);
    return true;
}

static int export_as(struct export_run *run, size_t format,
                     const struct list_filter *filter)
{
    struct store_error error;
    int status = CLI_USAGE;

    out_init(&run->out);
    if (grid_init(&run->grid, &run->out, formats[format].format,
                  formats[format].columns, formats[format].count, NULL,
                  "export")) {
        status = CLI_FINE;
        run->grid.exact = true; /* an address may begin with = or + */
        if (list_addresses(run->session.book, filter, run->session.now, take,
                           run, &error) != STORE_OK)
            status = filter_complain("export", &error);
        grid_end(&run->grid);
    }
    out_close(&run->out);
    return status;
}

int verb_export(int argc, char **argv)
{
    struct export_run run = {0};
    struct session_choice choice = {0};
    struct filter_choice rows = {0};
    struct list_filter filter;
    const char *name = "csv";
    size_t format = 0;
    const struct arg_option options[] = {
        {"format", ARG_TEXT, &name, "FORMAT",
         "csv, json, plain, mailgun, email; default csv"},
        {"state", ARG_TEXT, &rows.state, "A,B",
         "suppressed, suspended, active; default suppressed"},
        FILTER_VERDICT(&rows),
        FILTER_TIME(&rows),
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce export [--format FORMAT] [OPTION...]",
        "Writes the suppressed addresses for other systems. csv and json are "
        "what \"bounce\nimport\" reads back; plain is an address a line; "
        "mailgun its bounce list; email one\ncolumn of that name, as "
        "SendGrid, Postmark, Brevo and Mailchimp take it.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc > 0)
        return args_wrong("export", "unexpected argument %s", argv[0]);
    while (format < FORMATS && strcmp(formats[format].name, name) != 0)
        format++;
    if (format == FORMATS)
        return args_wrong("export", "there is no format %s", name);
    if (rows.state == NULL)
        rows.state = "suppressed";
    status = session_open("export", &choice, false, 0, &run.session);
    if (status >= 0)
        return status;
    status = filter_make("export", &rows, run.session.now, &filter);
    if (status < 0)
        status = export_as(&run, format, &filter);
    session_close(&run.session);
    return status;
}
