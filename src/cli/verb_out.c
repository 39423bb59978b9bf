/* SPDX-License-Identifier: MIT
 * bounce out: webhooks of ours, and what they could not deliver. */
#include <stdlib.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/store_open.h"
#include "store/delivery.h"

struct out_run {
    struct session session;
    struct grid grid;
    struct out out;
};

/* ---- Lists ------------------------------------------------------------- */

struct out_row {
    const struct delivery *delivery;
    int64_t behind;
};

static const struct delivery *delivery_of(const void *row)
{
    return ((const struct out_row *)row)->delivery;
}

static void put_known(struct grid *grid, const char *text)
{
    grid_word(grid, text[0] != '\0' ? text : NULL);
}

static void put_name(struct grid *grid, const void *row)
{
    grid_word(grid, delivery_of(row)->name);
}

static void put_state(struct grid *grid, const void *row)
{
    const struct delivery *d = delivery_of(row);

    grid_word(grid, d->stopped        ? "stopped"
                    : d->attempts > 0 ? "failing"
                                      : "fine");
}

static void put_behind(struct grid *grid, const void *row)
{
    grid_number(grid, ((const struct out_row *)row)->behind);
}

static void put_attempts(struct grid *grid, const void *row)
{
    grid_number(grid, delivery_of(row)->attempts);
}

static void put_next(struct grid *grid, const void *row)
{
    grid_time(grid, delivery_of(row)->next_at);
}

static void put_delivered(struct grid *grid, const void *row)
{
    grid_time(grid, delivery_of(row)->delivered_at);
}

static void put_cursor(struct grid *grid, const void *row)
{
    grid_number(grid, delivery_of(row)->cursor);
}

static void put_error(struct grid *grid, const void *row)
{
    put_known(grid, delivery_of(row)->error);
}

static void put_url(struct grid *grid, const void *row)
{
    grid_word(grid, delivery_of(row)->url);
}

static const struct grid_column out_columns[] = {
    {"name", GRID_STANDARD, put_name},
    {"state", GRID_STANDARD, put_state},
    {"behind", GRID_STANDARD, put_behind},
    {"attempts", GRID_STANDARD, put_attempts},
    {"next", GRID_STANDARD, put_next},
    {"delivered", GRID_STANDARD, put_delivered},
    {"error", GRID_STANDARD, put_error},
    {"cursor", GRID_MORE, put_cursor},
    {"url", GRID_MORE, put_url},
};

static bool take_out(void *ctx, const struct delivery *delivery, int64_t behind)
{
    struct out_run *run = ctx;
    const struct out_row row = {delivery, behind};

    grid_row(&run->grid, &row);
    return true;
}

static const struct dead_letter *letter_of(const void *row)
{
    return row;
}

static void put_number(struct grid *grid, const void *row)
{
    grid_number(grid, letter_of(row)->seq);
}

static void put_letter_name(struct grid *grid, const void *row)
{
    grid_word(grid, letter_of(row)->name);
}

static void put_first(struct grid *grid, const void *row)
{
    grid_number(grid, letter_of(row)->first);
}

static void put_last(struct grid *grid, const void *row)
{
    grid_number(grid, letter_of(row)->last);
}

static void put_changes(struct grid *grid, const void *row)
{
    grid_number(grid, letter_of(row)->changes);
}

static void put_letter_attempts(struct grid *grid, const void *row)
{
    grid_number(grid, letter_of(row)->attempts);
}

static void put_begun(struct grid *grid, const void *row)
{
    grid_time(grid, letter_of(row)->begun_at);
}

static void put_given_up(struct grid *grid, const void *row)
{
    grid_time(grid, letter_of(row)->at);
}

static void put_retry(struct grid *grid, const void *row)
{
    grid_bool(grid, letter_of(row)->retry);
}

static void put_letter_error(struct grid *grid, const void *row)
{
    put_known(grid, letter_of(row)->error);
}

static const struct grid_column letter_columns[] = {
    {"number", GRID_STANDARD, put_number},
    {"name", GRID_STANDARD, put_letter_name},
    {"changes", GRID_STANDARD, put_changes},
    {"given_up", GRID_STANDARD, put_given_up},
    {"attempts", GRID_STANDARD, put_letter_attempts},
    {"retry", GRID_STANDARD, put_retry},
    {"error", GRID_STANDARD, put_letter_error},
    {"begun", GRID_MORE, put_begun},
    {"first", GRID_MORE, put_first},
    {"last", GRID_MORE, put_last},
};

static bool take_letter(void *ctx, const struct dead_letter *letter)
{
    struct out_run *run = ctx;

    grid_row(&run->grid, letter);
    return true;
}

static int show(struct out_run *run, bool letters, const char *name,
                enum grid_format format)
{
    struct store_error error;
    enum store_err err;

    out_init(&run->out);
    if (letters)
        grid_init(&run->grid, &run->out, format, letter_columns,
                  sizeof(letter_columns) / sizeof(letter_columns[0]), NULL,
                  "out");
    else
        grid_init(&run->grid, &run->out, format, out_columns,
                  sizeof(out_columns) / sizeof(out_columns[0]), NULL, "out");
    err = letters ? dead_letter_list(run->session.book, name, take_letter, run,
                                     &error)
                  : delivery_list(run->session.book, take_out, run, &error);
    grid_end(&run->grid);
    out_close(&run->out);
    return err == STORE_OK ? CLI_FINE : session_complain(&error);
}

/* ---- What is done ------------------------------------------------------ */

static int say_count(struct out_run *run, size_t count, const char *one,
                     const char *many)
{
    out_init(&run->out);
    textbuf_format(&run->out.text, "%zu %s\n", count, count == 1 ? one : many);
    out_close(&run->out);
    return CLI_FINE;
}

/* A number, a name, or NULL with --all. Returns -1, or CLI_USAGE. */
static int read_which(const char *verb, const char *which, bool all,
                      int64_t *number_out, const char **name_out)
{
    char *end;

    *number_out = 0;
    *name_out = NULL;
    if ((which == NULL) != all)
        return args_wrong("out", "%s wants a number, a name, or --all", verb);
    if (all)
        return -1;
    *number_out = strtoll(which, &end, 10);
    if (*end == '\0' && *number_out > 0)
        return -1;
    *number_out = 0;
    *name_out = which;
    return -1;
}

static int letters(struct out_run *run, bool drop, const char *which, bool all)
{
    struct book *book = run->session.book;
    struct store_error error;
    const char *name;
    int64_t number;
    size_t count;
    int status =
        read_which(drop ? "drop" : "retry", which, all, &number, &name);

    if (status >= 0)
        return status;
    if ((drop ? dead_letter_drop(book, number, name, &count, &error)
              : dead_letter_retry(book, number, name, &count, &error)) !=
        STORE_OK)
        return session_complain(&error);
    if (count == 0 && !all)
        return args_wrong("out", "there is no dead letter %s", which);
    return drop ? say_count(run, count, "dead letter dropped",
                            "dead letters dropped")
                : say_count(run, count, "dead letter will be tried again",
                            "dead letters will be tried again");
}

static int resume(struct out_run *run, const char *name, bool all)
{
    struct store_error error;
    size_t count;

    if ((name == NULL) != all)
        return args_wrong("out", "resume wants a name, or --all");
    if (delivery_resume(run->session.book, name, &count, &error) != STORE_OK)
        return session_complain(&error);
    if (count == 0 && !all)
        return args_wrong("out", "there is no webhook %s", name);
    return say_count(run, count, "webhook goes on", "webhooks go on");
}

static int forget(struct out_run *run, const char *name)
{
    struct store_error error;
    bool found;

    if (name == NULL)
        return args_wrong("out", "remove wants a name");
    if (delivery_remove(run->session.book, name, &found, &error) != STORE_OK)
        return session_complain(&error);
    if (!found)
        return args_wrong("out", "there is no webhook %s", name);
    return CLI_FINE;
}

static int act(struct out_run *run, const char *what, const char *which,
               bool all, enum grid_format format)
{
    if (strcmp(what, "list") == 0)
        return show(run, false, NULL, format);
    if (strcmp(what, "dead") == 0)
        return show(run, true, which, format);
    if (strcmp(what, "resume") == 0)
        return resume(run, which, all);
    if (strcmp(what, "remove") == 0)
        return forget(run, which);
    return letters(run, strcmp(what, "drop") == 0, which, all);
}

static bool is_known(const char *what)
{
    static const char *const known[] = {"list", "dead",   "retry",
                                        "drop", "resume", "remove"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(what, known[i]) == 0)
            return true;
    }
    return false;
}

int verb_out(int argc, char **argv)
{
    struct out_run run = {0};
    struct session_choice choice = {0};
    bool json = false, csv = false, table = false, all = false;
    const struct arg_option options[] = {
        {"all", ARG_FLAG, &all, NULL, "retry, drop, resume: all of them"},
        {"json", ARG_FLAG, &json, NULL, "one JSON object a row"},
        {"csv", ARG_FLAG, &csv, NULL, "CSV with titles"},
        {"table", ARG_FLAG, &table, NULL, "aligned, also off a terminal"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce out list\n"
        "       bounce out dead [NAME]\n"
        "       bounce out retry|drop NUMBER|NAME|--all\n"
        "       bounce out resume NAME|--all\n"
        "       bounce out remove NAME",
        "Shows how far the daemon's own webhooks (stanzas Out) are, and the "
        "batches that were\ngiven up (dead letters); has these tried once more "
        "or drops them; lets a webhook go on\nthat waits, or whose receiver "
        "said 410; forgets one that is no more.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);
    const char *what = argc > 0 ? argv[0] : "";
    const bool reads = strcmp(what, "list") == 0 || strcmp(what, "dead") == 0;

    if (status >= 0)
        return status;
    if (!is_known(what) || argc > (strcmp(what, "list") == 0 ? 1 : 2))
        return args_wrong("out", "list, dead, retry, drop, resume or remove is "
                                 "wanted");
    status = session_open("out", &choice, !reads, 0, &run.session);
    if (status >= 0)
        return status;
    status = act(&run, what, argc > 1 ? argv[1] : NULL, all,
                 grid_format(json, csv, table));
    session_close(&run.session);
    return status;
}
