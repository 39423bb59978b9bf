/* SPDX-License-Identifier: MIT */
#include "serve/http.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "serve/http_jobs.h"

#define LARGE_BODY ((size_t)16 << 10) /* bytes: takes more than a moment */
#define QUEUE_LONG 5000               /* records: the writer may let us wait */

static const struct {
    const char *name;
    const struct http_route *routes;
    bool writes; /* what is posted there goes to the writer */
} groups[] = {
    {"check", http_routes_check, false},
    {"hooks", http_routes_hooks, true},
    {"ingest", http_routes_ingest, true},
    {"store", http_routes_store, true},
    {"knowledge", http_routes_knowledge, false},
    {"health", http_routes_health, false},
};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))
static_assert(GROUPS <= HTTP_GROUPS, "there is a place for each in http");

const char *http_group_name(size_t i)
{
    return i < GROUPS ? groups[i].name : NULL;
}

const char *http_param(const struct http_call *call, const char *name)
{
    return call->http->module->query(call->exchange, name);
}

const char *http_head(const struct http_call *call, const char *name)
{
    return call->http->module->header(call->exchange, name);
}

bool http_has_type(const struct http_call *call, const char *type)
{
    struct bounce_slice given = slice_cstr(http_head(call, "Content-Type"));

    given = slice_trim(slice_sub(given, 0, slice_find_byte(given, ';')));
    return slice_eq_nocase(given, slice_cstr(type));
}

/* ---- Answers ----------------------------------------------------------- */

static void count_answer(const struct http_call *call, unsigned status)
{
    serve_add(call->http->serve, SERVE_HTTP_REQUESTS, 1);
    if (status >= 400)
        serve_add(call->http->serve, SERVE_HTTP_ERRORS, 1);
    http_metrics_add(&call->http->metrics[call->group], status,
                     http_clock_us() - call->started_us);
}

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

    count_answer(call, status);
    call->http->module->reply(call->exchange, status, type, body, pairs);
}

void http_text(struct http_call *call, unsigned status, const char *type,
               struct bounce_slice text)
{
    answer(call, status, type, text, NULL, NULL);
}

void http_stream(struct http_call *call, const char *type, http_pull_fn *pull,
                 void (*done)(void *ctx), void *ctx)
{
    count_answer(call, 200);
    call->http->module->stream(call->exchange, 200, type, pull, done, ctx);
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
    else if (store_exit_status(error->code) == 75 ||
             error->code == STORE_E_OPEN) /* it could be opened before */
        problem(call, 503, "the store cannot do it now", "Retry-After", "5");
    else
        http_problem(call, 500, "the store failed");
}

void http_no_memory(struct http_call *call)
{
    problem(call, 503, "out of memory", "Retry-After", "5");
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

/* NULL: there is none; *allow_out: the methods that there would be one with,
 * NULL: none. */
static const struct http_route *find_route(const struct http_request *request,
                                           const char **rest_out,
                                           size_t *group_out,
                                           const char **allow_out)
{
    *allow_out = NULL;
    *group_out = HTTP_GROUPS;
    for (size_t g = 0; g < GROUPS; g++) {
        for (const struct http_route *route = groups[g].routes;
             route->method != NULL; route++) {
            if (!fits(route, request->path, rest_out))
                continue;
            *allow_out = *allow_out == NULL ? route->method : "GET, POST";
            *group_out = g;
            if (strcmp(route->method, request->method) == 0 ||
                (strcmp(request->method, "HEAD") == 0 &&
                 strcmp(route->method, "GET") == 0))
                return route;
        }
    }
    return NULL;
}

/* Whom the call comes from and where it goes. NULL: it was refused. */
static const struct http_route *begin(struct http_call *call)
{
    const struct http_route *route;
    const char *allow;

    call->started_us = http_clock_us();
    set_request_id(call);
    route = find_route(call->request, &call->rest, &call->group, &allow);
    if (route == NULL && allow != NULL)
        problem(call, 405, "there is no such method here", "Allow", allow);
    else if (route == NULL)
        http_problem(call, 404, "nothing is here");
    if (route == NULL)
        return NULL;
    if (route->role == 0)
        return route;
    if (!http_authorize(call))
        return NULL;
    if ((call->roles & (route->role | HTTP_ROLE_ADMIN)) != 0)
        return route;
    serve_add(call->http->serve, SERVE_DENIED, 1);
    http_problem(call, 403, "this token may not do that");
    return NULL;
}

bool http_may_send(void *ctx, struct http_exchange *exchange,
                   const struct http_request *request)
{
    struct http_call call = {
        .http = ctx, .exchange = exchange, .request = request};

    if (strcmp(request->method, "GET") == 0 ||
        strcmp(request->method, "HEAD") == 0)
        return true;
    return begin(&call) != NULL;
}

/* Whether a call may have to wait for room in the writer's queue: no thread of a
 * server waits for that, since others are served by it. */
static bool may_wait(const struct http_call *call)
{
    struct writer_counts counts;

    if (!groups[call->group].writes)
        return false;
    writer_counts(serve_writer(call->http->serve), &counts);
    return counts.waiting >= QUEUE_LONG;
}

void http_handle(void *ctx, struct http_exchange *exchange,
                 const struct http_request *request)
{
    struct http *http = ctx;
    struct http_call call = {
        .http = http, .exchange = exchange, .request = request};
    const struct http_route *route = begin(&call);

    if (route == NULL)
        return;
    if (!route->slow && request->body.len < LARGE_BODY && !may_wait(&call))
        route->handle(&call);
    else if (!http_jobs_add(http->jobs, &call, route->handle))
        http_problem(&call, 503, "too much waits already");
}
