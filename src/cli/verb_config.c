/* SPDX-License-Identifier: MIT
 * bounce config: is the daemon's configuration right? */
#include <stdlib.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/out.h"
#include "cli/serve_files.h"
#include "ingest/log/log.h"
#include "serve/file.h"
#include "serve/http_hook_keys.h"
#include "serve/out_sign.h"

#define EXIT_CONFIG 78 /* sysexits.h */
#define TLS_MAX     ((size_t)1 << 20)

static bool check_file(const char *path)
{
    char why[200];
    char *text;

    if (path == NULL)
        return true;
    text = file_read(path, TLS_MAX, NULL, why);
    if (text == NULL)
        cli_error("%s", why);
    free(text);
    return text != NULL;
}

static bool check_out(const struct config_out *out)
{
    char why[200];
    struct out_secrets secrets;
    char *text = file_read_secret(out->secret_file, why);
    const char *flaw = why;

    if (text != NULL)
        flaw = out_secrets_read(slice_cstr(text), &secrets);
    if (text == NULL)
        cli_error("%s", why);
    else if (flaw != NULL)
        cli_error("%s %s", out->secret_file, flaw);
    free(text);
    return check_file(out->ca_file) && flaw == NULL;
}

/* A log need not be there yet. */
static bool check_logs(const struct config *config)
{
    bool fine = true;

    for (const struct config_log *log = config->logs; log != NULL;
         log = log->next) {
        if (log_format_parse(slice_cstr(log->format)) == LOG_FORMATS) {
            cli_error("Log: %s: there is no format %s", log->path, log->format);
            fine = false;
        }
    }
    return fine;
}

/* Everything that the configuration names; each flaw is named. */
static bool check(const struct config *config)
{
    struct serve_mind mind;
    struct serve_keys keys;
    struct hook_accounts *hooks;
    char why[300];
    bool fine = serve_files_mind(config, &mind);

    if (fine) {
        bounce_policy_free(mind.policy);
        bounce_engine_free(mind.engine);
    }
    if (serve_files_keys(config, &keys) < 0)
        serve_keys_clear(&keys);
    else
        fine = false;
    hooks = hook_accounts_read(config, why);
    if (hooks == NULL) {
        cli_error("%s", why);
        fine = false;
    }
    hook_accounts_drop(hooks);
    for (const struct config_out *out = config->outs; out != NULL;
         out = out->next)
        fine = check_out(out) && fine;
    fine = check_file(config->tls_cert) && fine;
    fine = check_file(config->tls_key) && fine;
    return check_logs(config) && fine;
}

int verb_config(int argc, char **argv)
{
    const struct arg_spec spec = {
        "bounce config check FILE",
        "Says whether a configuration of the daemon is right: its fields, and "
        "the policy,\nrules, keys and certificates that it names. Flaws are "
        "named with file and line.",
        NULL, 0, "exit status: 0 right; 78 wrong; 66 it cannot be read"};
    struct config *config;
    struct out out;
    int status = args_parse(&spec, &argc, argv);
    bool fine;

    if (status >= 0)
        return status;
    if (argc != 2 || strcmp(argv[0], "check") != 0)
        return args_wrong("config", "check FILE is wanted");
    config = serve_files_config(argv[1], &status);
    if (config == NULL)
        return status;
    fine = check(config);
    config_free(config);
    if (!fine)
        return EXIT_CONFIG;
    out_init(&out);
    textbuf_format(&out.text, "%s: fine\n", argv[1]);
    out_close(&out);
    return CLI_FINE;
}
