/* SPDX-License-Identifier: MIT */
#include "ingest/mail_stream.h"

#include <stdarg.h>
#include <stdio.h>

void mail_stream_init(struct mail_stream *stream, struct mail_pipe pipe)
{
    stream->pipe = pipe;
    stream->result = MAIL_FINE;
    stream->flaw = NULL;
    stream->at = stream->end = 0;
}

void mail_stream_spoil(struct mail_stream *stream, const char *flaw)
{
    if (stream->result != MAIL_FINE)
        return;
    stream->result = MAIL_NONSENSE;
    stream->flaw = flaw;
}

static bool fill(struct mail_stream *stream)
{
    size_t len = 0;

    if (stream->result != MAIL_FINE)
        return false;
    stream->result = stream->pipe.recv(stream->pipe.ctx, stream->buf,
                                       sizeof(stream->buf), &len);
    if (stream->result == MAIL_FINE && len == 0)
        stream->result = MAIL_UNREACHABLE; /* it hung up */
    stream->at = 0;
    stream->end = stream->result == MAIL_FINE ? len : 0;
    return stream->end > 0;
}

int mail_stream_peek(struct mail_stream *stream)
{
    if (stream->result != MAIL_FINE ||
        (stream->at == stream->end && !fill(stream)))
        return -1;
    return (unsigned char)stream->buf[stream->at];
}

int mail_stream_byte(struct mail_stream *stream)
{
    int byte = mail_stream_peek(stream);

    stream->at += byte >= 0 ? 1 : 0;
    return byte;
}

struct bounce_slice mail_stream_some(struct mail_stream *stream, size_t max)
{
    struct bounce_slice some;

    if (max == 0 || mail_stream_peek(stream) < 0)
        return SLICE_NULL;
    some = slice_sub(
        slice_make(stream->buf + stream->at, stream->end - stream->at), 0, max);
    stream->at += some.len;
    return some;
}

void mail_stream_return(struct mail_stream *stream, size_t len)
{
    stream->at -= len < stream->at ? len : stream->at;
}

bool mail_stream_line(struct mail_stream *stream, char *buf, size_t cap)
{
    size_t len = 0;
    int byte;

    while ((byte = mail_stream_byte(stream)) >= 0 && byte != '\n') {
        if (len + 1 < cap)
            buf[len++] = (char)byte;
    }
    if (len > 0 && buf[len - 1] == '\r')
        len--;
    buf[len] = '\0';
    return byte >= 0;
}

enum mail_result mail_stream_say(struct mail_stream *stream, const char *format,
                                 ...)
{
    char line[MAIL_STREAM_SAY];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(line, sizeof(line) - 2, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof(line) - 2) {
        mail_stream_spoil(stream, "a command is too long");
        return stream->result;
    }
    memcpy(line + len, "\r\n", 2);
    if (stream->result == MAIL_FINE)
        stream->result = stream->pipe.send(stream->pipe.ctx,
                                           slice_make(line, (size_t)len + 2));
    return stream->result;
}
