/* SPDX-License-Identifier: MIT
 * The part with the loop: LMTP, and the question before sending. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/report.h"
#include "serve/gate_session.h"
#include "serve/listen.h"
#include "serve/lmtp_session.h"
#include "serve/loop.h"
#include "serve/parts.h"

#define MESSAGE_MEMORY ((size_t)64 << 20) /* of the records of one message */
#define GRACE_MS       10000              /* for what waits when we stop */
#define MESSAGES       16 /* of the largest size, all clients together */

struct lines {
    struct serve *serve;
    struct loop *loop;
    pthread_t thread;
    bool running;
    struct loop_protocol lmtp, gate;
    char hostname[256];
    struct arena arena;           /* the loop's thread */
    struct bounce_reader *reader; /* the same; of mind */
    const struct serve_mind *mind;
    size_t held; /* bytes of messages that all clients send */
};

/* ---- LMTP -------------------------------------------------------------- */

struct lmtp_client {
    struct lines *lines;
    struct loop_client *client;
    struct lmtp_session *session;
    size_t held; /* bytes of its message, counted in lines->held */
};

/* A message at the writer. */
struct delivery {
    struct lmtp_client *client;
    const char *reply; /* static */
};

/* Who sends when memory is used up is told to come again. */
static void count_held(struct lmtp_client *lmtp)
{
    struct lines *lines = lmtp->lines;
    const size_t held = lmtp_session_held(lmtp->session);
    const size_t max = MESSAGES * serve_config(lines->serve)->max_body;
    const bool grows = held > lmtp->held;

    lines->held += held - lmtp->held;
    lmtp->held = held;
    if (grows && lines->held > max && lmtp_session_receiving(lmtp->session))
        lmtp_session_end(lmtp->session,
                         "421 4.3.1 memory for messages is used up");
}

static void flush_replies(struct lmtp_client *lmtp)
{
    struct bytes *replies = lmtp_session_replies(lmtp->session);

    count_held(lmtp);
    loop_client_send(lmtp->client, bytes_slice(replies));
    replies->len = 0;
    if (lmtp_session_ended(lmtp->session))
        loop_client_close(lmtp->client);
}

/* In the loop's thread: the message is stored, or it is not. */
static void delivered(void *arg)
{
    struct delivery *delivery = arg;
    struct lmtp_client *lmtp = delivery->client;

    lmtp_session_answer(lmtp->session, delivery->reply);
    flush_replies(lmtp);
    free(delivery);
    loop_client_resume(lmtp->client);
}

/* In the writer's thread. */
static void stored(void *ctx, const struct store_error *error,
                   const struct ledger_result *results, size_t count)
{
    struct delivery *delivery = ctx;
    struct serve *serve = delivery->client->lines->serve;

    for (size_t i = 0; i < count && results != NULL; i++)
        serve_add(serve,
                  results[i].fresh ? SERVE_EVENTS_NEW : SERVE_EVENTS_KNOWN, 1);
    delivery->reply = "250 2.0.0 stored";
    if (error != NULL && error->code == STORE_E_VALUE) {
        /* It would be no better the next time. */
        serve_add(serve, SERVE_EVENTS_BAD, 1);
        serve_log(serve, SERVE_WARNING, "lmtp-bad", "error", error->msg, NULL);
    } else if (error != NULL) {
        delivery->reply = "451 4.3.0 the store cannot take it now";
        serve_add(serve, SERVE_LMTP_REFUSED, 1);
        serve_log(serve, SERVE_ERROR, "lmtp", "error", error->msg, NULL);
    }
    /* Without memory for a note to the loop the client stays paused until the
     * daemon stops: it gets no answer and sends again. */
    if (!loop_post(delivery->client->lines->loop, delivered, delivery))
        free(delivery);
}

/* The reader goes with the rules: after a reload there is a new one. */
static bool fresh_reader(struct lines *lines)
{
    const struct serve_mind *mind = serve_mind_take(lines->serve);

    if (lines->reader != NULL && lines->mind == mind) {
        serve_mind_give(lines->serve, mind);
        return true;
    }
    if (lines->reader != NULL) {
        bounce_reader_free(lines->reader);
        serve_mind_give(lines->serve, lines->mind);
        lines->reader = NULL;
    }
    if (bounce_reader_new(mind->engine, &lines->reader) != BOUNCE_OK) {
        lines->reader = NULL;
        serve_mind_give(lines->serve, mind);
        return false;
    }
    lines->mind = mind;
    return true;
}

/* NULL: the message is at the writer. */
static const char *hand_to_writer(struct lmtp_client *lmtp,
                                  struct bounce_slice message)
{
    struct lines *lines = lmtp->lines;
    size_t key_count;
    struct report_options options = {
        .source = SLICE("lmtp"),
        .offset = -1,
        .now = serve_now(lines->serve),
        .keep_raw = serve_config(lines->serve)->keep_raw_days > 0,
        .keys = serve_verp_keys(lines->serve, &key_count),
    };
    const struct bounce_result *result;
    struct report_records found;
    struct delivery *delivery;

    options.key_count = key_count;
    arena_reset(&lines->arena);
    if (!fresh_reader(lines) ||
        bounce_read(lines->reader, message.ptr, message.len, &result, NULL) !=
            BOUNCE_OK ||
        !report_to_records(result, message, &options, &lines->arena, &found))
        return "451 4.3.0 out of memory";
    if (found.count == 0) /* mail of another kind: nothing to keep */
        return "250 2.0.0 no report";
    delivery = malloc(sizeof(*delivery));
    if (delivery == NULL)
        return "451 4.3.0 out of memory";
    *delivery = (struct delivery){lmtp, NULL};
    if (!writer_add(serve_writer(lines->serve), found.records, found.count,
                    stored, delivery)) {
        free(delivery);
        return "451 4.3.0 out of memory";
    }
    return NULL;
}

static void deliver(void *ctx, struct lmtp_session *session,
                    const struct lmtp_envelope *envelope,
                    struct bounce_slice message)
{
    struct lmtp_client *lmtp = ctx;
    const char *reply;

    (void)envelope; /* whom the report speaks of stands in the report */
    serve_add(lmtp->lines->serve, SERVE_LMTP_MESSAGES, 1);
    reply = hand_to_writer(lmtp, message);
    if (reply != NULL)
        lmtp_session_answer(session, reply);
    else
        loop_client_pause(lmtp->client); /* delivered() comes later */
}

static bool lmtp_opened(void *ctx, struct loop_client *client, void **state_out)
{
    struct lines *lines = ctx;
    struct lmtp_client *lmtp = calloc(1, sizeof(*lmtp));
    const struct lmtp_options options = {
        .hostname = lines->hostname,
        .max_message = serve_config(lines->serve)->max_body,
        .deliver = deliver,
        .ctx = lmtp};

    if (lmtp == NULL)
        return false;
    *lmtp = (struct lmtp_client){.lines = lines,
                                 .client = client,
                                 .session = lmtp_session_new(&options)};
    if (lmtp->session == NULL) {
        free(lmtp);
        return false;
    }
    serve_add(lines->serve, SERVE_CONNECTIONS, 1);
    flush_replies(lmtp);
    *state_out = lmtp;
    return true;
}

static size_t lmtp_took(void *state, struct loop_client *client,
                        struct bounce_slice input)
{
    struct lmtp_client *lmtp = state;
    size_t taken = lmtp_session_take(lmtp->session, input);

    (void)client;
    flush_replies(lmtp);
    return taken;
}

static void lmtp_closed(void *state)
{
    struct lmtp_client *lmtp = state;

    serve_drop(lmtp->lines->serve, SERVE_CONNECTIONS, 1);
    lmtp->lines->held -= lmtp->held;
    lmtp_session_free(lmtp->session);
    free(lmtp);
}

static bool lmtp_owes(void *state)
{
    const struct lmtp_client *lmtp = state;

    return lmtp_session_receiving(lmtp->session);
}

/* ---- The gate ---------------------------------------------------------- */

struct gate_client {
    struct lines *lines;
    struct bytes out;
};

static bool gate_check(void *ctx, const struct ask_question *question,
                       struct ask_answer *answer_out)
{
    struct lines *lines = ctx;
    struct store_error error;
    struct serve_reader *reader = serve_reader_take(lines->serve, &error);

    serve_add(lines->serve, SERVE_POLICY_REQUESTS, 1);
    if (reader == NULL) {
        serve_log(lines->serve, SERVE_ERROR, "gate", "error", error.msg, NULL);
        return false;
    }
    if (ask_check(reader->ask, question, 1, serve_now(lines->serve), answer_out,
                  &error) != STORE_OK) {
        serve_reader_spoil(lines->serve, reader);
        serve_log(lines->serve, SERVE_ERROR, "gate", "error", error.msg, NULL);
        return false;
    }
    serve_reader_give(lines->serve, reader);
    serve_add(lines->serve, SERVE_CHECKS, 1);
    if (answer_out->may != BOUNCE_SEND)
        serve_add(lines->serve, SERVE_POLICY_REFUSED, 1);
    return true;
}

static int64_t gate_now(void *ctx)
{
    return serve_now(((struct lines *)ctx)->serve);
}

static bool gate_opened(void *ctx, struct loop_client *client, void **state_out)
{
    struct gate_client *gate = calloc(1, sizeof(*gate));

    (void)client;
    if (gate == NULL)
        return false;
    gate->lines = ctx;
    serve_add(gate->lines->serve, SERVE_CONNECTIONS, 1);
    *state_out = gate;
    return true;
}

static size_t gate_took(void *state, struct loop_client *client,
                        struct bounce_slice input)
{
    struct gate_client *gate = state;
    const struct gate_options options = {
        .check = gate_check,
        .ctx = gate->lines,
        .fail_closed = serve_config(gate->lines->serve)->fail_closed,
        .now = gate_now};
    bool end = false;
    size_t taken = gate_take(&options, input, &gate->out, &end);

    loop_client_send(client, bytes_slice(&gate->out));
    gate->out.len = 0;
    if (end)
        loop_client_close(client);
    return taken;
}

static void gate_closed(void *state)
{
    struct gate_client *gate = state;

    serve_drop(gate->lines->serve, SERVE_CONNECTIONS, 1);
    bytes_free(&gate->out);
    free(gate);
}

/* ---- The part ---------------------------------------------------------- */

static void *run(void *arg)
{
    struct lines *lines = arg;

    loop_run(lines->loop);
    return NULL;
}

static bool listen_all(struct lines *lines, const struct config_listen *listen,
                       const struct loop_protocol *protocol)
{
    char why[200];

    for (; listen != NULL; listen = listen->next) {
        int fd = listen_open(listen->text, why);

        if (fd < 0 || !loop_listen(lines->loop, fd, protocol)) {
            serve_log(lines->serve, SERVE_ERROR, "listen", "part",
                      protocol->name, "error", fd < 0 ? why : listen->text,
                      NULL);
            if (fd >= 0)
                close(fd);
            return false;
        }
        serve_log(lines->serve, SERVE_INFO, "listen", "part", protocol->name,
                  "at", listen->text, NULL);
    }
    return true;
}

static void stop_listening(const struct config_listen *listen)
{
    for (; listen != NULL; listen = listen->next)
        listen_close(listen->text);
}

static void lines_free(struct lines *lines)
{
    stop_listening(serve_config(lines->serve)->lmtp);
    stop_listening(serve_config(lines->serve)->policy_service);
    loop_free(lines->loop);
    if (lines->reader != NULL) {
        bounce_reader_free(lines->reader);
        serve_mind_give(lines->serve, lines->mind);
    }
    arena_clear(&lines->arena);
    free(lines);
}

static void set_protocols(struct lines *lines)
{
    lines->lmtp = (struct loop_protocol){
        .name = "lmtp",
        .opened = lmtp_opened,
        .took = lmtp_took,
        .closed = lmtp_closed,
        .owes = lmtp_owes,
        .ctx = lines,
        .busy = "421 4.3.2 too many connections\r\n",
        .timeout = "421 4.4.2 time-out\r\n",
        .max_input = (size_t)256 << 10,
    };
    lines->gate = (struct loop_protocol){
        .name = "policy-service",
        .opened = gate_opened,
        .took = gate_took,
        .closed = gate_closed,
        .ctx = lines,
        .max_input = GATE_REQUEST_MAX,
    };
}

static bool start(struct serve *serve, void **part_out)
{
    const struct config *config = serve_config(serve);
    const struct loop_options options = {config->max_connections,
                                         config->timeout_s * 1000};
    struct lines *lines;

    if (config->lmtp == NULL && config->policy_service == NULL)
        return true;
    lines = calloc(1, sizeof(*lines));
    if (lines == NULL)
        return false;
    lines->serve = serve;
    arena_init(&lines->arena, allocator_default(), MESSAGE_MEMORY);
    set_protocols(lines);
    if (config->hostname != NULL)
        strncpy(lines->hostname, config->hostname, sizeof(lines->hostname) - 1);
    else if (gethostname(lines->hostname, sizeof(lines->hostname) - 1) != 0)
        strcpy(lines->hostname, "localhost");
    lines->loop = loop_new(&options);
    if (lines->loop != NULL && listen_all(lines, config->lmtp, &lines->lmtp) &&
        listen_all(lines, config->policy_service, &lines->gate) &&
        pthread_create(&lines->thread, NULL, run, lines) == 0) {
        *part_out = lines;
        return true;
    }
    lines_free(lines);
    return false;
}

/* What was taken is committed before the writer ends: it is stopped last. */
static void stop(struct serve *serve, void *part)
{
    struct lines *lines = part;
    struct store_error error;

    loop_stop(lines->loop, GRACE_MS);
    pthread_join(lines->thread, NULL);
    (void)writer_flush(serve_writer(serve), &error);
    lines_free(lines);
}

const struct serve_part serve_lines = {"lines", start, NULL, stop};
