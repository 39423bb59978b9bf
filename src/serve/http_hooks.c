/* SPDX-License-Identifier: MIT
 * Webhooks of sending services: /v1/hooks/SERVICE/NAME. */
#include <stdio.h>

#include "base/arena.h"
#include "ingest/webhook/webhook.h"
#include "serve/http_deliver.h"
#include "serve/http_hook_keys.h"
#include "serve/http_jobs.h"
#include "serve/sns.h"

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

/* As the account says, with a certificate that was fetched where the request
 * wants it. */
static bool read_hook(struct hooking *h)
{
    struct http_call *call = h->call;
    struct hook_config config = h->account->hook;
    struct hook_header headers[HEADERS_MAX];
    const struct hook_request request = {
        .headers = headers,
        .header_count = copy_headers(call, headers),
        .url_secret = slice_cstr(http_param(call, "secret")),
        .body = call->request->body};
    struct arena *arena = &h->work->arena;
    enum bounce_err err;

    config.now = serve_now(call->http->serve);
    err = hook_read(&request, &config, h->work->reader, arena, &h->result);
    if (err == BOUNCE_OK && h->result.action == HOOK_FETCH_CERTIFICATE) {
        config.certificate_url = h->result.action_url;
        if (!sns_certificate(call->http->sns, config.certificate_url,
                             config.now, arena, &config.certificate))
            err = BOUNCE_E_NOMEM;
        else if (config.certificate.ptr != NULL)
            err = hook_read(&request, &config, h->work->reader, arena,
                            &h->result);
    }
    if (err != BOUNCE_OK)
        http_no_memory(call);
    return err == BOUNCE_OK;
}

static void answer_hook(struct hooking *h)
{
    if (h->result.trust != HOOK_SIGNED && h->result.trust != HOOK_OPEN)
        refuse(h);
    else if (h->result.flaw != NULL)
        flawed(h);
    else
        deliver(h);
}

/* ---- What Amazon SNS wants fetched ------------------------------------- */

static void log_fetch(const struct hooking *h, enum serve_level level,
                      const char *what, const char *why)
{
    char url[1024];
    struct bounce_slice full = h->result.action_url;

    /* A confirmation's query has its token. */
    if (h->result.action == HOOK_CONFIRM)
        full = slice_sub(full, 0, slice_find_byte(full, '?'));
    snprintf(url, sizeof(url), "%.*s",
             (int)(full.len < sizeof(url) ? full.len : 0), full.ptr);
    serve_log(h->call->http->serve, level, what, "account", h->account->source,
              "request", h->call->request_id, "url", url, "why", why, NULL);
}

static bool is_trusted(const struct hooking *h)
{
    return h->result.trust == HOOK_SIGNED || h->result.trust == HOOK_OPEN;
}

static bool is_to_confirm(const struct hooking *h)
{
    return h->result.action == HOOK_CONFIRM && is_trusted(h) &&
           h->result.flaw == NULL;
}

static bool is_to_fetch(const struct hooking *h)
{
    struct http *http = h->call->http;

    return h->result.action == HOOK_FETCH_CERTIFICATE && !is_trusted(h) &&
           sns_may_fetch(http->sns, h->result.action_url,
                         serve_now(http->serve));
}

static void confirm(struct hooking *h)
{
    char why[SNS_WHY_CAP];

    if (sns_confirm(h->call->http->sns, h->result.action_url, why)) {
        log_fetch(h, SERVE_INFO, "hook-confirmed", "");
        deliver(h);
        return;
    }
    log_fetch(h, SERVE_WARNING, "hook-confirm", why);
    http_problem(h->call, 503, "the subscription cannot be confirmed now");
}

/* In a thread that may wait. Amazon repeats what is answered with 503. */
static void fetch_and_answer(struct hooking *h)
{
    struct http *http = h->call->http;
    char why[SNS_WHY_CAP];

    if (is_to_fetch(h)) {
        if (!sns_fetch(http->sns, h->result.action_url, serve_now(http->serve),
                       why))
            log_fetch(h, SERVE_WARNING, "hook-certificate", why);
        else if (!read_hook(h))
            return;
    }
    if (is_to_confirm(h))
        confirm(h);
    else
        answer_hook(h);
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

static void hook_wait(struct http_call *call);

static void handle(struct http_call *call, bool may_wait)
{
    struct hook_accounts *accounts = take_accounts(call->http);
    struct hooking h = {
        .call = call,
        .account = hook_account_find(accounts, slice_cstr(call->rest))};

    if (h.account == NULL)
        http_problem(call, 404,
                     "no Hook of this service and name is "
                     "configured");
    else if (may_enter(call, h.account))
        h.work = http_work_take(call);
    if (h.work != NULL) {
        if (!read_hook(&h))
            ; /* which was answered */
        else if (may_wait)
            fetch_and_answer(&h);
        else if (!is_to_confirm(&h) && !is_to_fetch(&h))
            answer_hook(&h);
        else if (!http_jobs_add(call->http->fetching, call, hook_wait))
            http_problem(call, 503, "too much waits already");
        http_work_give(call->http, h.work);
    }
    hook_accounts_drop(accounts);
}

/* Once more, where it may wait for Amazon. */
static void hook_wait(struct http_call *call)
{
    handle(call, true);
}

static void hook_post(struct http_call *call)
{
    handle(call, false);
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
