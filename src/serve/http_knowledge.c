/* SPDX-License-Identifier: MIT
 * What replies and codes mean: /v1/classify, /v1/explain. Nothing that is
 * stored is looked at. */
#include "base/arena.h"
#include "ingest/request.h"
#include "serve/http_event.h"
#include "serve/http_filter.h"
#include "serve/http_lines.h"

/* The taxonomies that are asked for. false: one is unknown; it was answered. */
static bool read_labels(struct http_call *call, const struct http_work *work,
                        struct bounce_slice *labels_out)
{
    struct bounce_slice rest = slice_cstr(http_param(call, "labels")), name;

    *labels_out = rest;
    while (slice_next_piece(&rest, ',', &name)) {
        const char *known;
        size_t i = 0;

        name = slice_trim(name);
        while ((known = bounce_taxonomy(work->mind->engine, i)) != NULL &&
               !slice_eq(name, slice_cstr(known)))
            i++;
        if (known == NULL) {
            http_problem(call, 400, "labels: there is no taxonomy %.*s",
                         (int)(name.len > 60 ? 60 : name.len), name.ptr);
            return false;
        }
    }
    return true;
}

/* ---- Classify ---------------------------------------------------------- */

struct classifying {
    struct http_call *call;
    struct http_work *work;
    struct bounce_reply common;
    struct bounce_slice labels;
    struct bytes out;
    bool no_memory;
};

static void put_verdict(struct classifying *c, const struct bounce_reply *reply,
                        struct bounce_slice id, size_t line)
{
    const struct bounce_result *result;
    struct http_event event = {.engine = c->work->mind->engine,
                               .labels = c->labels,
                               .id_json = id,
                               .offset = -1};
    enum bounce_err err =
        bounce_classify(c->work->reader, reply, &result, NULL);

    if (err == BOUNCE_OK) {
        event.event = bounce_result_event(result, 0);
        c->no_memory = !http_put(&c->out, http_write_event, &event) ||
                       !bytes_add(&c->out, SLICE("\n"));
        return;
    }
    c->no_memory = err == BOUNCE_E_NOMEM ||
                   !http_put(&c->out, http_write_flaw,
                             &(struct http_flaw){line, bounce_strerror(err)}) ||
                   !bytes_add(&c->out, SLICE("\n"));
}

/* A request's own words go before those of the query. */
static struct bounce_reply reply_of(const struct classifying *c,
                                    const struct request *request)
{
    struct bounce_reply reply = c->common;

    reply.text = request->reply;
    if (request->host.len > 0)
        reply.host = request->host;
    if (request->service.len > 0)
        reply.service = request->service;
    if (request->status.len > 0)
        reply.status = request->status;
    if (request->stage != BOUNCE_STAGE_NONE)
        reply.stage = request->stage;
    return reply;
}

static void classify_object(struct classifying *c, char *body)
{
    struct request request;
    const char *flaw =
        request_parse(body, c->call->request->body.len, &request);
    struct bounce_reply reply;

    if (flaw != NULL) {
        http_problem(c->call, 400, "%s", flaw);
        return;
    }
    reply = reply_of(c, &request);
    put_verdict(c, &reply, request.id, 1);
    if (c->no_memory)
        http_no_memory(c->call);
    else
        http_json(c->call, 200, bytes_slice(&c->out));
}

static void classify_line(struct classifying *c, enum http_form form,
                          char *line, size_t len, size_t number)
{
    struct bounce_reply reply = c->common;
    struct request request = {.id = SLICE_NULL};
    const char *flaw = NULL;

    if (form == HTTP_TEXT) {
        reply.text = slice_make(line, len);
    } else {
        flaw = request_parse(line, len, &request);
        reply = reply_of(c, &request);
    }
    if (flaw == NULL)
        put_verdict(c, &reply, request.id, number);
    else
        c->no_memory = !http_put(&c->out, http_write_flaw,
                                 &(struct http_flaw){number, flaw}) ||
                       !bytes_add(&c->out, SLICE("\n"));
}

static void classify_lines(struct classifying *c, char *body,
                           enum http_form form)
{
    struct http_lines lines;
    char *line;
    size_t len;

    http_lines_init(&lines, body, c->call->request->body.len);
    while (!c->no_memory && http_lines_next(&lines, &line, &len))
        classify_line(c, form, line, len, lines.line);
    if (c->no_memory)
        http_no_memory(c->call);
    else
        http_text(c->call, 200, "application/x-ndjson", bytes_slice(&c->out));
}

/* false: the call was answered. */
static bool read_common(struct http_call *call, struct bounce_reply *common)
{
    const char *stage = http_param(call, "stage");

    *common = (struct bounce_reply){
        .size = sizeof(*common),
        .host = slice_cstr(http_param(call, "host")),
        .service = slice_cstr(http_param(call, "service"))};
    if (stage == NULL)
        return true;
    common->stage = bounce_stage_parse(stage, strlen(stage));
    if (common->stage != BOUNCE_STAGE_NONE)
        return true;
    http_problem(call, 400,
                 "stage wants connect, helo, mail, rcpt, data or "
                 "end-of-data");
    return false;
}

static void classify(struct http_call *call)
{
    struct classifying c = {.call = call};
    enum http_form form;
    char *body;

    if (!http_form(call, &form) || !read_common(call, &c.common))
        return;
    c.work = http_work_take(call);
    if (c.work == NULL)
        return;
    if (read_labels(call, c.work, &c.labels)) {
        body = http_body_copy(call, &c.work->arena);
        if (body != NULL && form == HTTP_ONE)
            classify_object(&c, body);
        else if (body != NULL)
            classify_lines(&c, body, form);
    }
    bytes_free(&c.out);
    http_work_give(call->http, c.work);
}

/* ---- Explain ----------------------------------------------------------- */

struct explaining {
    const struct bounce_engine *engine;
    struct bounce_slice query, service;
    struct http_event event;
};

/* "5.7.26" and "X.7.26" name the same entry. */
static bool same_status(struct bounce_slice entry, struct bounce_slice status)
{
    return status.len > 1 && entry.len == status.len &&
           slice_eq(slice_from(entry, 1), slice_from(status, 1)) &&
           (entry.ptr[0] == 'X' || entry.ptr[0] == status.ptr[0]);
}

static bool is_wanted(const struct explaining *e,
                      const struct bounce_code *code)
{
    const struct bounce_event *event = e->event.event;
    unsigned number = 0;

    if (code->service.len > 0)
        return slice_eq_nocase(code->service, e->service) &&
               slice_eq_nocase(code->code, e->query);
    return same_status(code->code, event->status) ||
           (code->code.len == 3 &&
            slice_parse_uint(code->code, 3, &number) == 3 &&
            (int)number == event->reply_code);
}

static void write_code(struct json_writer *w, const struct bounce_code *code)
{
    JSON_RAW(w, "{\"code\":");
    json_string(w, code->code);
    JSON_KEY_STRING(w, "service", code->service);
    JSON_KEY_STRING(w, "title", code->title);
    JSON_KEY_STRING(w, "category", code->category);
    JSON_KEY_STRING(w, "meaning", code->meaning);
    JSON_KEY_STRING(w, "cause", code->cause);
    JSON_KEY_STRING(w, "remedy", code->remedy);
    JSON_KEY_STRING(w, "reference", code->reference);
    JSON_RAW(w, "}");
}

/* {"schema":1,"query":..,"codes":[..],"event":{..}} */
static void write_explanation(struct json_writer *w, const void *row)
{
    const struct explaining *e = row;
    struct bounce_code code;
    bool first = true;

    JSON_RAW(w, "{\"schema\":1,\"query\":");
    json_string(w, e->query);
    JSON_RAW(w, ",\"codes\":[");
    for (size_t i = 0; bounce_code_at(e->engine, i, &code); i++) {
        if (!is_wanted(e, &code))
            continue;
        if (!first)
            JSON_RAW(w, ",");
        first = false;
        write_code(w, &code);
    }
    JSON_RAW(w, "],\"event\":");
    http_write_event(w, &e->event);
    JSON_RAW(w, "}\n");
}

static void explain_with(struct http_call *call, struct http_work *work,
                         struct bounce_slice query)
{
    struct explaining e = {
        .engine = work->mind->engine,
        .query = slice_trim(query),
        .service = slice_cstr(http_param(call, "service")),
        .event = {.engine = work->mind->engine, .offset = -1}};
    const struct bounce_reply reply = {
        .size = sizeof(reply), .text = e.query, .service = e.service};
    const struct bounce_result *result;
    struct bytes out = {0};

    if (!read_labels(call, work, &e.event.labels))
        return;
    if (bounce_classify(work->reader, &reply, &result, NULL) != BOUNCE_OK) {
        http_no_memory(call);
        return;
    }
    e.event.event = bounce_result_event(result, 0);
    if (http_put(&out, write_explanation, &e))
        http_json(call, 200, bytes_slice(&out));
    else
        http_no_memory(call);
    bytes_free(&out);
}

static void explain(struct http_call *call)
{
    const char *query = http_param(call, "q");
    struct http_work *work;

    if (query == NULL || query[0] == '\0') {
        http_problem(call, 400, "q is missing: a code or a reply");
        return;
    }
    work = http_work_take(call);
    if (work == NULL)
        return;
    explain_with(call, work, slice_cstr(query));
    http_work_give(call->http, work);
}

const struct http_route http_routes_knowledge[] = {
    {"GET", "/v1/explain", HTTP_ROLE_ANY, false, explain},
    {"POST", "/v1/classify", HTTP_ROLE_ANY, false, classify},
    {NULL, NULL, 0, false, NULL},
};
