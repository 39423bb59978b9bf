/* SPDX-License-Identifier: MIT
 * What people do: suppress and release, addresses in the body so that no proxy
 * logs them. */
#include <stdio.h>

#include "base/arena.h"
#include "ingest/json.h"
#include "serve/http_deliver.h"
#include "serve/http_filter.h"
#include "serve/http_store.h"

#define ADDRESSES_MAX 10000

struct acting {
    struct http_call *call;
    struct http_work *work;
    const struct json *body;
    const struct json *first; /* of the addresses */
    size_t count;
    struct record common;
};

/* Some member that must be a string; NULL slice: it is not there. */
static bool take_text(struct acting *a, const char *name,
                      struct bounce_slice *text_out)
{
    const struct json *value = json_get(a->body, name);

    *text_out = SLICE_NULL;
    if (value == NULL || value->type == JSON_NULL)
        return true;
    if (value->type != JSON_STRING) {
        http_problem(a->call, 400, "%s wants a string", name);
        return false;
    }
    *text_out = value->text;
    return true;
}

static bool take_addresses(struct acting *a)
{
    const struct json *one = json_get(a->body, "address");
    const struct json *many = json_get(a->body, "addresses");

    if (json_is(one, JSON_STRING) && many == NULL) {
        a->first = one;
        a->count = 1;
        return true;
    }
    if (one != NULL || !json_is(many, JSON_ARRAY) || many->count == 0) {
        http_problem(a->call, 400,
                     "address (a string) or addresses (a list of "
                     "strings) is wanted");
        return false;
    }
    if (many->count > ADDRESSES_MAX) {
        http_problem(a->call, 400, "at most %d addresses at once",
                     ADDRESSES_MAX);
        return false;
    }
    for (const struct json *j = many->first; j != NULL; j = j->next) {
        if (j->type != JSON_STRING) {
            http_problem(a->call, 400, "addresses wants strings");
            return false;
        }
    }
    a->first = many->first;
    a->count = many->count;
    return true;
}

/* The body, the addresses, and what suppress and release share. */
static bool read_body(struct acting *a, enum record_act act)
{
    struct http_call *call = a->call;
    struct bounce_slice scope;
    struct bounce_error error;
    struct json *root;
    enum bounce_err err =
        json_parse(&a->work->arena, call->request->body, &json_limits_default,
                   false, &root, &error);

    if (err != BOUNCE_OK) {
        http_problem(call, err == BOUNCE_E_LIMIT ? 413 : 400, "byte %zu: %s",
                     error.offset, error.msg);
        return false;
    }
    a->body = root;
    if (root->type != JSON_OBJECT) {
        http_problem(call, 400, "an object is wanted");
        return false;
    }
    record_init(&a->common, NULL);
    a->common.act = act;
    a->common.source = SLICE("by hand");
    a->common.event.occurred_at = serve_now(call->http->serve);
    return take_addresses(a) && take_text(a, "scope", &scope) &&
           take_text(a, "reason", &a->common.reason) &&
           http_scope(call, scope, &a->common.event.scope);
}

static void deliver(struct acting *a, const char *action, const char *changed,
                    const char *unchanged)
{
    struct record *records =
        arena_calloc(&a->work->arena, a->count, sizeof(*records));
    const struct json *value = a->first;
    struct http_delivery *delivery;

    if (records == NULL) {
        http_no_memory(a->call);
        return;
    }
    for (size_t i = 0; i < a->count; i++, value = value->next) {
        records[i] = a->common;
        records[i].event.recipient = value->text;
        if (value->text.len == 0) {
            http_problem(a->call, 400, "address %zu is empty", i);
            return;
        }
    }
    if (!http_audit(
            a->call, action, "%zu addresses, the first %.*s; %.*s", a->count,
            (int)(a->first->text.len < 100 ? a->first->text.len : 100),
            a->first->text.ptr,
            (int)(a->common.reason.len < 200 ? a->common.reason.len : 200),
            a->common.reason.ptr != NULL ? a->common.reason.ptr : ""))
        return;
    delivery = http_delivery_new(a->call);
    if (delivery == NULL)
        return;
    http_delivery_count(delivery, a->count, 0, 0);
    http_delivery_tell(delivery, changed, unchanged);
    (void)http_delivery_add(delivery, records, NULL, a->count);
    http_delivery_end(delivery);
}

/* Takes the call's memory, reads and does it. */
static void act(struct http_call *call, enum record_act what,
                bool (*read)(struct acting *a), const char *changed,
                const char *unchanged)
{
    struct acting a = {.call = call};

    if (!http_has_type(call, "application/json")) {
        http_problem(call, 415, "application/json is wanted");
        return;
    }
    a.work = http_work_take(call);
    if (a.work == NULL)
        return;
    if (read_body(&a, what) && read(&a))
        deliver(&a, what == RECORD_SUPPRESS ? "suppress" : "release", changed,
                unchanged);
    http_work_give(call->http, a.work);
}

static bool read_suppression(struct acting *a)
{
    const int64_t now = a->common.event.occurred_at;
    struct bounce_slice cause, until;
    int64_t span;

    if (!take_text(a, "cause", &cause) || !take_text(a, "until", &until))
        return false;
    a->common.slot = BOUNCE_SLOT_MANUAL;
    for (int i = BOUNCE_SLOT_HARD; cause.ptr != NULL && i <= BOUNCE_SLOTS;
         i++) {
        if (i == BOUNCE_SLOTS) {
            http_problem(a->call, 400,
                         "cause wants hard, counted, complaint, "
                         "unsubscribe or manual");
            return false;
        }
        a->common.slot = (enum bounce_slot)i;
        if (slice_eq(cause, slice_cstr(bounce_slot_name(a->common.slot))))
            break;
    }
    a->common.until = BOUNCE_NO_TIME;
    if (until.ptr == NULL)
        return true;
    span = http_span(until);
    a->common.until = span >= 0 ? now + span : http_time(until, now);
    if (a->common.until != BOUNCE_NO_TIME && a->common.until > now)
        return true;
    http_problem(a->call, 400,
                 "until wants a time to come, or a span such as 30d");
    return false;
}

static bool read_release(struct acting *a)
{
    struct bounce_slice consent;

    if (!take_text(a, "consent", &consent))
        return false;
    a->common.consent = consent.len > 0;
    if (consent.len > 0)
        a->common.reason = consent;
    return true;
}

void http_suppress(struct http_call *call)
{
    act(call, RECORD_SUPPRESS, read_suppression, NULL, NULL);
}

void http_release(struct http_call *call)
{
    act(call, RECORD_RELEASE, read_release, NULL, NULL);
}
