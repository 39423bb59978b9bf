/* SPDX-License-Identifier: MIT
 * May I send? /v1/check, one address or a list. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/date.h"
#include "ingest/json_scan.h"
#include "serve/http_event.h"
#include "serve/http_filter.h"
#include "serve/http_lines.h"

#define BATCH 1000

static struct bounce_slice param(struct http_call *call, const char *name)
{
    struct bounce_slice value = slice_cstr(http_param(call, name));

    return value.len > 0 ? value : SLICE_NULL;
}

/* What all questions of a call share. false: it was answered. */
static bool read_common(struct http_call *call, struct ask_question *question)
{
    *question = (struct ask_question){.ip = param(call, "ip"),
                                      .sender_domain = param(call, "from"),
                                      .campaign = param(call, "campaign")};
    return http_scope(call, param(call, "scope"), &question->scope);
}

/* In one transaction where a transaction costs more than what is read in it; of
 * a server each costs two journeys. */
static enum store_err ask_one(struct serve_reader *reader,
                              const struct ask_question *question, int64_t now,
                              struct ask_answer *answer,
                              struct store_error *error)
{
    struct store *store = reader->book->store;
    enum store_err err;

    if (store->driver != &store_sqlite)
        return ask_check(reader->ask, question, 1, now, answer, error);
    err = store_begin(store, STORE_READ, error);
    if (err != STORE_OK)
        return err;
    err = ask_check(reader->ask, question, 1, now, answer, error);
    return store_end(store, err, error);
}

static void answer_one(struct http_call *call,
                       const struct ask_question *question)
{
    struct serve *serve = call->http->serve;
    struct serve_reader *reader = http_reader(call);
    const int64_t now = serve_now(serve);
    struct bytes out = {0};
    struct ask_answer answer;
    struct store_error error;
    enum store_err err;

    if (reader == NULL)
        return;
    err = ask_one(reader, question, now, &answer, &error);
    http_reader_give(call, reader, err);
    if (err != STORE_OK) {
        http_store_problem(call, &error);
        return;
    }
    serve_add(serve, SERVE_CHECKS, 1);
    if (http_put(&out, http_write_answer,
                 &(struct http_answer){question->address, &answer, now,
                                       http_flag(call, "brief")}) &&
        bytes_add(&out, SLICE("\n")))
        http_json(call, 200, bytes_slice(&out));
    else
        http_no_memory(call);
    bytes_free(&out);
}

static void check_get(struct http_call *call)
{
    struct ask_question question;

    if (!read_common(call, &question))
        return;
    question.address = param(call, "address");
    if (question.address.ptr == NULL)
        http_problem(call, 400, "address is missing");
    else
        answer_one(call, &question);
}

/* ---- Questions in JSON ------------------------------------------------- */

static struct bounce_slice take_text(struct json_scan *s)
{
    struct bounce_slice text;

    if (json_scan_take(s, '"')) {
        text = json_scan_string(s);
        return text.len > 0 ? text : SLICE_NULL;
    }
    if (!json_scan_word(s, SLICE("null")))
        json_scan_fail(s,
                       "address, scope, ip, from and campaign must be strings");
    return SLICE_NULL;
}

static void take_member(struct json_scan *s, struct ask_question *question)
{
    const struct bounce_slice name = json_scan_name(s);
    struct bounce_slice *target = NULL;

    if (s->flaw != NULL)
        return;
    if (slice_eq(name, SLICE("address")))
        target = &question->address;
    else if (slice_eq(name, SLICE("scope")))
        target = &question->scope;
    else if (slice_eq(name, SLICE("ip")))
        target = &question->ip;
    else if (slice_eq(name, SLICE("from")))
        target = &question->sender_domain;
    else if (slice_eq(name, SLICE("campaign")))
        target = &question->campaign;
    if (target != NULL)
        *target = take_text(s);
    else
        (void)json_scan_value(s);
}

/* {"address":...} or "a@example.org". text is changed; question has what all
 * share. NULL, or the flaw. */
static const char *parse_question(char *text, size_t len,
                                  struct ask_question *question)
{
    struct json_scan s;

    question->address = SLICE_NULL;
    json_scan_init(&s, text, len);
    json_scan_space(&s);
    if (s.flaw == NULL && json_scan_take(&s, '"')) {
        question->address = json_scan_string(&s);
    } else {
        if (s.flaw == NULL && !json_scan_take(&s, '{'))
            json_scan_fail(&s, "neither an object nor a string");
        for (bool first = true; json_scan_next(&s, '}', first); first = false)
            take_member(&s, question);
    }
    json_scan_end(&s);
    if (s.flaw == NULL && question->address.len == 0)
        json_scan_fail(&s, "no address");
    return s.flaw;
}

/* A question may name the token's scope, and no other. */
static const char *bind_scope(const struct http_call *call,
                              struct ask_question *question)
{
    if (call->scope[0] == '\0')
        return NULL;
    if (question->scope.len > 0 &&
        !slice_eq(question->scope, slice_cstr(call->scope)))
        return "this token is bound to another scope";
    question->scope = slice_cstr(call->scope);
    return NULL;
}

static void check_object(struct http_call *call, char *body)
{
    struct ask_question question;
    const char *flaw;

    if (!read_common(call, &question))
        return;
    flaw = parse_question(body, call->request->body.len, &question);
    if (flaw != NULL) {
        http_problem(call, 400, "%s", flaw);
        return;
    }
    flaw = bind_scope(call, &question);
    if (flaw != NULL)
        http_problem(call, 403, "%s", flaw);
    else
        answer_one(call, &question);
}

/* ---- Lists ------------------------------------------------------------- */

struct bulk {
    struct http_call *call;
    struct serve_reader *reader;
    struct ask_question common, *questions; /* BATCH */
    struct ask_answer *answers;             /* BATCH */
    const char **flaws;                     /* BATCH; NULL: it is a question */
    size_t *lines;                          /* BATCH */
    size_t count;
    int64_t now;
    enum http_form form;
    bool text, brief, no_memory;
    struct bytes out;
    struct store_error error;
    enum store_err err;
};

/* ADDRESS MAY UNTIL REASON, a tab between them. */
static bool put_text(struct bulk *bulk, struct bounce_slice address,
                     const struct ask_answer *answer)
{
    char until[DATE_ISO_SIZE] = "-";

    if (answer->flaw == ADDRESS_FINE && answer->until != BOUNCE_NO_TIME)
        date_format_iso(answer->until, until);
    return bytes_add(&bulk->out, address) &&
           bytes_format(&bulk->out, "\t%s\t%s\t%s\n",
                        bounce_may_name(answer->may), until,
                        answer->flaw != ADDRESS_FINE ? "no-address"
                        : answer->reason != NULL     ? answer->reason
                                                     : "-");
}

static bool put_answer(struct bulk *bulk, size_t i,
                       const struct ask_answer *answer)
{
    const struct http_flaw flaw = {bulk->lines[i], bulk->flaws[i]};

    if (bulk->text)
        return put_text(bulk, bulk->questions[i].address, answer);
    if (flaw.detail != NULL)
        return http_put(&bulk->out, http_write_flaw, &flaw) &&
               bytes_add(&bulk->out, SLICE("\n"));
    return http_put(&bulk->out, http_write_answer,
                    &(struct http_answer){bulk->questions[i].address, answer,
                                          bulk->now, bulk->brief}) &&
           bytes_add(&bulk->out, SLICE("\n"));
}

/* What is flawed stands last among the questions, so that the others are asked
 * together: here it is simply asked as nothing. */
static bool answer_batch(struct bulk *bulk)
{
    bulk->err = ask_check(bulk->reader->ask, bulk->questions, bulk->count,
                          bulk->now, bulk->answers, &bulk->error);
    if (bulk->err != STORE_OK)
        return false;
    serve_add(bulk->call->http->serve, SERVE_CHECKS, bulk->count);
    for (size_t i = 0; i < bulk->count && !bulk->no_memory; i++)
        bulk->no_memory = !put_answer(bulk, i, &bulk->answers[i]);
    bulk->count = 0;
    return !bulk->no_memory;
}

static void take_line(struct bulk *bulk, char *line, size_t len, size_t number)
{
    struct ask_question *question = &bulk->questions[bulk->count];

    *question = bulk->common;
    bulk->flaws[bulk->count] = NULL;
    bulk->lines[bulk->count] = number;
    if (bulk->form == HTTP_TEXT) {
        question->address = slice_make(line, len);
    } else {
        bulk->flaws[bulk->count] = parse_question(line, len, question);
        if (bulk->flaws[bulk->count] == NULL)
            bulk->flaws[bulk->count] = bind_scope(bulk->call, question);
        if (bulk->flaws[bulk->count] != NULL)
            question->address = SLICE("");
    }
    bulk->count++;
}

static void answer_lines(struct bulk *bulk, char *body)
{
    struct http_lines lines;
    char *line;
    size_t len;
    bool fine = true;

    http_lines_init(&lines, body, bulk->call->request->body.len);
    while (fine && http_lines_next(&lines, &line, &len)) {
        if (bulk->form == HTTP_TEXT && line[0] == '#')
            continue;
        take_line(bulk, line, len, lines.line);
        fine = bulk->count < BATCH || answer_batch(bulk);
    }
    if (fine && bulk->count > 0)
        answer_batch(bulk);
}

static bool bulk_begin(struct bulk *bulk, struct arena *arena)
{
    bulk->questions = arena_calloc(arena, BATCH, sizeof(*bulk->questions));
    bulk->answers = arena_alloc(arena, BATCH * sizeof(*bulk->answers));
    bulk->flaws = arena_calloc(arena, BATCH, sizeof(*bulk->flaws));
    bulk->lines = arena_calloc(arena, BATCH, sizeof(*bulk->lines));
    return bulk->questions != NULL && bulk->answers != NULL &&
           bulk->flaws != NULL && bulk->lines != NULL;
}

static bool accepts_text(const struct http_call *call)
{
    return slice_starts_nocase(slice_cstr(http_head(call, "Accept")),
                               SLICE("text/plain"));
}

static void check_list(struct http_call *call, struct arena *arena, char *body,
                       enum http_form form)
{
    struct bulk bulk = {.call = call,
                        .form = form,
                        .now = serve_now(call->http->serve),
                        .text = form == HTTP_TEXT && accepts_text(call),
                        .brief = http_flag(call, "brief")};

    if (!read_common(call, &bulk.common))
        return;
    if (!bulk_begin(&bulk, arena)) {
        http_no_memory(call);
        return;
    }
    bulk.reader = http_reader(call);
    if (bulk.reader == NULL)
        return;
    answer_lines(&bulk, body);
    http_reader_give(call, bulk.reader, bulk.err);
    if (bulk.err != STORE_OK)
        http_store_problem(call, &bulk.error);
    else if (bulk.no_memory)
        http_no_memory(call);
    else
        http_text(call, 200,
                  bulk.text ? "text/plain; charset=utf-8"
                            : "application/x-ndjson",
                  bytes_slice(&bulk.out));
    bytes_free(&bulk.out);
}

static void check_post(struct http_call *call)
{
    struct http_work *work;
    enum http_form form;
    char *body;

    if (!http_form(call, &form))
        return;
    work = http_work_take(call);
    if (work == NULL)
        return;
    body = http_body_copy(call, &work->arena);
    if (body != NULL && form == HTTP_ONE)
        check_object(call, body);
    else if (body != NULL)
        check_list(call, &work->arena, body, form);
    http_work_give(call->http, work);
}

const struct http_route http_routes_check[] = {
    {"GET", "/v1/check", HTTP_ROLE_CHECK | HTTP_ROLE_READ, false, check_get},
    {"POST", "/v1/check", HTTP_ROLE_CHECK | HTTP_ROLE_READ, false, check_post},
    {NULL, NULL, 0, false, NULL},
};
