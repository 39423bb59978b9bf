/* SPDX-License-Identifier: MIT
 * Webhooks of sending services: /v1/hooks/SERVICE/NAME. */
#include <stdio.h>

#include "base/arena.h"
#include "ingest/webhook/webhook.h"
#include "serve/http_deliver.h"
#include "serve/http_hook_keys.h"

#define HEADERS_MAX 100

/* The accounts as they are now: hook_accounts_drop(). */
static struct hook_accounts *take_accounts(struct http *http)
{
    struct hook_accounts *accounts;

    pthread_mutex_lock(&http->lock);
    accounts = http->hooks;
    atomic_fetch_add(&accounts->holders, 1);
    pthread_mutex_unlock(&http->lock);
    return accounts;
}

struct hooking {
    struct http_call *call;
    const struct hook_account *account;
    struct http_work *work;
    struct hook_result result;
};

static void log_hook(const struct hooking *h, enum serve_level level,
                     const char *what, const char *why)
{
    serve_log(h->call->http->serve, level, "hook", "account",
              h->account->source, "request", h->call->request_id, "result",
              what, "why", why, NULL);
}

/* Not believed: who sent it is told only that. */
static void refuse(const struct hooking *h)
{
    struct http_call *call = h->call;

    serve_add(call->http->serve, SERVE_DENIED, 1);
    log_hook(h, SERVE_WARNING, hook_trust_name(h->result.trust),
             h->result.why != NULL ? h->result.why : "");
    switch (h->result.trust) {
    case HOOK_ABSENT:
        http_problem(call, 401, "what shows who sent this is missing");
        return;
    case HOOK_OLD:
        http_problem(call, 403, "this was signed too long ago");
        return;
    case HOOK_NO_KEY:
        http_problem(call, 503, "this cannot be verified now");
        return;
    default:
        http_guessed(call);
        http_problem(call, 403, "signature, password or secret is wrong");
    }
}

static void flawed(const struct hooking *h)
{
    log_hook(h, SERVE_WARNING, "unreadable", h->result.flaw);
    if (h->result.flaw_at != BOUNCE_NO_OFFSET)
        http_problem(h->call, 400, "byte %zu: %s", h->result.flaw_at,
                     h->result.flaw);
    else
        http_problem(h->call, h->result.too_large ? 413 : 400, "%s",
                     h->result.flaw);
}

/* What a person, or a program that may reach the network, has to do. */
static void note_action(const struct hooking *h)
{
    char url[1024];

    if (h->result.action == HOOK_NOTHING)
        return;
    snprintf(url, sizeof(url), "%.*s",
             (int)(h->result.action_url.len < sizeof(url)
                       ? h->result.action_url.len
                       : 0),
             h->result.action_url.ptr);
    serve_log(h->call->http->serve, SERVE_WARNING, "hook-action", "account",
              h->account->source, "do",
              h->result.action == HOOK_CONFIRM
                  ? "open the URL: it confirms the subscription"
                  : "name it as Certificate-Url, its content as "
                    "Certificate-File",
              "url", url, NULL);
}

static void deliver(const struct hooking *h)
{
    struct http_delivery *delivery = http_delivery_new(h->call);
    size_t *items =
        arena_alloc(&h->work->arena, (h->result.count + 1) * sizeof(*items));

    if (delivery == NULL)
        return;
    for (size_t i = 0; i < h->result.count && items != NULL; i++)
        items[i] = (size_t)h->result.records[i].offset;
    http_delivery_lenient(delivery);
    http_delivery_count(delivery, h->result.items, h->result.passed,
                        h->result.unknown);
    for (size_t i = 0; i < h->result.bad_count; i++)
        http_delivery_bad(delivery, h->result.bad[i].index,
                          h->result.bad[i].cause);
    if (h->result.bad_count > 0)
        log_hook(h, SERVE_WARNING, "bad items", h->result.bad[0].cause);
    if (items != NULL)
        (void)http_delivery_add(delivery, h->result.records, items,
                                h->result.count);
    else
        http_delivery_no_memory(delivery);
    http_delivery_end(delivery);
}

static size_t copy_headers(const struct http_call *call,
                           struct hook_header *headers)
{
    struct http_header_pair pairs[HEADERS_MAX];
    size_t count =
        call->http->module->headers(call->exchange, pairs, HEADERS_MAX);

    for (size_t i = 0; i < count; i++)
        headers[i] = (struct hook_header){slice_cstr(pairs[i].name),
                                          slice_cstr(pairs[i].value)};
    return count;
}

static void read_hook(struct hooking *h)
{
    struct http_call *call = h->call;
    struct hook_config config = h->account->hook;
    struct hook_header headers[HEADERS_MAX];
    const struct hook_request request = {
        .headers = headers,
        .header_count = copy_headers(call, headers),
        .url_secret = slice_cstr(http_param(call, "secret")),
        .body = call->request->body};
    enum bounce_err err;

    config.now = serve_now(call->http->serve);
    err = hook_read(&request, &config, h->work->reader, &h->work->arena,
                    &h->result);
    if (err == BOUNCE_E_LIMIT) {
        http_problem(call, 413, "there is too much in it");
        return;
    }
    if (err != BOUNCE_OK) {
        http_no_memory(call);
        return;
    }
    note_action(h);
    if (h->result.trust != HOOK_SIGNED && h->result.trust != HOOK_OPEN)
        refuse(h);
    else if (h->result.flaw != NULL)
        flawed(h);
    else
        deliver(h);
}

/* An account that demands nothing of a request is for those with a token. */
static bool may_enter(struct http_call *call,
                      const struct hook_account *account)
{
    if (account->demands)
        return true;
    if (!http_authorize(call))
        return false;
    if ((call->roles & (HTTP_ROLE_INGEST | HTTP_ROLE_ADMIN)) != 0)
        return true;
    serve_add(call->http->serve, SERVE_DENIED, 1);
    http_problem(call, 403, "this token may not do that");
    return false;
}

static void hook_post(struct http_call *call)
{
    struct hook_accounts *accounts = take_accounts(call->http);
    struct hooking h = {
        .call = call,
        .account = hook_account_find(accounts, slice_cstr(call->rest))};

    if (h.account == NULL) {
        http_problem(call, 404,
                     "no Hook of this service and name is "
                     "configured");
    } else if (may_enter(call, h.account)) {
        h.work = http_work_take(call);
        if (h.work != NULL) {
            read_hook(&h);
            http_work_give(call->http, h.work);
        }
    }
    hook_accounts_drop(accounts);
}

/* Some services look whether the URL is there before they post to it. */
static void hook_get(struct http_call *call)
{
    struct hook_accounts *accounts = take_accounts(call->http);

    if (hook_account_find(accounts, slice_cstr(call->rest)) != NULL)
        http_text(call, 200, "text/plain", SLICE("ok\n"));
    else
        http_problem(call, 404,
                     "no Hook of this service and name is "
                     "configured");
    hook_accounts_drop(accounts);
}

const struct http_route http_routes_hooks[] = {
    {"POST", "/v1/hooks/", 0, false, hook_post},
    {"GET", "/v1/hooks/", 0, false, hook_get},
    {NULL, NULL, 0, false, NULL},
};
