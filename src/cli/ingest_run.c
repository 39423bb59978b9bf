/* SPDX-License-Identifier: MIT
 * A position (where an mbox stands) is written only for what the writer has
 * said to be durable, so that an interrupted run loses nothing; reports that
 * are read again are known by their ids. */
#include "cli/ingest_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "cli/cli.h"
#include "cli/open.h"
#include "cli/source.h"
#include "ingest/report.h"

#define POSITION_EVERY 512 /* messages */
#define BUSY_TRIES     2   /* each waits for a lock as long as the store does */
#define COMPLAINTS_MAX ((size_t)64 << 10)
#define BATCH_MEMORY   ((size_t)1 << 30)

/* What a message gave: count records behind those of the one before. */
struct span {
    size_t count;
    size_t source_at, source_len; /* in batch->names */
    int64_t offset;
    bool mbox;
    char mark[64];
    enum ingest_fate fate;     /* once its records are stored */
    enum ingest_fate *fate_to; /* NULL: nobody asks */
};

/* A batch of messages on its way from a reading thread to the main one. */
struct batch {
    struct arena arena;
    struct record *records;
    size_t count, cap;
    struct span *spans;
    size_t span_count, span_cap;
    struct textbuf names;
    uint64_t old, unsafe, vouched, distrusted;
};

/* One message's records at the writer, as far as they are counted. */
struct pending {
    struct ingest_run *run;
    struct ingest_position position;
    enum ingest_fate fate, *fate_to;
    struct {
        enum bounce_kind kind;
        struct bounce_slice category; /* the engine's own */
    } events[];
};

/* ---- Reading threads -------------------------------------------------- */

static void *start_state(void *ctx)
{
    struct ingest_run *run = ctx;

    return open_reader(run->session->engine);
}

static void stop_state(void *ctx, void *state)
{
    (void)ctx;
    bounce_reader_free(state);
}

static void drop_batch(void *ctx, void *own)
{
    struct batch *batch = own;

    (void)ctx;
    arena_clear(&batch->arena);
    textbuf_free(&batch->names);
    free(batch->records);
    free(batch->spans);
    free(batch);
}

static struct batch *batch_of(struct work_result *result)
{
    struct batch *batch = result->own;

    if (batch == NULL) {
        batch = cli_realloc(NULL, sizeof(*batch));
        *batch = (struct batch){0};
        arena_init(&batch->arena, allocator_default(), BATCH_MEMORY);
        result->own = batch;
    }
    return batch;
}

static void batch_reset(struct batch *batch)
{
    arena_reset(&batch->arena);
    batch->count = batch->span_count = batch->names.len = 0;
    batch->old = batch->unsafe = batch->vouched = batch->distrusted = 0;
}

void ingest_run_mark(struct bounce_slice begin, char mark[64])
{
    struct hash128 hash;
    char hex[33];

    begin = slice_sub(begin, 0, INGEST_MARK_BYTES);
    hash128_init(&hash);
    hash128_add(&hash, begin);
    hash128_hex(&hash, hex);
    snprintf(mark, 64, "%zu %s", begin.len, hex);
}

static struct span *add_span(struct batch *batch,
                             const struct input_message *message)
{
    struct span *span;

    if (batch->span_count == batch->span_cap) {
        batch->span_cap = batch->span_cap ? 2 * batch->span_cap : 64;
        batch->spans =
            cli_array(batch->spans, batch->span_cap, sizeof(*batch->spans));
    }
    span = &batch->spans[batch->span_count++];
    *span = (struct span){.source_at = batch->names.len,
                          .source_len = message->source.len,
                          .offset = message->offset,
                          .mbox = message->mbox,
                          .fate = INGEST_LEFT,
                          .fate_to = message->own};
    textbuf_add(&batch->names, message->source);
    if (message->mbox)
        ingest_run_mark(slice_make(message->data, message->len), span->mark);
    return span;
}

static struct report_options
report_options_of(const struct ingest_run *run,
                  const struct input_message *message)
{
    const struct ingest_options *options = run->options;

    return (struct report_options){
        .scope = options->scope,
        .campaign = options->campaign,
        .ip = options->ip,
        .sender_domain = options->sender_domain,
        .source = message->source,
        .offset = message->offset,
        .now = run->session->now,
        .since = options->since,
        .engaged_at = options->engaged_at,
        .keep_raw = options->keep_raw_days > 0,
        .keys = options->verp.keys,
        .key_count = options->verp.count,
        .max_age_s = options->verp_max_age_s,
    };
}

/* A report that names nobody stays for a person to look at. */
static enum ingest_fate fate_of(const struct report_records *found)
{
    enum ingest_fate fate = INGEST_LEFT;

    for (size_t i = 0; i < found->count; i++) {
        const struct bounce_event *event = &found->records[i].event;
        bool answer = event->kind == BOUNCE_KIND_AUTO_REPLY ||
                      event->kind == BOUNCE_KIND_CHALLENGE;

        if (event->recipient.len == 0 || found->old > 0)
            return INGEST_LEFT;
        if (!answer)
            fate = INGEST_TAKEN;
        else if (fate == INGEST_LEFT)
            fate = INGEST_ANSWERED;
    }
    return fate;
}

static void take_records(struct batch *batch,
                         const struct report_records *found, struct span *span)
{
    while (batch->cap < batch->count + found->count) {
        batch->cap = batch->cap ? 2 * batch->cap : 64;
        batch->records =
            cli_array(batch->records, batch->cap, sizeof(*batch->records));
    }
    for (size_t i = 0; i < found->count; i++) {
        if (!record_copy(&batch->records[batch->count++], &found->records[i],
                         &batch->arena))
            cli_fail(CLI_TRY_AGAIN, "out of memory");
    }
    span->count = found->count;
    span->fate = fate_of(found);
    batch->old += found->old;
    batch->unsafe += found->unsafe;
    batch->vouched += found->vouched;
    if (found->verdict != VERP_NONE && found->verdict != VERP_FINE)
        batch->distrusted += found->count;
}

static void render(void *ctx, void *state, const struct input_message *message,
                   struct work_result *result)
{
    struct ingest_run *run = ctx;
    struct batch *batch = batch_of(result);
    struct span *span = add_span(batch, message);
    const struct report_options options = report_options_of(run, message);
    const struct bounce_result *read = NULL;
    struct report_records found;
    enum bounce_err err = source_read(state, message, &read, NULL);

    result->tally.messages++;
    if (err != BOUNCE_OK) {
        work_unreadable(result, message, err);
        return;
    }
    if (!report_to_records(read, slice_make(message->data, message->len),
                           &options, &batch->arena, &found))
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    take_records(batch, &found, span);
}

/* ---- The writer's thread ---------------------------------------------- */

static void done(void *ctx, const struct store_error *error,
                 const struct ledger_result *results, size_t count)
{
    struct pending *pending = ctx;
    struct ingest_run *run = pending->run;

    pthread_mutex_lock(&run->lock);
    if (error != NULL && error->code != STORE_E_VALUE) {
        if (!run->broken)
            run->error = *error;
        run->broken = true;
    } else {
        if (error != NULL) {
            run->stored.bad++;
            if (run->complaints.len < COMPLAINTS_MAX)
                textbuf_format(&run->complaints, "%s\n", error->msg);
        }
        for (size_t i = 0; i < count; i++) {
            const struct bounce_event event = {.kind = pending->events[i].kind,
                                               .category =
                                                   pending->events[i].category};

            ingest_count_result(&run->stored, run->session->engine, &event,
                                &results[i]);
        }
        if (pending->fate_to != NULL)
            *pending->fate_to = error == NULL ? pending->fate : INGEST_LEFT;
        if (!run->broken && pending->position.source != NULL)
            run->confirmed = pending->position;
    }
    pthread_mutex_unlock(&run->lock);
    free(pending);
}

/* ---- The main thread -------------------------------------------------- */

static struct ingest_path *add_path(struct ingest_run *run,
                                    struct bounce_slice given)
{
    struct ingest_path *path = cli_realloc(NULL, sizeof(*path));

    *path = (struct ingest_path){.next = run->paths};
    textbuf_add(&path->given, given);
    run->paths = path;
    return path;
}

const char *ingest_run_path(struct ingest_run *run, struct bounce_slice given)
{
    struct ingest_path *path = run->paths;

    if (path == NULL || !slice_eq(textbuf_slice(&path->given), given)) {
        path = add_path(run, given);
        ingest_position_name(run->session->book, &path->full, given);
        textbuf_byte(&path->full, '\0');
    }
    return path->full.ptr;
}

const char *ingest_run_name(struct ingest_run *run, struct bounce_slice name)
{
    struct ingest_path *path = add_path(run, name);

    ingest_hide_name(run->session->book, &path->full, name);
    textbuf_byte(&path->full, '\0');
    return path->full.ptr;
}

bool ingest_run_broken(struct ingest_run *run)
{
    bool broken;

    pthread_mutex_lock(&run->lock);
    broken = run->broken;
    pthread_mutex_unlock(&run->lock);
    return broken;
}

void ingest_run_keep_position(struct ingest_run *run)
{
    struct ingest_position position;

    pthread_mutex_lock(&run->lock);
    position = run->confirmed;
    run->confirmed.source = NULL;
    pthread_mutex_unlock(&run->lock);
    run->since_position = 0;
    if (position.source != NULL &&
        !writer_add_position(run->writer, slice_cstr(position.source),
                             position.offset, slice_cstr(position.mark)))
        cli_fail(CLI_TRY_AGAIN, "out of memory");
}

static void hand_over(struct ingest_run *run, const struct batch *batch,
                      const struct span *span, const struct record *records)
{
    struct pending *pending = cli_realloc(
        NULL, sizeof(*pending) + span->count * sizeof(pending->events[0]));
    struct bounce_slice source =
        slice_make(batch->names.ptr + span->source_at, span->source_len);

    *pending = (struct pending){
        .run = run, .fate = span->fate, .fate_to = span->fate_to};
    if (span->mbox && !slice_eq(source, SLICE("-"))) {
        pending->position.source = ingest_run_path(run, source);
        pending->position.offset = span->offset;
        memcpy(pending->position.mark, span->mark, sizeof(span->mark));
    }
    for (size_t i = 0; i < span->count; i++) {
        const struct bounce_category *category = bounce_category_find(
            run->session->engine, records[i].event.category);

        pending->events[i].kind = records[i].event.kind;
        pending->events[i].category =
            category != NULL ? category->id : SLICE_NULL;
    }
    if (!writer_add(run->writer, records, span->count, done, pending))
        cli_fail(CLI_TRY_AGAIN, "out of memory");
}

static void emit(void *ctx, const struct work_result *result)
{
    struct ingest_run *run = ctx;
    struct bounce_slice errors = textbuf_slice(&result->errors), line;
    struct batch *batch = result->own;
    size_t at = 0;

    while (slice_next_piece(&errors, '\n', &line)) {
        cli_error("%.*s", CLI_ARG(line));
        run->count.unreadable++;
    }
    for (size_t i = 0; i < batch->span_count; i++) {
        const struct span *span = &batch->spans[i];

        run->count.messages++;
        run->count.reports += span->count > 0;
        if (span->count > 0)
            hand_over(run, batch, span, batch->records + at);
        else if (span->fate_to != NULL)
            *span->fate_to = INGEST_LEFT;
        at += span->count;
        if (++run->since_position >= POSITION_EVERY)
            ingest_run_keep_position(run);
    }
    run->count.old += batch->old;
    run->count.unsafe += batch->unsafe;
    run->count.vouched += batch->vouched;
    run->count.distrusted += batch->distrusted;
    batch_reset(batch);
}

void ingest_run_init(struct ingest_run *run, struct session *session,
                     const struct ingest_options *options)
{
    const struct work_job job = {.start = start_state,
                                 .render = render,
                                 .stop = stop_state,
                                 .drop = drop_batch,
                                 .emit = emit,
                                 .ctx = run};
    const struct writer_options writing = {
        .batch = WRITER_BULK,
        .queue = 2 * WRITER_BULK,
        .now = session->now_given ? session->now : BOUNCE_NO_TIME,
        .tries = BUSY_TRIES};

    *run = (struct ingest_run){.session = session, .options = options};
    if (pthread_mutex_init(&run->lock, NULL) != 0)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    run->writer = writer_new(session->book, &writing);
    if (run->writer == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    run->work = work_new(&job, options->jobs);
}

void ingest_run_add(struct ingest_run *run, const struct input_message *message)
{
    if (message->own != NULL)
        *(enum ingest_fate *)message->own = INGEST_WAITS;
    work_add(run->work, message);
}

void ingest_run_end_reading(struct ingest_run *run)
{
    if (run->work != NULL)
        work_end(run->work);
    run->work = NULL;
}

int ingest_run_flush(struct ingest_run *run)
{
    struct store_error error;
    struct bounce_slice rest, line;
    enum store_err err;

    if (run->work != NULL)
        work_drain(run->work);
    err = writer_flush(run->writer, &error);
    rest = textbuf_slice(&run->complaints);
    while (slice_next_piece(&rest, '\n', &line))
        cli_error("%.*s", CLI_ARG(line));
    run->complaints.len = 0;
    if (ingest_run_broken(run))
        return session_complain(&run->error);
    return err != STORE_OK ? session_complain(&error) : -1;
}

void ingest_run_clear(struct ingest_run *run)
{
    ingest_run_end_reading(run);
    writer_free(run->writer);
    textbuf_free(&run->complaints);
    while (run->paths != NULL) {
        struct ingest_path *next = run->paths->next;

        textbuf_free(&run->paths->given);
        textbuf_free(&run->paths->full);
        free(run->paths);
        run->paths = next;
    }
    pthread_mutex_destroy(&run->lock);
}

void ingest_run_summarize(struct ingest_run *run)
{
    struct ingest_count *count = &run->count;
    struct out out;

    count->tally = run->stored.tally;
    count->tally.messages = count->messages;
    count->fresh = run->stored.fresh;
    count->known = run->stored.known;
    count->repeated = run->stored.repeated;
    count->bad = run->stored.bad;
    memcpy(count->outcomes, run->stored.outcomes, sizeof(count->outcomes));
    out_init(&out);
    if (run->options->json)
        ingest_count_json(count, run->session->engine, &out);
    else
        ingest_count_write(count, run->session->engine, &out);
    out_close(&out);
}
