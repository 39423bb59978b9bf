/* SPDX-License-Identifier: MIT */
#include "serve/http.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "engine/json_write.h"
#include "serve/file.h"
#include "serve/listen.h"
#include "serve/parts.h"
#include "store/module.h"

#define MAX_HEADER  ((size_t)32 << 10)
#define MAX_SECRETS ((size_t)1 << 20) /* bytes of a certificate's file */

static const struct http_route *const groups[] = {
    http_routes_check,  http_routes_hooks, http_routes_ingest,
    http_routes_health, http_routes_store, http_routes_knowledge,
};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

const char *http_param(const struct http_call *call, const char *name)
{
    return call->http->module->query(call->exchange, name);
}

const char *http_head(const struct http_call *call, const char *name)
{
    return call->http->module->header(call->exchange, name);
}

/* ---- Answers ----------------------------------------------------------- */

static void answer(struct http_call *call, unsigned status, const char *type,
                   struct bounce_slice body, const char *name,
                   const char *value)
{
    const struct http_header_pair pairs[] = {
        {"X-Request-Id", call->request_id},
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {name, value},
        {NULL, NULL}};

    if (status >= 400)
        serve_add(call->http->serve, SERVE_HTTP_ERRORS, 1);
    call->http->module->reply(call->exchange, status, type, body, pairs);
}

void http_text(struct http_call *call, unsigned status, const char *type,
               struct bounce_slice text)
{
    answer(call, status, type, text, NULL, NULL);
}

void http_json(struct http_call *call, unsigned status,
               struct bounce_slice json)
{
    http_text(call, status, "application/json", json);
}

static const char *title_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        if (titles[i].status == status)
            return titles[i].title;
    }
    return "Error";
}

static void problem(struct http_call *call, unsigned status, const char *detail,
                    const char *name, const char *value)
{
    char text[2048];
    struct json_writer w = {text, sizeof(text), 0};

    JSON_RAW(&w, "{\"type\":\"about:blank\",\"title\":");
    json_quoted(&w, slice_cstr(title_of(status)));
    JSON_RAW(&w, ",\"status\":");
    json_int(&w, status);
    JSON_RAW(&w, ",\"detail\":");
    json_quoted(&w, slice_cstr(detail));
    JSON_RAW(&w, ",\"instance\":");
    json_quoted(&w, slice_sub(slice_cstr(call->request->path), 0, 200));
    JSON_RAW(&w, ",\"request_id\":");
    json_quoted(&w, slice_cstr(call->request_id));
    JSON_RAW(&w, "}\n");
    answer(call, status, "application/problem+json",
           slice_make(text, w.len <= sizeof(text) ? w.len : 0), name, value);
}

void http_problem(struct http_call *call, unsigned status, const char *format,
                  ...)
{
    char detail[512];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    problem(call, status, detail, status == 401 ? "WWW-Authenticate" : NULL,
            "Bearer");
}

void http_store_problem(struct http_call *call, const struct store_error *error)
{
    serve_log(call->http->serve, SERVE_ERROR, "store", "request",
              call->request_id, "error", error->msg, NULL);
    if (error->code == STORE_E_VALUE)
        http_problem(call, 422, "%s", error->msg);
    else if (store_exit_status(error->code) == 75)
        problem(call, 503, "the store cannot do it now", "Retry-After", "5");
    else
        http_problem(call, 500, "the store failed");
}

/* ---- Calls ------------------------------------------------------------- */

struct http_call *http_call_keep(const struct http_call *call)
{
    struct http_call *kept = malloc(sizeof(*kept));

    if (kept != NULL)
        *kept = *call;
    return kept;
}

void http_call_free(struct http_call *call)
{
    free(call);
}

/* The caller's own id when it is a decent one, so that logs can be joined. */
static void set_request_id(struct http_call *call)
{
    static _Atomic unsigned counter;
    const char *given = http_head(call, "X-Request-Id");
    size_t len = given != NULL ? strlen(given) : 0;

    for (size_t i = 0; i < len; i++) {
        if (!ascii_is_alnum((unsigned char)given[i]) && given[i] != '-')
            len = 0;
    }
    if (len > 0 && len < sizeof(call->request_id))
        memcpy(call->request_id, given, len + 1);
    else
        snprintf(call->request_id, sizeof(call->request_id), "%llx-%x",
                 (unsigned long long)time(NULL), atomic_fetch_add(&counter, 1));
}

static bool fits(const struct http_route *route, const char *path,
                 const char **rest_out)
{
    size_t len = strlen(route->path);

    *rest_out = path + len;
    return strncmp(path, route->path, len) == 0 &&
           (route->path[len - 1] == '/' || path[len] == '\0');
}

/* NULL: there is none; *known_out: with another method there would be. */
static const struct http_route *find_route(const struct http_request *request,
                                           const char **rest_out,
                                           bool *known_out)
{
    *known_out = false;
    for (size_t g = 0; g < GROUPS; g++) {
        for (const struct http_route *route = groups[g]; route->method != NULL;
             route++) {
            if (!fits(route, request->path, rest_out))
                continue;
            *known_out = true;
            if (strcmp(route->method, request->method) == 0 ||
                (strcmp(request->method, "HEAD") == 0 &&
                 strcmp(route->method, "GET") == 0))
                return route;
        }
    }
    return NULL;
}

static void handle(void *ctx, struct http_exchange *exchange,
                   const struct http_request *request)
{
    struct http *http = ctx;
    struct http_call call = {
        .http = http, .exchange = exchange, .request = request};
    const struct http_route *route;
    bool known;

    serve_add(http->serve, SERVE_HTTP_REQUESTS, 1);
    set_request_id(&call);
    route = find_route(request, &call.rest, &known);
    if (route == NULL) {
        http_problem(&call, known ? 405 : 404,
                     known ? "%s is not done here" : "nothing is here%.0s",
                     request->method);
        return;
    }
    if (route->role != 0) {
        if (!http_authorize(&call))
            return;
        if ((call.roles & (route->role | HTTP_ROLE_ADMIN)) == 0) {
            serve_add(http->serve, SERVE_DENIED, 1);
            http_problem(&call, 403, "this token may not do that");
            return;
        }
    }
    route->handle(&call);
}

/* ---- The part ---------------------------------------------------------- */

static bool start_server(struct http *http, const char *where,
                         const struct http_server_options *common)
{
    struct http_server_options options = *common;
    char why[200];

    options.fd = listen_open(where, why);
    if (options.fd >= 0)
        http->servers[http->count] = http->module->start(&options, why);
    if (options.fd < 0 || http->servers[http->count] == NULL) {
        serve_log(http->serve, SERVE_ERROR, "listen", "part", "http", "at",
                  where, "error", why, NULL);
        return false;
    }
    http->count++;
    serve_log(http->serve, SERVE_INFO, "listen", "part", "http", "at", where,
              NULL);
    return true;
}

static void stop(struct serve *serve, void *part)
{
    struct http *http = part;
    const struct config_listen *listen = serve_config(serve)->http;

    while (http->count > 0)
        http->module->stop(http->servers[--http->count]);
    for (; listen != NULL; listen = listen->next)
        listen_close(listen->text);
    http_guard_free(http->guard);
    free(http->cert);
    free(http->key);
    free(http->servers);
    free(http);
}

static bool read_tls(struct http *http, const struct config *config)
{
    char why[200];

    if (config->tls_cert == NULL)
        return true;
    http->cert = file_read(config->tls_cert, MAX_SECRETS, NULL, why);
    if (http->cert != NULL)
        http->key = file_read(config->tls_key, MAX_SECRETS, NULL, why);
    if (http->key == NULL)
        serve_log(http->serve, SERVE_ERROR, "tls", "error", why, NULL);
    return http->key != NULL;
}

static bool start_all(struct http *http)
{
    const struct config *config = serve_config(http->serve);
    const struct http_server_options options = {
        .threads = config->http_threads,
        .max_connections = config->max_connections,
        .timeout_s = (unsigned)config->timeout_s,
        .max_body = config->max_body,
        .max_header = MAX_HEADER,
        .tls_cert = http->cert,
        .tls_key = http->key,
        .handle = handle,
        .ctx = http};
    size_t count = 0;

    for (const struct config_listen *at = config->http; at != NULL;
         at = at->next)
        count++;
    http->servers = calloc(count, sizeof(*http->servers));
    for (const struct config_listen *at = config->http; at != NULL;
         at = at->next) {
        if (http->servers == NULL || !start_server(http, at->text, &options))
            return false;
    }
    return true;
}

static bool start(struct serve *serve, void **part_out)
{
    const struct config *config = serve_config(serve);
    struct http *http;
    char why[200];

    if (config->http == NULL)
        return true;
    http = calloc(1, sizeof(*http));
    if (http == NULL)
        return false;
    http->serve = serve;
    *part_out = http;
    http->module = module_load("http", why);
    if (http->module == NULL) {
        serve_log(serve, SERVE_ERROR, "http", "error", why, NULL);
        return false;
    }
    http->guard = http_guard_new();
    return http->guard != NULL && read_tls(http, config) && start_all(http);
}

const struct serve_part serve_http = {"http", start, NULL, stop};
