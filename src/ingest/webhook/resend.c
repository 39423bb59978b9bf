/* SPDX-License-Identifier: MIT
 * Resend: one event a request, signed by Svix. It sends over Amazon SES, whose
 * words it passes on. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"email.delivered", DONE, -1, NOCLS, NULL, NULL},
    {"email.delivery_delayed", LATE, 0, SOFT, NULL, NULL},
    {"email.bounced", FAIL, -1, NOCLS, NULL, NULL},
    {"email.complained", SPAM, -1, EVENT, NULL, NULL},
    {"email.suppressed", FAIL, 1, ADMIN, "suppressed", NULL},
    /* Resend could not send: a quota, a domain, an address. */
    {"email.failed", FAIL, -1, ADMIN, NULL, NULL},
    {"email.sent", PASS, -1, NOCLS, NULL, NULL},
    {"email.scheduled", PASS, -1, NOCLS, NULL, NULL},
    {"email.opened", PASS, -1, NOCLS, NULL, NULL},
    {"email.clicked", PASS, -1, NOCLS, NULL, NULL},
    {"email.received", PASS, -1, NOCLS, NULL, NULL},
    {"contact.created", PASS, -1, NOCLS, NULL, NULL},
    {"contact.updated", PASS, -1, NOCLS, NULL, NULL},
    {"contact.deleted", PASS, -1, NOCLS, NULL, NULL},
    {"domain.created", PASS, -1, NOCLS, NULL, NULL},
    {"domain.updated", PASS, -1, NOCLS, NULL, NULL},
    {"domain.deleted", PASS, -1, NOCLS, NULL, NULL},
};

static const struct hook_word bounces[] = {
    {"Permanent", FAIL, 1, HARD, NULL, NULL},
    {"Transient", FAIL, 0, SOFT, NULL, NULL},
    {"Temporary", FAIL, 0, SOFT, NULL, NULL},
    {"Undetermined", FAIL, -1, OPEN, NULL, NULL},
};

static const struct hook_word subtypes[] = {
    {"Suppressed", FAIL, 1, ADMIN, "suppressed", "bounce"},
    {"OnAccountSuppressionList", FAIL, 1, ADMIN, "suppressed", NULL},
    {"MailboxFull", FAIL, 0, SOFT, "mailbox_full", NULL},
    {"MessageTooLarge", FAIL, 0, SOFT, "message_too_large", NULL},
    {"ContentRejected", FAIL, 0, SOFT, "spam_detected", NULL},
    {"AttachmentRejected", FAIL, 0, SOFT, "attachment_prohibited", NULL},
};

static void take_bounce(struct hook *hook, const struct json *bounce,
                        struct hook_event *event)
{
    struct bounce_slice type = json_member(bounce, "type");
    struct bounce_slice sub = json_member(bounce, "subType");
    const struct hook_word *word =
        hook_word_find(bounces, HOOK_COUNT(bounces), type);

    if (word != NULL)
        hook_event_take(event, word);
    word = hook_word_find(subtypes, HOOK_COUNT(subtypes), sub);
    if (word != NULL)
        hook_event_take(event, word);
    event->verdict =
        hook_join(hook, type.len > 0 ? type : event->verdict, "/", sub);
    /* message is Resend's sentence for the type; what the server said stands in
     * diagnosticCode where it was passed on. */
    event->text = hook_first_text(json_get(bounce, "diagnosticCode"));
    if (event->text.len == 0) {
        event->text = json_member(bounce, "message");
        event->told = hook_reply_code(event->text) == 0;
    }
    if (type.len > 0)
        return;
    /* Before there were types the sentence was all. */
    if (hook_mentions(event->text, "suppression list")) {
        event->cls = ADMIN;
        event->permanent = 1;
        event->category = SLICE("suppressed");
    } else if (hook_mentions(event->text, "hard bounce")) {
        event->cls = HARD;
        event->permanent = 1;
    }
}

/* An event is about one message to all of its recipients: with several, nobody
 * says which of them it was. */
static void take_recipient(const struct json *data, struct hook_event *event)
{
    const struct json *to = json_get(data, "to");

    if (json_is(to, JSON_ARRAY) && to->count > 1)
        event->no_recipient = true;
    else
        event->recipient = hook_first_text(to);
}

static void read_item(struct hook *hook, const struct json *item)
{
    const struct json *data = json_get(item, "data");
    struct hook_event event;

    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words),
                          json_member(item, "type")))
        return;
    take_recipient(data, &event);
    event.report_id = hook_header(hook, "svix-id");
    event.queue_id = json_member(data, "email_id");
    event.message_id = json_member(data, "message_id");
    event.sender = json_member(data, "from");
    event.subject = json_member(data, "subject");
    event.tags = json_get(data, "tags");
    event.metadata = event.tags;
    event.scope = json_member(data, "broadcast_id");
    event.at = hook_time(json_get(item, "created_at"));
    event.sent_at = hook_time(json_get(data, "created_at"));
    if (slice_eq_nocase(event.verdict, SLICE("email.bounced")))
        take_bounce(hook, json_get(data, "bounce"), &event);
    else if (slice_eq_nocase(event.verdict, SLICE("email.failed")))
        event.text = json_text(json_path(data, SLICE("failed.reason")));
    else if (slice_eq_nocase(event.verdict, SLICE("email.suppressed")))
        event.text = json_text(json_path(data, SLICE("suppressed.message")));
    if (event.kind == FAIL && event.category.ptr != NULL &&
        event.suppressed_for.ptr == NULL &&
        !hook_mentions(event.text, "suppression list"))
        event.suppressed_for = hook_suppressed_for(event.text);
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    hook_each(hook, hook->body, read_item);
}

static enum hook_trust verify(struct hook *hook)
{
    return hook_verify_standard(hook, "svix");
}

const struct hook_service hook_resend = {
    .info = {"resend", true, "signature (Svix)"},
    .verify = verify,
    .read = read_body,
};
