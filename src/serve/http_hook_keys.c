/* SPDX-License-Identifier: MIT */
#include "serve/http_hook_keys.h"

#include <stdio.h>
#include <stdlib.h>

#include "serve/file.h"

#define SCRATCH ((size_t)1 << 20)

/* A PEM is one key; else each line is one. */
static bool split_keys(struct hook_config *hook, struct bounce_slice text)
{
    struct bounce_slice line;

    if (slice_find(text, SLICE("-----BEGIN")) != SLICE_NPOS) {
        hook->keys[hook->key_count++] = text;
        return true;
    }
    while (slice_next_line(&text, &line)) {
        line = slice_trim(line);
        if (line.len == 0)
            continue;
        if (hook->key_count == HOOK_KEYS_MAX)
            return false;
        hook->keys[hook->key_count++] = line;
    }
    return true;
}

static bool read_secret(const char *path, char **text_out,
                        struct bounce_slice *slice_out, char why_out[300])
{
    char why[200];

    if (path == NULL)
        return true;
    *text_out = file_read_secret(path, why);
    if (*text_out == NULL) {
        snprintf(why_out, 300, "%s", why);
        return false;
    }
    *slice_out = slice_cstr(*text_out);
    return true;
}

static bool read_secrets(struct hook_account *account, char why_out[300])
{
    const struct config_hook *config = account->config;
    struct hook_config *hook = &account->hook;
    struct bounce_slice keys = SLICE_NULL;

    if (!read_secret(config->secret_file, &account->texts[0], &keys, why_out) ||
        !read_secret(config->basic_auth_file, &account->texts[1], &hook->basic,
                     why_out) ||
        !read_secret(config->url_secret_file, &account->texts[2],
                     &hook->url_secret, why_out) ||
        !read_secret(config->bearer_file, &account->texts[3], &hook->bearer,
                     why_out) ||
        !read_secret(config->certificate_file, &account->texts[4],
                     &hook->certificate, why_out) ||
        !read_secret(config->map_file, &account->texts[5], &hook->map, why_out))
        return false;
    if (keys.ptr == NULL || split_keys(hook, keys))
        return true;
    snprintf(why_out, 300, "%s: more than %d keys", config->secret_file,
             HOOK_KEYS_MAX);
    return false;
}

static bool is_ses(const struct config_hook *config)
{
    return slice_eq_nocase(slice_cstr(config->service), SLICE("ses"));
}

/* Amazon signs for everybody: with topics of our own, or when nothing else is
 * demanded of a request, the signature must hold. */
static bool wants_signature(const struct config *config,
                            const struct hook_account *account)
{
    const struct hook_config *hook = &account->hook;

    return is_ses(account->config) &&
           (config->require_signed_hooks || hook->topics.len > 0 ||
            (hook->basic.ptr == NULL && hook->bearer.ptr == NULL &&
             hook->url_secret.ptr == NULL));
}

static bool check(const struct config *config, struct hook_account *account,
                  char why_out[300])
{
    struct hook_config *hook = &account->hook;
    struct arena scratch;
    const char *flaw;
    char why[160];

    arena_init(&scratch, allocator_default(), SCRATCH);
    flaw = hook_config_flaw(hook, &scratch);
    if (flaw == NULL && (hook->key_count > 0 || hook->signed_only)) {
        hook->crypto = module_load("crypto", why);
        if (hook->crypto == NULL)
            flaw = why;
    }
    if (flaw == NULL && config->require_signed_hooks && hook->key_count == 0 &&
        !hook->signed_only)
        flaw = "Require-Signed-Hooks wants a Secret-File here, and a service "
               "that signs";
    if (flaw == NULL && (account->config->certificate_file == NULL) !=
                            (account->config->certificate_url == NULL))
        flaw = "Certificate-File and Certificate-Url go together";
    if (flaw != NULL)
        snprintf(why_out, 300, "Hook: %s (%s): %s", account->config->name,
                 account->config->service, flaw);
    arena_clear(&scratch);
    return flaw == NULL;
}

static bool read_account(const struct config *config,
                         const struct config_hook *stanza,
                         struct hook_account *account, char why_out[300])
{
    struct hook_config *hook = &account->hook;

    account->config = stanza;
    snprintf(account->source, sizeof(account->source), "hook %s/%s",
             stanza->service, stanza->name);
    hook->service = slice_cstr(stanza->service);
    hook->topics = slice_cstr(stanza->topics);
    hook->url = slice_cstr(stanza->url);
    hook->scope = slice_cstr(stanza->scope);
    hook->certificate_url = slice_cstr(stanza->certificate_url);
    hook->tolerance_s = stanza->tolerance_s;
    hook->source = slice_cstr(account->source);
    hook->max_body = config->max_body;
    if (!read_secrets(account, why_out))
        return false;
    hook->signed_only = wants_signature(config, account);
    account->demands = hook->key_count > 0 || hook->signed_only ||
                       hook->basic.ptr != NULL || hook->bearer.ptr != NULL ||
                       hook->url_secret.ptr != NULL;
    return check(config, account, why_out);
}

struct hook_accounts *hook_accounts_read(const struct config *config,
                                         char why_out[300])
{
    struct hook_accounts *accounts = calloc(1, sizeof(*accounts));
    size_t count = 0;

    for (const struct config_hook *h = config->hooks; h != NULL; h = h->next)
        count++;
    if (accounts != NULL)
        accounts->list = calloc(count + 1, sizeof(*accounts->list));
    if (accounts == NULL || accounts->list == NULL) {
        snprintf(why_out, 300, "out of memory");
        free(accounts);
        return NULL;
    }
    atomic_init(&accounts->holders, 1);
    for (const struct config_hook *h = config->hooks; h != NULL; h = h->next) {
        if (!read_account(config, h, &accounts->list[accounts->count++],
                          why_out)) {
            hook_accounts_drop(accounts);
            return NULL;
        }
    }
    return accounts;
}

void hook_accounts_drop(struct hook_accounts *accounts)
{
    if (accounts == NULL || atomic_fetch_sub(&accounts->holders, 1) > 1)
        return;
    for (size_t i = 0; i < accounts->count; i++) {
        for (size_t t = 0; t < 6; t++)
            free(accounts->list[i].texts[t]);
    }
    free(accounts->list);
    free(accounts);
}

const struct hook_account *
hook_account_find(const struct hook_accounts *accounts,
                  struct bounce_slice path)
{
    size_t slash = slice_find_byte(path, '/');
    struct bounce_slice service = slice_sub(path, 0, slash);
    struct bounce_slice name = slice_from(path, slash + 1);

    if (slash == SLICE_NPOS)
        return NULL;
    for (size_t i = 0; i < accounts->count; i++) {
        const struct config_hook *config = accounts->list[i].config;

        if (slice_eq_nocase(service, slice_cstr(config->service)) &&
            slice_eq(name, slice_cstr(config->name)))
            return &accounts->list[i];
    }
    return NULL;
}
