/* SPDX-License-Identifier: MIT
 * A file as a stream of messages: one message, or an mbox. A window of the
 * file slides along; of a message larger than the limit head and tail stay. */
#ifndef BOUNCE_CLI_STREAM_H
#define BOUNCE_CLI_STREAM_H

#include "base/slice.h"

struct input_message {
    struct bounce_slice source; /* path as given or found; "-" */
    int64_t offset;             /* of its first byte in the file */
    char *data;                 /* may be written to */
    size_t len;                 /* head_len + tail_len */
    size_t tail_len;            /* not 0 only when the middle is missing */
    bool mbox;
    void *own; /* of who handed it over; NULL: nothing */
};

struct stream {
    int fd;
    struct bounce_slice name;
    char *buf;
    size_t cap;
    size_t start, end;    /* the window: bytes not yet handed over */
    size_t resume;        /* where the search for a separator goes on */
    size_t max, head_max; /* bytes of a message; of its head */
    uint64_t dropped;     /* bytes of this message that are gone */
    uint64_t offset;      /* of start in the file */
    uint64_t taken;       /* bytes read from the file */
    bool at_end, mbox, open;
    int error; /* errno of a failed read */
};

void stream_init(struct stream *stream, size_t max_message);
void stream_clear(struct stream *stream);
/* Begin with a file; fd stays the caller's. */
void stream_open(struct stream *stream, int fd, struct bounce_slice name);
/* The next message; false at the end or when reading failed (stream->error).
 * The message lives until the next call. */
bool stream_next(struct stream *stream, struct input_message *message_out);

#endif
