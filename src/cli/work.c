/* SPDX-License-Identifier: MIT
 * The queue is a ring of batches. The main thread fills the batch at `fill`,
 * threads take the one at `take`, the main thread emits the one at `emit`:
 * emit <= take <= fill, all counting up; a batch's slot is its number modulo
 * the size of the ring. */
#include "cli/work.h"

#include <pthread.h>
#include <stdlib.h>

#include "cli/cli.h"

#define BATCH_MESSAGES 64
#define BATCH_BYTES    ((size_t)256 << 10)

struct batch_item {
    struct input_message message; /* data and source are offsets below */
    size_t source_at, data_at;
};

struct batch {
    struct textbuf bytes; /* names and messages */
    struct batch_item items[BATCH_MESSAGES];
    size_t count;
    struct work_result result;
    bool done;
};

struct work {
    struct work_job job;
    unsigned threads; /* 0: all is done by the caller's thread */
    pthread_t *ids;
    void *state; /* of the caller's thread, when threads is 0 */
    pthread_mutex_t lock;
    pthread_cond_t filled, done;
    struct batch *ring;
    size_t ring_size;
    size_t fill, take, emit;
    bool closing;
};

static void result_reset(struct work_result *result)
{
    result->output.len = result->errors.len = result->trace.len = 0;
    result->tally = (struct tally){0};
    result->failed = false;
}

static void result_free(const struct work_job *job, struct work_result *result)
{
    if (job->drop != NULL && result->own != NULL)
        job->drop(job->ctx, result->own);
    textbuf_free(&result->output);
    textbuf_free(&result->errors);
    textbuf_free(&result->trace);
}

static void render_batch(struct work *work, void *state, struct batch *batch)
{
    result_reset(&batch->result);
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_item *item = &batch->items[i];

        item->message.source.ptr = batch->bytes.ptr + item->source_at;
        item->message.data = batch->bytes.ptr + item->data_at;
        work->job.render(work->job.ctx, state, &item->message, &batch->result);
    }
}

static void *thread_main(void *arg)
{
    struct work *work = arg;
    void *state = work->job.start(work->job.ctx);

    pthread_mutex_lock(&work->lock);
    for (;;) {
        struct batch *batch;

        while (work->take == work->fill && !work->closing)
            pthread_cond_wait(&work->filled, &work->lock);
        if (work->take == work->fill)
            break;
        batch = &work->ring[work->take++ % work->ring_size];
        pthread_mutex_unlock(&work->lock);
        render_batch(work, state, batch);
        pthread_mutex_lock(&work->lock);
        batch->done = true;
        pthread_cond_signal(&work->done);
    }
    pthread_mutex_unlock(&work->lock);
    work->job.stop(work->job.ctx, state);
    return NULL;
}

static void start_threads(struct work *work)
{
    work->ring_size = 2 * (size_t)work->threads + 2;
    work->ring = cli_array(NULL, work->ring_size, sizeof(*work->ring));
    memset(work->ring, 0, work->ring_size * sizeof(*work->ring));
    work->ids = cli_array(NULL, work->threads, sizeof(*work->ids));
    if (pthread_mutex_init(&work->lock, NULL) != 0 ||
        pthread_cond_init(&work->filled, NULL) != 0 ||
        pthread_cond_init(&work->done, NULL) != 0)
        cli_fail(CLI_TRY_AGAIN, "cannot make threads");
    for (unsigned i = 0; i < work->threads; i++) {
        int error = pthread_create(&work->ids[i], NULL, thread_main, work);

        if (error != 0)
            cli_fail(CLI_TRY_AGAIN, "cannot make a thread: %s",
                     strerror(error));
    }
}

void work_unreadable(struct work_result *result,
                     const struct input_message *message, enum bounce_err err)
{
    textbuf_clean(&result->errors, message->source);
    textbuf_format(&result->errors, " at %lld: %s\n",
                   (long long)message->offset, bounce_strerror(err));
    result->failed = true;
}

struct work *work_new(const struct work_job *job, unsigned threads)
{
    struct work *work = cli_realloc(NULL, sizeof(*work));

    *work = (struct work){.job = *job, .threads = threads > 1 ? threads : 0};
    if (work->threads > 0) {
        start_threads(work);
    } else {
        work->ring_size = 1;
        work->ring = cli_realloc(NULL, sizeof(*work->ring));
        memset(work->ring, 0, sizeof(*work->ring));
        work->state = job->start(job->ctx);
    }
    return work;
}

/* Emits what is ready; with at least, waits for that many batches. */
static void emit_ready(struct work *work, size_t at_least)
{
    while (work->emit < work->fill) {
        struct batch *batch = &work->ring[work->emit % work->ring_size];

        pthread_mutex_lock(&work->lock);
        while (!batch->done && at_least > 0)
            pthread_cond_wait(&work->done, &work->lock);
        if (!batch->done) {
            pthread_mutex_unlock(&work->lock);
            return;
        }
        pthread_mutex_unlock(&work->lock);
        work->job.emit(work->job.ctx, &batch->result);
        batch->done = false;
        batch->count = 0;
        batch->bytes.len = 0;
        if (batch->bytes.cap > 4 * BATCH_BYTES) /* after a giant */
            textbuf_free(&batch->bytes);
        work->emit++;
        at_least -= at_least > 0;
    }
}

static void submit(struct work *work)
{
    pthread_mutex_lock(&work->lock);
    work->fill++;
    pthread_cond_signal(&work->filled);
    pthread_mutex_unlock(&work->lock);
    emit_ready(work, work->fill - work->emit == work->ring_size ? 1 : 0);
}

static void add_to_batch(struct work *work, const struct input_message *message)
{
    struct batch *batch = &work->ring[work->fill % work->ring_size];
    struct batch_item *item = &batch->items[batch->count++];

    item->message = *message;
    item->source_at = batch->bytes.len;
    textbuf_add(&batch->bytes, message->source);
    item->data_at = batch->bytes.len;
    textbuf_add(&batch->bytes, slice_make(message->data, message->len));
    if (batch->count == BATCH_MESSAGES || batch->bytes.len >= BATCH_BYTES)
        submit(work);
}

void work_add(struct work *work, const struct input_message *message)
{
    struct work_result *result = &work->ring[0].result;

    if (work->threads > 0) {
        add_to_batch(work, message);
        return;
    }
    result_reset(result);
    work->job.render(work->job.ctx, work->state, message, result);
    work->job.emit(work->job.ctx, result);
}

void work_drain(struct work *work)
{
    if (work->threads == 0)
        return;
    if (work->ring[work->fill % work->ring_size].count > 0)
        submit(work);
    emit_ready(work, work->fill - work->emit);
}

static void end_threads(struct work *work)
{
    work_drain(work);
    pthread_mutex_lock(&work->lock);
    work->closing = true;
    pthread_cond_broadcast(&work->filled);
    pthread_mutex_unlock(&work->lock);
    for (unsigned i = 0; i < work->threads; i++)
        pthread_join(work->ids[i], NULL);
    pthread_mutex_destroy(&work->lock);
    pthread_cond_destroy(&work->filled);
    pthread_cond_destroy(&work->done);
}

void work_end(struct work *work)
{
    if (work->threads > 0)
        end_threads(work);
    else
        work->job.stop(work->job.ctx, work->state);
    for (size_t i = 0; i < work->ring_size; i++) {
        result_free(&work->job, &work->ring[i].result);
        textbuf_free(&work->ring[i].bytes);
    }
    free(work->ring);
    free(work->ids);
    free(work);
}
