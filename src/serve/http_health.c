/* SPDX-License-Identifier: MIT
 * Is it alive, is it ready, how is it: /healthz, /readyz, /metrics. */
#include <inttypes.h>

#include "serve/event_tally.h"
#include "serve/http.h"
#include "serve/out.h"
#include "store/incident.h"

/* docs/openapi.json */
extern const char http_openapi[];
extern const size_t http_openapi_len;

static void openapi(struct http_call *call)
{
    http_json(call, 200, slice_make(http_openapi, http_openapi_len));
}

static void healthz(struct http_call *call)
{
    http_json(call, 200, SLICE("{\"status\":\"ok\"}\n"));
}

/* The newest number of a table: how much was ever written there. */
static enum store_err newest(struct serve_reader *reader, const char *sql,
                             int64_t *seq_out, struct store_error *error)
{
    *seq_out = 0;
    return store_run(reader->book->store, sql, NULL, 0, store_take_int, seq_out,
                     error);
}

/* -1: the store does not answer, which was logged. */
struct store_figures {
    int64_t events, changes;
};

static bool ask_store(struct http_call *call, struct store_figures *figures)
{
    struct serve *serve = call->http->serve;
    struct store_error error;
    struct serve_reader *reader = serve_reader_take(serve, &error);
    enum store_err err = reader == NULL ? error.code : STORE_OK;

    if (err == STORE_OK)
        err = newest(reader, "SELECT max(seq) FROM event", &figures->events,
                     &error);
    if (err == STORE_OK)
        err = newest(reader, "SELECT max(seq) FROM change", &figures->changes,
                     &error);
    if (reader != NULL && err == STORE_OK)
        serve_reader_give(serve, reader);
    else if (reader != NULL)
        serve_reader_spoil(serve, reader);
    if (err != STORE_OK)
        serve_log(serve, SERVE_ERROR, "store", "request", call->request_id,
                  "error", error.msg, NULL);
    return err == STORE_OK;
}

static void readyz(struct http_call *call)
{
    struct store_figures figures;

    if (serve_stopping(call->http->serve))
        http_problem(call, 503, "it is stopping");
    else if (!ask_store(call, &figures))
        http_problem(call, 503, "the store does not answer");
    else
        http_json(call, 200, SLICE("{\"status\":\"ready\"}\n"));
}

/* ---- Metrics ----------------------------------------------------------- */

static const struct {
    enum serve_count count;
    const char *name, *help;
} counters[] = {
    {SERVE_EVENTS_BAD, "bounce_events_bad_total",
     "Events that could not be stored or read."},
    {SERVE_CHECKS, "bounce_checks_total", "Addresses that were asked for."},
    {SERVE_HTTP_REQUESTS, "bounce_http_requests_total", "Requests answered."},
    {SERVE_HTTP_ERRORS, "bounce_http_errors_total",
     "Requests answered with 4xx or 5xx."},
    {SERVE_LMTP_MESSAGES, "bounce_lmtp_messages_total",
     "Messages that came by LMTP."},
    {SERVE_LMTP_REFUSED, "bounce_lmtp_refused_total",
     "Of these, refused since the store could not take them."},
    {SERVE_POLICY_REQUESTS, "bounce_policy_requests_total",
     "Questions of mail servers before sending."},
    {SERVE_POLICY_REFUSED, "bounce_policy_refused_total",
     "Of these, answered with not to send."},
    {SERVE_LOG_LINES, "bounce_log_lines_total", "Lines of followed logs."},
    {SERVE_OUT_SENT, "bounce_out_sent_total", "Own webhooks delivered."},
    {SERVE_OUT_FAILED, "bounce_out_failed_total", "Own webhooks that failed."},
    {SERVE_DENIED, "bounce_denied_total", "Calls without the right to."},
};

static bool put(struct bytes *out, const char *name, const char *type,
                const char *help, uint64_t value)
{
    return bytes_format(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n",
                        name, help, name, type, name, value);
}

static bool put_counters(struct http_call *call, struct bytes *out)
{
    bool fine = true;

    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
        fine = fine && put(out, counters[i].name, "counter", counters[i].help,
                           serve_count(call->http->serve, counters[i].count));
    return fine;
}

static bool put_writer(struct http_call *call, struct bytes *out)
{
    struct writer_counts counts;

    writer_counts(serve_writer(call->http->serve), &counts);
    return put(out, "bounce_events_new_total", "counter",
               "Events stored for the first time.", counts.fresh) &&
           put(out, "bounce_events_known_total", "counter",
               "Events that were there before.", counts.known) &&
           put(out, "bounce_commits_total", "counter",
               "Transactions of the writer.", counts.commits) &&
           put(out, "bounce_queue", "gauge", "Events that wait for the writer.",
               counts.waiting);
}

static bool put_store(struct http_call *call, struct bytes *out)
{
    struct store_figures figures = {0, 0};
    const bool up = ask_store(call, &figures);

    return put(out, "bounce_store_up", "gauge", "Whether the store answers.",
               up) &&
           (!up ||
            (put(out, "bounce_store_events", "gauge",
                 "Number of the newest event.", (uint64_t)figures.events) &&
             put(out, "bounce_store_changes", "gauge",
                 "Number of the newest change.", (uint64_t)figures.changes)));
}

/* Webhooks of ours; incidents. */
static bool put_outs(struct http_call *call, struct bytes *out)
{
    struct serve *serve = call->http->serve;
    struct store_error error;
    struct serve_reader *reader = serve_reader_take(serve, &error);
    uint64_t open;
    bool fine;

    if (reader == NULL)
        return true;
    fine = out_metrics_write(reader->book, out);
    if (incidents_count(reader->book, &open, &error) != STORE_OK) {
        serve_reader_spoil(serve, reader);
        return fine;
    }
    serve_reader_give(serve, reader);
    return fine && put(out, "bounce_incidents_open", "gauge",
                       "Incidents that are open.", open);
}

static uint64_t connections(struct http *http)
{
    uint64_t sum = serve_count(http->serve, SERVE_CONNECTIONS);

    pthread_mutex_lock(&http->lock); /* a reload changes them */
    for (size_t i = 0; i < http->count; i++)
        sum += http->module->connections(http->sockets[i].server);
    for (size_t i = 0; i < HTTP_RETIRED && http->retired[i] != NULL; i++)
        sum += http->module->connections(http->retired[i]);
    pthread_mutex_unlock(&http->lock);
    return sum;
}

static bool put_http(struct http *http, struct bytes *out)
{
    const char *names[HTTP_GROUPS + 1];
    size_t count = 0;

    while (count < HTTP_GROUPS && http_group_name(count) != NULL) {
        names[count] = http_group_name(count);
        count++;
    }
    return put(out, "bounce_connections", "gauge", "Open connections.",
               connections(http)) &&
           http_metrics_write(http->metrics, names, count, out);
}

static void metrics(struct http_call *call)
{
    struct bytes out = {0};

    if (call->scope[0] != '\0') {
        http_problem(call, 403, "this token is bound to a scope");
        return;
    }
    if (put_counters(call, &out) && put_writer(call, &out) &&
        put_store(call, &out) && put_outs(call, &out) &&
        put_http(call->http, &out) &&
        event_tally_write(serve_tally(call->http->serve), &out))
        http_text(call, 200, "text/plain; version=0.0.4; charset=utf-8",
                  bytes_slice(&out));
    else
        http_no_memory(call);
    bytes_free(&out);
}

const struct http_route http_routes_health[] = {
    {"GET", "/healthz", 0, false, healthz},
    {"GET", "/readyz", 0, true, readyz},
    {"GET", "/v1/openapi.json", 0, false, openapi},
    {"GET", "/metrics", HTTP_ROLE_READ, true, metrics},
    {NULL, NULL, 0, false, NULL},
};
