/* SPDX-License-Identifier: MIT */
#include "cli/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "mime/mbox.h"

#define STREAM_START ((size_t)64 << 10)
#define STREAM_CHUNK ((size_t)256 << 10)

void stream_init(struct stream *stream, size_t max_message)
{
    *stream = (struct stream){.max = max_message};
    /* Reports say in front what happened; behind stands the returned mail. */
    stream->head_max = max_message - max_message / 4;
    stream->cap = STREAM_START;
    stream->buf = cli_realloc(NULL, stream->cap);
}

void stream_clear(struct stream *stream)
{
    free(stream->buf);
    stream->buf = NULL;
}

void stream_open(struct stream *stream, int fd, struct bounce_slice name)
{
    stream->fd = fd;
    stream->name = name;
    stream->start = stream->end = stream->resume = 0;
    stream->dropped = stream->offset = stream->taken = 0;
    stream->at_end = stream->mbox = false;
    stream->open = true;
    stream->error = 0;
}

/* Head and twice the tail: so each byte of an endless message is moved once. */
static size_t window_max(const struct stream *stream)
{
    return stream->head_max + 2 * (stream->max - stream->head_max);
}

/* The window is full: forget what lies between head and tail. */
static void drop_middle(struct stream *stream)
{
    size_t tail = stream->max - stream->head_max;
    size_t gone = stream->end - stream->head_max - tail;
    char *hole = stream->buf + stream->head_max;

    memmove(hole, hole + gone, tail);
    stream->dropped += gone;
    stream->end -= gone;
    /* A line without end may have been waited for: do not wait longer. */
    stream->resume = stream->resume > stream->head_max + gone
                         ? stream->resume - gone
                         : stream->head_max + 1;
}

/* Room behind the window: move it to the front, let the buffer grow, or drop
 * the middle of the message. */
static void make_room(struct stream *stream)
{
    if (stream->cap - stream->end >= STREAM_START / 2)
        return;
    if (stream->start > 0) {
        size_t used = stream->end - stream->start;

        memmove(stream->buf, stream->buf + stream->start, used);
        stream->resume -= stream->start;
        stream->start = 0;
        stream->end = used;
    }
    if (stream->cap - stream->end >= stream->cap / 4)
        return;
    if (stream->cap < window_max(stream)) {
        size_t cap = stream->cap * 2;

        stream->cap = cap < window_max(stream) ? cap : window_max(stream);
        stream->buf = cli_realloc(stream->buf, stream->cap);
    }
    if (stream->cap == stream->end)
        drop_middle(stream);
}

static void fill(struct stream *stream)
{
    size_t room;
    ssize_t got;

    make_room(stream);
    room = stream->cap - stream->end;
    if (room > STREAM_CHUNK)
        room = STREAM_CHUNK;
    do
        got = read(stream->fd, stream->buf + stream->end, room);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        stream->error = errno;
    if (got <= 0) {
        stream->at_end = true;
        return;
    }
    stream->end += (size_t)got;
    stream->taken += (uint64_t)got;
}

/* Where the next separator begins in buf; SLICE_NPOS when not yet seen. */
static size_t find_separator(struct stream *stream)
{
    /* Behind a hole the window of the search begins behind it too. */
    size_t base = stream->dropped > 0 ? stream->head_max : stream->start;
    size_t from = stream->resume - base, resume = from, found;

    found = mbox_find(slice_make(stream->buf + base, stream->end - base), from,
                      stream->at_end, &resume);
    stream->resume = base + resume;
    return found == SLICE_NPOS ? found : base + found;
}

/* Hand over the window up to end as one message. */
static void cut(struct stream *stream, size_t end,
                struct input_message *message_out)
{
    size_t len = end - stream->start, tail = 0;

    if (stream->dropped > 0 || len > stream->max) {
        size_t tail_max = stream->max - stream->head_max;

        tail = len - stream->head_max;
        if (tail > tail_max) {
            memmove(stream->buf + stream->start + stream->head_max,
                    stream->buf + end - tail_max, tail_max);
            tail = tail_max;
        }
        len = stream->head_max + tail;
    }
    *message_out = (struct input_message){.source = stream->name,
                                          .offset = (int64_t)stream->offset,
                                          .data = stream->buf + stream->start,
                                          .len = len,
                                          .tail_len = tail,
                                          .mbox = stream->mbox};
    stream->offset += end - stream->start + stream->dropped;
    stream->dropped = 0;
    stream->start = end;
    stream->resume = end + 1; /* behind its own separator's first byte */
}

bool stream_next(struct stream *stream, struct input_message *message_out)
{
    if (!stream->open)
        return false;
    if (stream->taken == 0 && !stream->at_end) {
        while (stream->end < 5 && !stream->at_end)
            fill(stream);
        stream->mbox = mbox_detect(slice_make(stream->buf, stream->end));
        stream->resume = 1;
    }
    for (;;) {
        size_t found = SLICE_NPOS;

        if (stream->mbox && stream->resume < stream->end)
            found = find_separator(stream);
        if (found != SLICE_NPOS) {
            cut(stream, found, message_out);
            return true;
        }
        if (stream->at_end)
            break;
        fill(stream);
    }
    stream->open = false;
    if (stream->error != 0)
        return false;
    cut(stream, stream->end, message_out);
    return true;
}
