/* SPDX-License-Identifier: MIT
 * Postmark: one event a request. It signs nothing; Basic authentication stands
 * in the URL that it is given. */
#include "ingest/webhook/words.h"

/* Type of a bounce. TypeCode follows from it. */
static const struct hook_word types[] = {
    {"HardBounce", FAIL, 1, HARD, NULL, NULL},
    /* Under way still: Postmark tries for twelve hours. */
    {"Transient", LATE, 0, SOFT, NULL, NULL},
    {"Unsubscribe", LEFT, -1, EVENT, NULL, NULL},
    {"Subscribe", PASS, -1, EVENT, NULL, NULL},
    {"AutoResponder", AUTO, -1, EVENT, NULL, NULL},
    /* The new address stands in a mail that a person must read. */
    {"AddressChange", AUTO, -1, EVENT, NULL, NULL},
    {"DnsError", FAIL, 0, SOFT, "dns_failure", NULL},
    {"SpamNotification", FAIL, 1, BLOCK, "spam_detected", NULL},
    {"OpenRelayTest", PASS, -1, NOCLS, NULL, NULL},
    {"Unknown", FAIL, -1, OPEN, NULL, NULL},
    {"SoftBounce", FAIL, 0, SOFT, "mailbox_unavailable", NULL},
    {"VirusNotification", FAIL, 1, BLOCK, "virus_detected", NULL},
    {"ChallengeVerification", ASKS, -1, EVENT, NULL, NULL},
    {"BadEmailAddress", FAIL, 1, HARD, "address_syntax", NULL},
    {"SpamComplaint", SPAM, -1, EVENT, NULL, NULL},
    {"ManuallyDeactivated", FAIL, 1, ADMIN, "suppressed", NULL},
    {"Unconfirmed", FAIL, 1, ADMIN, "suppressed", NULL},
    {"Blocked", FAIL, 1, BLOCK, "policy_rejected", NULL},
    {"SMTPApiError", FAIL, 1, ADMIN, "credentials_required", NULL},
    {"InboundError", PASS, -1, NOCLS, NULL, NULL},
    {"DMARCPolicy", FAIL, 1, BLOCK, "auth_failure", NULL},
    {"TemplateRenderingFailed", FAIL, 1, ADMIN, "message_malformed", NULL},
};

static void take_common(const struct json *item, struct hook_event *event)
{
    event->recipient = json_member(item, "Email");
    if (event->recipient.len == 0)
        event->recipient = json_member(item, "Recipient");
    event->report_id = json_member(item, "ID");
    event->queue_id = json_member(item, "MessageID");
    event->sender = json_member(item, "From");
    event->subject = json_member(item, "Subject");
    event->tags = json_get(item, "Tag");
    event->metadata = json_get(item, "Metadata");
}

static void read_bounce(struct hook *hook, const struct json *item)
{
    struct bounce_slice type = json_member(item, "Type");
    const struct hook_word *word =
        hook_word_find(types, HOOK_COUNT(types), type);
    struct hook_event event;

    hook_event_init(&event);
    take_common(item, &event);
    event.kind = FAIL;
    event.verdict = type;
    event.at = hook_time(json_get(item, "BouncedAt"));
    if (word != NULL)
        hook_event_take(&event, word);
    if (word != NULL && word->kind == PASS) {
        hook_pass(hook);
        return;
    }
    /* Description is Postmark's sentence for the type; Details quotes the
     * server. */
    event.text = json_member(item, "Details");
    if (event.kind == SPAM)
        event.feedback_type = SLICE("abuse");
    if (event.kind == LEFT)
        event.scope = json_member(item, "MessageStream");
    hook_add(hook, &event);
}

static void read_delivery(struct hook *hook, const struct json *item)
{
    struct hook_event event;

    hook_event_init(&event);
    take_common(item, &event);
    event.kind = DONE;
    event.verdict = SLICE("Delivery");
    event.text = json_member(item, "Details");
    event.at = hook_time(json_get(item, "DeliveredAt"));
    hook_add(hook, &event);
}

/* Somebody was put on Postmark's list, or taken off it. What the bounce or
 * complaint was that led to it comes in a request of its own, about the same
 * message. */
static void read_change(struct hook *hook, const struct json *item)
{
    struct bounce_slice reason = json_member(item, "SuppressionReason");
    struct bounce_slice origin = json_member(item, "Origin");
    struct hook_event event;

    if (!json_is(json_get(item, "SuppressSending"), JSON_TRUE)) {
        hook_pass(hook);
        return;
    }
    hook_event_init(&event);
    take_common(item, &event);
    event.at = hook_time(json_get(item, "ChangedAt"));
    event.verdict = hook_join(hook, SLICE("SubscriptionChange"), "/", reason);
    if (slice_eq_nocase(reason, SLICE("HardBounce"))) {
        event.kind = FAIL;
        event.permanent = 1;
        event.cls = HARD;
        hook_add(hook, &event);
    } else if (slice_eq_nocase(reason, SLICE("SpamComplaint"))) {
        event.kind = SPAM;
        event.cls = EVENT;
        event.feedback_type = SLICE("abuse");
        hook_add(hook, &event);
    } else if (slice_eq_nocase(origin, SLICE("Recipient"))) {
        event.kind = LEFT;
        event.cls = EVENT;
        event.scope = json_member(item, "MessageStream");
        hook_add(hook, &event);
    } else {
        event.verdict = hook_join(hook, event.verdict, "/", origin);
        hook_add_suppression(hook, &event, BOUNCE_SLOT_MANUAL, BOUNCE_NO_TIME);
    }
}

static void read_item(struct hook *hook, const struct json *item)
{
    struct bounce_slice type = json_member(item, "RecordType");

    /* The first webhooks of Postmark had no RecordType. */
    if (slice_eq_nocase(type, SLICE("Bounce")) ||
        slice_eq_nocase(type, SLICE("SpamComplaint")) ||
        (type.len == 0 && json_get(item, "TypeCode") != NULL))
        read_bounce(hook, item);
    else if (slice_eq_nocase(type, SLICE("Delivery")) ||
             (type.len == 0 && json_get(item, "DeliveredAt") != NULL))
        read_delivery(hook, item);
    else if (slice_eq_nocase(type, SLICE("SubscriptionChange")))
        read_change(hook, item);
    else if (slice_eq_nocase(type, SLICE("Open")) ||
             slice_eq_nocase(type, SLICE("Click")) ||
             slice_eq_nocase(type, SLICE("Inbound")))
        hook_pass(hook);
    else if (type.len > 0)
        hook_unknown(hook);
    else
        hook_bad_item(hook, "no RecordType");
}

static void read_body(struct hook *hook)
{
    hook_each(hook, hook->body, read_item);
}

const struct hook_service hook_postmark = {
    .info = {"postmark", false, "Basic authentication; secret in the URL"},
    .read = read_body,
};
