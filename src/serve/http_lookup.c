/* SPDX-License-Identifier: MIT
 * All of one address: POST /v1/recipients/lookup. */
#include "base/arena.h"
#include "ingest/json.h"
#include "serve/http_event.h"
#include "serve/http_filter.h"
#include "serve/http_store.h"

#define CHANGES_MAX 200
#define EVENTS_MAX  50

struct looking {
    struct http_call *call;
    const struct bounce_engine *engine;
    struct bytes out;
    bool first, no_memory;
};

static bool add_row(struct looking *l, http_write_fn *write, const void *row)
{
    l->no_memory = l->no_memory ||
                   (!l->first && !bytes_add(&l->out, SLICE(","))) ||
                   !http_put(&l->out, write, row);
    l->first = false;
    return !l->no_memory;
}

static void begin_list(struct looking *l, const char *text)
{
    l->no_memory = l->no_memory || !bytes_add(&l->out, slice_cstr(text));
    l->first = true;
}

static bool take_state(void *ctx, const struct list_address *row)
{
    return add_row(ctx, http_write_address, row);
}

static bool take_change(void *ctx, const struct list_change *row)
{
    return add_row(ctx, http_write_change, row);
}

static bool take_event(void *ctx, const struct list_event *row)
{
    struct looking *l = ctx;
    const struct http_stored stored = {row, l->engine};

    return add_row(l, http_write_stored, &stored);
}

static enum store_err read_lists(struct looking *l, struct book *book,
                                 const struct ask_question *question,
                                 struct store_error *error)
{
    struct list_filter filter = {.address = question->address,
                                 .scope = slice_cstr(l->call->scope),
                                 .since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME,
                                 .newest_first = true};
    enum store_err err;

    if (filter.scope.len == 0)
        filter.scope = SLICE_NULL;
    begin_list(l, ",\"states\":[");
    err = list_addresses(book, &filter, serve_now(l->call->http->serve),
                         take_state, l, error);
    if (err != STORE_OK)
        return err;
    begin_list(l, "],\"changes\":[");
    filter.limit = CHANGES_MAX;
    err = list_changes(book, &filter, take_change, l, error);
    if (err != STORE_OK)
        return err;
    begin_list(l, "],\"events\":[");
    filter.limit = EVENTS_MAX;
    err = list_events(book, &filter, take_event, l, error);
    begin_list(l, "]}\n");
    return err;
}

static enum store_err look(struct looking *l, struct serve_reader *reader,
                           const struct ask_question *question,
                           struct store_error *error)
{
    const int64_t now = serve_now(l->call->http->serve);
    struct ask_answer answer;
    enum store_err err =
        ask_check(reader->ask, question, 1, now, &answer, error);

    if (err != STORE_OK)
        return err;
    if (answer.flaw != ADDRESS_FINE)
        return store_fail(error, STORE_E_VALUE, "address: %s",
                          address_flaw_text(answer.flaw));
    l->engine = reader->book->engine;
    l->no_memory = !bytes_add(&l->out, SLICE("{\"answer\":")) ||
                   !http_put(&l->out, http_write_answer,
                             &(struct http_answer){slice_cstr(answer.address),
                                                   &answer, now, false});
    return read_lists(l, reader->book, question, error);
}

static void answer(struct looking *l, const struct ask_question *question)
{
    struct serve_reader *reader = http_reader(l->call);
    struct store_error error;
    enum store_err err;

    if (reader == NULL)
        return;
    err = look(l, reader, question, &error);
    http_reader_give(l->call, reader, err);
    if (l->no_memory)
        http_no_memory(l->call);
    else if (err != STORE_OK)
        http_store_problem(l->call, &error);
    else
        http_json(l->call, 200, bytes_slice(&l->out));
    bytes_free(&l->out);
}

static void lookup_with(struct http_call *call, struct arena *arena)
{
    struct looking l = {.call = call};
    struct ask_question question = {.address = SLICE_NULL};
    struct bounce_error error;
    struct json *root;
    enum bounce_err err = json_parse(
        arena, call->request->body, &json_limits_default, false, &root, &error);

    if (err != BOUNCE_OK) {
        http_problem(call, 400, "byte %zu: %s", error.offset, error.msg);
        return;
    }
    question.address = json_member(root, "address");
    if (question.address.len == 0) {
        http_problem(call, 400, "address is missing");
        return;
    }
    if (http_scope(call, json_member(root, "scope"), &question.scope))
        answer(&l, &question);
}

void http_lookup(struct http_call *call)
{
    struct http_work *work;

    if (!http_has_type(call, "application/json")) {
        http_problem(call, 415, "application/json is wanted");
        return;
    }
    work = http_work_take(call);
    if (work == NULL)
        return;
    lookup_with(call, &work->arena);
    http_work_give(call->http, work);
}
