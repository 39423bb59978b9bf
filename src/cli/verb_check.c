/* SPDX-License-Identifier: MIT
 * bounce check: may I send? */
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/lines.h"
#include "cli/progress.h"
#include "cli/store_open.h"
#include "store/ask.h"

#define CHECK_BATCH 5000U

/* Not to send is worst, then not now: what several addresses end with. */
enum { CHECK_DO_NOT = 1, CHECK_NOT_NOW = 3 };

struct check_run {
    struct session session;
    struct ask_question question; /* what all of them share */
    struct ask *ask;
    struct grid grid;
    struct out out;
    struct ask_question questions[CHECK_BATCH];
    struct ask_answer answers[CHECK_BATCH];
    size_t starts[CHECK_BATCH]; /* of each address in text */
    size_t count;
    struct textbuf text; /* addresses of the batch */
    int worst;
};

/* A row of the grid. */
struct check_row {
    const struct check_run *run;
    const struct ask_question *question;
    const struct ask_answer *answer;
};

static const struct ask_answer *answer_of(const void *row)
{
    return ((const struct check_row *)row)->answer;
}

static void put_address(struct grid *grid, const void *row)
{
    const struct check_row *check = row;

    grid_text(grid, check->question->address);
}

static void put_may(struct grid *grid, const void *row)
{
    grid_word(grid, bounce_may_name(answer_of(row)->may));
}

static void put_until(struct grid *grid, const void *row)
{
    grid_time(grid, answer_of(row)->until);
}

static void put_why(struct grid *grid, const void *row)
{
    const struct check_row *check = row;
    char line[512];
    size_t len =
        ask_line(check->answer, check->run->session.now, line, sizeof(line));

    grid_text(grid, slice_make(line, len));
}

static void put_reason(struct grid *grid, const void *row)
{
    grid_word(grid, answer_of(row)->reason);
}

static void put_label(struct grid *grid, const void *row)
{
    const char *label = answer_of(row)->label;

    grid_word(grid, label[0] != '\0' ? label : NULL);
}

static const struct bounce_cause *cause_of(const void *row)
{
    const struct bounce_cause *cause = &answer_of(row)->cause;

    return cause->since != BOUNCE_NO_TIME ? cause : NULL;
}

static void put_since(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = cause_of(row);

    grid_time(grid, cause != NULL ? cause->since : BOUNCE_NO_TIME);
}

static void put_category(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = cause_of(row);

    grid_word(grid, cause != NULL && cause->category[0] != '\0'
                        ? cause->category
                        : NULL);
}

static void put_rule(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = cause_of(row);

    grid_word(grid,
              cause != NULL && cause->rule[0] != '\0' ? cause->rule : NULL);
}

static void put_entry(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = cause_of(row);

    grid_word(grid,
              cause != NULL && cause->entry[0] != '\0' ? cause->entry : NULL);
}

static void put_event(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = cause_of(row);

    grid_word(grid, cause != NULL && cause->event_id[0] != '\0'
                        ? cause->event_id
                        : NULL);
}

static void put_in_scope(struct grid *grid, const void *row)
{
    grid_bool(grid, answer_of(row)->in_scope);
}

static void put_decided(struct grid *grid, const void *row)
{
    grid_word(grid, bounce_may_name(answer_of(row)->decided));
}

static void put_provider(struct grid *grid, const void *row)
{
    const char *provider = answer_of(row)->provider;

    grid_word(grid, provider[0] != '\0' ? provider : NULL);
}

static const struct grid_column columns[] = {
    {"address", GRID_STANDARD, put_address},
    {"may", GRID_STANDARD, put_may},
    {"until", GRID_STANDARD, put_until},
    {"reason", GRID_MORE, put_reason},
    {"label", GRID_MORE, put_label},
    {"category", GRID_MORE, put_category},
    {"since", GRID_MORE, put_since},
    {"rule", GRID_MORE, put_rule},
    {"entry", GRID_MORE, put_entry},
    {"event_id", GRID_MORE, put_event},
    {"in_scope", GRID_MORE, put_in_scope},
    {"decided", GRID_MORE, put_decided},
    {"provider", GRID_MORE, put_provider},
    {"why", GRID_STANDARD, put_why},
};

static void note_worst(struct check_run *run, enum bounce_may may)
{
    if (may == BOUNCE_NEVER)
        run->worst = CHECK_DO_NOT;
    else if (may == BOUNCE_LATER && run->worst == CLI_FINE)
        run->worst = CHECK_NOT_NOW;
}

/* Asks for what was collected and writes the answers; false when the store
 * failed, which was said. */
static bool answer_batch(struct check_run *run)
{
    struct store_error error;

    for (size_t i = 0; i < run->count; i++) {
        size_t end = i + 1 < run->count ? run->starts[i + 1] : run->text.len;

        run->questions[i] = run->question;
        run->questions[i].address =
            slice_make(run->text.ptr + run->starts[i], end - run->starts[i]);
    }
    if (ask_check(run->ask, run->questions, run->count, run->session.now,
                  run->answers, &error) != STORE_OK) {
        run->worst = session_complain(&error);
        return false;
    }
    for (size_t i = 0; i < run->count; i++) {
        const struct check_row row = {run, &run->questions[i],
                                      &run->answers[i]};

        note_worst(run, run->answers[i].may);
        grid_row(&run->grid, &row);
    }
    run->count = 0;
    run->text.len = 0;
    return true;
}

static bool add_address(struct check_run *run, struct bounce_slice address)
{
    run->starts[run->count++] = run->text.len;
    textbuf_add(&run->text, address);
    return run->count < CHECK_BATCH || answer_batch(run);
}

/* Blank lines and comments are no addresses. What was not asked because the
 * store failed is not answered: the status tells. */
static bool check_lines(struct check_run *run)
{
    struct lines in;
    char *line;
    size_t len;
    bool fine = true;

    lines_init(&in, STDIN_FILENO);
    while (fine && lines_next(&in, &line, &len)) {
        struct bounce_slice address = slice_trim(slice_make(line, len));

        if (address.len > 0 && address.ptr[0] != '#')
            fine = add_address(run, address);
    }
    if (in.error != 0) {
        cli_error("standard input: %s", strerror(in.error));
        run->worst = CLI_UNREADABLE;
        fine = false;
    }
    lines_free(&in);
    return fine && (run->count == 0 || answer_batch(run));
}

static int check(struct check_run *run, char *const *addresses, int count)
{
    bool list = false, fine = true;

    for (int i = 0; i < count && fine; i++) {
        if (strcmp(addresses[i], "-") == 0) {
            list = true;
            fine = check_lines(run);
        } else {
            fine = add_address(run, slice_cstr(addresses[i]));
        }
    }
    fine = fine && (run->count == 0 || answer_batch(run));
    return fine && list && count == 1 ? CLI_FINE : run->worst;
}

static int check_with(struct check_run *run, char *const *addresses, int count,
                      enum grid_format format, const char *chosen)
{
    int status = CLI_USAGE;

    out_init(&run->out);
    if (grid_init(&run->grid, &run->out, format, columns,
                  sizeof(columns) / sizeof(columns[0]), chosen, "check")) {
        run->ask = ask_new(run->session.book);
        if (run->ask == NULL)
            cli_fail(CLI_TRY_AGAIN, "out of memory");
        status = check(run, addresses, count);
        ask_free(run->ask);
        grid_end(&run->grid);
    }
    out_close(&run->out);
    textbuf_free(&run->text);
    return status;
}

int verb_check(int argc, char **argv)
{
    static struct check_run run; /* large: not on the stack */
    struct session_choice choice = {0};
    const char *scope = NULL, *ip = NULL, *from = NULL, *campaign = NULL;
    const char *chosen = NULL;
    bool json = false, csv = false, table = false;
    const struct arg_option options[] = {
        {"scope", ARG_TEXT, &scope, "SCOPE", "the list or brand it is for"},
        {"ip", ARG_TEXT, &ip, "IP", "the sending IP: holds on it count"},
        {"from", ARG_TEXT, &from, "DOMAIN", "the sender domain, likewise"},
        {"campaign", ARG_TEXT, &campaign, "NAME", "the campaign, likewise"},
        {"json", ARG_FLAG, &json, NULL, "one JSON object an address"},
        {"csv", ARG_FLAG, &csv, NULL, "CSV with titles"},
        {"table", ARG_FLAG, &table, NULL, "aligned, also off a terminal"},
        {"columns", ARG_TEXT, &chosen, "A,B",
         "address, may, until, reason, label, category, since, rule, ..."},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce check [OPTION...] ADDRESS...|-",
        "Says for each address whether mail may go there: send, later or "
        "never, and why.\n\"-\" reads addresses from standard input, one a "
        "line.",
        options, sizeof(options) / sizeof(options[0]),
        "exit status: 0 send; 1 do not; 3 not now (the worst of several); of "
        "a list on\nstandard input 0"};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc == 0)
        return args_wrong("check", "no address: name some, or -");
    status = session_open("check", &choice, false, 0, &run.session);
    if (status >= 0)
        return status;
    run.question = (struct ask_question){.scope = slice_cstr(scope),
                                         .ip = slice_cstr(ip),
                                         .sender_domain = slice_cstr(from),
                                         .campaign = slice_cstr(campaign)};
    status =
        check_with(&run, argv, argc, grid_format(json, csv, table), chosen);
    session_close(&run.session);
    return status;
}
