/* SPDX-License-Identifier: MIT
 * From a parsed message to events: the kind of report, the mail system that
 * wrote it, and what it says of each recipient. */
#ifndef BOUNCE_REPORT_REPORT_H
#define BOUNCE_REPORT_REPORT_H

#include "mime/mime.h"

/* One event as the report tells it; the classifier fills in the rest of
 * .event (category to advice). All slices live as long as the message. */
struct report_event {
    struct bounce_event event;
    /* What a person reads about this recipient beside the diagnostic: the
     * paragraph of a free-text bounce, the notification part of a DSN. The
     * classifier turns to it when the diagnostic says too little. */
    struct bounce_slice context;
    /* Status and code as fields said them, before the reply that the
     * diagnostic quotes overruled them. */
    struct bounce_slice field_status;
};

struct report {
    struct report_event *events; /* at least one; kind NONE if no report */
    size_t count;
};

/* knowledge of formats is built in. false only when message->failed is set.
 *
 * Fills of each event: kind, recipient, recipient_from, original_recipient,
 * action, permanent, expired, status, reply_code, stage, diagnostic,
 * reporting_mta, remote_mta, format, written_by, queue_id, message_id,
 * report_id, sender, campaign, feedback_id, feedback_type, subject, sent_at,
 * occurred_at, signals.sender_ip (feedback: Source-IP). */
bool report_read(struct message *message, const struct mime_part *root,
                 struct report *report_out);

#endif
