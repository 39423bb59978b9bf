/* SPDX-License-Identifier: MIT */
#include "cli/serve_files.h"

#include <stdlib.h>

#include "cli/cli.h"
#include "cli/open.h"
#include "cli/store_open.h"
#include "cli/verp_keys.h"

#define CONFIG_MAX     ((size_t)1 << 20)
#define EXIT_CONFIG    78 /* sysexits.h */
#define VERP_FILE_NAME 4096

struct config *serve_files_config(const char *path, int *status_out)
{
    struct bounce_error error = {0};
    struct config *config;
    char *text = NULL;
    size_t len = 0;

    if (path != NULL) {
        text = session_read_file(path, CONFIG_MAX, &len);
        *status_out = CLI_NO_INPUT;
        if (text == NULL)
            return NULL;
    }
    config = config_read(path != NULL ? path : "", text != NULL ? text : "",
                         len, &error);
    free(text);
    if (config == NULL) {
        cli_error("%s", error.msg);
        *status_out =
            error.code == BOUNCE_E_NOMEM ? CLI_TRY_AGAIN : EXIT_CONFIG;
    }
    return config;
}

bool serve_files_mind(const struct config *config, struct serve_mind *mind_out)
{
    int status;

    mind_out->policy = session_policy(config->policy, &status);
    if (mind_out->policy == NULL)
        return false;
    mind_out->engine = open_engine(config->rules, &status);
    if (mind_out->engine != NULL)
        return true;
    bounce_policy_free(mind_out->policy);
    return false;
}

static int add_verp_file(struct serve_keys *keys, struct bounce_slice name)
{
    struct verp_keys found;
    char path[VERP_FILE_NAME];
    int status;

    if (name.len >= sizeof(path)) {
        cli_error("the name of a file with keys is too long");
        return CLI_NO_INPUT;
    }
    memcpy(path, name.ptr, name.len);
    path[name.len] = '\0';
    status = verp_keys_read(&found, path);
    if (status >= 0)
        return status;
    if (found.count > SERVE_VERP_KEYS - keys->verp_count) {
        cli_error("%s: too many keys", path);
        verp_keys_clear(&found);
        return CLI_DATA_ERROR;
    }
    memcpy(keys->verp + keys->verp_count, found.keys,
           found.count * sizeof(found.keys[0]));
    keys->verp_count += found.count;
    keys->texts[keys->text_count++] = found.text;
    return -1;
}

int serve_files_keys(const struct config *config, struct serve_keys *keys_out)
{
    struct bounce_slice rest = slice_cstr(config->verp_keys), name;
    int status;

    *keys_out = (struct serve_keys){0};
    status = session_read_key(config->address_key, &keys_out->address_key,
                              &keys_out->address_key_len);
    while (status < 0 && slice_next_piece(&rest, ',', &name)) {
        name = slice_trim(name);
        if (name.len > 0)
            status = add_verp_file(keys_out, name);
    }
    if (status >= 0)
        serve_keys_clear(keys_out);
    return status;
}

void serve_keys_clear(struct serve_keys *keys)
{
    free(keys->address_key);
    while (keys->text_count > 0)
        free(keys->texts[--keys->text_count]);
    *keys = (struct serve_keys){0};
}
