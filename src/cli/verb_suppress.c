/* SPDX-License-Identifier: MIT
 * bounce suppress: no mail to these addresses, said by a person. */
#include "cli/args.h"
#include "cli/by_hand.h"
#include "cli/cli.h"

static int parse_slot(const char *name, enum bounce_slot *slot_out)
{
    for (int i = BOUNCE_SLOT_HARD; name != NULL && i < BOUNCE_SLOTS; i++) {
        if (strcmp(name, bounce_slot_name((enum bounce_slot)i)) == 0) {
            *slot_out = (enum bounce_slot)i;
            return -1;
        }
    }
    return name == NULL ? -1
                        : args_wrong("suppress",
                                     "--cause is hard, counted, complaint, "
                                     "unsubscribe or manual, not %s",
                                     name);
}

/* A time, or a span from now on. */
static int parse_until(const char *text, int64_t now, int64_t *until_out)
{
    int64_t span;

    if (text == NULL)
        return -1;
    span = session_parse_span(text);
    *until_out = span >= 0 ? now + span : session_parse_time(text);
    if (*until_out == BOUNCE_NO_TIME || *until_out <= now)
        return args_wrong("suppress",
                          "--until wants a time to come, or a span such as "
                          "30d, not %s",
                          text);
    return -1;
}

int verb_suppress(int argc, char **argv)
{
    struct session session;
    struct session_choice choice = {0};
    struct by_hand what = {.act_on = act_suppress,
                           .act = {.slot = BOUNCE_SLOT_MANUAL,
                                   .until = BOUNCE_NO_TIME,
                                   .source = SLICE("by hand")}};
    const char *scope = NULL, *reason = NULL, *until = NULL, *cause = NULL;
    const struct arg_option options[] = {
        {"scope", ARG_TEXT, &scope, "SCOPE",
         "in this list or brand only; default everywhere"},
        {"reason", ARG_TEXT, &reason, "TEXT", "kept in the story"},
        {"until", ARG_TEXT, &until, "TIME",
         "a date, or a span such as 30d; default without end"},
        {"cause", ARG_TEXT, &cause, "CAUSE",
         "hard, counted, complaint, unsubscribe, manual; default manual"},
        {"json", ARG_FLAG, &what.json, NULL, "one JSON object an address"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce suppress [OPTION...] ADDRESS...|-",
        "Suppresses addresses by hand; - reads them from standard input, one a "
        "line. Nothing\nis ever shortened by it.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc == 0)
        return args_wrong("suppress", "no address: name some, or -");
    status = parse_slot(cause, &what.act.slot);
    if (status >= 0)
        return status;
    status = session_open("suppress", &choice, true, 0, &session);
    if (status >= 0)
        return status;
    what.act.scope = slice_cstr(scope);
    what.act.reason = slice_cstr(reason);
    what.act.now = session.now;
    status = parse_until(until, session.now, &what.act.until);
    if (status < 0)
        status = by_hand(&session, &what, argv, argc);
    session_close(&session);
    return status;
}
