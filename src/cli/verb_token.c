/* SPDX-License-Identifier: MIT
 * bounce token: who may call the daemon. */
#include <stdio.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/grid.h"
#include "cli/store_open.h"
#include "store/token.h"

/* In the audit, as who needs no token in the daemon's API. */
#define WHO "local"

struct token_run {
    struct session session;
    struct grid grid;
    struct out out;
};

static void put_name(struct grid *grid, const void *row)
{
    grid_word(grid, ((const struct token *)row)->name);
}

static void put_roles(struct grid *grid, const void *row)
{
    char text[40];

    token_roles_text(((const struct token *)row)->roles, text);
    grid_word(grid, text);
}

static void put_scope(struct grid *grid, const void *row)
{
    const char *scope = ((const struct token *)row)->scope;

    grid_word(grid, scope[0] != '\0' ? scope : NULL);
}

static void put_created(struct grid *grid, const void *row)
{
    grid_time(grid, ((const struct token *)row)->created_at);
}

static void put_expires(struct grid *grid, const void *row)
{
    grid_time(grid, ((const struct token *)row)->expires_at);
}

static const struct grid_column columns[] = {
    {"name", GRID_STANDARD, put_name},
    {"roles", GRID_STANDARD, put_roles},
    {"scope", GRID_STANDARD, put_scope},
    {"created", GRID_STANDARD, put_created},
    {"expires", GRID_STANDARD, put_expires},
};

static bool take(void *ctx, const struct token *token)
{
    grid_row(&((struct token_run *)ctx)->grid, token);
    return true;
}

static int list(struct token_run *run, enum grid_format format)
{
    struct store_error error;
    int status = CLI_FINE;

    out_init(&run->out);
    grid_init(&run->grid, &run->out, format, columns,
              sizeof(columns) / sizeof(columns[0]), NULL, "token");
    if (token_list(run->session.book, take, run, &error) != STORE_OK)
        status = session_complain(&error);
    grid_end(&run->grid);
    out_close(&run->out);
    return status;
}

static int add(struct token_run *run, const struct token *token)
{
    struct store_error error;
    char text[TOKEN_SIZE];

    if (token_make(run->session.book, token, WHO, text, &error) != STORE_OK)
        return session_complain(&error);
    out_init(&run->out);
    textbuf_format(&run->out.text, "%s\n", text);
    out_close(&run->out);
    return CLI_FINE;
}

static int revoke(struct token_run *run, const char *name)
{
    struct store_error error;
    bool found;

    if (token_revoke(run->session.book, name, run->session.now, WHO, &found,
                     &error) != STORE_OK)
        return session_complain(&error);
    if (!found)
        return args_wrong("token", "there is no token of the name %s", name);
    return CLI_FINE;
}

/* -1 and *token_out, or the exit status. */
static int read_token(const char *name, const char *roles, const char *scope,
                      const char *expires, int64_t now, struct token *token_out)
{
    *token_out = (struct token){.created_at = now,
                                .expires_at = BOUNCE_NO_TIME,
                                .roles = token_roles(slice_cstr(roles))};
    if (token_out->roles == 0)
        return args_wrong("token", "--roles wants some of check, ingest, "
                                   "read, admin, separated by commas");
    if (strlen(name) >= sizeof(token_out->name) ||
        (scope != NULL && strlen(scope) >= sizeof(token_out->scope)))
        return args_wrong("token", "the name or the scope is too long");
    snprintf(token_out->name, sizeof(token_out->name), "%s", name);
    if (scope != NULL)
        snprintf(token_out->scope, sizeof(token_out->scope), "%s", scope);
    if (expires != NULL) {
        int64_t span = session_parse_span(expires);

        if (span < 0)
            return args_wrong("token", "--expires wants a span such as 90d");
        token_out->expires_at = now + span;
    }
    return -1;
}

int verb_token(int argc, char **argv)
{
    struct token_run run = {0};
    struct session_choice choice = {0};
    const char *roles = "check", *scope = NULL, *expires = NULL;
    bool json = false, table = false;
    const struct arg_option options[] = {
        {"roles", ARG_TEXT, &roles, "A,B",
         "of a new one: check, ingest, read, admin; default check"},
        {"scope", ARG_TEXT, &scope, "SCOPE", "only for this list or brand"},
        {"expires", ARG_TEXT, &expires, "SPAN", "such as 90d; default never"},
        {"json", ARG_FLAG, &json, NULL, "list: one JSON object a token"},
        {"table", ARG_FLAG, &table, NULL, "list: aligned, also off a terminal"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce token add NAME [OPTION...]\n"
        "       bounce token list\n"
        "       bounce token revoke NAME",
        "Makes, lists and revokes the tokens that the daemon's API wants. A "
        "new token is shown\nonce: the store keeps only what it can be known "
        "by.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    struct token token;
    int status = args_parse(&spec, &argc, argv);
    const char *what = argc > 0 ? argv[0] : "";
    const bool is_list = strcmp(what, "list") == 0;

    if (status >= 0)
        return status;
    if (!(is_list && argc == 1) &&
        !(argc == 2 &&
          (strcmp(what, "add") == 0 || strcmp(what, "revoke") == 0)))
        return args_wrong("token", "add NAME, list or revoke NAME is wanted");
    status = session_open("token", &choice, !is_list, 0, &run.session);
    if (status >= 0)
        return status;
    if (is_list) {
        status = list(&run, grid_format(json, false, table));
    } else if (strcmp(what, "revoke") == 0) {
        status = revoke(&run, argv[1]);
    } else {
        status =
            read_token(argv[1], roles, scope, expires, run.session.now, &token);
        if (status < 0)
            status = add(&run, &token);
    }
    session_close(&run.session);
    return status;
}
