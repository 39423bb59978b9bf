/* SPDX-License-Identifier: MIT
 * Replies that no rule knows, like ones counted together: /v1/unknown. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "serve/http_filter.h"
#include "serve/http_store.h"

#define EVENTS_MAX 5000 /* the newest ones that are looked at */
#define SLOTS      8192

struct template
{
    struct bounce_slice text, example, provider;
    int64_t newest_at, oldest_at;
    size_t count;
};

struct counting {
    struct http_work *work;
    struct template *slots[SLOTS];
    struct template **list; /* in the order they came */
    size_t count;
    bool no_memory;
};

static struct template **slot_of(struct counting *c, struct bounce_slice text)
{
    size_t at = hash_bytes(text) % SLOTS;

    while (c->slots[at] != NULL && !slice_eq(c->slots[at]->text, text))
        at = (at + 1) % SLOTS;
    return &c->slots[at];
}

static struct template *add(struct counting *c, struct template **slot,
                            struct bounce_slice text,
                            const struct bounce_event *event)
{
    struct template *t = arena_calloc(&c->work->arena, 1, sizeof(*t));

    if (t == NULL)
        return NULL;
    t->text = arena_dup(&c->work->arena, text);
    t->example = arena_dup(&c->work->arena, event->diagnostic);
    t->provider = arena_dup(&c->work->arena, event->provider);
    if (t->text.ptr == NULL || t->example.ptr == NULL)
        return NULL;
    *slot = t;
    c->list[c->count++] = t;
    return t;
}

static bool take(void *ctx, const struct list_event *row)
{
    struct counting *c = ctx;
    const struct bounce_event *event = &row->record->event;
    const struct bounce_reply reply = {.size = sizeof(reply),
                                       .text = event->diagnostic};
    const struct bounce_result *result;
    struct bounce_slice text;
    struct template **slot, *t;

    if (event->diagnostic.len == 0 ||
        bounce_classify(c->work->reader, &reply, &result, NULL) != BOUNCE_OK)
        return true;
    text = bounce_reader_template(c->work->reader);
    if (text.len == 0)
        return true;
    slot = slot_of(c, text);
    t = *slot != NULL ? *slot : add(c, slot, text, event);
    if (t == NULL) {
        c->no_memory = true;
        return false;
    }
    if (t->count++ == 0)
        t->newest_at = row->recorded_at; /* newest first */
    t->oldest_at = row->recorded_at;
    return true;
}

static int by_count(const void *a, const void *b)
{
    const struct template *const *x = a, *const *y = b;

    if ((*x)->count != (*y)->count)
        return (*x)->count > (*y)->count ? -1 : 1;
    return slice_compare((*x)->text, (*y)->text);
}

static void write_template(struct json_writer *w, const void *row)
{
    const struct template *t = row;

    JSON_RAW(w, "{\"template\":");
    json_string(w, t->text);
    http_number(w, "count", (int64_t)t->count);
    JSON_KEY_STRING(w, "example", t->example);
    JSON_KEY_STRING(w, "provider", t->provider);
    JSON_KEY_TIME(w, "oldest_at", t->oldest_at);
    JSON_KEY_TIME(w, "newest_at", t->newest_at);
    JSON_RAW(w, "}");
}

static void answer(struct http_call *call, struct counting *c,
                   struct http_page *page)
{
    const size_t limit = page->filter.limit;
    struct list_filter filter = page->filter;
    struct serve_reader *reader = http_reader(call);
    struct store_error error;
    enum store_err err;

    if (reader == NULL)
        return;
    filter.cls = SLICE("undetermined");
    filter.newest_first = true;
    filter.limit = EVENTS_MAX;
    err = list_events(reader->book, &filter, take, c, &error);
    http_reader_give(call, reader, err);
    qsort(c->list, c->count, sizeof(struct template *), by_count);
    for (size_t i = 0; i < c->count && i < limit; i++)
        http_page_row(page, write_template, c->list[i]);
    page->no_memory = page->no_memory || c->no_memory;
    http_page_end(call, page, err, NULL, &error);
}

void http_unknown(struct http_call *call)
{
    struct http_page page;
    struct counting *c;

    if (!http_page_begin(call,
                         FILTER_PROVIDER | FILTER_DOMAIN | FILTER_CAMPAIGN |
                             FILTER_SCOPE | FILTER_PAGE,
                         &page))
        return;
    page.filter.cursor = SLICE_NULL;
    c = calloc(1, sizeof(*c));
    if (c == NULL) {
        http_no_memory(call);
        return;
    }
    c->work = http_work_take(call);
    if (c->work != NULL) {
        c->list = arena_calloc(&c->work->arena, EVENTS_MAX + 1,
                               sizeof(struct template *));
        if (c->list != NULL)
            answer(call, c, &page);
        else
            http_no_memory(call);
        http_work_give(call->http, c->work);
    }
    free(c);
}
