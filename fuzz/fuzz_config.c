/* SPDX-License-Identifier: MIT
 * bounce.conf(5): what is taken holds what it promises, what is not is named
 * with its file. The same bytes as a file of secrets. */
#include <stdlib.h>

#include "serve/config.h"
#include "serve/holds_text.h"
#include "serve/out_plan.h"
#include "serve/out_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_outs(const struct config *config)
{
    struct bounce_slice wrong;
    unsigned mask;

    for (const struct config_out *o = config->outs; o != NULL; o = o->next) {
        const struct out_pace pace = {o->retry_s, o->retry_max_s, o->give_up_s,
                                      o->max_attempts};

        if (o->name == NULL || o->url == NULL || o->secret_file == NULL ||
            out_url_flaw(slice_cstr(o->url), o->allow_http) != NULL ||
            !out_events(slice_cstr(o->events), &mask, &wrong))
            abort();
        for (unsigned n = 1; n < 40; n++) {
            int64_t wait = out_wait_s(&pace, n, 0, 0x9E3779B9U * n);

            if (wait < 1 || wait > o->retry_max_s)
                abort();
        }
    }
}

static void check_config(const char *text, size_t size)
{
    struct bounce_error error = {0};
    struct config *config = config_read("fuzz.conf", text, size, &error);

    if (config == NULL) {
        if (error.code == BOUNCE_OK ||
            strncmp(error.msg, "fuzz.conf:", 10) != 0)
            abort();
        return;
    }
    if (holds_format_parse(slice_cstr(config->holds_format)) == HOLDS_FORMATS)
        abort();
    check_outs(config);
    config_free(config);
}

static void check_secrets(struct bounce_slice text)
{
    struct out_secrets secrets;

    if (out_secrets_read(text, &secrets) != NULL)
        return;
    if (secrets.count == 0 || secrets.count > OUT_SECRETS)
        abort();
    for (size_t i = 0; i < secrets.count; i++) {
        if (secrets.list[i].len < OUT_SECRET_MIN ||
            secrets.list[i].len > OUT_SECRET_MAX)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1); /* exactly: ASan sees overreads */

    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    check_config(copy, size);
    check_secrets(slice_make(copy, size));
    free(copy);
    return 0;
}
