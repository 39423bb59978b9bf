/* SPDX-License-Identifier: MIT
 * What is added is copied into the heap of jobs that fills; the thread takes
 * the whole heap, works it off in batches, gives its memory back, and takes the
 * next. So there are two arenas, however many jobs come. */
#include "store/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"

#define BATCH        5000
#define DELAY_MS     5
#define TRIES        5
#define HEAP_MAX     ((size_t)64 << 20) /* bytes; a larger one waits */
#define ARENA_MAX    ((size_t)2 << 30)
#define FIRST_MS     20 /* before the second try; then twice as long */
#define LONGEST_MS   2000
#define EXPIRED_MOST 1000 /* rows brought up to date at the end */

enum job_kind { JOB_RECORDS, JOB_SENT, JOB_POSITION };

struct job {
    struct job *next;
    enum job_kind kind;
    const struct record *records;
    const struct sent *lines;
    size_t count;
    bool *bad;                     /* records that cannot be stored */
    struct ledger_result *results; /* of records */
    struct store_error error;      /* code STORE_OK: all are durable */
    writer_done_fn *done;
    void *ctx;
    struct bounce_slice source, mark;
    int64_t offset;
};

struct heap {
    struct arena arena;
    struct job *first, **last;
    size_t records, bytes;
};

struct writer {
    struct book *book;
    struct ledger *ledger;
    struct writer_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t added, taken, idle;

    /* under the lock */
    struct heap heaps[2];
    unsigned filling; /* the other one is the thread's */
    bool busy, stopping, watching;
    unsigned flushing;          /* how many wait for all to be done */
    unsigned changing;          /* how many wait for a pause between heaps */
    uint64_t begun, done_heaps; /* heaps that the thread took, and finished */
    struct store_error failed;
    bool no_positions;
    struct writer_counts counts;

    /* the thread's */
    struct record *records; /* of one batch, side by side */
    struct ledger_result *results;
    struct sent *lines;
    bool again;          /* a part of the batch is stored already */
    struct job **owners; /* whose record it is */
    size_t *places;      /* and which of its records */
    size_t room;
};

/* ---- Heaps ----------------------------------------------------------- */

static void heap_begin(struct heap *heap)
{
    if (heap->arena.held > 2 * HEAP_MAX)
        arena_clear(&heap->arena);
    else
        arena_reset(&heap->arena);
    heap->first = NULL;
    heap->last = &heap->first;
    heap->records = heap->bytes = 0;
}

static bool is_full(const struct writer *writer, const struct heap *heap)
{
    return heap->first != NULL && (heap->records >= writer->options.queue / 2 ||
                                   heap->bytes >= HEAP_MAX);
}

/* With the lock held. NULL: memory is out. */
static struct job *job_new(struct writer *writer, enum job_kind kind,
                           size_t count)
{
    struct heap *heap;
    struct job *job;

    while (is_full(writer, &writer->heaps[writer->filling]))
        pthread_cond_wait(&writer->taken, &writer->lock);
    heap = &writer->heaps[writer->filling];
    job = arena_calloc(&heap->arena, 1, sizeof(*job));
    if (job == NULL)
        return NULL;
    job->kind = kind;
    job->count = count;
    job->bad = arena_calloc(&heap->arena, count + 1, sizeof(*job->bad));
    job->results = arena_calloc(&heap->arena, count + 1, sizeof(*job->results));
    return job->bad != NULL && job->results != NULL ? job : NULL;
}

static void job_add(struct writer *writer, struct job *job)
{
    struct heap *heap = &writer->heaps[writer->filling];

    *heap->last = job;
    heap->last = &job->next;
    heap->records += job->count;
    for (size_t i = 0; job->kind == JOB_RECORDS && i < job->count; i++) {
        if (i == 0 || job->records[i].raw.ptr != job->records[i - 1].raw.ptr)
            heap->bytes += job->records[i].raw.len;
        heap->bytes += job->records[i].event.diagnostic.len;
    }
    writer->counts.waiting += job->count;
    pthread_cond_signal(&writer->added);
}

static bool copy_records(struct job *job, const struct record *records,
                         size_t count, struct arena *arena)
{
    struct record *copies = arena_calloc(arena, count + 1, sizeof(*copies));

    for (size_t i = 0; copies != NULL && i < count; i++) {
        struct record r = records[i];
        bool shared =
            i > 0 && r.raw.ptr != NULL && r.raw.ptr == records[i - 1].raw.ptr;

        /* A report of many recipients is copied once. */
        if (shared)
            r.raw = SLICE_NULL;
        if (!record_copy(&copies[i], &r, arena))
            return false;
        if (shared)
            copies[i].raw = copies[i - 1].raw;
    }
    job->records = copies;
    return copies != NULL;
}

bool writer_add(struct writer *writer, const struct record *records,
                size_t count, writer_done_fn *done, void *ctx)
{
    struct job *job;
    bool fine;

    pthread_mutex_lock(&writer->lock);
    job = job_new(writer, JOB_RECORDS, count);
    fine = job != NULL && copy_records(job, records, count,
                                       &writer->heaps[writer->filling].arena);
    if (fine) {
        job->done = done;
        job->ctx = ctx;
        job_add(writer, job);
    }
    pthread_mutex_unlock(&writer->lock);
    return fine;
}

static bool copy_text(struct bounce_slice *text, struct arena *arena)
{
    if (text->ptr == NULL)
        return true;
    *text = arena_dup(arena, *text);
    return text->ptr != NULL;
}

static bool copy_lines(struct job *job, const struct sent *lines, size_t count,
                       struct arena *arena)
{
    struct sent *copies = arena_calloc(arena, count + 1, sizeof(*copies));

    for (size_t i = 0; copies != NULL && i < count; i++) {
        struct sent *s = &copies[i];

        *s = lines[i];
        if (!copy_text(&s->message_id, arena) ||
            !copy_text(&s->recipient, arena) || !copy_text(&s->scope, arena) ||
            !copy_text(&s->campaign, arena) || !copy_text(&s->ip, arena) ||
            !copy_text(&s->sender_domain, arena))
            return false;
    }
    job->lines = copies;
    return copies != NULL;
}

bool writer_add_sent(struct writer *writer, const struct sent *lines,
                     size_t count, writer_done_fn *done, void *ctx)
{
    struct job *job;
    bool fine;

    pthread_mutex_lock(&writer->lock);
    job = job_new(writer, JOB_SENT, count);
    fine = job != NULL &&
           copy_lines(job, lines, count, &writer->heaps[writer->filling].arena);
    if (fine) {
        job->done = done;
        job->ctx = ctx;
        job_add(writer, job);
    }
    pthread_mutex_unlock(&writer->lock);
    return fine;
}

bool writer_add_position(struct writer *writer, struct bounce_slice source,
                         int64_t offset, struct bounce_slice mark)
{
    struct job *job;
    bool fine = false;

    pthread_mutex_lock(&writer->lock);
    job = job_new(writer, JOB_POSITION, 0);
    if (job != NULL) {
        struct arena *arena = &writer->heaps[writer->filling].arena;

        job->source = source;
        job->mark = mark;
        job->offset = offset;
        fine = copy_text(&job->source, arena) && copy_text(&job->mark, arena);
    }
    if (fine)
        job_add(writer, job);
    pthread_mutex_unlock(&writer->lock);
    return fine;
}

/* ---- Batches --------------------------------------------------------- */

static void rest_ms(unsigned ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL);
}

static bool make_room(struct writer *writer, size_t count)
{
    if (count <= writer->room)
        return true;
    free(writer->records);
    free(writer->results);
    free(writer->lines);
    free(writer->owners);
    free(writer->places);
    writer->room = 0;
    writer->records = calloc(count, sizeof(*writer->records));
    writer->results = calloc(count, sizeof(*writer->results));
    writer->lines = calloc(count, sizeof(*writer->lines));
    writer->owners = calloc(count, sizeof(struct job *));
    writer->places = calloc(count, sizeof(*writer->places));
    if (writer->records == NULL || writer->results == NULL ||
        writer->lines == NULL || writer->owners == NULL ||
        writer->places == NULL)
        return false;
    writer->room = count;
    return true;
}

/* Jobs from first up to, not with, end: one transaction. */
struct batch {
    struct job *first, *end;
    enum job_kind kind; /* JOB_POSITION: there is nothing but positions */
};

/* Side by side what of them is not known to be bad; positions wait in the
 * ledger. */
static bool collect(struct writer *writer, const struct batch *batch,
                    size_t *count_out)
{
    size_t count = 0;
    bool positions;

    pthread_mutex_lock(&writer->lock);
    positions = !writer->no_positions;
    pthread_mutex_unlock(&writer->lock);
    ledger_position_clear(writer->ledger);
    for (struct job *job = batch->first; job != batch->end; job = job->next) {
        if (job->kind == JOB_POSITION && positions &&
            !ledger_position_set(writer->ledger, job->source, job->offset,
                                 job->mark))
            return false;
        for (size_t i = 0; i < job->count; i++) {
            if (job->bad[i])
                continue;
            if (job->kind == JOB_RECORDS)
                writer->records[count] = job->records[i];
            else
                writer->lines[count] = job->lines[i];
            writer->owners[count] = job;
            writer->places[count++] = i;
        }
    }
    *count_out = count;
    return true;
}

static int64_t now_of(const struct writer *writer)
{
    return writer->options.now != BOUNCE_NO_TIME ? writer->options.now
                                                 : (int64_t)time(NULL);
}

/* Once; *bad_out is the record that is to blame, count when none is. */
static enum store_err store_once(struct writer *writer, enum job_kind kind,
                                 size_t from, size_t count, size_t *bad_out,
                                 struct store_error *error)
{
    size_t fresh = 0;
    enum store_err err;

    if (count == 0) /* a position alone; there may be no room yet to point at */
        err = ledger_apply(writer->ledger, NULL, 0, now_of(writer), NULL,
                           bad_out, error);
    else if (kind == JOB_SENT)
        err = ledger_sent(writer->ledger, writer->lines + from, count, &fresh,
                          bad_out, error);
    else
        err = ledger_apply(writer->ledger, writer->records + from, count,
                           now_of(writer), writer->results + from, bad_out,
                           error);
    if (err != STORE_OK)
        return err;
    for (size_t i = 0; i < count && kind == JOB_RECORDS; i++) {
        const struct ledger_result *result = &writer->results[from + i];
        struct ledger_result *told =
            &writer->owners[from + i]->results[writer->places[from + i]];

        fresh += result->fresh;
        if (writer->options.observe != NULL)
            writer->options.observe(writer->options.ctx,
                                    &writer->records[from + i], result);
        /* What a half stored was fresh. */
        if (!told->fresh)
            *told = *result;
    }
    pthread_mutex_lock(&writer->lock);
    writer->counts.commits++;
    writer->counts.fresh += fresh;
    if (!writer->again)
        writer->counts.known += count - fresh;
    pthread_mutex_unlock(&writer->lock);
    return STORE_OK;
}

static bool may_pass(enum store_err err)
{
    return err == STORE_E_BUSY || err == STORE_E_LOST;
}

static enum store_err store_range(struct writer *writer, enum job_kind kind,
                                  size_t from, size_t count, size_t *bad_out,
                                  struct store_error *error)
{
    unsigned wait = FIRST_MS;
    enum store_err err;

    for (unsigned attempt = 1;; attempt++) {
        err = store_once(writer, kind, from, count, bad_out, error);
        if (!may_pass(err) || attempt >= writer->options.tries)
            return err;
        rest_ms(wait);
        wait = wait * 2 < LONGEST_MS ? wait * 2 : LONGEST_MS;
    }
}

static void blame(struct writer *writer, size_t at,
                  const struct store_error *error)
{
    struct job *job = writer->owners[at];

    job->bad[writer->places[at]] = true;
    job->results[writer->places[at]].bad = true;
    job->error = *error;
    pthread_mutex_lock(&writer->lock);
    writer->counts.bad++;
    pthread_mutex_unlock(&writer->lock);
}

/* The database refuses one of these records and does not say which: halves.
 * What is stored by a half is known to be there when all are tried again. */
static enum store_err find_bad(struct writer *writer, enum job_kind kind,
                               size_t from, size_t count, size_t *found,
                               struct store_error *error)
{
    size_t bad;
    enum store_err err = store_range(writer, kind, from, count, &bad, error);

    if (err != STORE_E_VALUE)
        return err;
    if (bad < count || count == 1) {
        blame(writer, from + (bad < count ? bad : 0), error);
        (*found)++;
        return STORE_OK;
    }
    err = find_bad(writer, kind, from, count / 2, found, error);
    if (err == STORE_OK)
        err = find_bad(writer, kind, from + count / 2, count - count / 2, found,
                       error);
    return err;
}

/* The ledger refused the record at from: so may it others behind it. */
static void blame_all(struct writer *writer, enum job_kind kind, size_t from,
                      size_t count)
{
    for (size_t i = from; i < count; i++) {
        struct store_error error;
        bool takes =
            kind == JOB_SENT
                ? ledger_takes_sent(writer->ledger, &writer->lines[i], &error)
                : ledger_takes(writer->ledger, &writer->records[i], &error);

        if (!takes && error.code == STORE_E_VALUE)
            blame(writer, i, &error);
    }
}

/* All of a batch, without its bad records, in one transaction. While the bad
 * ones are looked for there are no positions, which must not come before
 * anything that belongs before them. */
static enum store_err store_batch(struct writer *writer,
                                  const struct batch *batch,
                                  struct store_error *error)
{
    enum job_kind kind = batch->kind == JOB_SENT ? JOB_SENT : JOB_RECORDS;
    size_t count, bad, found;
    enum store_err err;

    for (writer->again = false;; writer->again = true) {
        if (!collect(writer, batch, &count))
            return store_fail(error, STORE_E_NOMEM, "memory is out");
        err = store_range(writer, kind, 0, count, &bad, error);
        if (err != STORE_E_VALUE || count == 0)
            return err;
        if (bad < count) {
            blame(writer, bad, error);
            blame_all(writer, kind, bad + 1, count);
            continue;
        }
        ledger_position_clear(writer->ledger);
        found = 0;
        writer->again = true;
        err = find_bad(writer, kind, 0, count, &found, error);
        if (err != STORE_OK)
            return err;
        if (found == 0)
            return store_fail(error, STORE_E_SQL,
                              "the database refuses values together that it "
                              "takes one by one");
    }
}

/* ---- The thread ------------------------------------------------------ */

static void fail_jobs(struct writer *writer, const struct batch *batch,
                      const struct store_error *error)
{
    for (struct job *job = batch->first; job != batch->end; job = job->next)
        job->error = *error;
    pthread_mutex_lock(&writer->lock);
    if (writer->failed.code == STORE_OK)
        writer->failed = *error;
    writer->no_positions = true;
    pthread_mutex_unlock(&writer->lock);
}

static void acknowledge(struct writer *writer, const struct batch *batch)
{
    size_t count = 0;

    for (struct job *job = batch->first; job != batch->end; job = job->next) {
        count += job->count;
        if (job->done != NULL)
            job->done(job->ctx,
                      job->error.code != STORE_OK ? &job->error : NULL,
                      job->results, job->count);
    }
    pthread_mutex_lock(&writer->lock);
    writer->counts.waiting -= count;
    pthread_mutex_unlock(&writer->lock);
}

/* As many jobs as make a batch: of one kind, with the positions among them. */
static struct batch next_batch(const struct writer *writer, struct job *first,
                               size_t *count_out)
{
    struct batch batch = {first, first, JOB_POSITION};
    size_t count = 0;

    while (batch.end != NULL) {
        const struct job *job = batch.end;

        if (job->kind != JOB_POSITION) {
            if (batch.kind != JOB_POSITION &&
                (job->kind != batch.kind ||
                 count + job->count > writer->options.batch))
                break;
            batch.kind = job->kind;
        }
        count += job->count;
        batch.end = job->next;
    }
    *count_out = count;
    return batch;
}

static void work_off(struct writer *writer, struct heap *heap)
{
    struct batch batch;
    size_t count;

    for (struct job *job = heap->first; job != NULL; job = batch.end) {
        struct store_error error = {.code = STORE_OK};
        enum store_err err = STORE_OK;

        batch = next_batch(writer, job, &count);
        if (!make_room(writer, count))
            err = store_fail(&error, STORE_E_NOMEM, "memory is out");
        if (err == STORE_OK)
            err = store_batch(writer, &batch, &error);
        if (err != STORE_OK)
            fail_jobs(writer, &batch, &error);
        acknowledge(writer, &batch);
    }
}

/* With the lock held: waits for a batch, or for what came in the delay. */
static void wait_for_batch(struct writer *writer)
{
    struct heap *heap;
    struct timespec until;

    while (writer->heaps[writer->filling].first == NULL && !writer->stopping &&
           !writer->watching)
        pthread_cond_wait(&writer->added, &writer->lock);
    if (writer->watching)
        return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)writer->options.delay_ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    heap = &writer->heaps[writer->filling];
    while (!writer->stopping && writer->flushing == 0 &&
           heap->records < writer->options.batch && !is_full(writer, heap)) {
        if (pthread_cond_timedwait(&writer->added, &writer->lock, &until) != 0)
            break;
    }
}

/* With the lock held. What fails is done by the next batch. */
static void watch(struct writer *writer)
{
    struct store_error error;

    writer->watching = false;
    writer->busy = true;
    pthread_mutex_unlock(&writer->lock);
    (void)ledger_watch(writer->ledger, now_of(writer), &error);
    pthread_mutex_lock(&writer->lock);
    writer->busy = false;
    pthread_cond_broadcast(&writer->idle);
}

static void *run(void *arg)
{
    struct writer *writer = arg;
    struct store_error error;
    bool stored, more;

    pthread_mutex_lock(&writer->lock);
    for (;;) {
        struct heap *heap;

        wait_for_batch(writer);
        while (writer->changing > 0)
            pthread_cond_wait(&writer->added, &writer->lock);
        if (writer->watching) {
            watch(writer);
            continue;
        }
        heap = &writer->heaps[writer->filling];
        if (heap->first == NULL)
            break;
        heap = &writer->heaps[writer->filling];
        writer->filling = 1 - writer->filling;
        writer->busy = true;
        writer->begun++;
        pthread_cond_broadcast(&writer->taken);
        pthread_mutex_unlock(&writer->lock);
        work_off(writer, heap);
        pthread_mutex_lock(&writer->lock);
        heap_begin(heap);
        writer->busy = false;
        writer->done_heaps++;
        pthread_cond_broadcast(&writer->idle);
    }
    stored = writer->counts.commits > 0;
    pthread_mutex_unlock(&writer->lock);
    /* A courtesy to lists: whoever comes next does what this one cannot. */
    if (stored) {
        (void)ledger_watch(writer->ledger, now_of(writer), &error);
        (void)ledger_expire(writer->ledger, now_of(writer), EXPIRED_MOST, &more,
                            &error);
    }
    return NULL;
}

/* ---- From outside ---------------------------------------------------- */

static void complete(struct writer_options *options)
{
    if (options->batch == 0)
        options->batch = BATCH;
    if (options->delay_ms == 0)
        options->delay_ms = DELAY_MS;
    if (options->queue == 0)
        options->queue = 4 * options->batch;
    if (options->tries == 0)
        options->tries = TRIES;
}

static void destroy(struct writer *writer)
{
    ledger_free(writer->ledger);
    for (size_t i = 0; i < 2; i++)
        arena_clear(&writer->heaps[i].arena);
    pthread_mutex_destroy(&writer->lock);
    pthread_cond_destroy(&writer->added);
    pthread_cond_destroy(&writer->taken);
    pthread_cond_destroy(&writer->idle);
    free(writer->records);
    free(writer->results);
    free(writer->lines);
    free(writer->owners);
    free(writer->places);
    free(writer);
}

struct writer *writer_new(struct book *book,
                          const struct writer_options *options)
{
    struct writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL)
        return NULL;
    if (options != NULL)
        writer->options = *options;
    else
        writer->options.now = BOUNCE_NO_TIME;
    complete(&writer->options);
    writer->book = book;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->added, NULL);
    pthread_cond_init(&writer->taken, NULL);
    pthread_cond_init(&writer->idle, NULL);
    for (size_t i = 0; i < 2; i++) {
        arena_init(&writer->heaps[i].arena, allocator_default(), ARENA_MAX);
        heap_begin(&writer->heaps[i]);
    }
    writer->ledger = ledger_new(book);
    if (writer->ledger == NULL ||
        pthread_create(&writer->thread, NULL, run, writer) != 0) {
        destroy(writer);
        return NULL;
    }
    return writer;
}

void writer_free(struct writer *writer)
{
    if (writer == NULL)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_cond_signal(&writer->added);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    destroy(writer);
}

void writer_watch(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->watching = true;
    pthread_cond_signal(&writer->added);
    pthread_mutex_unlock(&writer->lock);
}

enum store_err writer_flush(struct writer *writer, struct store_error *error)
{
    enum store_err err;
    uint64_t target;

    pthread_mutex_lock(&writer->lock);
    writer->flushing++;
    pthread_cond_signal(&writer->added);
    /* Not what others add meanwhile: that might never end. */
    target = writer->begun;
    if (writer->heaps[writer->filling].first != NULL)
        target++;
    while (writer->done_heaps < target)
        pthread_cond_wait(&writer->idle, &writer->lock);
    writer->flushing--;
    *error = writer->failed;
    err = writer->failed.code;
    writer->failed.code = STORE_OK;
    writer->no_positions = false;
    pthread_mutex_unlock(&writer->lock);
    return err;
}

bool writer_change(struct writer *writer, const struct bounce_policy *policy,
                   const struct bounce_engine *engine)
{
    const struct bounce_policy *old_policy;
    const struct bounce_engine *old_engine;
    struct ledger *ledger;

    pthread_mutex_lock(&writer->lock);
    writer->changing++;
    while (writer->busy)
        pthread_cond_wait(&writer->idle, &writer->lock);
    old_policy = writer->book->policy;
    old_engine = writer->book->engine;
    writer->book->policy = policy;
    writer->book->engine = engine;
    ledger = ledger_new(writer->book);
    if (ledger != NULL) {
        ledger_free(writer->ledger);
        writer->ledger = ledger;
    } else {
        writer->book->policy = old_policy;
        writer->book->engine = old_engine;
    }
    writer->changing--;
    pthread_cond_signal(&writer->added);
    pthread_mutex_unlock(&writer->lock);
    return ledger != NULL;
}

void writer_counts(struct writer *writer, struct writer_counts *counts_out)
{
    pthread_mutex_lock(&writer->lock);
    *counts_out = writer->counts;
    pthread_mutex_unlock(&writer->lock);
}
