/* SPDX-License-Identifier: MIT
 * Postal: one event a request; signed with the server's DKIM key. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"MessageSent", DONE, -1, NOCLS, NULL, NULL},
    {"MessageDelayed", LATE, 0, SOFT, NULL, NULL},
    {"MessageDeliveryFailed", FAIL, 1, HARD, NULL, NULL},
    {"MessageBounced", FAIL, 1, HARD, NULL, NULL},
    {"MessageHeld", FAIL, 1, ADMIN, NULL, NULL},
    {"MessageLinkClicked", PASS, -1, NOCLS, NULL, NULL},
    {"MessageLoaded", PASS, -1, NOCLS, NULL, NULL},
    {"DomainDNSError", PASS, -1, NOCLS, NULL, NULL},
    {"SendLimitApproaching", PASS, -1, NOCLS, NULL, NULL},
    {"SendLimitExceeded", PASS, -1, NOCLS, NULL, NULL},
};

static enum hook_trust verify(struct hook *hook)
{
    struct bounce_slice newer = hook_header(hook, "X-Postal-Signature-256");
    struct bounce_slice older = hook_header(hook, "X-Postal-Signature");

    if (newer.len > 0)
        return hook_verify_key(hook, MODULE_RSA_SHA256, hook->request->body,
                               hook_from_base64(hook, newer));
    if (older.len > 0)
        return hook_verify_key(hook, MODULE_RSA_SHA1, hook->request->body,
                               hook_from_base64(hook, older));
    return hook_distrust(hook, HOOK_ABSENT, "the signature is missing");
}

static void take_message(const struct json *message, struct hook_event *event)
{
    event->recipient = json_member(message, "to");
    event->queue_id = json_member(message, "token");
    event->message_id = json_member(message, "message_id");
    event->sender = json_member(message, "from");
    event->subject = json_member(message, "subject");
    event->tags = json_get(message, "tag");
    event->sent_at = hook_time(json_get(message, "timestamp"));
}

/* Postal keeps back what would go to an address that failed before. */
static void take_hold(struct hook_event *event)
{
    if (hook_mentions(event->text, "suppression")) {
        event->category = SLICE("suppressed");
        event->suppressed_for = SLICE("bounce");
    }
}

static void read_item(struct hook *hook, const struct json *item)
{
    const struct json *payload = json_get(item, "payload");
    const struct json *original = json_get(payload, "original_message");
    struct hook_event event;

    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words),
                          json_member(item, "event")))
        return;
    /* original_message stands where a bounce came back by mail, whatever the
     * event is called. */
    if (original != NULL && event.kind == LATE) {
        event.kind = FAIL;
        event.permanent = -1;
        event.cls = OPEN;
    }
    take_message(original != NULL ? original : json_get(payload, "message"),
                 &event);
    event.verdict =
        hook_join(hook, event.verdict, "/", json_member(payload, "status"));
    event.report_id = json_member(item, "uuid");
    event.at = hook_time(json_get(item, "timestamp"));
    event.text = json_member(payload, "output");
    if (event.text.len == 0)
        event.text = json_member(payload, "details");
    if (event.cls == ADMIN)
        take_hold(&event);
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    hook_each(hook, hook->body, read_item);
}

const struct hook_service hook_postal = {
    .info = {"postal", true, "signature (RSA, the installation's public key)"},
    .verify = verify,
    .read = read_body,
};
