/* SPDX-License-Identifier: MIT
 * A queue is a ring of batches. The caller's thread fills the batch at `fill`,
 * any thread renders the one at `take`, the caller's emits the one at `emit`:
 * emit <= take <= fill, all counting up; a batch's slot is its number modulo the
 * size of the ring. An mbox that is found in a folder has its messages go
 * through a queue of their own while the other one stands still. */
#include "cli/work.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/work_batch.h"

struct queue {
    struct work_batch *ring;
    size_t size, fill, take, emit;
};

struct work {
    struct work_job job;
    unsigned threads, started; /* the caller's is not counted */
    pthread_t *ids;
    struct work_hand hand; /* of the caller's thread */
    struct stream mbox;
    struct queue main, inner;
    pthread_mutex_t lock;
    pthread_cond_t filled, rendered;
    bool closing;
};

void work_unreadable(struct work_result *result,
                     const struct input_message *message, enum bounce_err err)
{
    textbuf_clean(&result->errors, message->source);
    textbuf_format(&result->errors, " at %lld: %s\n",
                   (long long)message->offset, bounce_strerror(err));
    result->failed = true;
}

/* ---- Queues ---------------------------------------------------------- */

static void queue_init(struct queue *queue, size_t size)
{
    *queue = (struct queue){.size = size};
    queue->ring = cli_array(NULL, size, sizeof(*queue->ring));
    for (size_t i = 0; i < size; i++)
        work_batch_init(&queue->ring[i]);
}

static void queue_free(struct queue *queue, const struct work_job *job)
{
    for (size_t i = 0; i < queue->size; i++)
        work_batch_free(&queue->ring[i], job);
    free(queue->ring);
}

static struct work_batch *queue_at(struct queue *queue, size_t number)
{
    return &queue->ring[number % queue->size];
}

/* The next batch to render, or NULL. Under the lock. */
static struct work_batch *take_batch(struct work *work)
{
    struct queue *queue =
        work->inner.take < work->inner.fill ? &work->inner : &work->main;

    return queue->take < queue->fill ? queue_at(queue, queue->take++) : NULL;
}

/* ---- Threads --------------------------------------------------------- */

/* Under the lock, but for the work itself. */
static void render_batch(struct work *work, struct work_hand *hand,
                         struct work_batch *batch)
{
    pthread_mutex_unlock(&work->lock);
    work_batch_render(&work->job, hand, batch);
    pthread_mutex_lock(&work->lock);
    batch->rendered = true;
}

static void *thread_main(void *arg)
{
    struct work *work = arg;
    struct work_hand hand = {.state = work->job.start(work->job.ctx)};
    struct work_batch *batch;

    pthread_mutex_lock(&work->lock);
    for (;;) {
        while ((batch = take_batch(work)) == NULL && !work->closing)
            pthread_cond_wait(&work->filled, &work->lock);
        if (batch == NULL)
            break;
        render_batch(work, &hand, batch);
        pthread_cond_signal(&work->rendered);
    }
    pthread_mutex_unlock(&work->lock);
    work->job.stop(work->job.ctx, hand.state);
    work_hand_clear(&hand);
    return NULL;
}

/* One more, as long as there is more to do than the threads do. */
static void start_thread(struct work *work)
{
    if (work->started < work->threads &&
        pthread_create(&work->ids[work->started], NULL, thread_main, work) == 0)
        work->started++;
}

static void init_threads(struct work *work)
{
    work->ids = cli_array(NULL, work->threads, sizeof(*work->ids));
    if (pthread_mutex_init(&work->lock, NULL) != 0 ||
        pthread_cond_init(&work->filled, NULL) != 0 ||
        pthread_cond_init(&work->rendered, NULL) != 0)
        cli_fail(CLI_TRY_AGAIN, "cannot make threads");
}

struct work *work_new(const struct work_job *job, unsigned threads)
{
    struct work *work = cli_realloc(NULL, sizeof(*work));
    size_t ring = threads > 1 ? 2 * (size_t)threads + 2 : 1;

    *work =
        (struct work){.job = *job, .threads = threads > 1 ? threads - 1 : 0};
    work->hand.state = job->start(job->ctx);
    queue_init(&work->main, ring);
    queue_init(&work->inner, ring);
    init_threads(work);
    return work;
}

static void end_threads(struct work *work)
{
    pthread_mutex_lock(&work->lock);
    work->closing = true;
    pthread_cond_broadcast(&work->filled);
    pthread_mutex_unlock(&work->lock);
    for (unsigned i = 0; i < work->started; i++)
        pthread_join(work->ids[i], NULL);
    pthread_mutex_destroy(&work->lock);
    pthread_cond_destroy(&work->filled);
    pthread_cond_destroy(&work->rendered);
    free(work->ids);
}

/* ---- Filling and emitting --------------------------------------------- */

static void add_message(struct work *work, struct queue *queue,
                        const struct input_message *message);
static void drain(struct work *work, struct queue *queue);

/* The mbox at which the rendering of the batch stopped. */
static void take_apart(struct work *work, struct work_batch *batch)
{
    struct work_item *item = &batch->items[batch->done];
    struct stream *stream = &work->mbox;
    struct input_message message;

    if (stream->buf == NULL)
        stream_init(stream, work->job.max_message);
    stream_open(stream, batch->mbox,
                slice_make(batch->bytes.ptr + item->source_at,
                           item->message.source.len));
    while (stream_next(stream, &message))
        add_message(work, &work->inner, &message);
    drain(work, &work->inner);
    close(batch->mbox);
    batch->mbox = -1;
    item->error = stream->error; /* it is the next item then */
    batch->done += item->error == 0;
}

static void emit_batch(struct work *work, struct work_batch *batch)
{
    work->job.emit(work->job.ctx, &batch->result);
    while (batch->done < batch->count) {
        if (batch->mbox >= 0)
            take_apart(work, batch);
        work_batch_render(&work->job, &work->hand, batch);
        work->job.emit(work->job.ctx, &batch->result);
    }
    work_batch_reset(batch);
}

/* Emits what is ready, and makes what is needed so that at most keep batches
 * are left: by doing it, or by waiting for the threads that do. */
static void emit_ready(struct work *work, struct queue *queue, size_t keep)
{
    pthread_mutex_lock(&work->lock);
    while (queue->emit < queue->fill) {
        struct work_batch *batch = queue_at(queue, queue->emit), *other;

        if (batch->rendered) {
            pthread_mutex_unlock(&work->lock);
            emit_batch(work, batch);
            pthread_mutex_lock(&work->lock);
            queue->emit++;
        } else if (queue->fill - queue->emit <= keep) {
            break;
        } else if ((other = take_batch(work)) != NULL) {
            render_batch(work, &work->hand, other);
        } else {
            pthread_cond_wait(&work->rendered, &work->lock);
        }
    }
    pthread_mutex_unlock(&work->lock);
}

static void submit(struct work *work, struct queue *queue)
{
    if (queue->fill > queue->emit)
        start_thread(work);
    pthread_mutex_lock(&work->lock);
    queue->fill++;
    pthread_cond_signal(&work->filled);
    pthread_mutex_unlock(&work->lock);
    emit_ready(work, queue, queue->size - 1);
}

static void drain(struct work *work, struct queue *queue)
{
    if (queue_at(queue, queue->fill)->count > 0)
        submit(work, queue);
    emit_ready(work, queue, 0);
}

/* Without threads nothing is gained by copying it. */
static void render_now(struct work *work, struct work_batch *batch,
                       const struct input_message *message)
{
    work_result_begin(&batch->result);
    work->job.render(work->job.ctx, work->hand.state, message, &batch->result);
    work->job.emit(work->job.ctx, &batch->result);
}

static void add_message(struct work *work, struct queue *queue,
                        const struct input_message *message)
{
    struct work_batch *batch = queue_at(queue, queue->fill);

    if (batch->count > 0 && (batch->dir >= 0 || work->threads == 0)) {
        submit(work, queue);
        batch = queue_at(queue, queue->fill);
    }
    if (work->threads == 0) {
        render_now(work, batch, message);
        return;
    }
    work_batch_add(batch, message);
    if (work_batch_full(batch))
        submit(work, queue);
}

void work_add(struct work *work, const struct input_message *message)
{
    add_message(work, &work->main, message);
}

bool work_add_file(struct work *work, const struct source_file *file)
{
    struct queue *queue = &work->main;
    struct work_batch *batch = queue_at(queue, queue->fill);

    if (!work_batch_suits(batch, file)) {
        submit(work, queue);
        batch = queue_at(queue, queue->fill);
    }
    if (!work_batch_add_file(batch, file))
        return false;
    if (work_batch_full(batch))
        submit(work, queue);
    return true;
}

void work_add_failure(struct work *work, const char *path, int error)
{
    struct work_batch *batch = queue_at(&work->main, work->main.fill);

    work_batch_add_failure(batch, path, error);
    if (work_batch_full(batch))
        submit(work, &work->main);
}

void work_drain(struct work *work)
{
    drain(work, &work->main);
}

void work_end(struct work *work)
{
    work_drain(work);
    end_threads(work);
    work->job.stop(work->job.ctx, work->hand.state);
    work_hand_clear(&work->hand);
    stream_clear(&work->mbox);
    queue_free(&work->main, &work->job);
    queue_free(&work->inner, &work->job);
    free(work);
}
