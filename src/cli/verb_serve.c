/* SPDX-License-Identifier: MIT
 * bounce serve: the daemon. */
#include <stdlib.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/serve_files.h"
#include "cli/store_open.h"
#include "serve/run.h"

#define EXIT_CONFIG 78 /* sysexits.h */

/* What the command line said, which goes before the file at a reload too. */
struct serve_options {
    const char *config, *store, *listen, *policy, *rules, *address_key;
    char *default_store;
};

static bool set_listen(struct config *config, const char *where)
{
    struct config_listen *listen =
        arena_calloc(&config->arena, 1, sizeof(*listen));

    if (listen == NULL)
        return false;
    listen->text = where;
    config->http = listen;
    return true;
}

/* NULL: the cause was named. */
static struct config *read_config(const struct serve_options *options,
                                  int *status_out)
{
    struct config *config = serve_files_config(options->config, status_out);

    if (config == NULL)
        return NULL;
    if (options->store != NULL)
        config->store = options->store;
    if (config->store == NULL)
        config->store = options->default_store;
    if (options->policy != NULL)
        config->policy = options->policy;
    if (options->rules != NULL)
        config->rules = options->rules;
    if (options->address_key != NULL)
        config->address_key = options->address_key;
    if (options->listen != NULL && !set_listen(config, options->listen)) {
        cli_error("out of memory");
        *status_out = CLI_TRY_AGAIN;
        config_free(config);
        return NULL;
    }
    return config;
}

static struct config *reread(void *ctx)
{
    int status;

    return read_config(ctx, &status);
}

static bool load(void *ctx, const struct config *config,
                 struct serve_mind *mind_out)
{
    (void)ctx;
    return serve_files_mind(config, mind_out);
}

/* Owns config. */
static int serve(struct serve_options *options, struct config *config)
{
    struct serve_keys keys;
    struct serve_setup setup = {
        .config = config, .load = load, .reread = reread, .ctx = options};
    int status;

    if (config->http == NULL && config->lmtp == NULL &&
        config->policy_service == NULL && config->logs == NULL &&
        config->outs == NULL) {
        cli_error("nothing to serve: name an address with --listen, or a "
                  "configuration with --config");
        config_free(config);
        return EXIT_CONFIG;
    }
    status = serve_files_keys(config, &keys);
    if (status >= 0) {
        config_free(config);
        return status;
    }
    setup.address_key = slice_make(keys.address_key, keys.address_key_len);
    setup.verp_keys = keys.verp;
    setup.verp_key_count = keys.verp_count;
    status = serve_run(&setup);
    serve_keys_clear(&keys);
    return status;
}

int verb_serve(int argc, char **argv)
{
    struct serve_options chosen = {0};
    const struct arg_option options[] = {
        {"config", ARG_TEXT, &chosen.config, "FILE",
         "bounce.conf(5); what other options say goes before it"},
        {"listen", ARG_TEXT, &chosen.listen, "ADDR",
         "HTTP there: 127.0.0.1:8025, [::1]:8025 or unix:/PATH"},
        {"store", ARG_TEXT, &chosen.store, "STORE",
         "a file, or postgresql://...; else BOUNCE_STORE"},
        {"policy", ARG_TEXT, &chosen.policy, "POLICY",
         "a preset, a file, or PRESET,FILE; else BOUNCE_POLICY"},
        {"rules", ARG_TEXT, &chosen.rules, "DIR",
         "rules that precede the built-in"},
        {"address-key", ARG_TEXT, &chosen.address_key, "FILE",
         "store hashes of addresses under this key; else BOUNCE_ADDRESS_KEY"},
    };
    const struct arg_spec spec = {
        "bounce serve [--config FILE] [--listen ADDR] [OPTION...]",
        "Runs the daemon: reports come in by HTTP, LMTP, webhooks and logs; "
        "mail systems ask\nit before they send. SIGHUP reloads rules, policy, "
        "keys and certificates; SIGTERM\nfinishes what was begun and stops.",
        options, sizeof(options) / sizeof(options[0]),
        "It logs to standard error. bounce-serve(8) tells the whole."};
    struct config *config;
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc > 0)
        return args_wrong("serve", "unexpected argument %s", argv[0]);
    config = read_config(&chosen, &status);
    if (config == NULL)
        return status;
    if (config->store == NULL) {
        chosen.default_store = session_store(true, &status);
        if (chosen.default_store == NULL) {
            config_free(config);
            return status;
        }
        config->store = chosen.default_store;
    }
    status = serve(&chosen, config);
    free(chosen.default_store);
    return status;
}
