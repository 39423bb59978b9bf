/* SPDX-License-Identifier: MIT
 * The question before sending, as mail servers ask it, without the socket:
 *
 * - Postfix's policy delegation (SMTPD_POLICY_README): "name=value" lines and an
 *   empty one; the answer is "action=..." and an empty line.
 * - One line "check ADDRESS [scope=S] [ip=I] [from=D] [campaign=C]" (Exim's
 *   ${readsocket}, scripts); the answer is one line "send", "later 450 4.7.1
 *   ..." or "never 550 5.1.1 ...". */
#ifndef BOUNCE_SERVE_GATE_SESSION_H
#define BOUNCE_SERVE_GATE_SESSION_H

#include "serve/bytes.h"
#include "store/ask.h"

#define GATE_REQUEST_MAX ((size_t)16 << 10) /* bytes */

struct gate_options {
    /* Answers; false: the store cannot. */
    bool (*check)(void *ctx, const struct ask_question *question,
                  struct ask_answer *answer_out);
    void *ctx;
    bool fail_closed;          /* then: 451, else the mail goes */
    struct bounce_slice scope; /* of questions that name none; NULL: none */
    int64_t (*now)(void *ctx);
};

/* Takes the first whole request of input, adds the answer to out and returns
 * how much was taken: 0, it is not whole yet. *end_out: answer, then close: it
 * was no request. */
size_t gate_take(const struct gate_options *options, struct bounce_slice input,
                 struct bytes *out, bool *end_out);

/* Reply code, status and text for an answer that is not to send: "550 5.1.1
 * 605 not sent: suppressed since ...". At most cap bytes; returns the length. */
size_t gate_reply(const struct ask_answer *answer, int64_t now, char *buf,
                  size_t cap);

#endif
