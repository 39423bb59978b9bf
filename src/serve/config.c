/* SPDX-License-Identifier: MIT */
#include "serve/config.h"

#include <stdlib.h>

#include "base/stanza.h"
#include "serve/holds_text.h"
#include "serve/out_plan.h"

#define CONFIG_MEMORY ((size_t)4 << 20)
#define OUT_NAME_MAX  64 /* struct delivery has room for so much */
#define OUT_URL_MAX   1024

enum value { TEXT, YES_NO, NUMBER, SIZE, SPAN, LISTEN };

struct field {
    const char *name;
    enum value value;
    size_t offset; /* in the struct of the stanza */
};

#define AT(type, member) offsetof(struct type, member)

static const struct field serve_fields[] = {
    {"Store", TEXT, AT(config, store)},
    {"Policy", TEXT, AT(config, policy)},
    {"Rules", TEXT, AT(config, rules)},
    {"Address-Key", TEXT, AT(config, address_key)},
    {"Hash-Domains", YES_NO, AT(config, hash_domains)},
    {"Require-Signed-Hooks", YES_NO, AT(config, require_signed_hooks)},
    {"Log-Addresses", YES_NO, AT(config, log_addresses)},
    {"Local-Is-Admin", YES_NO, AT(config, local_is_admin)},
    {"Loopback-Trusted", YES_NO, AT(config, loopback_trusted)},
    {"Fail-Closed", YES_NO, AT(config, fail_closed)},
    {"Keep-Raw-Days", NUMBER, AT(config, keep_raw_days)},
    {"Keep-Events-Days", NUMBER, AT(config, keep_events_days)},
    {"Http-Threads", NUMBER, AT(config, http_threads)},
    {"Max-Connections", NUMBER, AT(config, max_connections)},
    {"Readers", NUMBER, AT(config, readers)},
    {"Max-Body", SIZE, AT(config, max_body)},
    {"Timeout", SPAN, AT(config, timeout_s)},
    {"Http", LISTEN, AT(config, http)},
    {"Lmtp", LISTEN, AT(config, lmtp)},
    {"Policy-Service", LISTEN, AT(config, policy_service)},
    {"Tls-Cert", TEXT, AT(config, tls_cert)},
    {"Tls-Key", TEXT, AT(config, tls_key)},
    {"Hostname", TEXT, AT(config, hostname)},
    {"Holds-File", TEXT, AT(config, holds_file)},
    {"Holds-Format", TEXT, AT(config, holds_format)},
    {"Holds-Ip", TEXT, AT(config, holds_ip)},
    {"Holds-From", TEXT, AT(config, holds_from)},
    {"Holds-Campaign", TEXT, AT(config, holds_campaign)},
    {"Verp-Key", TEXT, AT(config, verp_keys)},
};

static const struct field hook_fields[] = {
    {"Hook", TEXT, AT(config_hook, name)},
    {"Service", TEXT, AT(config_hook, service)},
    {"Secret-File", TEXT, AT(config_hook, secret_file)},
    {"Basic-Auth-File", TEXT, AT(config_hook, basic_auth_file)},
    {"Url-Secret-File", TEXT, AT(config_hook, url_secret_file)},
    {"Bearer-File", TEXT, AT(config_hook, bearer_file)},
    {"Url", TEXT, AT(config_hook, url)},
    {"Certificate-File", TEXT, AT(config_hook, certificate_file)},
    {"Certificate-Url", TEXT, AT(config_hook, certificate_url)},
    {"Topics", TEXT, AT(config_hook, topics)},
    {"Scope", TEXT, AT(config_hook, scope)},
    {"Map-File", TEXT, AT(config_hook, map_file)},
    {"Tolerance", SPAN, AT(config_hook, tolerance_s)},
};

static const struct field log_fields[] = {
    {"Log", TEXT, AT(config_log, path)},
    {"Format", TEXT, AT(config_log, format)},
    {"Scope", TEXT, AT(config_log, scope)},
};

static const struct field out_fields[] = {
    {"Out", TEXT, AT(config_out, name)},
    {"Url", TEXT, AT(config_out, url)},
    {"Secret-File", TEXT, AT(config_out, secret_file)},
    {"Events", TEXT, AT(config_out, events)},
    {"Ca-File", TEXT, AT(config_out, ca_file)},
    {"Proxy", TEXT, AT(config_out, proxy)},
    {"Allow-Http", YES_NO, AT(config_out, allow_http)},
    {"Timeout", SPAN, AT(config_out, timeout_s)},
    {"Retry", SPAN, AT(config_out, retry_s)},
    {"Retry-Max", SPAN, AT(config_out, retry_max_s)},
    {"Give-Up", SPAN, AT(config_out, give_up_s)},
    {"Max-Attempts", NUMBER, AT(config_out, max_attempts)},
};

struct reading {
    struct config *config;
    const char *name;
    struct bounce_error *error;
};

static bool wrong(const struct reading *reading,
                  const struct stanza_field *field, const char *why)
{
    error_set(reading->error, BOUNCE_E_RULES, field->line,
              "%s:%u: %.*s %s: %.*s", reading->name, field->line,
              SLICE_ARG(field->name), why, SLICE_ARG(field->value));
    return false;
}

static bool no_memory(const struct reading *reading)
{
    error_set(reading->error, arena_error(&reading->config->arena), 0,
              "%s: out of memory", reading->name);
    return false;
}

/* "10", and with a unit "10M" or "10d"; false: it is none, or too large. */
static bool parse_number(struct bounce_slice text, const char *units,
                         const int64_t *factors, int64_t *value_out)
{
    unsigned number;
    size_t digits = slice_parse_uint(text, 9, &number);
    const char *unit;

    if (digits == 0 || digits + 1 < text.len)
        return false;
    *value_out = number;
    if (digits == text.len)
        return true;
    unit = strchr(units, text.ptr[digits]);
    if (unit == NULL || text.ptr[digits] == '\0')
        return false;
    *value_out *= factors[unit - units];
    return true;
}

static bool set_listen(const struct reading *reading,
                       struct config_listen **end, const char *text)
{
    struct config_listen *listen =
        arena_calloc(&reading->config->arena, 1, sizeof(*listen));

    if (listen == NULL)
        return no_memory(reading);
    while (*end != NULL)
        end = &(*end)->next;
    listen->text = text;
    *end = listen;
    return true;
}

static bool listens(struct bounce_slice text)
{
    return slice_starts(text, SLICE("unix:/")) ||
           slice_starts(text, SLICE("fd:")) ||
           slice_rfind_byte(text, ':') != SLICE_NPOS;
}

static bool set_value(const struct reading *reading, const struct field *known,
                      const struct stanza_field *field, void *target)
{
    static const int64_t sizes[] = {1 << 10, 1 << 20, 1 << 30};
    static const int64_t spans[] = {1, 60, 3600, 86400};
    char *at = (char *)target + known->offset;
    struct bounce_slice text = arena_dup(&reading->config->arena, field->value);
    int64_t number;

    if (text.ptr == NULL)
        return no_memory(reading);
    switch (known->value) {
    case TEXT:
        memcpy(at, &text.ptr, sizeof(text.ptr));
        return field->value.len > 0 || wrong(reading, field, "is empty");
    case YES_NO:
        *(bool *)at = slice_eq_nocase(field->value, SLICE("yes"));
        return *(bool *)at || slice_eq_nocase(field->value, SLICE("no")) ||
               wrong(reading, field, "wants yes or no, not");
    case NUMBER:
        if (!parse_number(field->value, "", NULL, &number))
            return wrong(reading, field, "wants a number, not");
        *(unsigned *)at = (unsigned)number;
        return true;
    case SIZE:
        if (!parse_number(field->value, "KMG", sizes, &number))
            return wrong(reading, field, "wants bytes, such as 32M, not");
        *(size_t *)at = (size_t)number;
        return true;
    case SPAN:
        if (!parse_number(field->value, "smhd", spans, &number))
            return wrong(reading, field, "wants a time, such as 30s, not");
        *(int64_t *)at = number;
        return true;
    case LISTEN:
        if (!listens(field->value))
            return wrong(reading, field,
                         "wants HOST:PORT, unix:PATH or fd:NAME, not");
        return set_listen(reading, (struct config_listen **)(void *)at,
                          text.ptr);
    }
    return false;
}

static bool take_fields(const struct reading *reading,
                        const struct stanza *stanza, const struct field *known,
                        size_t count, size_t first, void *target)
{
    for (size_t i = first; i < stanza->count; i++) {
        const struct stanza_field *field = &stanza->fields[i];
        size_t k = 0;

        while (k < count &&
               !slice_eq_nocase(field->name, slice_cstr(known[k].name)))
            k++;
        if (k == count)
            return wrong(reading, field, "is no field here");
        for (size_t j = first; j < i && known[k].value != LISTEN; j++) {
            if (slice_eq_nocase(stanza->fields[j].name, field->name))
                return wrong(reading, field, "stands twice");
        }
        if (!set_value(reading, &known[k], field, target))
            return false;
    }
    return true;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool demand(const struct reading *reading, const struct stanza *stanza,
                   const char *value, const char *what)
{
    if (value != NULL)
        return true;
    return wrong(reading, &stanza->fields[0], what);
}

static bool take_hook(const struct reading *reading,
                      const struct stanza *stanza)
{
    struct config_hook *hook =
        arena_calloc(&reading->config->arena, 1, sizeof(*hook));
    struct config_hook **end = &reading->config->hooks;

    if (hook == NULL)
        return no_memory(reading);
    hook->tolerance_s = 300;
    if (!take_fields(reading, stanza, hook_fields, COUNT(hook_fields), 0,
                     hook) ||
        !demand(reading, stanza, hook->service, "has no Service"))
        return false;
    for (; *end != NULL; end = &(*end)->next) {
        if (strcmp((*end)->name, hook->name) == 0 &&
            strcmp((*end)->service, hook->service) == 0)
            return wrong(reading, &stanza->fields[0], "stands twice");
    }
    *end = hook;
    return true;
}

static bool take_log(const struct reading *reading, const struct stanza *stanza)
{
    struct config_log *log =
        arena_calloc(&reading->config->arena, 1, sizeof(*log));
    struct config_log **end = &reading->config->logs;

    if (log == NULL)
        return no_memory(reading);
    if (!take_fields(reading, stanza, log_fields, COUNT(log_fields), 0, log) ||
        !demand(reading, stanza, log->format, "has no Format"))
        return false;
    while (*end != NULL)
        end = &(*end)->next;
    *end = log;
    return true;
}

/* The field of this name, which is there; else the stanza's first. */
static const struct stanza_field *field_of(const struct stanza *stanza,
                                           const char *name)
{
    for (size_t i = 0; i < stanza->count; i++) {
        if (slice_eq_nocase(stanza->fields[i].name, slice_cstr(name)))
            return &stanza->fields[i];
    }
    return &stanza->fields[0];
}

/* Names stand in metrics, in JSON and in the store as they are. */
static bool is_name(struct bounce_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_alnum((unsigned char)text.ptr[i]) &&
            memchr("-_.", text.ptr[i], 3) == NULL)
            return false;
    }
    return text.len > 0 && text.len < OUT_NAME_MAX;
}

static bool check_out(const struct reading *reading,
                      const struct stanza *stanza, const struct config_out *out)
{
    const char *flaw = out_url_flaw(slice_cstr(out->url), out->allow_http);
    struct bounce_slice word;
    unsigned mask;

    if (!is_name(slice_cstr(out->name)))
        return wrong(reading, &stanza->fields[0],
                     "wants letters, digits and -_. alone, not");
    if (flaw == NULL && strlen(out->url) >= OUT_URL_MAX)
        flaw = "is too long";
    if (flaw != NULL)
        return wrong(reading, field_of(stanza, "Url"), flaw);
    if (!out_events(slice_cstr(out->events), &mask, &word))
        return wrong(reading, field_of(stanza, "Events"),
                     "wants state, hold, incident, suppressed, suspended, "
                     "released, held, freed, opened, closed, not");
    if (out->timeout_s < 1 || out->timeout_s > 300)
        return wrong(reading, field_of(stanza, "Timeout"),
                     "wants 1s to 300s, not");
    if (out->retry_s < 1 || out->retry_max_s < out->retry_s)
        return wrong(reading, field_of(stanza, "Retry"),
                     "wants 1s at least, and no more than Retry-Max, not");
    return out->max_attempts > 0 ||
           wrong(reading, field_of(stanza, "Max-Attempts"),
                 "wants 1 at least, not");
}

static bool take_out(const struct reading *reading, const struct stanza *stanza)
{
    struct config_out *out =
        arena_calloc(&reading->config->arena, 1, sizeof(*out));
    struct config_out **end = &reading->config->outs;

    if (out == NULL)
        return no_memory(reading);
    out->timeout_s = 15;
    out->retry_s = 5;
    out->retry_max_s = 3600;
    out->give_up_s = 3 * (int64_t)86400;
    out->max_attempts = 100;
    if (!take_fields(reading, stanza, out_fields, COUNT(out_fields), 0, out) ||
        !demand(reading, stanza, out->url, "has no Url") ||
        !demand(reading, stanza, out->secret_file, "has no Secret-File") ||
        !check_out(reading, stanza, out))
        return false;
    for (; *end != NULL; end = &(*end)->next) {
        if (strcmp((*end)->name, out->name) == 0)
            return wrong(reading, &stanza->fields[0], "stands twice");
    }
    *end = out;
    return true;
}

static bool take_serve(const struct reading *reading,
                       const struct stanza *stanza)
{
    struct config *config = reading->config;

    if (!take_fields(reading, stanza, serve_fields, COUNT(serve_fields), 1,
                     config))
        return false;
    if (config->holds_file != NULL && config->holds_file[0] != '/')
        return wrong(reading, field_of(stanza, "Holds-File"),
                     "wants an absolute path, not");
    return holds_format_parse(slice_cstr(config->holds_format)) !=
               HOLDS_FORMATS ||
           wrong(reading, field_of(stanza, "Holds-Format"),
                 "wants postfix, postfix-transport, kumomta or json, not");
}

static bool take_stanza(const struct reading *reading,
                        const struct stanza *stanza, bool *served)
{
    const struct stanza_field *first = &stanza->fields[0];

    if (slice_eq_nocase(first->name, SLICE("Serve"))) {
        if (*served)
            return wrong(reading, first, "stands twice");
        *served = true;
        return take_serve(reading, stanza);
    }
    if (slice_eq_nocase(first->name, SLICE("Hook")))
        return take_hook(reading, stanza);
    if (slice_eq_nocase(first->name, SLICE("Log")))
        return take_log(reading, stanza);
    if (slice_eq_nocase(first->name, SLICE("Out")))
        return take_out(reading, stanza);
    return wrong(reading, first,
                 "begins no stanza: Serve, Hook, Log and Out do");
}

static bool check_whole(const struct reading *reading)
{
    const struct config *config = reading->config;

    if ((config->tls_cert == NULL) != (config->tls_key == NULL)) {
        error_set(reading->error, BOUNCE_E_RULES, 0,
                  "%s: Tls-Cert and Tls-Key go together", reading->name);
        return false;
    }
    if (config->hash_domains && config->address_key == NULL) {
        error_set(reading->error, BOUNCE_E_RULES, 0,
                  "%s: Hash-Domains wants an Address-Key", reading->name);
        return false;
    }
    return true;
}

static bool read_all(const struct reading *reading, struct bounce_slice text)
{
    struct stanza_reader stanzas;
    struct stanza stanza;
    struct bounce_error error = {0};
    bool served = false;

    stanza_reader_init(&stanzas, text);
    while (stanza_next(&stanzas, &reading->config->arena, &stanza, &error)) {
        if (!take_stanza(reading, &stanza, &served))
            return false;
    }
    if (error.code != BOUNCE_OK) {
        error_set(reading->error, error.code, error.line, "%s:%u: %s",
                  reading->name, error.line, error.msg);
        return false;
    }
    return check_whole(reading);
}

struct config *config_read(const char *name, const char *data, size_t len,
                           struct bounce_error *error_out)
{
    struct config *config = calloc(1, sizeof(*config));
    const struct reading reading = {config, name, error_out};

    if (config == NULL) {
        error_set(error_out, BOUNCE_E_NOMEM, 0, "%s: out of memory", name);
        return NULL;
    }
    arena_init(&config->arena, allocator_default(), CONFIG_MEMORY);
    config->local_is_admin = true;
    config->keep_events_days = 400;
    config->holds_format = "postfix";
    config->http_threads = 2;
    config->max_connections = 4000;
    config->readers = 4;
    config->max_body = (size_t)32 << 20;
    config->timeout_s = 30;
    if (!read_all(&reading, slice_make(data, len))) {
        config_free(config);
        return NULL;
    }
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    arena_clear(&config->arena);
    free(config);
}
