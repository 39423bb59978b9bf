/* SPDX-License-Identifier: MIT
 * bounce policy: what is done about which verdict, and what another policy
 * would do. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/policy_try.h"
#include "cli/store_open.h"

static const struct bounce_policy_entry *entry_of(const void *row)
{
    return row;
}

static void put_category(struct grid *grid, const void *row)
{
    grid_text(grid, entry_of(row)->category);
}

static void put_says(struct grid *grid, const void *row)
{
    grid_text(grid, entry_of(row)->says);
}

static void put_counter(struct grid *grid, const void *row)
{
    grid_text(grid, entry_of(row)->counter);
}

static void put_origin(struct grid *grid, const void *row)
{
    struct textbuf text = {0};

    textbuf_add(&text, entry_of(row)->origin);
    textbuf_format(&text, ":%u", entry_of(row)->line);
    grid_text(grid, textbuf_slice(&text));
    textbuf_free(&text);
}

static void put_never(struct grid *grid, const void *row)
{
    grid_bool(grid, entry_of(row)->never_suppresses);
}

static const struct grid_column columns[] = {
    {"category", GRID_STANDARD, put_category},
    {"does", GRID_STANDARD, put_says},
    {"counter", GRID_STANDARD, put_counter},
    {"origin", GRID_STANDARD, put_origin},
    {"never_suppresses", GRID_MORE, put_never},
};

static int show(const char *name, enum grid_format format)
{
    int status = CLI_FINE;
    struct bounce_policy *policy = session_policy(name, &status);
    struct bounce_policy_entry entry;
    struct grid grid;
    struct out out;

    if (policy == NULL)
        return status;
    out_init(&out);
    if (grid_init(&grid, &out, format, columns,
                  sizeof(columns) / sizeof(columns[0]), NULL, "policy")) {
        for (size_t i = 0; bounce_policy_entry_at(policy, i, &entry); i++)
            grid_row(&grid, &entry);
        grid_end(&grid);
    }
    out_close(&out);
    bounce_policy_free(policy);
    return CLI_FINE;
}

static int check(char *const *paths, int count)
{
    int worst = CLI_FINE;

    for (int i = 0; i < count; i++) {
        int status = CLI_FINE;
        struct bounce_policy *policy = session_policy(paths[i], &status);

        if (policy == NULL)
            worst = status;
        bounce_policy_free(policy);
    }
    return worst;
}

static int wrong(void)
{
    return args_wrong("policy", "it is: show [POLICY], check POLICY..., try "
                                "POLICY");
}

static int run(int argc, char **argv, const struct session_choice *choice,
               enum grid_format format, bool json)
{
    struct session session;
    int status;

    if (argc == 0)
        return wrong();
    if (strcmp(argv[0], "show") == 0 && argc <= 2)
        return show(argc == 2 ? argv[1] : choice->policy, format);
    if (strcmp(argv[0], "check") == 0 && argc > 1)
        return check(argv + 1, argc - 1);
    if (strcmp(argv[0], "try") != 0 || argc != 2)
        return wrong();
    status = session_open("policy", choice, false, 0, &session);
    if (status >= 0)
        return status;
    status = policy_try(&session, argv[1], json, format);
    session_close(&session);
    return status;
}

int verb_policy(int argc, char **argv)
{
    struct session_choice choice = {0};
    bool json = false, csv = false, table = false;
    const struct arg_option options[] = {
        {"json", ARG_FLAG, &json, NULL, "one JSON object a line"},
        {"csv", ARG_FLAG, &csv, NULL, "CSV with titles"},
        {"table", ARG_FLAG, &table, NULL,
         "the table of a terminal, also elsewhere"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce policy show [POLICY]\n"
        "       bounce policy check POLICY...\n"
        "       bounce policy try POLICY",
        "show tells what is done about each category, and which file says so. "
        "check names\nthe mistakes of a file. try replays what the store knows "
        "of every address under\nanother policy and shows whose state would "
        "differ; nothing is written. POLICY is\na preset (default, mailgun, "
        "marketo, mailchimp, strict), a file, or PRESET,FILE.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    return run(argc, argv, &choice, grid_format(json, csv, table), json);
}
