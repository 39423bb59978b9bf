/* SPDX-License-Identifier: MIT
 * A step of a webhook of ours. What is sent is put down before, and what became
 * of it behind: whenever the daemon dies, a batch is sent once more rather than
 * never, under the same id. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/date.h"
#include "serve/http_event.h"
#include "serve/out.h"

#define LOOK_MAX   5000 /* changes looked at in one step */
#define LEASE_S    60   /* beyond the time of a request */
#define REPLY_MAX  4096 /* bytes of an answer that are read */
#define CONNECT_MS 10000
#define SKIP_S     5 /* a cursor that only passed by is kept so often */

/* Changes for one request. */
struct batch {
    const struct out_target *target;
    int64_t until; /* seq of the last change that may belong to it; 0: any */
    struct bytes changes;
    int64_t first, last, seen; /* seq; seen: of whatever was looked at */
    int64_t recorded_at;       /* of the last */
    unsigned count, looked;
    bool no_memory;
};

static bool take_change(void *ctx, const struct list_change *change)
{
    struct batch *batch = ctx;

    if (batch->count == OUT_BATCH || batch->looked == LOOK_MAX ||
        (batch->until > 0 && change->seq > batch->until))
        return false;
    batch->looked++;
    batch->seen = change->seq;
    if (!out_wants(batch->target->events, change))
        return true;
    batch->no_memory =
        (batch->count > 0 && !bytes_add(&batch->changes, SLICE(","))) ||
        !http_put(&batch->changes, http_write_change, change);
    if (batch->count++ == 0)
        batch->first = change->seq;
    batch->last = change->seq;
    batch->recorded_at = change->recorded_at;
    return !batch->no_memory;
}

static enum store_err read_batch(struct book *book, int64_t cursor,
                                 struct batch *batch, struct store_error *error)
{
    char text[24];
    struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME};
    enum store_err err;

    snprintf(text, sizeof(text), "%" PRId64, cursor);
    filter.cursor = slice_cstr(text);
    batch->seen = cursor;
    err = list_changes(book, &filter, take_change, batch, error);
    if (batch->no_memory)
        return store_fail(error, STORE_E_NOMEM, "out of memory");
    return err == STORE_E_STOPPED ? STORE_OK : err;
}

static bool write_body(const struct batch *batch, struct bytes *body)
{
    char at[DATE_ISO_SIZE];

    date_format_iso(batch->recorded_at, at);
    return bytes_format(body,
                        "{\"type\":\"bounce.changes\",\"timestamp\":\"%s\","
                        "\"data\":{\"out\":\"%s\",\"first\":%" PRId64
                        ",\"last\":%" PRId64 ",\"changes\":[",
                        at, batch->target->name, batch->first, batch->last) &&
           bytes_add(body, bytes_slice(&batch->changes)) &&
           bytes_add(body, SLICE("]}}"));
}

/* ---- One request ------------------------------------------------------- */

struct answer {
    enum out_fate fate;
    unsigned retry_after_s;
    bool none;       /* it was stopped, or could not be made for our own sake */
    char error[200]; /* why it is to be sent again */
};

static bool ask_stop(void *ctx)
{
    return out_stopping(ctx);
}

static void read_answer(enum web_result result, const struct web_reply *reply,
                        struct answer *answer)
{
    answer->none = result == WEB_STOPPED || result == WEB_NO_MEMORY;
    answer->fate = OUT_AGAIN;
    if (result == WEB_FINE) {
        answer->fate = out_fate(reply->status);
        if (reply->status == 429 || reply->status == 503)
            answer->retry_after_s = reply->retry_after_s;
        snprintf(answer->error, sizeof(answer->error), "answered %u",
                 reply->status);
    } else {
        snprintf(answer->error, sizeof(answer->error), "%.199s", reply->error);
    }
}

static void send_body(struct out_worker *worker, const char *id,
                      const char *signatures, int64_t at,
                      struct bounce_slice body, struct answer *answer)
{
    const struct out_target *target = &worker->target;
    char id_line[OUT_ID + 16], time_line[48];
    char signature_line[OUT_SIGNATURES + 24];
    const char *const headers[] = {"Content-Type: application/json", id_line,
                                   time_line, signature_line, NULL};
    const struct web_request request = {
        .method = "POST",
        .url = target->url,
        .headers = headers,
        .body = body,
        .connect_ms = CONNECT_MS,
        .total_ms = target->timeout_ms,
        .max_body = REPLY_MAX,
        .ca_file = target->ca_file,
        .proxy = target->proxy != NULL ? target->proxy : "",
        .stop = ask_stop,
        .ctx = worker};
    struct web_reply reply;

    snprintf(id_line, sizeof(id_line), "webhook-id: %s", id);
    snprintf(time_line, sizeof(time_line), "webhook-timestamp: %" PRId64, at);
    snprintf(signature_line, sizeof(signature_line), "webhook-signature: %s",
             signatures);
    read_answer(worker->curl->web_send(worker->client, &request, &reply),
                &reply, answer);
}

static void post(struct out_worker *worker, struct bounce_slice salt,
                 const struct batch *batch, struct answer *answer)
{
    const int64_t now = serve_now(worker->serve);
    char id[OUT_ID], signatures[OUT_SIGNATURES];
    struct bytes body = {0};

    *answer = (struct answer){.none = true};
    if (write_body(batch, &body) &&
        out_sign_id(worker->crypto, salt, worker->target.name, batch->first,
                    batch->last, id) &&
        out_sign(worker->crypto, &worker->target.secrets, id, now,
                 bytes_slice(&body), signatures))
        send_body(worker, id, signatures, now, bytes_slice(&body), answer);
    bytes_free(&body);
    if (answer->none)
        return;
    serve_add(worker->serve,
              answer->fate == OUT_TAKEN ? SERVE_OUT_SENT : SERVE_OUT_FAILED, 1);
}

/* ---- What became of it ------------------------------------------------- */

static void log_failure(struct out_worker *worker, const char *result,
                        const struct answer *answer)
{
    char attempts[16], next[DATE_ISO_SIZE] = "-";

    snprintf(attempts, sizeof(attempts), "%u", worker->state.attempts);
    if (worker->state.next_at != BOUNCE_NO_TIME)
        date_format_iso(worker->state.next_at, next);
    serve_log(worker->serve,
              answer->fate == OUT_GONE ? SERVE_ERROR : SERVE_WARNING, "out",
              "name", worker->target.name, "result", result, "error",
              answer->error, "attempts", attempts, "next", next, NULL);
}

static uint32_t random_bits(void)
{
    uint32_t bits = 0;

    /* Without randomness the wait is the longest one: no harm. */
    (void)!getrandom(&bits, sizeof(bits), GRND_NONBLOCK);
    return bits;
}

static void begin_anew(struct delivery *state)
{
    state->batch = 0;
    state->attempts = 0;
    state->begun_at = state->next_at = BOUNCE_NO_TIME;
    state->error[0] = '\0';
}

static enum store_err failed(struct out_worker *worker, struct book *book,
                             const struct batch *batch,
                             const struct answer *answer,
                             struct store_error *error)
{
    const struct out_pace *pace = &worker->target.pace;
    struct delivery *state = &worker->state;
    const int64_t now = serve_now(worker->serve);

    state->attempts++;
    snprintf(state->error, sizeof(state->error), "%s", answer->error);
    if (answer->fate == OUT_GONE) {
        state->stopped = true;
        log_failure(worker, "stopped: bounce out resume lets it go on", answer);
        return delivery_save(book, state, error);
    }
    if (out_gives_up(pace, state->attempts, state->begun_at, now)) {
        log_failure(worker, "given up: see bounce out dead", answer);
        return delivery_bury(book, state, batch->first, batch->count, now,
                             error);
    }
    state->next_at = now + out_wait_s(pace, state->attempts,
                                      answer->retry_after_s, random_bits());
    log_failure(worker, "again", answer);
    return delivery_save(book, state, error);
}

/* ---- Steps ------------------------------------------------------------- */

/* What is to be sent now, if anything: the request itself is made while no
 * connection to the store is kept waiting. */
struct errand {
    struct batch batch;
    bool post, of_letter, more;
    struct dead_letter letter;
    char salt[BOOK_SALT + 1];
};

/* Nothing of it is for this webhook, or all of it was forgotten. */
static enum store_err pass_by(struct out_worker *worker, struct book *book,
                              struct errand *errand, struct store_error *error)
{
    struct delivery *state = &worker->state;
    const int64_t now = serve_now(worker->serve);

    errand->more = errand->batch.looked == LOOK_MAX || state->batch > 0;
    if (state->batch > 0) {
        state->cursor = state->batch;
        begin_anew(state);
        return delivery_save(book, state, error);
    }
    if (errand->batch.seen > state->cursor)
        state->cursor = errand->batch.seen;
    if (state->cursor == worker->kept_cursor ||
        now < worker->passed_at + SKIP_S)
        return STORE_OK;
    worker->passed_at = now;
    worker->kept_cursor = state->cursor;
    return delivery_save(book, state, error);
}

/* The next batch of the feed, or the one that failed before. */
static enum store_err plan_feed(struct out_worker *worker, struct book *book,
                                struct errand *errand,
                                struct store_error *error)
{
    struct delivery *state = &worker->state;
    struct batch *batch = &errand->batch;
    enum store_err err;

    batch->until = state->batch;
    err = read_batch(book, state->cursor, batch, error);
    if (err != STORE_OK)
        return err;
    if (batch->count == 0)
        return pass_by(worker, book, errand, error);
    errand->post = true;
    if (state->batch > 0)
        return STORE_OK;
    state->batch = batch->last;
    state->begun_at = serve_now(worker->serve);
    return delivery_save(book, state, error);
}

/* A dead letter that a person wants to be tried again. */
static enum store_err plan_letter(struct out_worker *worker, struct book *book,
                                  struct errand *errand,
                                  struct store_error *error)
{
    enum store_err err = dead_letter_next(
        book, worker->target.name, &errand->letter, &errand->of_letter, error);

    if (err != STORE_OK || !errand->of_letter)
        return err;
    errand->batch.until = errand->letter.last;
    err = read_batch(book, errand->letter.first - 1, &errand->batch, error);
    errand->post = err == STORE_OK && errand->batch.count > 0;
    if (err == STORE_OK && !errand->post)
        err = dead_letter_tried(book, &errand->letter, NULL, error);
    return err;
}

static enum store_err plan(struct out_worker *worker, struct book *book,
                           struct errand *errand, struct store_error *error)
{
    struct delivery *state = &worker->state;
    const int64_t now = serve_now(worker->serve);
    const int64_t passed = worker->held ? state->cursor : 0;
    enum store_err err = delivery_take(
        book, worker->target.name, worker->target.url, worker->holder, now,
        LEASE_S + worker->target.timeout_ms / 1000, state, &worker->held,
        error);

    if (err != STORE_OK || !worker->held || state->stopped)
        return err;
    memcpy(errand->salt, book->salt, sizeof(errand->salt));
    worker->kept_cursor = state->cursor;
    /* What was passed by is not stored each time. */
    if (state->batch == 0 && passed > state->cursor)
        state->cursor = passed;
    err = plan_letter(worker, book, errand, error);
    if (err != STORE_OK || errand->of_letter ||
        (state->next_at != BOUNCE_NO_TIME && state->next_at > now))
        return err;
    return plan_feed(worker, book, errand, error);
}

static enum store_err settle(struct out_worker *worker, struct book *book,
                             const struct errand *errand,
                             const struct answer *answer,
                             struct store_error *error)
{
    struct delivery *state = &worker->state;
    const bool taken = answer->fate == OUT_TAKEN;

    if (errand->of_letter) {
        if (!taken)
            log_failure(worker, "a dead letter stays", answer);
        return dead_letter_tried(book, &errand->letter,
                                 taken ? NULL : answer->error, error);
    }
    if (!taken)
        return failed(worker, book, &errand->batch, answer, error);
    state->cursor = state->batch;
    state->delivered_at = serve_now(worker->serve);
    begin_anew(state);
    return delivery_save(book, state, error);
}

/* Runs plan() (answer NULL) or settle() with a connection to the store. */
static bool with_store(struct out_worker *worker, struct errand *errand,
                       const struct answer *answer)
{
    struct store_error error;
    struct serve_reader *reader = serve_reader_take(worker->serve, &error);
    enum store_err err = reader == NULL ? error.code : STORE_OK;

    if (reader != NULL)
        err = answer == NULL
                  ? plan(worker, reader->book, errand, &error)
                  : settle(worker, reader->book, errand, answer, &error);
    if (reader != NULL && err == STORE_OK)
        serve_reader_give(worker->serve, reader);
    else if (reader != NULL)
        serve_reader_spoil(worker->serve, reader);
    if (err == STORE_OK)
        return true;
    worker->held = false;
    serve_log(worker->serve, SERVE_WARNING, "out", "name", worker->target.name,
              "error", error.msg, NULL);
    return false;
}

bool out_turn(struct out_worker *worker)
{
    struct errand errand = {.batch.target = &worker->target};
    struct answer answer;
    bool more = with_store(worker, &errand, NULL) &&
                (errand.more || errand.of_letter || errand.post);

    if (more && errand.post) {
        post(worker, slice_cstr(errand.salt), &errand.batch, &answer);
        more = !answer.none && with_store(worker, &errand, &answer);
    }
    bytes_free(&errand.batch.changes);
    return more;
}

void out_let_go(struct out_worker *worker)
{
    struct store_error error;
    struct serve_reader *reader;

    if (!worker->held)
        return;
    reader = serve_reader_take(worker->serve, &error);
    if (reader == NULL)
        return;
    /* If that fails it is let go when its time is over. */
    (void)delivery_let_go(reader->book, &worker->state, &error);
    serve_reader_spoil(worker->serve, reader);
}
