/* SPDX-License-Identifier: MIT */
#include "cli/by_hand.h"

#include <unistd.h>

#include "cli/cli.h"
#include "cli/json_out.h"
#include "cli/lines.h"
#include "cli/out.h"

struct by_hand_run {
    struct ledger *ledger;
    const struct by_hand *what;
    struct out out;
    int status; /* -1: go on */
    bool failed;
};

static void write_line(struct by_hand_run *run, struct bounce_slice address,
                       const struct ledger_result *result)
{
    const struct by_hand *what = run->what;
    struct textbuf *text = &run->out.text;
    const char *outcome = result->changed ? what->changed : what->unchanged;
    const char *state = bounce_standing_name(result->standing);

    if (outcome != NULL)
        state = NULL;
    else
        outcome = bounce_outcome_name(result->outcome);
    if (what->json) {
        textbuf_byte(text, '{');
        json_out_member(text, "address", address);
        json_out_member(text, "outcome", slice_cstr(outcome));
        json_out_bool(text, "changed", result->changed);
        if (state != NULL)
            json_out_member(text, "state", slice_cstr(state));
        textbuf_cstr(text, "}\n");
    } else {
        textbuf_clean(text, address);
        textbuf_format(text, "\t%s", outcome);
        if (state != NULL)
            textbuf_format(text, "\t%s", state);
        textbuf_byte(text, '\n');
    }
    out_tick(&run->out);
}

static void act_on_one(struct by_hand_run *run, struct bounce_slice address)
{
    struct store_error error;
    struct ledger_result result = {0};
    enum store_err err = run->what->act_on(run->ledger, address,
                                           &run->what->act, &result, &error);

    if (err == STORE_E_VALUE) { /* this address alone */
        cli_error("%.*s: %s", CLI_ARG(address), error.msg);
        run->failed = true;
    } else if (err != STORE_OK) {
        run->status = session_complain(&error);
    } else {
        if (result.outcome == BOUNCE_OUTCOME_CONSENT) {
            cli_error("%.*s: complained or unsubscribed: released only with "
                      "--consent",
                      CLI_ARG(address));
            run->failed = true;
        }
        write_line(run, address, &result);
    }
}

static void act_on_lines(struct by_hand_run *run)
{
    struct lines in;
    char *line;
    size_t len;

    lines_init(&in, STDIN_FILENO);
    while (run->status < 0 && lines_next(&in, &line, &len)) {
        struct bounce_slice address = slice_trim(slice_make(line, len));

        if (address.len > 0 && address.ptr[0] != '#')
            act_on_one(run, address);
    }
    if (in.error != 0) {
        cli_error("standard input: %s", strerror(in.error));
        run->failed = true;
    }
    lines_free(&in);
}

int by_hand(struct session *session, const struct by_hand *what,
            char *const *addresses, int count)
{
    struct by_hand_run run = {.what = what, .status = -1};

    run.ledger = ledger_new(session->book);
    if (run.ledger == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    out_init(&run.out);
    for (int i = 0; i < count && run.status < 0; i++) {
        if (strcmp(addresses[i], "-") == 0)
            act_on_lines(&run);
        else
            act_on_one(&run, slice_cstr(addresses[i]));
    }
    out_close(&run.out);
    ledger_free(run.ledger);
    if (run.status >= 0)
        return run.status;
    return run.failed ? CLI_UNREADABLE : CLI_FINE;
}
