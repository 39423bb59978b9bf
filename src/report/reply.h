/* SPDX-License-Identifier: MIT
 * SMTP replies as people quote them (RFC 5321 section 4.2, RFC 3463, 2034):
 * wrappers taken off and kept as facts, lines joined, the innermost reply
 * found. */
#ifndef BOUNCE_REPORT_REPLY_H
#define BOUNCE_REPORT_REPLY_H

#include "base/message.h"

struct reply {
    /* The whole text with white space collapsed, lines of one reply joined
     * ("550-5.1.1 a" LF "550 5.1.1 b" -> "550 5.1.1 a b"). */
    struct bounce_slice whole;
    /* What of whole a verdict may rest on: all of it, unless a relay tells what
     * it was told when it asked for the recipient. Then that alone. */
    struct bounce_slice basis;
    /* The innermost reply inside basis, with code and status; whole itself
     * where no reply can be told apart. */
    struct bounce_slice inner;
    /* inner without reply code, status and the punctuation around them. */
    struct bounce_slice text;
    int code;                   /* 0 unknown */
    struct bounce_slice status; /* of the innermost reply; NULL unknown */
    enum bounce_stage stage;    /* from the wrapper; NONE unknown */
    struct bounce_slice host;   /* who answered, from the wrapper */
    struct bounce_slice ip;     /* its address, from the wrapper */
    bool expired;               /* the wrapper says retries ended */
};

/* text: any diagnostic, UTF-8, several lines allowed, at most
 * options->max_diagnostic bytes are used. Results live in the message's arena
 * or point into text. Only message->failed tells of errors. Time: linear. */
void reply_parse(struct message *message, struct bounce_slice text,
                 struct reply *reply_out);

/* The two steps of it: the text as one line, and what the line says. false:
 * memory is out. */
struct reply_line;
bool reply_open(struct message *message, struct bounce_slice text,
                struct reply_line *line_out);
void reply_parse_line(const struct reply_line *line, struct reply *reply_out);

/* A status code at the start of s ("5.1.1", "5.7.606"; RFC 3463: class 2, 4
 * or 5, subject and detail 0-999 without leading zeros): its length, or 0. It
 * must not be part of a longer number such as an IP address. */
size_t reply_match_status(struct bounce_slice s);

/* A reply code 200-699 at the start of s, followed by no digit and no "."
 * digit: its length 3, or 0. */
size_t reply_match_code(struct bounce_slice s, int *code_out);

#endif
