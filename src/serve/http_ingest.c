/* SPDX-License-Identifier: MIT
 * What happened, told to us: /v1/reports, /v1/events, /v1/sent. */
#include "base/vec.h"
#include "ingest/report.h"
#include "ingest/sent.h"
#include "ingest/webhook/webhook.h"
#include "serve/http_deliver.h"
#include "serve/http_event.h"
#include "serve/http_filter.h"
#include "serve/http_memory.h"
#include "serve/http_messages.h"

static struct bounce_slice param(struct http_call *call, const char *name)
{
    struct bounce_slice value = slice_cstr(http_param(call, name));

    return value.len > 0 ? value : SLICE_NULL;
}

/* ---- Reports ----------------------------------------------------------- */

struct reading {
    struct http_call *call;
    struct http_work *work;
    struct report_options options;
    struct http_delivery *delivery;
    struct vec records, items;
    size_t index; /* of the message */
    bool no_memory;
};

static void keep_records(struct reading *r, const struct report_records *found)
{
    for (size_t i = 0; i < found->count && !r->no_memory; i++) {
        struct record copy;

        /* The reader's memory is gone with the next message. */
        r->no_memory =
            !record_copy(&copy, &found->records[i], &r->work->arena) ||
            vec_push(&r->records, &r->work->arena, &copy) == SIZE_MAX ||
            vec_push(&r->items, &r->work->arena, &r->index) == SIZE_MAX;
    }
}

static bool take_message(void *ctx, struct bounce_slice message, size_t offset)
{
    struct reading *r = ctx;
    const struct bounce_result *result;
    struct report_records found;
    enum bounce_err err =
        bounce_read(r->work->reader, message.ptr, message.len, &result, NULL);

    r->options.offset = (int64_t)offset;
    if (err == BOUNCE_E_LIMIT) {
        http_delivery_count(r->delivery, 1, 0, 0);
        http_delivery_bad(r->delivery, r->index, bounce_strerror(err));
    } else if (err != BOUNCE_OK ||
               !report_to_records(result, message, &r->options, &r->work->arena,
                                  &found)) {
        r->no_memory = true;
    } else {
        http_delivery_count(r->delivery, 1, found.count == 0, 0);
        keep_records(r, &found);
    }
    r->index++;
    return !r->no_memory;
}

static void read_reports(struct reading *r)
{
    const char *flaw = http_messages(
        slice_cstr(http_head(r->call, "Content-Type")), r->call->request->body,
        &r->work->arena, take_message, r);

    if (r->no_memory || flaw != NULL) {
        if (r->no_memory)
            http_no_memory(r->call);
        else
            http_problem(r->call, 400, "%s", flaw);
        http_delivery_drop(r->delivery);
        return;
    }
    http_deliver(r->delivery, r->records.ptr, r->items.ptr, r->records.count);
}

static void reports(struct http_call *call)
{
    struct serve *serve = call->http->serve;
    struct reading r = {.call = call,
                        .records = VEC_OF(struct record),
                        .items = VEC_OF(size_t)};

    r.options = (struct report_options){
        .scope = param(call, "scope"),
        .campaign = param(call, "campaign"),
        .ip = param(call, "ip"),
        .sender_domain = param(call, "from"),
        .source = SLICE("http"),
        .now = serve_now(serve),
        .keep_raw = serve_config(serve)->keep_raw_days > 0};
    r.options.keys = serve_verp_keys(serve, &r.options.key_count);
    if (call->request->body.len == 0) {
        http_problem(call, 400, "there is no message");
        return;
    }
    r.work = http_work_take(call);
    if (r.work == NULL)
        return;
    r.delivery = http_delivery_new(call);
    if (r.delivery != NULL) {
        if (http_flag(call, "results"))
            http_delivery_tell(r.delivery, NULL, NULL);
        read_reports(&r);
    }
    http_work_give(call->http, r.work);
}

/* ---- Own events -------------------------------------------------------- */

struct telling {
    struct http_call *call;
    struct http_work *work;
    struct http_delivery *delivery;
    struct vec records, items;
    size_t index; /* of the first item of what is read now */
    bool no_memory;
};

/* Final, as bounce_classify() would have it. */
static void settle(struct bounce_event *event)
{
    if (event->kind == BOUNCE_KIND_BOUNCE && event->permanent < 0 &&
        (slice_starts(event->status, SLICE("5.")) ||
         event->reply_code / 100 == 5))
        event->permanent = 1;
}

/* Who has a token to tell of events knows of the mail. */
static void keep_told(struct telling *t, const struct hook_result *found)
{
    http_delivery_count(t->delivery, found->items, found->passed,
                        found->unknown);
    for (size_t i = 0; i < found->bad_count; i++)
        http_delivery_bad(t->delivery, t->index + found->bad[i].index,
                          found->bad[i].cause);
    for (size_t i = 0; i < found->count && !t->no_memory; i++) {
        struct record record = found->records[i];
        const size_t item = t->index + (size_t)record.offset;

        settle(&record.event);
        record.event.verified = 1;
        record.event.service = SLICE_NULL;
        record.event.format = SLICE("api");
        t->no_memory =
            vec_push(&t->records, &t->work->arena, &record) == SIZE_MAX ||
            vec_push(&t->items, &t->work->arena, &item) == SIZE_MAX;
    }
}

/* false: it is no JSON, or memory is out. */
static bool read_told(struct telling *t, struct bounce_slice body,
                      struct hook_result *found)
{
    const struct hook_config config = {
        .service = SLICE("generic"),
        .source = SLICE("api"),
        .now = serve_now(t->call->http->serve),
        .max_body = serve_config(t->call->http->serve)->max_body};
    const struct hook_header type = {SLICE("Content-Type"),
                                     SLICE("application/json")};
    const struct hook_request request = {
        .headers = &type, .header_count = 1, .body = body};

    if (hook_read(&request, &config, t->work->reader, &t->work->arena, found) !=
        BOUNCE_OK)
        t->no_memory = true;
    return !t->no_memory && found->flaw == NULL;
}

/* Something in it is no JSON: line by line, so that the rest counts. */
static void read_lines(struct telling *t, struct bounce_slice body)
{
    struct bounce_slice line;

    while (!t->no_memory && slice_next_line(&body, &line)) {
        struct hook_result found;

        if (slice_trim(line).len == 0)
            continue;
        if (read_told(t, line, &found)) {
            keep_told(t, &found);
            t->index += found.items > 0 ? found.items : 1;
        } else if (!t->no_memory) {
            http_delivery_count(t->delivery, 1, 0, 0);
            http_delivery_bad(t->delivery, t->index++, found.flaw);
        }
    }
}

static bool is_lines(const struct http_call *call)
{
    return http_has_type(call, "application/x-ndjson") ||
           http_has_type(call, "application/ndjson") ||
           http_has_type(call, "application/jsonl") ||
           http_has_type(call, "application/json-lines");
}

static void read_events(struct telling *t)
{
    const struct bounce_slice body = t->call->request->body;
    struct hook_result found;

    if (read_told(t, body, &found)) {
        keep_told(t, &found);
    } else if (!t->no_memory && is_lines(t->call)) {
        read_lines(t, body);
    } else if (!t->no_memory) {
        http_problem(t->call, found.too_large ? 413 : 400, "byte %zu: %s",
                     found.flaw_at != BOUNCE_NO_OFFSET ? found.flaw_at : 0,
                     found.flaw);
        http_delivery_drop(t->delivery);
        return;
    }
    if (t->no_memory) {
        http_no_memory(t->call);
        http_delivery_drop(t->delivery);
        return;
    }
    http_deliver(t->delivery, t->records.ptr, t->items.ptr, t->records.count);
}

static void events_post(struct http_call *call)
{
    struct telling t = {.call = call,
                        .records = VEC_OF(struct record),
                        .items = VEC_OF(size_t)};

    if (!is_lines(call) && !http_has_type(call, "application/json")) {
        http_problem(call, 415,
                     "application/json or application/x-ndjson is wanted");
        return;
    }
    t.work = http_work_take(call);
    if (t.work == NULL)
        return;
    t.delivery = http_delivery_new(call);
    if (t.delivery != NULL) {
        if (http_flag(call, "results"))
            http_delivery_tell(t.delivery, NULL, NULL);
        read_events(&t);
    }
    http_work_give(call->http, t.work);
}

/* ---- Pages of events --------------------------------------------------- */

struct event_page {
    struct http_page page;
    const struct bounce_engine *engine;
};

static bool take_event(void *ctx, const struct list_event *event)
{
    struct event_page *page = ctx;
    const struct http_stored row = {event, page->engine};

    return http_page_row(&page->page, http_write_stored, &row);
}

static void events_get(struct http_call *call)
{
    struct event_page page;
    struct serve_reader *reader;
    struct store_error error;
    enum store_err err;

    if (!http_page_begin(call,
                         FILTER_ADDRESS | FILTER_DOMAIN | FILTER_VERDICT |
                             FILTER_PROVIDER | FILTER_SCOPE | FILTER_CAMPAIGN |
                             FILTER_ROUTE | FILTER_KIND | FILTER_PAGE,
                         &page.page))
        return;
    reader = http_reader(call);
    if (reader == NULL)
        return;
    page.engine = reader->book->engine;
    err = http_flag(call, "review")
              ? list_review(reader->book, &page.page.filter, take_event, &page,
                            &error)
              : list_events(reader->book, &page.page.filter, take_event, &page,
                            &error);
    http_reader_give(call, reader, err);
    http_page_end(call, &page.page, err, page.page.next, &error);
}

/* ---- What was sent ----------------------------------------------------- */

struct sending {
    struct http_call *call;
    struct arena *arena;
    struct http_delivery *delivery;
    struct sent common;
    struct vec lines, items;
    bool no_memory;
};

static struct bounce_slice keep(struct sending *s, struct bounce_slice own,
                                struct bounce_slice common)
{
    struct bounce_slice copy = arena_dup(s->arena, own.len > 0 ? own : common);

    if (copy.ptr == NULL && (own.len > 0 || common.len > 0))
        s->no_memory = true;
    return copy;
}

static void take_sent(struct sending *s, const struct row *row)
{
    const size_t line = (size_t)row->line;
    struct sent sent;
    const char *flaw = sent_read(row, serve_now(s->call->http->serve), &sent);

    http_delivery_count(s->delivery, 1, 0, 0);
    if (flaw != NULL) {
        http_delivery_bad(s->delivery, line, flaw);
        return;
    }
    sent = (struct sent){
        .message_id = keep(s, sent.message_id, SLICE_NULL),
        .recipient = keep(s, sent.recipient, SLICE_NULL),
        .scope = keep(s, sent.scope, s->common.scope),
        .campaign = keep(s, sent.campaign, s->common.campaign),
        .ip = keep(s, sent.ip, s->common.ip),
        .sender_domain = keep(s, sent.sender_domain, s->common.sender_domain),
        .at = sent.at};
    s->no_memory = s->no_memory ||
                   vec_push(&s->lines, s->arena, &sent) == SIZE_MAX ||
                   vec_push(&s->items, s->arena, &line) == SIZE_MAX;
}

static void read_sent(struct sending *s)
{
    struct http_memory memory = {s->call->request->body};
    struct rows *rows = rows_new(http_memory_read, &memory);
    enum csv_step step = CSV_END;
    struct row row;

    s->no_memory = rows == NULL;
    while (!s->no_memory && (step = rows_next(rows, &row)) != CSV_END) {
        if (step == CSV_ROW) {
            take_sent(s, &row);
        } else {
            http_delivery_count(s->delivery, 1, 0, 0);
            http_delivery_bad(s->delivery, (size_t)row.line, row.flaw);
        }
    }
    s->no_memory = s->no_memory || rows_error(rows) != 0;
    rows_free(rows);
}

static void sent_post(struct http_call *call)
{
    struct sending s = {.call = call,
                        .common = {.scope = param(call, "scope"),
                                   .campaign = param(call, "campaign"),
                                   .ip = param(call, "ip"),
                                   .sender_domain = param(call, "from")},
                        .lines = VEC_OF(struct sent),
                        .items = VEC_OF(size_t)};
    struct http_work *work = http_work_take(call);

    if (work == NULL)
        return;
    s.arena = &work->arena;
    s.delivery = http_delivery_new(call);
    if (s.delivery != NULL) {
        read_sent(&s);
        if (!s.no_memory) {
            http_deliver_sent(s.delivery, s.lines.ptr, s.items.ptr,
                              s.lines.count);
        } else {
            http_no_memory(call);
            http_delivery_drop(s.delivery);
        }
    }
    http_work_give(call->http, work);
}

const struct http_route http_routes_ingest[] = {
    {"POST", "/v1/reports", HTTP_ROLE_INGEST, false, reports},
    {"POST", "/v1/events", HTTP_ROLE_INGEST, false, events_post},
    {"GET", "/v1/events", HTTP_ROLE_READ, true, events_get},
    {"POST", "/v1/sent", HTTP_ROLE_INGEST, false, sent_post},
    {NULL, NULL, 0, false, NULL},
};
