/* SPDX-License-Identifier: MIT
 * bounce ingest of reports. Threads read and classify messages, in the order of
 * the input their records go to the writer, whose thread commits them in groups
 * and says what came of them.
 *
 * A position (where an mbox stands) is written only for what the writer has
 * said to be durable, so that an interrupted run loses nothing; reports that
 * are read again are known by their ids. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "cli/cli.h"
#include "cli/ingest.h"
#include "cli/ingest_count.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/source.h"
#include "cli/work.h"
#include "ingest/verp_report.h"
#include "store/writer.h"

#define MARK_BYTES     256 /* of a message, that show it is still there */
#define POSITION_EVERY 512 /* messages */
#define BUSY_TRIES     2   /* each waits for a lock as long as the store does */
#define COMPLAINTS_MAX ((size_t)64 << 10)
#define BATCH_MEMORY   ((size_t)1 << 30)

/* Where an mbox stands: at a message that begins with known bytes. */
struct position {
    const char *source; /* full path, of run->paths; NULL: none */
    int64_t offset;
    char mark[64];
};

/* What a message gave: count records behind those of the one before. */
struct span {
    size_t count;
    size_t source_at, source_len; /* in batch->names */
    int64_t offset;
    bool mbox;
    char mark[64];
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

struct path {
    struct path *next;
    struct textbuf given, full;
};

struct ingest_run {
    struct session *session;
    const struct ingest_options *options;
    struct work *work;
    struct writer *writer;
    struct source source;
    struct path *paths;   /* newest first */
    struct book *reading; /* for positions; the writer has the other one */
    struct ledger *positions;
    struct ingest_count count; /* main thread */
    uint64_t since_position;
    bool failed;

    pthread_mutex_t lock;
    struct ingest_count stored; /* by the writer's thread */
    struct position confirmed;  /* durable up to here */
    struct textbuf complaints;  /* of bad records, a line each */
    struct store_error error;   /* the first that was no bad record */
    bool broken;                /* there was one */
};

/* One message's records at the writer, as far as they are counted. */
struct pending {
    struct ingest_run *run;
    struct position position;
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

static void make_mark(struct bounce_slice begin, char mark[64])
{
    struct hash128 hash;
    char hex[33];

    begin = slice_sub(begin, 0, MARK_BYTES);
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
                          .mbox = message->mbox};
    textbuf_add(&batch->names, message->source);
    if (message->mbox)
        make_mark(slice_make(message->data, message->len), span->mark);
    return span;
}

static struct bounce_slice either(struct bounce_slice own,
                                  struct bounce_slice common)
{
    return own.len > 0 ? own : common;
}

/* What the options and the report itself say of an event. */
static void fill_record(const struct ingest_options *options,
                        const struct input_message *message,
                        struct record *record)
{
    struct bounce_event *event = &record->event;

    event->scope = either(event->scope, options->scope);
    event->campaign = either(event->campaign, options->campaign);
    record->ip = options->ip;
    record->sender_domain = options->sender_domain;
    record->engaged_at = options->engaged_at;
    record->source = message->source;
    record->offset = message->offset;
    if (event->kind == BOUNCE_KIND_DELAY && event->sent_at != BOUNCE_NO_TIME &&
        event->occurred_at >= event->sent_at)
        record->waiting_s = event->occurred_at - event->sent_at;
}

static void take_records(struct ingest_run *run, struct batch *batch,
                         const struct input_message *message,
                         struct record *records, size_t count,
                         struct span *span)
{
    const struct ingest_options *options = run->options;
    struct verp_seen seen;
    enum verp_verdict verdict = VERP_NONE;

    if (options->verp.count > 0 && count > 0) {
        verdict = verp_report_check(options->verp.keys, options->verp.count,
                                    slice_make(message->data, message->len),
                                    run->session->now, options->verp_max_age_s,
                                    &seen);
        batch->vouched += verp_report_apply(verdict, &seen, records, count);
        if (verdict != VERP_NONE && verdict != VERP_FINE)
            batch->distrusted += count;
    }
    for (size_t i = 0; i < count; i++) {
        batch->unsafe += records[i].event.recipient.len == 0;
        /* One report is kept once. */
        if (i == 0 && options->keep_raw_days > 0)
            records[i].raw = slice_make(message->data, message->len);
        if (!record_copy(&batch->records[batch->count], &records[i],
                         &batch->arena))
            cli_fail(CLI_TRY_AGAIN, "out of memory");
        batch->count++;
        span->count++;
    }
}

static void render(void *ctx, void *state, const struct input_message *message,
                   struct work_result *result)
{
    struct ingest_run *run = ctx;
    struct batch *batch = batch_of(result);
    struct span *span = add_span(batch, message);
    const struct bounce_result *found = NULL;
    struct record *records;
    size_t events, count = 0;
    enum bounce_err err = source_read(state, message, &found, NULL);

    result->tally.messages++;
    if (err != BOUNCE_OK) {
        textbuf_clean(&result->errors, message->source);
        textbuf_format(&result->errors, " at %lld: %s\n",
                       (long long)message->offset, bounce_strerror(err));
        result->failed = true;
        return;
    }
    events = bounce_result_events(found);
    records = cli_array(NULL, events, sizeof(*records));
    while (batch->cap < batch->count + events) {
        batch->cap = batch->cap ? 2 * batch->cap : 64;
        batch->records =
            cli_array(batch->records, batch->cap, sizeof(*batch->records));
    }
    for (size_t i = 0; i < events; i++) {
        const struct bounce_event *event = bounce_result_event(found, i);

        if (event->kind == BOUNCE_KIND_NONE)
            continue;
        if (event->occurred_at != BOUNCE_NO_TIME &&
            event->occurred_at < run->options->since) {
            batch->old++;
            continue;
        }
        record_init(&records[count], event);
        fill_record(run->options, message, &records[count++]);
    }
    take_records(run, batch, message, records, count, span);
    free(records);
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
        if (!run->broken && pending->position.source != NULL)
            run->confirmed = pending->position;
    }
    pthread_mutex_unlock(&run->lock);
    free(pending);
}

/* ---- The main thread -------------------------------------------------- */

/* The full path of a file as it was given, kept as long as the run. */
static const char *full_path(struct ingest_run *run, struct bounce_slice given)
{
    struct path *path = run->paths;

    if (path == NULL || !slice_eq(textbuf_slice(&path->given), given)) {
        path = cli_realloc(NULL, sizeof(*path));
        *path = (struct path){.next = run->paths};
        textbuf_add(&path->given, given);
        ingest_position_name(run->session->book, &path->full, given);
        textbuf_byte(&path->full, '\0');
        run->paths = path;
    }
    return path->full.ptr;
}

/* Whether something went wrong that ends the run. */
static bool is_broken(struct ingest_run *run)
{
    bool broken;

    pthread_mutex_lock(&run->lock);
    broken = run->broken;
    pthread_mutex_unlock(&run->lock);
    return broken;
}

/* Writes where the source stands, as far as it is durable. */
static void keep_position(struct ingest_run *run)
{
    struct position position;

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

    *pending = (struct pending){.run = run};
    if (span->mbox && !slice_eq(source, SLICE("-"))) {
        pending->position.source = full_path(run, source);
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
        at += span->count;
        if (++run->since_position >= POSITION_EVERY)
            keep_position(run);
    }
    run->count.old += batch->old;
    run->count.unsafe += batch->unsafe;
    run->count.vouched += batch->vouched;
    run->count.distrusted += batch->distrusted;
    batch_reset(batch);
}

static void add_message(void *ctx, const struct input_message *message)
{
    struct ingest_run *run = ctx;

    work_add(run->work, message);
    if (ingest_stopped != 0 || is_broken(run))
        run->source.stop = true;
}

/* Where an mbox stood, when the message that began there still does. */
static int64_t resume(void *ctx, int fd, const char *name)
{
    struct ingest_run *run = ctx;
    char begin[MARK_BYTES], mark[64] = "", now[64];
    struct store_error error;
    int64_t offset = 0;
    size_t len;
    ssize_t got;

    if (strcmp(name, "-") == 0 || run->positions == NULL ||
        pread(fd, begin, 5, 0) != 5 || memcmp(begin, "From ", 5) != 0)
        return 0;
    if (ledger_position_get(run->positions,
                            slice_cstr(full_path(run, slice_cstr(name))),
                            &offset, mark, sizeof(mark), &error) != STORE_OK) {
        cli_error("%s", error.msg);
        return 0;
    }
    len = (size_t)strtoul(mark, NULL, 10);
    if (offset <= 0 || len == 0 || len > sizeof(begin))
        return 0;
    got = pread(fd, begin, len, (off_t)offset);
    if (got != (ssize_t)len)
        return 0;
    make_mark(slice_make(begin, len), now);
    return strcmp(mark, now) == 0 ? offset : 0;
}

/* ---- The run ---------------------------------------------------------- */

static void begin(struct ingest_run *run)
{
    struct writer_options options = {
        .now = run->session->now_given ? run->session->now : BOUNCE_NO_TIME,
        .tries = BUSY_TRIES};

    if (pthread_mutex_init(&run->lock, NULL) != 0)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    run->writer = writer_new(run->session->book, &options);
    if (run->writer == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    if (!run->options->again) {
        run->positions = ledger_new(run->reading);
        if (run->positions == NULL)
            cli_fail(CLI_TRY_AGAIN, "out of memory");
    }
}

/* Waits for the writer; what it could not store ends the run. */
static int flush(struct ingest_run *run)
{
    struct store_error error;
    enum store_err err = writer_flush(run->writer, &error);
    struct bounce_slice rest = textbuf_slice(&run->complaints), line;

    while (slice_next_piece(&rest, '\n', &line))
        cli_error("%.*s", CLI_ARG(line));
    run->complaints.len = 0;
    if (is_broken(run))
        return session_complain(&run->error);
    return err != STORE_OK ? session_complain(&error) : -1;
}

static void free_run(struct ingest_run *run)
{
    writer_free(run->writer);
    textbuf_free(&run->complaints);
    ledger_free(run->positions);
    book_close(run->reading);
    while (run->paths != NULL) {
        struct path *next = run->paths->next;

        textbuf_free(&run->paths->given);
        textbuf_free(&run->paths->full);
        free(run->paths);
        run->paths = next;
    }
    pthread_mutex_destroy(&run->lock);
}

static void summarize(struct ingest_run *run)
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

static void read_sources(struct ingest_run *run, char *const *paths, int count)
{
    const struct work_job job = {.start = start_state,
                                 .render = render,
                                 .stop = stop_state,
                                 .drop = drop_batch,
                                 .emit = emit,
                                 .ctx = run};
    struct bounce_options limits;

    bounce_options_init(&limits, sizeof(limits));
    source_init(&run->source, limits.max_message, add_message, run);
    run->source.resume = resume;
    run->work = work_new(&job, run->options->jobs);
    progress_start("messages");
    source_run(&run->source, paths, count);
    work_end(run->work);
    progress_end();
    source_clear(&run->source);
}

int ingest_reports(struct session *session,
                   const struct ingest_options *options, char *const *paths,
                   int count)
{
    struct ingest_run run = {.session = session, .options = options};
    int status = -1;

    if (!options->again)
        status = session_open_book("ingest", options->choice, session, false, 0,
                                   &run.reading);
    if (status >= 0)
        return status;
    begin(&run);
    ingest_catch_signals();
    read_sources(&run, paths, count);
    status = flush(&run);
    if (status < 0) {
        keep_position(&run);
        status = flush(&run);
    }
    free_run(&run);
    if (status < 0 && ingest_stopped == 0)
        status = ingest_fold(session, options->keep_event_days,
                             options->keep_raw_days);
    summarize(&run);
    if (status >= 0)
        return status;
    return run.source.failed || run.count.unreadable > 0 || run.stored.bad > 0
               ? CLI_UNREADABLE
               : CLI_FINE;
}
