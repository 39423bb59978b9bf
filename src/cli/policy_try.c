/* SPDX-License-Identifier: MIT */
#include "cli/policy_try.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/json_out.h"
#include "store/ledger.h"

#define STANDINGS 3

struct difference {
    struct bounce_slice address, scope;
    enum bounce_standing before, after;
    const struct bounce_cause *was, *becomes; /* NULL: active */
};

struct try_run {
    struct session *session;
    struct grid grid;
    struct out out;
    uint64_t counts[STANDINGS][STANDINGS]; /* [before][after] */
    uint64_t differing;
};

static const struct difference *difference_of(const void *row)
{
    return row;
}

static void put_address(struct grid *grid, const void *row)
{
    grid_text(grid, difference_of(row)->address);
}

static void put_scope(struct grid *grid, const void *row)
{
    struct bounce_slice scope = difference_of(row)->scope;

    grid_text(grid, scope.len > 0 ? scope : SLICE_NULL);
}

static void put_before(struct grid *grid, const void *row)
{
    grid_word(grid, bounce_standing_name(difference_of(row)->before));
}

static void put_after(struct grid *grid, const void *row)
{
    grid_word(grid, bounce_standing_name(difference_of(row)->after));
}

/* The cause of what differs: that of the new state, else of the old one. */
static const struct bounce_cause *cause_of(const void *row)
{
    const struct difference *difference = difference_of(row);

    return difference->becomes != NULL ? difference->becomes : difference->was;
}

static void put_category(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = cause_of(row);

    grid_word(grid,
              cause != NULL && cause->category[0] ? cause->category : NULL);
}

static void put_entry(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = cause_of(row);

    grid_word(grid, cause != NULL && cause->entry[0] ? cause->entry : NULL);
}

static void put_until(struct grid *grid, const void *row)
{
    const struct bounce_cause *cause = difference_of(row)->becomes;

    grid_time(grid, cause != NULL ? cause->until : BOUNCE_NO_TIME);
}

static const struct grid_column columns[] = {
    {"address", GRID_STANDARD, put_address},
    {"scope", GRID_STANDARD, put_scope},
    {"was", GRID_STANDARD, put_before},
    {"becomes", GRID_STANDARD, put_after},
    {"until", GRID_STANDARD, put_until},
    {"category", GRID_STANDARD, put_category},
    {"entry", GRID_STANDARD, put_entry},
};

static bool differs(void *ctx, const struct ledger_difference *what)
{
    struct try_run *run = ctx;
    struct difference row = {.address = what->address, .scope = what->scope};

    row.before =
        bounce_state_standing(what->before, run->session->now, &row.was);
    row.after =
        bounce_state_standing(what->after, run->session->now, &row.becomes);
    /* Counters differ with every policy; what matters is whether mail goes. */
    if (row.before == row.after)
        return true;
    run->counts[row.before][row.after]++;
    run->differing++;
    grid_row(&run->grid, &row);
    return true;
}

static void summarize_json(struct try_run *run, uint64_t addresses)
{
    struct textbuf *text = &run->out.text;

    textbuf_byte(text, '{');
    json_out_number(text, "addresses", (int64_t)addresses);
    json_out_number(text, "differ", (int64_t)run->differing);
    json_out_key(text, "changes");
    textbuf_byte(text, '{');
    for (int i = 0; i < STANDINGS; i++) {
        for (int j = 0; j < STANDINGS; j++) {
            char name[64];

            if (run->counts[i][j] == 0)
                continue;
            snprintf(name, sizeof(name), "%s to %s",
                     bounce_standing_name((enum bounce_standing)i),
                     bounce_standing_name((enum bounce_standing)j));
            json_out_number(text, name, (int64_t)run->counts[i][j]);
        }
    }
    textbuf_cstr(text, "}}\n");
}

static void summarize(struct try_run *run, uint64_t addresses)
{
    struct textbuf *text = &run->out.text;

    textbuf_format(text, "\n%llu addresses looked at, %llu would differ\n",
                   (unsigned long long)addresses,
                   (unsigned long long)run->differing);
    for (int i = 0; i < STANDINGS; i++) {
        for (int j = 0; j < STANDINGS; j++) {
            if (run->counts[i][j] > 0)
                textbuf_format(text, "%10llu  from %s to %s\n",
                               (unsigned long long)run->counts[i][j],
                               bounce_standing_name((enum bounce_standing)i),
                               bounce_standing_name((enum bounce_standing)j));
        }
    }
}

int policy_try(struct session *session, const char *name, bool json,
               enum grid_format format)
{
    struct try_run run = {.session = session};
    struct store_error error;
    uint64_t addresses = 0;
    int status = CLI_FINE;
    struct bounce_policy *policy = session_policy(name, &status);
    struct ledger *ledger;

    if (policy == NULL)
        return status;
    ledger = ledger_new(session->book);
    if (ledger == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    out_init(&run.out);
    if (grid_init(&run.grid, &run.out, format, columns,
                  sizeof(columns) / sizeof(columns[0]), NULL, "policy")) {
        if (ledger_try(ledger, policy, session->now, differs, &run, &addresses,
                       &error) != STORE_OK)
            status = session_complain(&error);
        else
            status = CLI_FINE;
        grid_end(&run.grid);
    }
    if (status == CLI_FINE && json)
        summarize_json(&run, addresses);
    else if (status == CLI_FINE && format == GRID_TABLE)
        summarize(&run, addresses);
    out_close(&run.out);
    ledger_free(ledger);
    bounce_policy_free(policy);
    return status;
}
