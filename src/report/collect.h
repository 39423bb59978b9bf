/* SPDX-License-Identifier: MIT
 * What the readers of one report share: the facts of its own headers, its
 * parts, the returned message, and the events found so far. */
#ifndef BOUNCE_REPORT_COLLECT_H
#define BOUNCE_REPORT_COLLECT_H

#include "mime/mime.h"
#include "report/reply.h"
#include "report/report.h"

/* The report's own headers. */
struct outer {
    const struct mime_header *headers;
    struct mime_index index;
    struct bounce_slice subject; /* decoded */
    struct bounce_slice from;    /* decoded, with its name */
    struct bounce_slice from_address;
    struct bounce_slice to_address;
    struct bounce_slice message_id;
    struct bounce_slice auto_submitted;
    bool null_sender; /* Return-Path: <> or the daemon's own */
    bool daemon;      /* From a mailer daemon or postmaster */
    bool list;        /* written by mailing-list software */
    int64_t date;
};

/* The message that the report is about. */
struct original {
    bool found;
    struct bounce_slice message_id, subject, sender, recipient;
    struct bounce_slice feedback_id, campaign;
    int64_t date;
};

/* The parts that matter, in the order of the message. */
struct parts {
    const struct mime_part *status;      /* message/delivery-status */
    const struct mime_part *feedback;    /* message/feedback-report */
    const struct mime_part *disposition; /* RFC 8098 */
    const struct mime_part *returned;    /* message or its headers */
    bool report;                         /* the root is multipart/report */
};

struct collect {
    struct message *message;
    const struct mime_part *root;
    struct outer outer;
    struct parts parts;
    struct original original;
    struct bounce_slice human; /* text for people, no returned message */
    struct bounce_slice tail;  /* the returned message inside that text */
    bool client; /* a program for people wrote it, not a mail system */
    struct report_event *events;
    size_t count, cap;
    uint32_t *index; /* hash of recipient -> event number + 1 */
    size_t index_size;
};

/* Reads headers and parts of root; false when memory is out. */
bool collect_init(struct collect *collect, struct message *message,
                  const struct mime_part *root);

/* Warns that recipients are left out. */
void collect_warn_full(struct collect *collect);

/* A new event for a recipient, all fields unknown; NULL when memory or the
 * ceiling is reached. NULL too when the recipient has one already: then
 * *same_out (may be NULL) is that one. An empty recipient is never the same. */
struct report_event *collect_add(struct collect *collect,
                                 struct bounce_slice recipient,
                                 struct report_event **same_out);

/* What fields and quoted text say, brought together: event->event.status,
 * reply_code, stage, expired, remote_mta. Fills only what is still unknown
 * but lets the quoted reply overrule field_status. */
void collect_reply(struct report_event *event, const struct reply *reply);

/* Action and kind of a failure from what is known; permanent, and the facts
 * that all events of this report share. Called once, at the end. */
void collect_finish(struct collect *collect);

/* White space at line ends and folds becomes one blank. */
struct bounce_slice collect_line(struct message *message,
                                 struct bounce_slice text);

#endif
