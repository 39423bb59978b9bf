/* SPDX-License-Identifier: MIT */
#include "serve/http_deliver.h"

#include <pthread.h>
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
    bool tell, lenient, sent;
    const char *changed, *unchanged;
    /* Portions are done in the writer's thread while others are added. */
    pthread_mutex_t lock;
    unsigned pending; /* portions at the writer; one is the call's own */
    size_t items, passed, unknown, bad, told_bad;
    size_t fresh, known;          /* of the sent log all are known */
    struct bytes errors, results; /* JSON objects, with commas between */
    bool no_memory;
    struct store_error failed; /* code STORE_OK: nothing did */
};

/* Records that went to the writer together. */
struct portion {
    struct http_delivery *d;
    struct bytes names; /* addresses, where they are to be told */
    size_t count;
    struct told told[];
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
    d->pending = 1;
    d->failed.code = STORE_OK;
    pthread_mutex_init(&d->lock, NULL);
    return d;
}

void http_delivery_drop(struct http_delivery *d)
{
    http_call_free(d->call);
    bytes_free(&d->errors);
    bytes_free(&d->results);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

void http_delivery_count(struct http_delivery *d, size_t items, size_t passed,
                         size_t unknown)
{
    pthread_mutex_lock(&d->lock);
    d->items += items;
    d->passed += passed;
    d->unknown += unknown;
    pthread_mutex_unlock(&d->lock);
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

/* With the lock held. */
static void note_bad(struct http_delivery *d, size_t item, const char *cause)
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

void http_delivery_bad(struct http_delivery *d, size_t item, const char *cause)
{
    pthread_mutex_lock(&d->lock);
    note_bad(d, item, cause);
    pthread_mutex_unlock(&d->lock);
}

void http_delivery_no_memory(struct http_delivery *d)
{
    pthread_mutex_lock(&d->lock);
    d->no_memory = true;
    pthread_mutex_unlock(&d->lock);
}

/* ---- The answer -------------------------------------------------------- */

struct result {
    const struct portion *portion;
    const struct told *told;
    const struct ledger_result *result;
};

static void write_result(struct json_writer *w, const void *row)
{
    const struct result *r = row;
    const struct http_delivery *d = r->portion->d;
    const struct ledger_result *result = r->result;
    const char *outcome = result->changed ? d->changed : d->unchanged;
    struct bounce_slice address = SLICE_NULL;

    if (r->told->len > 0)
        address =
            slice_make(r->portion->names.ptr + r->told->address, r->told->len);
    JSON_RAW(w, "{\"item\":");
    json_int(w, (int64_t)r->told->item);
    JSON_KEY_STRING(w, "address", address);
    http_bool(w, "new", result->fresh);
    http_bool(w, "changed", result->changed);
    JSON_KEY_WORD(w, "outcome",
                  outcome != NULL ? outcome
                                  : bounce_outcome_name(result->outcome));
    JSON_KEY_WORD(w, "state", bounce_standing_name(result->standing));
    JSON_RAW(w, "}");
}

static void write_counts(struct json_writer *w, const void *row)
{
    const struct http_delivery *d = row;

    JSON_RAW(w, "{\"items\":");
    json_int(w, (int64_t)d->items);
    if (d->sent) {
        http_number(w, "stored", (int64_t)d->known);
    } else {
        http_number(w, "new", (int64_t)d->fresh);
        http_number(w, "known", (int64_t)d->known);
        http_number(w, "passed", (int64_t)d->passed);
        http_number(w, "unknown", (int64_t)d->unknown);
    }
    http_number(w, "bad", (int64_t)d->bad);
    JSON_RAW(w, ",\"errors\":[");
    json_raw(w, bytes_slice(&d->errors).ptr, d->errors.len);
    JSON_RAW(w, "]");
    if (d->tell && d->fresh + d->known > 0) {
        JSON_RAW(w, ",\"results\":[");
        json_raw(w, bytes_slice(&d->results).ptr, d->results.len);
        JSON_RAW(w, "]");
    }
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

static void reply(const struct http_delivery *d)
{
    const bool refused = !d->lenient && d->bad > 0 && d->fresh == 0 &&
                         d->known == 0 && d->passed + d->unknown == 0;
    struct bytes out = {0};

    if (d->failed.code != STORE_OK)
        http_store_problem(d->call, &d->failed);
    else if (d->no_memory ||
             !http_put(&out, refused ? write_refusal : write_counts, d))
        http_no_memory(d->call);
    else if (refused)
        http_text(d->call, 422, "application/problem+json", bytes_slice(&out));
    else
        http_json(d->call, 200, bytes_slice(&out));
    bytes_free(&out);
}

/* One of those that the answer waits for is done; whoever is last answers. */
static void release(struct http_delivery *d)
{
    bool last;

    pthread_mutex_lock(&d->lock);
    last = --d->pending == 0;
    pthread_mutex_unlock(&d->lock);
    if (!last)
        return;
    reply(d);
    http_delivery_drop(d);
}

static void note_result(struct portion *portion, size_t i,
                        const struct ledger_result *result)
{
    struct http_delivery *d = portion->d;

    if (d->tell &&
        ((d->results.len > 0 && !bytes_add(&d->results, SLICE(","))) ||
         !http_put(&d->results, write_result,
                   &(struct result){portion, &portion->told[i], result})))
        d->no_memory = true;
    if (result->fresh)
        d->fresh++;
    else
        d->known++;
}

static void portion_free(struct portion *portion)
{
    bytes_free(&portion->names);
    free(portion);
}

/* In the writer's thread. */
static void done(void *ctx, const struct store_error *error,
                 const struct ledger_result *results, size_t count)
{
    struct portion *portion = ctx;
    struct http_delivery *d = portion->d;

    pthread_mutex_lock(&d->lock);
    if (error != NULL && error->code != STORE_E_VALUE) {
        if (d->failed.code == STORE_OK)
            d->failed = *error;
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (results[i].bad)
            note_bad(d, portion->told[i].item, error->msg);
        else
            note_result(portion, i, &results[i]);
    }
    pthread_mutex_unlock(&d->lock);
    portion_free(portion);
    release(d);
}

void http_delivery_end(struct http_delivery *d)
{
    release(d);
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

static struct portion *portion_new(struct http_delivery *d, size_t count)
{
    struct portion *portion =
        calloc(1, sizeof(*portion) + count * sizeof(portion->told[0]));

    if (portion != NULL)
        portion->d = d;
    else
        http_delivery_no_memory(d);
    return portion;
}

static bool note(struct portion *portion, size_t item,
                 struct bounce_slice address)
{
    const size_t at = portion->names.len;

    portion->told[portion->count++] = (struct told){item, at, address.len};
    return !portion->d->tell || bytes_add(&portion->names, address);
}

static size_t item_of(const size_t *items, size_t i)
{
    return items != NULL ? items[i] : i;
}

/* A reader for its way of reading addresses; what cannot be had is answered. */
static struct serve_reader *reader_of(struct http_delivery *d)
{
    struct store_error error;
    struct serve_reader *reader =
        serve_reader_take(d->call->http->serve, &error);

    if (reader != NULL)
        return reader;
    pthread_mutex_lock(&d->lock);
    d->failed = error;
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* Before the portion is at the writer, where it may be done at once. */
static void hold(struct http_delivery *d)
{
    pthread_mutex_lock(&d->lock);
    d->pending++;
    pthread_mutex_unlock(&d->lock);
}

/* The portion never came to the writer. */
static bool give_up(struct portion *portion, bool held)
{
    struct http_delivery *d = portion->d;

    http_delivery_no_memory(d);
    portion_free(portion);
    if (held)
        release(d);
    return false;
}

bool http_delivery_add(struct http_delivery *d, struct record *records,
                       const size_t *items, size_t count)
{
    struct serve *serve = d->call->http->serve;
    struct serve_reader *reader = reader_of(d);
    struct portion *portion = reader != NULL ? portion_new(d, count) : NULL;
    bool fine = portion != NULL;

    for (size_t i = 0; i < count && fine; i++) {
        const char *flaw =
            flaw_of(d->call, reader->book, records[i].event.recipient,
                    &records[i].event.scope);
        const size_t kept = portion->count;

        if (flaw != NULL) {
            http_delivery_bad(d, item_of(items, i), flaw);
            continue;
        }
        fine = note(portion, item_of(items, i), records[i].event.recipient);
        records[kept] = records[i];
    }
    if (reader != NULL)
        serve_reader_give(serve, reader);
    if (portion == NULL)
        return false;
    if (!fine)
        return give_up(portion, false);
    if (portion->count == 0) {
        portion_free(portion);
        return true;
    }
    hold(d);
    return writer_add(serve_writer(serve), records, portion->count, done,
                      portion) ||
           give_up(portion, true);
}

bool http_delivery_add_sent(struct http_delivery *d, struct sent *lines,
                            const size_t *items, size_t count)
{
    struct serve *serve = d->call->http->serve;
    struct serve_reader *reader = reader_of(d);
    struct portion *portion = reader != NULL ? portion_new(d, count) : NULL;

    d->sent = true;
    for (size_t i = 0; i < count && portion != NULL; i++) {
        const char *flaw =
            flaw_of(d->call, reader->book, lines[i].recipient, &lines[i].scope);

        if (flaw == NULL && lines[i].recipient.len == 0)
            flaw = "no recipient";
        if (flaw != NULL) {
            http_delivery_bad(d, item_of(items, i), flaw);
        } else {
            portion->told[portion->count].item = item_of(items, i);
            lines[portion->count++] = lines[i];
        }
    }
    if (reader != NULL)
        serve_reader_give(serve, reader);
    if (portion == NULL)
        return false;
    if (portion->count == 0) {
        portion_free(portion);
        return true;
    }
    hold(d);
    return writer_add_sent(serve_writer(serve), lines, portion->count, done,
                           portion) ||
           give_up(portion, true);
}

/* ---- Audit ------------------------------------------------------------- */

bool http_audit(struct http_call *call, const char *action, const char *format,
                ...)
{
    struct serve *serve = call->http->serve;
    struct serve_reader *reader = http_reader(call);
    struct store_error error;
    char detail[400];
    enum store_err err;
    va_list args;

    if (reader == NULL)
        return false;
    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    err = token_audit(reader->book, serve_now(serve), call->who, action, detail,
                      &error);
    http_reader_give(call, reader, err);
    if (err != STORE_OK)
        http_store_problem(call, &error);
    return err == STORE_OK;
}
