/* SPDX-License-Identifier: MIT
 * Files are read some at a time and rendered then: the caches hold either what
 * the system needs or what the library needs, and change less often. */
#include "cli/work_batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/folder.h"
#include "mime/mbox.h"

/* Nearly every report is smaller; others have a stream. */
#define FILE_ROOM   ((size_t)64 << 10)
#define WINDOW_SIZE ((size_t)256 << 10)
/* An mbox that is larger is taken apart, so that threads share its messages. */
#define SMALL_MBOX ((size_t)16 << 10)
/* With so much to emit a batch stops, since others wait in memory behind it. */
#define MUCH_OUTPUT ((size_t)1 << 20)

/* ---- Filling --------------------------------------------------------- */

void work_batch_init(struct work_batch *batch)
{
    memset(batch, 0, sizeof(*batch));
    batch->dir = batch->mbox = -1;
}

void work_batch_free(struct work_batch *batch, const struct work_job *job)
{
    struct work_result *result = &batch->result;

    work_batch_reset(batch);
    if (job->drop != NULL && result->own != NULL)
        job->drop(job->ctx, result->own);
    textbuf_free(&result->output);
    textbuf_free(&result->errors);
    textbuf_free(&result->trace);
    textbuf_free(&batch->bytes);
}

void work_batch_reset(struct work_batch *batch)
{
    if (batch->dir >= 0)
        close(batch->dir);
    batch->dir = -1;
    batch->rendered = false;
    batch->count = batch->done = 0;
    batch->bytes.len = 0;
    if (batch->bytes.cap > 4 * WORK_BATCH_BYTES) /* after a giant */
        textbuf_free(&batch->bytes);
}

bool work_batch_full(const struct work_batch *batch)
{
    return batch->count == WORK_BATCH_ITEMS ||
           batch->bytes.len >= WORK_BATCH_BYTES;
}

void work_batch_add(struct work_batch *batch,
                    const struct input_message *message)
{
    struct work_item *item = &batch->items[batch->count++];

    *item = (struct work_item){.message = *message};
    item->source_at = batch->bytes.len;
    textbuf_add(&batch->bytes, message->source);
    item->data_at = batch->bytes.len;
    textbuf_add(&batch->bytes, slice_make(message->data, message->len));
}

bool work_batch_suits(const struct work_batch *batch,
                      const struct source_file *file)
{
    return batch->count == 0 ||
           (batch->dir >= 0 && batch->folder == file->folder);
}

bool work_batch_add_file(struct work_batch *batch,
                         const struct source_file *file)
{
    struct work_item *item = &batch->items[batch->count];

    if (batch->dir < 0) {
        batch->dir = fcntl(file->dir, F_DUPFD_CLOEXEC, 0);
        if (batch->dir < 0)
            return false;
        batch->folder = file->folder;
        batch->ends_show = folder_ends_show(batch->dir);
    }
    *item = (struct work_item){.source_at = batch->bytes.len};
    item->message.source.len = file->path.len;
    item->name_at = batch->bytes.len + file->path.len - file->name_len;
    textbuf_add(&batch->bytes, file->path);
    textbuf_byte(&batch->bytes, '\0');
    batch->count++;
    return true;
}

void work_batch_add_failure(struct work_batch *batch, const char *path,
                            int error)
{
    struct work_item *item = &batch->items[batch->count++];

    *item = (struct work_item){.source_at = batch->bytes.len, .error = error};
    item->message.source.len = strlen(path);
    textbuf_cstr(&batch->bytes, path);
}

/* ---- Rendering ------------------------------------------------------- */

void work_hand_clear(struct work_hand *hand)
{
    if (hand->window != NULL)
        stream_clear(&hand->stream);
    free(hand->window);
}

void work_result_begin(struct work_result *result)
{
    result->output.len = result->errors.len = result->trace.len = 0;
    result->tally = (struct tally){0};
    result->failed = false;
}

static struct bounce_slice source_of(const struct work_batch *batch,
                                     const struct work_item *item)
{
    return slice_make(batch->bytes.ptr + item->source_at,
                      item->message.source.len);
}

static void fail_item(struct work_batch *batch, const struct work_item *item,
                      int error)
{
    struct work_result *result = &batch->result;

    textbuf_clean(&result->errors, source_of(batch, item));
    textbuf_format(&result->errors, ": %s\n", strerror(error));
    result->failed = true;
}

static void render_message(const struct work_job *job, struct work_hand *hand,
                           struct work_batch *batch,
                           const struct work_item *item, char *data)
{
    struct input_message message = item->message;

    if (item->error != 0) {
        fail_item(batch, item, item->error);
        return;
    }
    message.source = source_of(batch, item);
    message.data = data;
    job->render(job->ctx, hand->state, &message, &batch->result);
}

/* The messages of an mbox that is in memory as a whole. */
static void render_mbox(const struct work_job *job, struct work_hand *hand,
                        struct work_batch *batch, const struct work_item *item,
                        char *data)
{
    struct work_item one = *item;
    size_t left = item->message.len, resume;

    one.message.mbox = true;
    while (left > 0) {
        /* 1: behind the first byte of its own separator. */
        size_t end = mbox_find(slice_make(data, left), 1, true, &resume);

        one.message.len = end != SLICE_NPOS ? end : left;
        left -= one.message.len;
        render_message(job, hand, batch, &one, data);
        data += one.message.len;
        one.message.offset += (int64_t)one.message.len;
    }
}

/* Reads the file's beginning to `to`; whether that is all of it. What cannot be
 * read is not all of it either: a stream will say so. */
static bool read_all(int fd, char *to, bool ends_show, size_t *len_out)
{
    size_t len = 0;

    while (len < FILE_ROOM) {
        ssize_t got = read(fd, to + len, FILE_ROOM - len);

        if (got < 0 && errno == EINTR)
            continue;
        *len_out = len;
        if (got <= 0)
            return got == 0;
        *len_out = len += (size_t)got;
        if (ends_show && len % FOLDER_READ_UNIT != 0)
            return true;
    }
    return false;
}

static bool is_mbox(const struct work_hand *hand, const struct work_item *item)
{
    return mbox_detect(
        slice_make(hand->window + item->data_at, item->message.len));
}

/* Reads a file to `at` of the window. Returns -1 when it is there as a whole
 * and small, or cannot be opened; else it is open. */
static int read_item(struct work_hand *hand, const struct work_batch *batch,
                     struct work_item *item, size_t at)
{
    int fd;

    item->data_at = at;
    item->message.len = 0;
    if (item->error != 0)
        return -1;
    fd = openat(batch->dir, batch->bytes.ptr + item->name_at,
                O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        item->error = errno;
        return -1;
    }
    if (!read_all(fd, hand->window + at, batch->ends_show,
                  &item->message.len) ||
        (item->message.len > SMALL_MBOX && is_mbox(hand, item)))
        return fd;
    close(fd);
    return -1;
}

static void render_small(const struct work_job *job, struct work_hand *hand,
                         struct work_batch *batch, const struct work_item *item)
{
    char *data = hand->window + item->data_at;

    if (item->error == 0 && is_mbox(hand, item))
        render_mbox(job, hand, batch, item, data);
    else
        render_message(job, hand, batch, item, data);
}

/* false: it is an mbox, left open in the batch. */
static bool render_large(const struct work_job *job, struct work_hand *hand,
                         struct work_batch *batch, int fd)
{
    const struct work_item *item = &batch->items[batch->done];
    struct input_message message;

    if (lseek(fd, 0, SEEK_SET) != 0) {
        fail_item(batch, item, errno);
    } else if (is_mbox(hand, item)) {
        batch->mbox = fd;
        return false;
    } else {
        stream_open(&hand->stream, fd, source_of(batch, item));
        while (stream_next(&hand->stream, &message))
            job->render(job->ctx, hand->state, &message, &batch->result);
        if (hand->stream.error != 0)
            fail_item(batch, item, hand->stream.error);
    }
    close(fd);
    batch->done++;
    return true;
}

static void render_files(const struct work_job *job, struct work_hand *hand,
                         struct work_batch *batch)
{
    if (hand->window == NULL) {
        hand->window = cli_realloc(NULL, WINDOW_SIZE);
        stream_init(&hand->stream, job->max_message);
    }
    while (batch->done < batch->count) {
        size_t filled = batch->done, at = 0;
        int large = -1;

        while (filled < batch->count && at <= WINDOW_SIZE - FILE_ROOM) {
            large = read_item(hand, batch, &batch->items[filled], at);
            if (large >= 0)
                break;
            at += batch->items[filled++].message.len;
        }
        for (; batch->done < filled; batch->done++) {
            if (batch->result.output.len >= MUCH_OUTPUT)
                break;
            render_small(job, hand, batch, &batch->items[batch->done]);
        }
        if (batch->result.output.len >= MUCH_OUTPUT) {
            if (large >= 0)
                close(large);
            break;
        }
        if (large >= 0 && !render_large(job, hand, batch, large))
            break;
    }
}

void work_batch_render(const struct work_job *job, struct work_hand *hand,
                       struct work_batch *batch)
{
    work_result_begin(&batch->result);
    if (batch->dir >= 0) {
        render_files(job, hand, batch);
        return;
    }
    for (; batch->done < batch->count; batch->done++) {
        const struct work_item *item = &batch->items[batch->done];

        render_message(job, hand, batch, item,
                       batch->bytes.ptr + item->data_at);
    }
}
