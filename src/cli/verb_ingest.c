/* SPDX-License-Identifier: MIT
 * bounce ingest: reports, and what was sent, into the store. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/ingest.h"

#define TOKEN_AGE "30d"

struct ingest_texts {
    const char *scope, *campaign, *ip, *from, *since, *engaged;
    const char *verp_key, *verp_age;
};

static int fill_options(struct ingest_options *options,
                        const struct ingest_texts *texts, int64_t now)
{
    int status = session_parse_since("ingest", "since", texts->since, now,
                                     &options->since);

    if (status < 0)
        status = session_parse_since("ingest", "engaged", texts->engaged, now,
                                     &options->engaged_at);
    if (status >= 0)
        return status;
    options->scope = slice_cstr(texts->scope);
    options->campaign = slice_cstr(texts->campaign);
    options->ip = slice_cstr(texts->ip);
    options->sender_domain = slice_cstr(texts->from);
    options->verp_max_age_s = session_parse_span(texts->verp_age);
    if (options->verp_max_age_s < 0)
        return args_wrong("ingest",
                          "--verp-max-age wants a span such as 30d, not %s",
                          texts->verp_age);
    return texts->verp_key != NULL
               ? verp_keys_read(&options->verp, texts->verp_key)
               : -1;
}

/* A mail server's pipe makes no store: under a wrong name it would swallow
 * reports that nobody ever sees. -1 to go on. */
static int find_store(const struct session_choice *choice)
{
    int status = -1;
    char *named = NULL;
    const char *store = choice->store;

    if (store == NULL)
        store = named = session_store(false, &status);
    if (store != NULL && strstr(store, ":") == NULL &&
        access(store, F_OK) != 0) {
        cli_error("there is no store %s: make it by \"bounce ingest --store "
                  "%s /dev/null\"",
                  store, store);
        status = CLI_NO_INPUT;
    }
    free(named);
    return status;
}

static int ingest(struct ingest_options *options,
                  const struct ingest_texts *texts, char *const *paths,
                  int count)
{
    struct session session;
    int status = options->pipe ? find_store(options->choice) : -1;

    if (status >= 0)
        return status;
    status = session_open("ingest", options->choice, true,
                          options->keep_raw_days, &session);

    if (status >= 0)
        return status;
    status = fill_options(options, texts, session.now);
    if (status < 0)
        status = ingest_reports(&session, options, paths, count);
    verp_keys_clear(&options->verp);
    session_close(&session);
    if (!options->pipe)
        ingest_die_of_signal();
    return status;
}

static int run(int argc, char **argv)
{
    struct session_choice choice = {0};
    struct ingest_options options = {
        .choice = &choice, .jobs = 1, .keep_event_days = 400};
    struct ingest_texts texts = {.verp_age = TOKEN_AGE};
    const struct arg_option table[] = {
        {"scope", ARG_TEXT, &texts.scope, "SCOPE",
         "list or brand, where a report tells none"},
        {"campaign", ARG_TEXT, &texts.campaign, "NAME",
         "campaign, where a report tells none"},
        {"ip", ARG_TEXT, &texts.ip, "IP", "the address that it was sent from"},
        {"from", ARG_TEXT, &texts.from, "DOMAIN", "the sender domain"},
        {"since", ARG_TEXT, &texts.since, "TIME",
         "pass over what happened before: a date, or a span such as 30d"},
        {"engaged", ARG_TEXT, &texts.engaged, "TIME",
         "when the recipients last opened or clicked"},
        {"verp-key", ARG_TEXT, &texts.verp_key, "FILE",
         "keys of tokens in the reports' recipients (bounce verp)"},
        {"verp-max-age", ARG_TEXT, &texts.verp_age, "SPAN",
         "older tokens are expired; default " TOKEN_AGE},
        {"keep-raw", ARG_NUMBER, &options.keep_raw_days, "DAYS",
         "keep the reports themselves so long; default not at all"},
        {"keep-events", ARG_NUMBER, &options.keep_event_days, "DAYS",
         "fold older events into counts; default 400"},
        {"pipe", ARG_FLAG, &options.pipe, NULL,
         "one message from a mail server: 0 it is stored, or no report; else "
         "75"},
        {"again", ARG_FLAG, &options.again, NULL,
         "from the beginning, also of an mbox that was read before"},
        {"jobs", ARG_NUMBER, &options.jobs, "N", "threads; default 1"},
        {"password-file", ARG_TEXT, &options.mailbox.password_file, "FILE",
         "a mailbox's password; else BOUNCE_PASSWORD, else ~/.netrc"},
        {"token-file", ARG_TEXT, &options.mailbox.token_file, "FILE",
         "an OAuth 2 token in place of a password"},
        {"ca-file", ARG_TEXT, &options.mailbox.ca_file, "FILE",
         "who is trusted in place of the system's certificates"},
        {"no-tls", ARG_FLAG, &options.mailbox.no_tls, NULL,
         "imap:// and pop3:// in clear, not only on loopback"},
        {"after", ARG_TEXT, &options.mailbox.after, "WHAT",
         "stored reports: keep (default), seen, delete, move=FOLDER"},
        {"and-replies", ARG_FLAG, &options.mailbox.and_replies, NULL,
         "--after for auto-replies and challenges too"},
        {"json", ARG_FLAG, &options.json, NULL, "the summary as JSON"},
        {"rules", ARG_TEXT, &choice.rules, "DIR",
         "rules that precede the built-in"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce ingest [OPTION...] SOURCE...\n"
        "       bounce ingest --pipe [OPTION...] -\n"
        "       bounce ingest sent [OPTION...] FILE...\n"
        "       bounce ingest hook [OPTION...] --service NAME FILE...\n"
        "       bounce ingest log [OPTION...] --format FORMAT FILE...",
        "Reads reports from files, folders, Maildirs, mboxes, standard "
        "input (-) and mailboxes\n(imap://USER@HOST/FOLDER, imaps://, "
        "pop3://USER@HOST, pop3s://) into the store, where\neach failure "
        "counts once. Reading them again changes nothing; mboxes and "
        "mailboxes\ngo on where they stood. sent reads the log of what was "
        "sent.",
        table, sizeof(table) / sizeof(table[0]),
        "Exit status 75: the store did not take it, try again; what was taken "
        "before is kept."};
    int status;

    if (argc > 1 && strcmp(argv[1], "sent") == 0)
        return ingest_sent(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "hook") == 0)
        return ingest_hook(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "log") == 0)
        return ingest_log(argc - 1, argv + 1);
    status = args_parse(&spec, &argc, argv);
    if (status >= 0)
        return status;
    if (options.pipe && (argc > 1 || (argc == 1 && strcmp(argv[0], "-") != 0)))
        return args_wrong("ingest", "--pipe reads standard input alone");
    if (argc == 0 && !options.pipe)
        return args_wrong("ingest", "nothing to read: name files, or -");
    return ingest(&options, &texts, argv, argc);
}

/* A mail server keeps the message and tries again after EX_TEMPFAIL; after any
 * other failure it sends a bounce for the bounce, and the report is lost. So it
 * is never told anything else, be it that it was called wrongly. */
int verb_ingest(int argc, char **argv)
{
    bool pipe = false;

    for (int i = 1; i < argc; i++)
        pipe = pipe || strcmp(argv[i], "--pipe") == 0;
    if (!pipe)
        return run(argc, argv);
    cli_fail_with(CLI_TRY_AGAIN);
    return run(argc, argv) == CLI_FINE ? CLI_FINE : CLI_TRY_AGAIN;
}
