/* SPDX-License-Identifier: MIT
 * MailerSend: one activity a request; the body is signed with HMAC. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"activity.delivered", DONE, -1, NOCLS, NULL, NULL},
    {"activity.hard_bounced", FAIL, 1, HARD, NULL, NULL},
    {"activity.soft_bounced", FAIL, 0, SOFT, NULL, NULL},
    {"activity.deferred", LATE, 0, SOFT, NULL, NULL},
    {"activity.spam_complaint", SPAM, -1, EVENT, NULL, NULL},
    {"activity.unsubscribed", LEFT, -1, EVENT, NULL, NULL},
    {"activity.sent", PASS, -1, NOCLS, NULL, NULL},
    {"activity.opened", PASS, -1, NOCLS, NULL, NULL},
    {"activity.opened_unique", PASS, -1, NOCLS, NULL, NULL},
    {"activity.clicked", PASS, -1, NOCLS, NULL, NULL},
    {"activity.clicked_unique", PASS, -1, NOCLS, NULL, NULL},
    {"activity.survey_opened", PASS, -1, NOCLS, NULL, NULL},
    {"activity.survey_submitted", PASS, -1, NOCLS, NULL, NULL},
    {"sender_identity.verified", PASS, -1, NOCLS, NULL, NULL},
    {"maintenance.start", PASS, -1, NOCLS, NULL, NULL},
    {"maintenance.end", PASS, -1, NOCLS, NULL, NULL},
    {"inbound_forward.failed", PASS, -1, NOCLS, NULL, NULL},
    {"email_single.verified", PASS, -1, NOCLS, NULL, NULL},
    {"email_list.verified", PASS, -1, NOCLS, NULL, NULL},
    {"bulk_email.completed", PASS, -1, NOCLS, NULL, NULL},
};

static void read_item(struct hook *hook, const struct json *item)
{
    const struct json *data = json_get(item, "data");
    const struct json *email = json_get(data, "email");
    const struct json *morph = json_get(data, "morph");
    struct hook_event event;

    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words),
                          json_member(item, "type")))
        return;
    event.recipient = json_text(json_path(email, SLICE("recipient.email")));
    event.report_id = json_member(data, "id");
    event.queue_id = json_text(json_path(email, SLICE("message.id")));
    event.message_id = json_text(json_path(email, SLICE("headers.message-id")));
    event.sender = json_member(email, "from");
    event.subject = json_member(email, "subject");
    event.tags = json_get(email, "tags");
    event.at = hook_time(json_get(data, "created_at"));
    event.sent_at = hook_time(json_get(email, "created_at"));
    /* Of an unsubscription it is what the person chose from a list. */
    if (event.kind == FAIL || event.kind == LATE)
        event.text = json_member(morph, "reason");
    if (event.kind == LEFT)
        event.scope = json_member(item, "domain_id");
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    hook_each(hook, hook->body, read_item);
}

static enum hook_trust verify(struct hook *hook)
{
    return hook_verify_header(hook, "Signature");
}

const struct hook_service hook_mailersend = {
    .info = {"mailersend", true, "signature (HMAC)"},
    .verify = verify,
    .read = read_body,
};
