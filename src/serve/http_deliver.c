/* SPDX-License-Identifier: MIT */
#include "serve/http_deliver.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "serve/http_filter.h"
#include "store/token.h"

#define ERRORS_MAX 100 /* that are told one by one */

struct told {
    size_t item;
    size_t address, len; /* in names */
};

struct http_delivery {
    struct http_call *call;
    size_t count, items, passed, unknown, bad, told_bad;
    struct bytes errors; /* JSON objects, with commas between */
    bool tell, lenient, sent, no_memory;
    const char *changed, *unchanged;
    struct told *told; /* of each record */
    struct bytes names;
};

struct http_delivery *http_delivery_new(const struct http_call *call)
{
    struct http_delivery *d = calloc(1, sizeof(*d));

    if (d != NULL)
        d->call = http_call_keep(call);
    if (d == NULL || d->call == NULL) {
        struct http_call here = *call;

        free(d);
        http_no_memory(&here);
        return NULL;
    }
    return d;
}

void http_delivery_drop(struct http_delivery *d)
{
    http_call_free(d->call);
    bytes_free(&d->errors);
    bytes_free(&d->names);
    free(d->told);
    free(d);
}

void http_delivery_count(struct http_delivery *d, size_t items, size_t passed,
                         size_t unknown)
{
    d->items += items;
    d->passed += passed;
    d->unknown += unknown;
}

void http_delivery_tell(struct http_delivery *d, const char *changed,
                        const char *unchanged)
{
    d->tell = true;
    d->changed = changed;
    d->unchanged = unchanged;
}

void http_delivery_lenient(struct http_delivery *d)
{
    d->lenient = true;
}

struct flaw {
    size_t item;
    const char *cause;
};

static void write_flaw(struct json_writer *w, const void *row)
{
    const struct flaw *flaw = row;

    JSON_RAW(w, "{\"item\":");
    json_int(w, (int64_t)flaw->item);
    JSON_KEY_STRING(w, "detail", slice_cstr(flaw->cause));
    JSON_RAW(w, "}");
}

void http_delivery_bad(struct http_delivery *d, size_t item, const char *cause)
{
    const struct flaw flaw = {item, cause};

    d->bad++;
    serve_add(d->call->http->serve, SERVE_EVENTS_BAD, 1);
    if (d->told_bad >= ERRORS_MAX)
        return;
    if ((d->told_bad > 0 && !bytes_add(&d->errors, SLICE(","))) ||
        !http_put(&d->errors, write_flaw, &flaw))
        d->no_memory = true;
    d->told_bad++;
}

/* ---- The answer -------------------------------------------------------- */

struct outcome {
    const struct http_delivery *d;
    const struct ledger_result *results; /* NULL: there are none to tell */
    size_t fresh, known;                 /* of the sent log all are known */
};

static void write_result(struct json_writer *w, const struct http_delivery *d,
                         const struct told *told,
                         const struct ledger_result *result)
{
    const char *outcome = result->changed ? d->changed : d->unchanged;

    JSON_RAW(w, "{\"item\":");
    json_int(w, (int64_t)told->item);
    JSON_KEY_STRING(w, "address",
                    told->len > 0
                        ? slice_make(d->names.ptr + told->address, told->len)
                        : SLICE_NULL);
    http_bool(w, "new", result->fresh);
    http_bool(w, "changed", result->changed);
    JSON_KEY_WORD(w, "outcome",
                  outcome != NULL ? outcome
                                  : bounce_outcome_name(result->outcome));
    JSON_KEY_WORD(w, "state", bounce_standing_name(result->standing));
    JSON_RAW(w, "}");
}

static void write_results(struct json_writer *w, const struct outcome *o)
{
    bool first = true;

    JSON_RAW(w, ",\"results\":[");
    for (size_t i = 0; i < o->d->count; i++) {
        if (o->results[i].bad)
            continue;
        if (!first)
            JSON_RAW(w, ",");
        first = false;
        write_result(w, o->d, &o->d->told[i], &o->results[i]);
    }
    JSON_RAW(w, "]");
}

static void write_counts(struct json_writer *w, const void *row)
{
    const struct outcome *o = row;

    JSON_RAW(w, "{\"items\":");
    json_int(w, (int64_t)o->d->items);
    if (o->d->sent) {
        http_number(w, "stored", (int64_t)o->known);
    } else {
        http_number(w, "new", (int64_t)o->fresh);
        http_number(w, "known", (int64_t)o->known);
        http_number(w, "passed", (int64_t)o->d->passed);
        http_number(w, "unknown", (int64_t)o->d->unknown);
    }
    http_number(w, "bad", (int64_t)o->d->bad);
    JSON_RAW(w, ",\"errors\":[");
    json_raw(w, bytes_slice(&o->d->errors).ptr, o->d->errors.len);
    JSON_RAW(w, "]");
    if (o->d->tell && o->results != NULL)
        write_results(w, o);
    JSON_RAW(w, "}\n");
}

/* Nothing of it was good. */
static void write_refusal(struct json_writer *w, const void *row)
{
    const struct http_delivery *d = row;

    JSON_RAW(w, "{\"type\":\"about:blank\",\"title\":\"Unprocessable "
                "Content\",\"status\":422,\"detail\":\"no item can be "
                "taken\",\"request_id\":");
    json_quoted(w, slice_cstr(d->call->request_id));
    JSON_RAW(w, ",\"errors\":[");
    json_raw(w, bytes_slice(&d->errors).ptr, d->errors.len);
    JSON_RAW(w, "]}\n");
}

static void reply(const struct outcome *o)
{
    const struct http_delivery *d = o->d;
    const bool refused = !d->lenient && d->bad > 0 && o->fresh == 0 &&
                         o->known == 0 && d->passed + d->unknown == 0;
    struct bytes out = {0};

    if (d->no_memory || !http_put(&out, refused ? write_refusal : write_counts,
                                  refused ? (const void *)d : (const void *)o))
        http_no_memory(d->call);
    else if (refused)
        http_text(d->call, 422, "application/problem+json", bytes_slice(&out));
    else
        http_json(d->call, 200, bytes_slice(&out));
    bytes_free(&out);
}

/* In the writer's thread. */
static void done(void *ctx, const struct store_error *error,
                 const struct ledger_result *results, size_t count)
{
    struct http_delivery *d = ctx;
    struct outcome outcome = {.d = d, .results = results};

    if (error != NULL && error->code != STORE_E_VALUE) {
        http_store_problem(d->call, error);
        http_delivery_drop(d);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (results[i].bad)
            http_delivery_bad(d, d->told[i].item, error->msg);
        else if (results[i].fresh)
            outcome.fresh++;
        else
            outcome.known++;
    }
    reply(&outcome);
    http_delivery_drop(d);
}

/* Ends a delivery that never came to the writer. */
static void end_now(struct http_delivery *d, bool fine)
{
    const struct outcome nothing = {.d = d};

    if (fine)
        reply(&nothing);
    else
        http_no_memory(d->call);
    http_delivery_drop(d);
}

/* ---- Before the writer ------------------------------------------------- */

/* NULL: it may be stored. */
static const char *flaw_of(const struct http_call *call,
                           const struct book *book,
                           struct bounce_slice recipient,
                           struct bounce_slice *scope)
{
    struct address address;
    enum address_flaw flaw;

    if (call->scope[0] != '\0' && scope->len == 0)
        *scope = slice_cstr(call->scope);
    if (call->scope[0] != '\0' && !slice_eq(*scope, slice_cstr(call->scope)))
        return "this token is bound to another scope";
    if (recipient.len == 0) /* a report that names nobody is for people */
        return NULL;
    flaw = address_read(book->addresses, recipient, &address);
    return flaw != ADDRESS_FINE ? address_flaw_text(flaw) : NULL;
}

static bool note(struct http_delivery *d, size_t at, size_t item,
                 struct bounce_slice address)
{
    d->told[at] = (struct told){item, d->names.len, address.len};
    return !d->tell || bytes_add(&d->names, address);
}

static size_t item_of(const size_t *items, size_t i)
{
    return items != NULL ? items[i] : i;
}

void http_deliver(struct http_delivery *d, struct record *records,
                  const size_t *items, size_t count)
{
    struct serve *serve = d->call->http->serve;
    struct serve_reader *reader = http_reader(d->call);
    bool fine;

    if (reader == NULL) {
        http_delivery_drop(d);
        return;
    }
    d->told = calloc(count + 1, sizeof(*d->told));
    fine = d->told != NULL;
    for (size_t i = 0; i < count && fine; i++) {
        const char *flaw =
            flaw_of(d->call, reader->book, records[i].event.recipient,
                    &records[i].event.scope);

        if (flaw != NULL) {
            http_delivery_bad(d, item_of(items, i), flaw);
            continue;
        }
        fine = note(d, d->count, item_of(items, i), records[i].event.recipient);
        records[d->count++] = records[i];
    }
    serve_reader_give(serve, reader);
    if (!fine || d->count == 0)
        end_now(d, fine);
    else if (!writer_add(serve_writer(serve), records, d->count, done, d))
        end_now(d, false);
}

void http_deliver_sent(struct http_delivery *d, struct sent *lines,
                       const size_t *items, size_t count)
{
    struct serve *serve = d->call->http->serve;
    struct serve_reader *reader = http_reader(d->call);

    if (reader == NULL) {
        http_delivery_drop(d);
        return;
    }
    d->sent = true;
    d->told = calloc(count + 1, sizeof(*d->told));
    for (size_t i = 0; i < count && d->told != NULL; i++) {
        const char *flaw =
            flaw_of(d->call, reader->book, lines[i].recipient, &lines[i].scope);

        if (flaw == NULL && lines[i].recipient.len == 0)
            flaw = "no recipient";
        if (flaw != NULL) {
            http_delivery_bad(d, item_of(items, i), flaw);
        } else {
            d->told[d->count].item = item_of(items, i);
            lines[d->count++] = lines[i];
        }
    }
    serve_reader_give(serve, reader);
    if (d->told == NULL || d->count == 0)
        end_now(d, d->told != NULL);
    else if (!writer_add_sent(serve_writer(serve), lines, d->count, done, d))
        end_now(d, false);
}

/* ---- Audit ------------------------------------------------------------- */

bool http_audit(struct http_call *call, const char *action, const char *format,
                ...)
{
    struct serve *serve = call->http->serve;
    struct serve_reader *reader = http_reader(call);
    struct store_error error;
    char detail[400], hidden[800];
    size_t len;
    enum store_err err;
    va_list args;

    if (reader == NULL)
        return false;
    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    /* With hashed addresses none stands anywhere in clear. */
    len = address_hide(reader->book->addresses, slice_cstr(detail), NULL,
                       hidden, sizeof(hidden) - 1);
    hidden[len] = '\0';
    err = token_audit(reader->book, serve_now(serve), call->who, action, hidden,
                      &error);
    http_reader_give(call, reader, err);
    if (err != STORE_OK)
        http_store_problem(call, &error);
    return err == STORE_OK;
}
