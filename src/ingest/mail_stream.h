/* SPDX-License-Identifier: MIT
 * What a mail server says, byte by byte, and what it is told. */
#ifndef BOUNCE_INGEST_MAIL_STREAM_H
#define BOUNCE_INGEST_MAIL_STREAM_H

#include "ingest/curl.h"

#define MAIL_STREAM_BUFFER ((size_t)16 << 10)
#define MAIL_STREAM_SAY    ((size_t)8 << 10) /* bytes of a command at most */

/* As mail_send and mail_recv of module curl. */
struct mail_pipe {
    enum mail_result (*send)(void *ctx, struct bounce_slice data);
    enum mail_result (*recv)(void *ctx, char *buf, size_t cap, size_t *len_out);
    void *ctx;
};

struct mail_stream {
    struct mail_pipe pipe;
    enum mail_result result; /* not MAIL_FINE: nothing more comes */
    const char *flaw;        /* of MAIL_NONSENSE: what is wrong */
    size_t at, end;
    char buf[MAIL_STREAM_BUFFER];
};

void mail_stream_init(struct mail_stream *stream, struct mail_pipe pipe);

/* The next byte, taken or left there; -1: nothing comes any more. */
int mail_stream_byte(struct mail_stream *stream);
int mail_stream_peek(struct mail_stream *stream);
/* At most max of the bytes that are here, at least one, which live until the
 * next call; empty when nothing comes any more. */
struct bounce_slice mail_stream_some(struct mail_stream *stream, size_t max);
/* Puts the last len bytes of these back. */
void mail_stream_return(struct mail_stream *stream, size_t len);
/* The rest of the line without its end, NUL-terminated; what does not fit is
 * dropped. false: it does not come. */
bool mail_stream_line(struct mail_stream *stream, char *buf, size_t cap);
/* From now on nothing comes: the server does not keep to its protocol. */
void mail_stream_spoil(struct mail_stream *stream, const char *flaw);

/* A line, to which CRLF is added. */
enum mail_result mail_stream_say(struct mail_stream *stream, const char *format,
                                 ...) __attribute__((format(printf, 2, 3)));

#endif
