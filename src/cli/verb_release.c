/* SPDX-License-Identifier: MIT
 * bounce release: mail may go there again. */
#include "cli/args.h"
#include "cli/by_hand.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/grid.h"

struct release_run {
    struct session session;
    struct act act;
    struct grid grid;
    struct out out;
    bool dry_run, json;
    uint64_t released, kept;
};

struct release_row {
    const struct list_address *address;
    enum bounce_outcome outcome;
};

static const struct list_address *address_of(const void *row)
{
    return ((const struct release_row *)row)->address;
}

static void put_address(struct grid *grid, const void *row)
{
    grid_text(grid, address_of(row)->address);
}

static void put_scope(struct grid *grid, const void *row)
{
    struct bounce_slice scope = address_of(row)->scope;

    grid_text(grid, scope.len > 0 ? scope : SLICE_NULL);
}

static void put_was(struct grid *grid, const void *row)
{
    grid_word(grid, bounce_standing_name(address_of(row)->standing));
}

static void put_since(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = address_of(row)->cause;

    grid_time(grid, cause != NULL ? cause->since : BOUNCE_NO_TIME);
}

static void put_category(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = address_of(row)->cause;

    grid_word(grid, cause != NULL && cause->category[0] != '\0'
                        ? cause->category
                        : NULL);
}

static void put_provider(struct grid *grid, const void *row)
{
    grid_text(grid, address_of(row)->provider);
}

static void put_outcome(struct grid *grid, const void *row)
{
    const struct release_row *release = row;

    grid_word(grid, bounce_outcome_name(release->outcome));
}

static const struct grid_column columns[] = {
    {"address", GRID_STANDARD, put_address},
    {"scope", GRID_STANDARD, put_scope},
    {"was", GRID_STANDARD, put_was},
    {"since", GRID_STANDARD, put_since},
    {"category", GRID_STANDARD, put_category},
    {"provider", GRID_STANDARD, put_provider},
    {"outcome", GRID_STANDARD, put_outcome},
};

static bool take(void *ctx, const struct list_address *address,
                 enum bounce_outcome outcome)
{
    struct release_run *run = ctx;
    const struct release_row row = {address, outcome};

    run->released += outcome == BOUNCE_OUTCOME_RELEASED;
    run->kept += outcome == BOUNCE_OUTCOME_CONSENT;
    grid_row(&run->grid, &row);
    return true;
}

static void summarize(struct release_run *run)
{
    textbuf_format(&run->out.text, "\n%llu %s\n",
                   (unsigned long long)run->released,
                   run->dry_run ? "would be released" : "released");
    if (run->kept > 0)
        textbuf_format(&run->out.text,
                       "%llu complained or unsubscribed: only with --consent\n",
                       (unsigned long long)run->kept);
}

static int release_where(struct release_run *run, char *where,
                         enum grid_format format)
{
    struct filter_choice choice = {.state = "suppressed,suspended"};
    struct list_filter filter;
    struct store_error error;
    struct ledger *ledger;
    int status = filter_where("release", where, &choice);

    if (status < 0)
        status = filter_make("release", &choice, run->session.now, &filter);
    if (status >= 0)
        return status;
    ledger = ledger_new(run->session.book);
    if (ledger == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    out_init(&run->out);
    if (grid_init(&run->grid, &run->out, format, columns,
                  sizeof(columns) / sizeof(columns[0]), NULL, "release")) {
        status = act_release_where(ledger, &filter, &run->act, run->dry_run,
                                   take, run, &error) == STORE_OK
                     ? CLI_FINE
                     : session_complain(&error);
        grid_end(&run->grid);
    }
    if (format == GRID_TABLE)
        summarize(run);
    out_close(&run->out);
    ledger_free(ledger);
    return status;
}

static int run_verb(struct release_run *run,
                    const struct session_choice *choice, char *where,
                    char *const *addresses, int count, enum grid_format format)
{
    struct by_hand what = {.act_on = act_release, .json = run->json};
    int status = session_open("release", choice, false, 0, &run->session);

    if (status >= 0)
        return status;
    run->act.now = run->session.now;
    run->act.until = BOUNCE_NO_TIME;
    run->act.source = SLICE("by hand");
    what.act = run->act;
    if (where != NULL)
        status = release_where(run, where, format);
    else
        status = by_hand(&run->session, &what, addresses, count);
    session_close(&run->session);
    return status;
}

int verb_release(int argc, char **argv)
{
    struct release_run run = {0};
    struct session_choice choice = {0};
    const char *scope = NULL, *reason = NULL, *consent = NULL, *where = NULL;
    struct textbuf conditions = {0};
    bool csv = false, table = false;
    const struct arg_option options[] = {
        {"scope", ARG_TEXT, &scope, "SCOPE",
         "what holds in this list or brand; default in the whole store"},
        {"reason", ARG_TEXT, &reason, "TEXT", "kept in the story"},
        {"consent", ARG_TEXT, &consent, "TEXT",
         "complaints and unsubscribes too: the consent, which is kept"},
        {"where", ARG_TEXT, &where, "CONDITIONS",
         "all that these find: category=A|B,provider=C,since=TIME,..."},
        {"dry-run", ARG_FLAG, &run.dry_run, NULL,
         "with --where: only show what would be released"},
        {"json", ARG_FLAG, &run.json, NULL, "one JSON object an address"},
        {"csv", ARG_FLAG, &csv, NULL, "with --where: CSV with titles"},
        {"table", ARG_FLAG, &table, NULL,
         "with --where: aligned, also off a terminal"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce release [OPTION...] ADDRESS...|-\n"
        "       bounce release --where CONDITIONS [--dry-run] [OPTION...]",
        "Lets mail go to addresses again; counting begins anew. Conditions "
        "are those of\n\"bounce list\": address, state, class, category, "
        "provider, domain, scope,\ncampaign, rule, since, until; an address "
        "whose cause is another by now stays.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if ((where == NULL) == (argc == 0))
        return args_wrong("release", "name addresses, -, or --where");
    if (run.dry_run && where == NULL)
        return args_wrong("release", "--dry-run goes with --where");
    run.act.scope = slice_cstr(scope);
    run.act.consent = consent != NULL;
    run.act.reason = slice_cstr(consent != NULL ? consent : reason);
    textbuf_cstr(&conditions, where != NULL ? where : "");
    textbuf_byte(&conditions, '\0');
    status = run_verb(&run, &choice, where != NULL ? conditions.ptr : NULL,
                      argv, argc, grid_format(run.json, csv, table));
    textbuf_free(&conditions);
    return status;
}
