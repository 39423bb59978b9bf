/* SPDX-License-Identifier: MIT
 * Logs of mail servers. The first byte of the input says which format and where
 * the log is cut: whoever goes on behind the cut, having recalled what stands
 * before it, must find what one reader of the whole finds there. */
#include <stdlib.h>

#include "base/hash.h"
#include "ingest/log/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct found {
    uint64_t sum;
    size_t count;
};

static void add(struct found *found, struct bounce_slice text)
{
    found->sum = found->sum * 31 + hash_bytes(text);
}

static bool take(void *ctx, const struct record *record)
{
    struct found *found = ctx;
    const struct bounce_event *event = &record->event;

    add(found, event->recipient);
    add(found, event->status);
    add(found, event->diagnostic);
    add(found, event->queue_id);
    add(found, event->message_id);
    add(found, event->sender);
    found->sum += (uint64_t)event->occurred_at + (uint64_t)event->kind;
    found->count++;
    return true;
}

static bool take_sent(void *ctx, const struct sent *sent)
{
    add(ctx, sent->recipient);
    add(ctx, sent->message_id);
    return true;
}

static struct bounce_reader *reader_of(void)
{
    static struct bounce_engine *engine;
    static struct bounce_reader *reader;

    if (engine == NULL && (bounce_engine_new(NULL, &engine) != BOUNCE_OK ||
                           bounce_reader_new(engine, &reader) != BOUNCE_OK))
        abort();
    return reader;
}

/* Exactly as long as it is, so that one byte too many is seen. */
static void give(struct log *log, struct bounce_slice line, bool recall)
{
    char *copy = malloc(line.len > 0 ? line.len : 1);
    struct bounce_slice exact = slice_make(copy, line.len);

    if (copy == NULL)
        abort();
    if (line.len > 0)
        memcpy(copy, line.ptr, line.len);
    if (!(recall ? log_recall(log, exact) : log_line(log, exact)))
        abort();
    free(copy);
}

/* Lines before cut are recalled when recalls, else read and not counted. */
static void run(enum log_format format, struct bounce_slice text, size_t cut,
                bool recalls, struct found *found)
{
    const struct log_options options = {.format = format,
                                        .reader = reader_of(),
                                        .now = INT64_C(1790000000),
                                        .take = take,
                                        .sent = take_sent,
                                        .ctx = found};
    struct log *log = log_new(&options);
    struct bounce_slice line;
    size_t count = 0;

    if (log == NULL)
        abort();
    while (slice_next_line(&text, &line)) {
        if (count == cut)
            *found = (struct found){0, 0};
        give(log, line, recalls && count < cut);
        count++;
    }
    if (count <= cut)
        *found = (struct found){0, 0};
    log_free(log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct found whole = {0, 0}, resumed = {0, 0};
    enum log_format format;
    struct bounce_slice text;
    size_t cut;

    if (size < 1)
        return 0;
    format = (enum log_format)(data[0] % LOG_FORMATS);
    cut = data[0] / LOG_FORMATS;
    text = slice_make((const char *)data + 1, size - 1);
    run(format, text, cut, false, &whole);
    run(format, text, cut, true, &resumed);
    if (whole.sum != resumed.sum || whole.count != resumed.count)
        abort();
    return 0;
}
