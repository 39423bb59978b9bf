/* SPDX-License-Identifier: MIT
 * Conversations of LMTP: the same replies and messages whether the bytes come
 * at once or in pieces. The first byte of the input cuts the pieces. */
#include <stdlib.h>

#include "serve/lmtp_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct talk {
    struct bytes replies, messages;
};

static void deliver(void *ctx, struct lmtp_session *session,
                    const struct lmtp_envelope *envelope,
                    struct bounce_slice message)
{
    struct talk *talk = ctx;

    bytes_add(&talk->messages, envelope->sender);
    for (size_t i = 0; i < envelope->count; i++) {
        bytes_add(&talk->messages, SLICE(">"));
        bytes_add(&talk->messages, envelope->recipients[i]);
    }
    bytes_add(&talk->messages, SLICE(":"));
    bytes_add(&talk->messages, message);
    if (message.len > 300)
        abort();
    lmtp_session_answer(session, "250 2.0.0 stored");
}

/* Exactly as long as it is, so that one byte too many is seen. */
static size_t take(struct lmtp_session *session, const struct bytes *pending)
{
    char *copy = malloc(pending->len > 0 ? pending->len : 1);
    size_t taken;

    if (copy == NULL)
        abort();
    if (pending->len > 0)
        memcpy(copy, pending->ptr, pending->len);
    taken = lmtp_session_take(session, slice_make(copy, pending->len));
    free(copy);
    if (taken > pending->len)
        abort();
    return taken;
}

static void run(struct bounce_slice input, size_t piece, struct talk *talk)
{
    const struct lmtp_options options = {
        .hostname = "mx", .max_message = 300, .deliver = deliver, .ctx = talk};
    struct lmtp_session *session = lmtp_session_new(&options);
    struct bytes pending = {0};

    if (session == NULL)
        abort();
    for (size_t at = 0; at < input.len; at += piece) {
        bytes_add(&pending, slice_sub(input, at, piece));
        bytes_take(&pending, take(session, &pending));
    }
    bytes_add(&talk->replies, bytes_slice(lmtp_session_replies(session)));
    bytes_free(&pending);
    lmtp_session_free(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bounce_slice input;
    struct talk whole = {0}, pieces = {0};

    if (size < 2)
        return 0;
    input = slice_make((const char *)data + 1, size - 1);
    run(input, input.len, &whole);
    run(input, 1 + data[0] % 64, &pieces);
    if (!slice_eq(bytes_slice(&whole.replies), bytes_slice(&pieces.replies)) ||
        !slice_eq(bytes_slice(&whole.messages), bytes_slice(&pieces.messages)))
        abort();
    bytes_free(&whole.replies);
    bytes_free(&whole.messages);
    bytes_free(&pieces.replies);
    bytes_free(&pieces.messages);
    return 0;
}
