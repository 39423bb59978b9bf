/* SPDX-License-Identifier: MIT
 * The program: finds the verb and hands over. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/out.h"

static const struct cli_verb verbs[] = {
    {"read", "read bounces from files, folders, mboxes, standard input",
     verb_read},
    {"classify", "say what SMTP replies mean", verb_classify},
    {"explain", "explain a code, a reply or a message in plain words",
     verb_explain},
    {"codes", "list the codes Bounce knows", verb_codes},
    {"labels", "list taxonomies of other systems and their labels",
     verb_labels},
    {"rules", "test, list, show rules; say which one wins", verb_rules},
    {"learn", "find replies that no rule knows; propose rules", verb_learn},
    {"check", "say whether mail may go to an address", verb_check},
    {"why", "tell the whole story of an address", verb_why},
    {"list", "list suspended and suppressed addresses", verb_list},
    {"events", "list what was told, event by event", verb_events},
    {"due", "list what may be tried again, and when", verb_due},
    {"holds", "list and end the holds that mail waits on", verb_holds},
    {"incidents", "list what is going wrong, and where", verb_incidents},
    {"stats", "show rates, and what moves the reputation", verb_stats},
    {"review", "list what a person should look at", verb_review},
    {"export", "write suppressions for other systems", verb_export},
    {"ingest", "read reports and the sent log into the store", verb_ingest},
    {"import", "import suppression lists of other systems", verb_import},
    {"suppress", "no mail to these addresses", verb_suppress},
    {"release", "let mail go to addresses again", verb_release},
    {"forget", "delete what is known of an address", verb_forget},
    {"reclassify", "read stored replies again, with new rules",
     verb_reclassify},
    {"policy", "show, check and try what is done about verdicts", verb_policy},
    {"verp", "sign and verify tokens in envelope senders", verb_verp},
    {"serve", "run the daemon: reports in, answers out", verb_serve},
    {"config", "check the daemon's configuration", verb_config},
    {"token", "make, list and revoke tokens of the daemon's API", verb_token},
    {"out", "show the daemon's own webhooks; retry dead letters", verb_out},
};

static void help(struct out *out)
{
    textbuf_cstr(&out->text,
                 "usage: bounce VERB [OPTION...] [ARGUMENT...]\n\n"
                 "Reads bounces, complaints, auto-replies and SMTP replies and "
                 "says what they mean.\n\nverbs:\n");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        textbuf_format(&out->text, "  %-10s %s\n", verbs[i].name,
                       verbs[i].summary);
    textbuf_cstr(&out->text,
                 "\noptions:\n"
                 "  --help     show this; \"bounce VERB --help\" says more\n"
                 "  --version  show the version\n\n"
                 "exit status: 0 fine; 1 some input was unreadable; 2 wrong "
                 "usage; 64 and\nabove as in sysexits.h\n");
}

static int top_level(const char *option)
{
    struct out out;

    out_init(&out);
    if (strcmp(option, "--version") == 0)
        textbuf_format(&out.text, "bounce %s\n", bounce_version());
    else
        help(&out);
    out_close(&out);
    return CLI_FINE;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;

    if (word == NULL) {
        cli_error("a verb is missing; try \"bounce --help\"");
        return CLI_USAGE;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
        strcmp(word, "help") == 0 || strcmp(word, "--version") == 0)
        return top_level(word);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(word, verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    }
    cli_error("unknown verb %s; try \"bounce --help\"", word);
    return CLI_USAGE;
}
