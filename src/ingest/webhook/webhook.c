/* SPDX-License-Identifier: MIT
 * One request: who sent it, what is in it. */
#include "ingest/webhook/hook.h"

#include "ingest/webhook/generic.h"

static const struct hook_service *const services[] = {
    &hook_ses,          &hook_sendgrid,   &hook_mailgun,   &hook_postmark,
    &hook_sparkpost,    &hook_mandrill,   &hook_brevo,     &hook_mailjet,
    &hook_mailtrap,     &hook_mailersend, &hook_resend,    &hook_postal,
    &hook_unisender_go, &hook_sweego,     &hook_mailchimp, &hook_kumomta,
    &hook_generic,
};

const struct hook_service_info *hook_service_at(size_t i)
{
    return i < HOOK_COUNT(services) ? &services[i]->info : NULL;
}

/* "unisender-go" is "unisender_go": the name stands in URLs. */
static bool is_named(const struct hook_service *service,
                     struct bounce_slice name)
{
    const char *own = service->info.name;

    if (strlen(own) != name.len)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = (char)ascii_lower((unsigned char)name.ptr[i]);

        if (own[i] != (c == '-' ? '_' : c))
            return false;
    }
    return true;
}

static const struct hook_service *find_service(struct bounce_slice name)
{
    for (size_t i = 0; i < HOOK_COUNT(services); i++) {
        if (is_named(services[i], name))
            return services[i];
    }
    return NULL;
}

const char *hook_trust_name(enum hook_trust trust)
{
    static const char *const words[] = {"signed", "open", "absent",
                                        "wrong",  "old",  "no-key"};

    return (size_t)trust < HOOK_COUNT(words) ? words[trust] : "unknown";
}

const char *hook_config_flaw(const struct hook_config *config,
                             struct arena *scratch)
{
    const struct hook_service *service = find_service(config->service);
    const char *flaw = NULL;

    if (service == NULL)
        return "no such service";
    if (config->key_count > HOOK_KEYS_MAX)
        return "too many keys";
    for (size_t i = 0; i < config->key_count; i++) {
        if (slice_trim(config->keys[i]).len == 0)
            return "an empty key";
    }
    if (config->key_count > 0 && !service->info.signs)
        return "this service signs nothing: use Basic authentication, a bearer "
               "token or a secret in the URL";
    /* Amazon signs for every topic of every customer. */
    if (service == &hook_ses && config->signed_only && config->topics.len == 0)
        return "a signature of Amazon SNS says nothing without the topics that "
               "are ours";
    if (service == &hook_mandrill && config->key_count > 0 &&
        config->url.len == 0)
        return "the signature of mandrill needs the URL as it was entered "
               "there";
    if (service == &hook_generic)
        (void)generic_map_read(config->map, scratch, &flaw);
    return flaw;
}

static bool is_demanding(const struct hook_config *config)
{
    return config->key_count > 0 || config->signed_only ||
           config->basic.ptr != NULL || config->bearer.ptr != NULL ||
           config->url_secret.ptr != NULL;
}

static enum hook_trust verify(struct hook *hook)
{
    const struct hook_config *config = hook->config;
    enum hook_trust trust = hook_verify_access(hook);

    if (trust != HOOK_SIGNED)
        return trust;
    if (!is_demanding(config))
        return hook_distrust(hook, HOOK_OPEN,
                             "neither key nor password nor secret is set");
    if (config->key_count > 0 || config->signed_only) {
        if (hook->service->verify == NULL)
            return hook_distrust(hook, HOOK_NO_KEY,
                                 "this service signs nothing");
        return hook->service->verify(hook);
    }
    return HOOK_SIGNED;
}

static bool is_form(const struct hook *hook, struct bounce_slice type)
{
    struct bounce_slice body = slice_trim(hook->request->body);

    if (!hook->service->form)
        return false;
    return slice_starts_nocase(type,
                               SLICE("application/x-www-form-urlencoded")) ||
           slice_starts_nocase(type, SLICE("multipart/form-data")) ||
           (body.len > 0 && body.ptr[0] != '{' && body.ptr[0] != '[');
}

/* false when the body cannot be read: hook->failed or result->flaw tells. */
static bool parse(struct hook *hook)
{
    struct bounce_slice type = hook_header(hook, "Content-Type");
    struct hook_result *result = hook->result;
    struct json_limits limits = json_limits_default;
    struct bounce_error error;
    enum bounce_err err;

    if (hook->config->max_body > 0)
        limits.max_bytes = hook->config->max_body;
    if (hook->request->body.len > limits.max_bytes) {
        result->flaw = "the body is too large";
        result->too_large = true;
        return false;
    }
    if (is_form(hook, type)) {
        hook->body = hook_form_read(hook->arena, hook->request->body, type,
                                    &result->flaw);
        if (hook->body == NULL && result->flaw == NULL)
            hook->failed = arena_error(hook->arena);
        return hook->body != NULL;
    }
    err = json_parse(hook->arena, hook->request->body, &limits,
                     hook->service->many, &hook->body, &error);
    /* Of several values a single one is the body itself. */
    if (err == BOUNCE_OK && hook->service->many && hook->body->count == 1)
        hook->body = hook->body->first;
    if (err == BOUNCE_OK)
        return true;
    if (err == BOUNCE_E_NOMEM || hook->arena->over) {
        hook->failed = err;
        return false;
    }
    result->too_large = err == BOUNCE_E_LIMIT;
    result->flaw_at = error.offset;
    /* The text outlives error in the arena. */
    result->flaw = arena_dup(hook->arena, slice_cstr(error.msg)).ptr;
    if (result->flaw == NULL)
        hook->failed = arena_error(hook->arena);
    return false;
}

static void run(struct hook *hook)
{
    struct hook_result *result = hook->result;

    /* Who may not enter is told nothing of the body. */
    if (hook->service->signed_body) {
        result->trust = hook_verify_access(hook);
        if (result->trust != HOOK_SIGNED || !parse(hook))
            return;
        result->trust = verify(hook);
    } else {
        result->trust = verify(hook);
    }
    if (result->trust != HOOK_SIGNED && result->trust != HOOK_OPEN)
        return;
    if (hook->failed == BOUNCE_OK && (hook->body != NULL || parse(hook)))
        hook->service->read(hook);
}

enum bounce_err hook_read(const struct hook_request *request,
                          const struct hook_config *config,
                          struct bounce_reader *reader, struct arena *arena,
                          struct hook_result *result_out)
{
    struct hook hook = {
        .request = request,
        .config = config,
        .service = find_service(config->service),
        .reader = reader,
        .arena = arena,
        .result = result_out,
        .records = VEC_OF(struct record),
        .bad = VEC_OF(struct hook_bad),
    };

    *result_out =
        (struct hook_result){.trust = HOOK_NO_KEY, .flaw_at = BOUNCE_NO_OFFSET};
    result_out->why = hook_config_flaw(config, arena);
    if (result_out->why != NULL)
        return BOUNCE_E_ARG;
    run(&hook);
    if (hook.failed != BOUNCE_OK) {
        *result_out = (struct hook_result){.trust = HOOK_NO_KEY,
                                           .why = bounce_strerror(hook.failed),
                                           .flaw_at = BOUNCE_NO_OFFSET};
        return hook.failed;
    }
    result_out->records = hook.records.ptr;
    result_out->count = hook.records.count;
    result_out->bad = hook.bad.ptr;
    result_out->bad_count = hook.bad.count;
    return BOUNCE_OK;
}
