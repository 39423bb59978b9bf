/* SPDX-License-Identifier: MIT
 * One LMTP conversation (RFC 2033 over RFC 5321), without the socket: bytes in,
 * replies out, messages handed over. PIPELINING (RFC 2920), 8BITMIME (RFC
 * 6152), SMTPUTF8 (RFC 6531), CHUNKING (RFC 3030), SIZE (RFC 1870),
 * ENHANCEDSTATUSCODES (RFC 2034). */
#ifndef BOUNCE_SERVE_LMTP_SESSION_H
#define BOUNCE_SERVE_LMTP_SESSION_H

#include "serve/bytes.h"

#define LMTP_LINE_MAX     4096U /* bytes of a command; RFC 5321 asks for 512 */
#define LMTP_RECIPIENTS   1000U
#define LMTP_BAD_COMMANDS 20U /* then the conversation ends */

struct lmtp_envelope {
    struct bounce_slice sender; /* without <>; empty: the null sender */
    const struct bounce_slice *recipients; /* of the report: not its subject */
    size_t count;
};

struct lmtp_session;

struct lmtp_options {
    const char *hostname;
    size_t max_message; /* bytes */
    /* A whole message; borrowed until lmtp_session_answer() is called, once,
     * now or later: until then the session takes no input. */
    void (*deliver)(void *ctx, struct lmtp_session *session,
                    const struct lmtp_envelope *envelope,
                    struct bounce_slice message);
    void *ctx;
};

/* Begins with the greeting. NULL: memory is out. */
struct lmtp_session *lmtp_session_new(const struct lmtp_options *options);
void lmtp_session_free(struct lmtp_session *session);

/* Takes what it can of data and returns how much; the rest comes again with
 * what follows it. Nothing is taken while a message waits for its answer. */
size_t lmtp_session_take(struct lmtp_session *session,
                         struct bounce_slice data);
/* The same reply for each recipient: "250 2.0.0 stored", ... */
void lmtp_session_answer(struct lmtp_session *session, const char *reply);

/* Replies not yet sent; the caller takes them off with bytes_take(). */
struct bytes *lmtp_session_replies(struct lmtp_session *session);
bool lmtp_session_waiting(const struct lmtp_session *session);
/* Whether a message has begun and its end has not come. */
bool lmtp_session_receiving(const struct lmtp_session *session);
/* Bytes of memory that its message takes. */
size_t lmtp_session_held(const struct lmtp_session *session);
/* QUIT, too many errors, or memory ran out: close once the replies are sent. */
bool lmtp_session_ended(const struct lmtp_session *session);
/* Ends the session with a reply such as "421 4.3.2 shutting down". */
void lmtp_session_end(struct lmtp_session *session, const char *reply);

#endif
