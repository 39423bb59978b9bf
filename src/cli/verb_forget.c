/* SPDX-License-Identifier: MIT
 * bounce forget: nothing is known of an address any more, save that it must not
 * be written to. */
#include "cli/args.h"
#include "cli/by_hand.h"
#include "cli/cli.h"

static enum store_err forget(struct ledger *ledger, struct bounce_slice address,
                             const struct act *act,
                             struct ledger_result *result_out,
                             struct store_error *error)
{
    return ledger_forget(ledger, address, act->now, &result_out->changed,
                         error);
}

int verb_forget(int argc, char **argv)
{
    struct session session;
    struct session_choice choice = {0};
    struct by_hand what = {
        .act_on = forget, .changed = "forgotten", .unchanged = "unknown"};
    const struct arg_option options[] = {
        {"json", ARG_FLAG, &what.json, NULL, "one JSON object an address"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce forget [OPTION...] ADDRESS...|-",
        "Deletes everything that is known of addresses; - reads them from "
        "standard input, one\na line. What suppresses an address stays as a "
        "keyed hash, so that it still gets no\nmail.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc == 0)
        return args_wrong("forget", "no address: name some, or -");
    status = session_open("forget", &choice, false, 0, &session);
    if (status >= 0)
        return status;
    what.act.now = session.now;
    status = by_hand(&session, &what, argv, argc);
    session_close(&session);
    return status;
}
