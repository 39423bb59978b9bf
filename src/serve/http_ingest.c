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

/* What goes to the writer together, so that a body of any size takes little
 * memory. */
#define PORTION       1000                /* records */
#define PORTION_BYTES ((size_t)512 << 10) /* of a body */

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
    size_t bytes; /* of messages since the last portion */
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

/* The memory of a portion serves the next one. */
static void hand_reports(struct reading *r)
{
    if (!http_delivery_add(r->delivery, r->records.ptr, r->items.ptr,
                           r->records.count))
        r->no_memory = true;
    r->records = VEC_OF(struct record);
    r->items = VEC_OF(size_t);
    r->bytes = 0;
    arena_reset(&r->work->arena);
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
    r->bytes += message.len;
    if (!r->no_memory &&
        (r->records.count >= PORTION || r->bytes >= PORTION_BYTES))
        hand_reports(r);
    return !r->no_memory;
}

static void read_reports(struct reading *r)
{
    const char *flaw =
        http_messages(slice_cstr(http_head(r->call, "Content-Type")),
                      r->call->request->body, &r->work->arena, take_message, r);

    if (flaw != NULL) { /* of which nothing was taken */
        http_problem(r->call, 400, "%s", flaw);
        http_delivery_drop(r->delivery);
        return;
    }
    if (r->no_memory)
        http_delivery_no_memory(r->delivery);
    else
        hand_reports(r);
    http_delivery_end(r->delivery);
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
    size_t *items =
        arena_alloc(&t->work->arena, (found->count + 1) * sizeof(*items));

    http_delivery_count(t->delivery, found->items, found->passed,
                        found->unknown);
    for (size_t i = 0; i < found->bad_count; i++)
        http_delivery_bad(t->delivery, t->index + found->bad[i].index,
                          found->bad[i].cause);
    for (size_t i = 0; i < found->count && items != NULL; i++) {
        struct record *record = &found->records[i];

        items[i] = t->index + (size_t)record->offset;
        settle(&record->event);
        record->event.verified = 1;
        record->event.service = SLICE_NULL;
        record->event.format = SLICE("api");
    }
    t->index += found->items;
    if (items == NULL ||
        !http_delivery_add(t->delivery, found->records, items, found->count))
        t->no_memory = true;
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

    enum bounce_err err;

    arena_reset(&t->work->arena);
    err = hook_read(&request, &config, t->work->reader, &t->work->arena, found);
    if (err == BOUNCE_E_LIMIT) {
        found->flaw = "there is too much in it";
        found->too_large = true;
    } else if (err != BOUNCE_OK) {
        t->no_memory = true;
    }
    return err == BOUNCE_OK && found->flaw == NULL;
}

/* Something in it is no JSON: line by line, so that the rest counts. */
static void read_each(struct telling *t, struct bounce_slice lines)
{
    struct bounce_slice line;

    while (!t->no_memory && slice_next_line(&lines, &line)) {
        struct hook_result found;

        if (slice_trim(line).len == 0)
            continue;
        if (read_told(t, line, &found)) {
            keep_told(t, &found);
        } else if (!t->no_memory) {
            http_delivery_count(t->delivery, 1, 0, 0);
            http_delivery_bad(t->delivery, t->index++, found.flaw);
        }
    }
}

/* Whole lines, at most PORTION_BYTES of them where that is possible. */
static struct bounce_slice next_lines(struct bounce_slice *body)
{
    struct bounce_slice lines = slice_sub(*body, 0, PORTION_BYTES), line;
    size_t end = slice_rfind_byte(lines, '\n');

    if (lines.len == body->len) {
        *body = slice_from(*body, body->len);
    } else if (end != SLICE_NPOS) {
        lines.len = end + 1;
        *body = slice_from(*body, lines.len);
    } else {
        const char *start = body->ptr;

        (void)slice_next_line(body, &line);
        lines = slice_make(start, line.len);
    }
    return lines;
}

static void read_lines(struct telling *t, struct bounce_slice body)
{
    while (!t->no_memory && body.len > 0) {
        struct bounce_slice lines = next_lines(&body);
        struct hook_result found;

        if (slice_trim(lines).len == 0)
            continue;
        if (read_told(t, lines, &found))
            keep_told(t, &found);
        else if (!t->no_memory)
            read_each(t, lines);
    }
}

static bool is_lines(const struct http_call *call)
{
    return http_has_type(call, "application/x-ndjson") ||
           http_has_type(call, "application/ndjson") ||
           http_has_type(call, "application/jsonl") ||
           http_has_type(call, "application/json-lines");
}

/* false: it is no JSON, which was answered. */
static bool read_whole(struct telling *t, struct bounce_slice body)
{
    struct hook_result found;

    if (read_told(t, body, &found))
        keep_told(t, &found);
    if (t->no_memory || found.flaw == NULL)
        return true;
    http_problem(t->call, found.too_large ? 413 : 400, "byte %zu: %s",
                 found.flaw_at != BOUNCE_NO_OFFSET ? found.flaw_at : 0,
                 found.flaw);
    http_delivery_drop(t->delivery);
    return false;
}

static void read_events(struct telling *t)
{
    const struct bounce_slice body = t->call->request->body;

    if (is_lines(t->call))
        read_lines(t, body);
    else if (!read_whole(t, body))
        return;
    if (t->no_memory)
        http_delivery_no_memory(t->delivery);
    http_delivery_end(t->delivery);
}

static void events_post(struct http_call *call)
{
    struct telling t = {.call = call};

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

static void hand_sent(struct sending *s)
{
    if (!http_delivery_add_sent(s->delivery, s->lines.ptr, s->items.ptr,
                                s->lines.count))
        s->no_memory = true;
    s->lines = VEC_OF(struct sent);
    s->items = VEC_OF(size_t);
    arena_reset(s->arena);
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
        if (s->lines.count >= PORTION && !s->no_memory)
            hand_sent(s);
    }
    s->no_memory = s->no_memory || rows_error(rows) != 0;
    rows_free(rows);
    if (s->no_memory)
        http_delivery_no_memory(s->delivery);
    else
        hand_sent(s);
    http_delivery_end(s->delivery);
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
    if (s.delivery != NULL)
        read_sent(&s);
    http_work_give(call->http, work);
}

const struct http_route http_routes_ingest[] = {
    {"POST", "/v1/reports", HTTP_ROLE_INGEST, false, reports},
    {"POST", "/v1/events", HTTP_ROLE_INGEST, false, events_post},
    {"GET", "/v1/events", HTTP_ROLE_READ, true, events_get},
    {"POST", "/v1/sent", HTTP_ROLE_INGEST, false, sent_post},
    {NULL, NULL, 0, false, NULL},
};
