/* SPDX-License-Identifier: MIT
 * bounce rules: test, list and show rules, and say which one wins. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/open.h"
#include "cli/rules.h"

static const struct {
    const char *name;
    int arguments; /* -1: one or more */
    int (*run)(const struct rules_run *run, int argc, char **argv);
} commands[] = {
    {"test", 0, rules_test}, {"list", 0, rules_list}, {"show", 1, rules_show},
    {"why", -1, rules_why},  {"lint", 0, rules_lint},
};

static int run_command(struct rules_run *run, const char *rules, int argc,
                       char **argv)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        int status, wanted = commands[i].arguments;

        if (strcmp(argv[0], commands[i].name) != 0)
            continue;
        if (wanted >= 0 ? argc - 1 != wanted : argc < 2)
            return args_wrong("rules", "wrong number of arguments to rules %s",
                              argv[0]);
        run->engine = open_engine(rules, &status);
        if (run->engine == NULL)
            return status;
        status = commands[i].run(run, argc - 1, argv + 1);
        bounce_engine_free(run->engine);
        return status;
    }
    return args_wrong("rules", "unknown command %s", argv[0]);
}

int verb_rules(int argc, char **argv)
{
    struct rules_run run = {0};
    const char *rules = NULL, *host = NULL, *service = NULL, *from = NULL;
    const struct arg_option options[] = {
        {"rules", ARG_TEXT, &rules, "DIR",
         "your own rules; test then tests those alone"},
        {"json", ARG_FLAG, &run.json, NULL,
         "list, show, why: one JSON object a line"},
        {"host", ARG_TEXT, &host, "H", "why: the host that answered"},
        {"service", ARG_TEXT, &service, "S", "why: the sending service"},
        {"from", ARG_TEXT, &from, "FORMAT",
         "import: powermta, kumomta or zonemta"},
    };
    const struct arg_spec spec = {
        "bounce rules test [--rules DIR]\n"
        "       bounce rules list [--rules DIR]\n"
        "       bounce rules show ID\n"
        "       bounce rules why REPLY\n"
        "       bounce rules lint [--rules DIR]\n"
        "       bounce rules import --from FORMAT FILE",
        "test   decides every example of every rule, also wrapped in other "
        "systems' words,\n       in other case and in several lines; exit "
        "status 1 when a rule fails\n"
        "list   all rules: id, category, class, provider, phrases, examples, "
        "where it stands\n"
        "show   one rule with its phrases and examples\n"
        "why    the rules that speak for a reply, the winner first\n"
        "lint   names what is allowed but seldom meant: short or doubled "
        "phrases, rules that\n       change nothing, hard verdicts on a "
        "sender's fault\n"
        "import turns a pattern file of another program into rules; lists "
        "what it cannot say",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc == 0)
        return args_wrong("rules", "test, list, show, why, lint or import?");
    if (strcmp(argv[0], "import") == 0) {
        if (from == NULL || argc != 2)
            return args_wrong("rules", "import wants --from FORMAT and a FILE");
        return rules_import(from, argv[1]);
    }
    run.own_only = rules != NULL;
    run.host = slice_cstr(host);
    run.service = slice_cstr(service);
    return run_command(&run, rules, argc, argv);
}
