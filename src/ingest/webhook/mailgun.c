/* SPDX-License-Identifier: MIT
 * Mailgun: webhooks in JSON, and the older ones as forms. The signature, in the
 * body, covers a time and a token, not the event. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"delivered", DONE, -1, NOCLS, NULL, NULL},
    {"failed", FAIL, -1, NOCLS, NULL, NULL},
    {"rejected", FAIL, 1, ADMIN, NULL, NULL},
    {"complained", SPAM, -1, EVENT, NULL, NULL},
    {"unsubscribed", LEFT, -1, EVENT, NULL, NULL},
    {"accepted", PASS, -1, NOCLS, NULL, NULL},
    {"stored", PASS, -1, NOCLS, NULL, NULL},
    {"opened", PASS, -1, NOCLS, NULL, NULL},
    {"clicked", PASS, -1, NOCLS, NULL, NULL},
    {"list_member_uploaded", PASS, -1, NOCLS, NULL, NULL},
    {"list_member_upload_error", PASS, -1, NOCLS, NULL, NULL},
    {"list_uploaded", PASS, -1, NOCLS, NULL, NULL},
    /* of the older webhooks */
    {"bounced", FAIL, 1, HARD, NULL, NULL},
    {"dropped", FAIL, 1, NOCLS, NULL, NULL},
    {"deferred", LATE, 0, SOFT, NULL, NULL},
};

/* reason of what failed for good. */
static const struct hook_word permanent[] = {
    {"bounce", FAIL, 1, HARD, NULL, NULL},
    {"suppress-bounce", FAIL, 1, ADMIN, "suppressed", "bounce"},
    {"suppress-complaint", FAIL, 1, ADMIN, "suppressed", "complaint"},
    {"suppress-unsubscribe", FAIL, 1, ADMIN, "suppressed", "unsubscribe"},
    /* Not the address: the bounce list does not take it. */
    {"generic", FAIL, 1, OPEN, NULL, NULL},
    {"old", FAIL, 0, SOFT, "expired", NULL},
    {"hardfail", FAIL, 1, OPEN, NULL, NULL},
    {"espblock", FAIL, 1, BLOCK, "policy_rejected", NULL},
    {"blacklisted", FAIL, 1, BLOCK, "ip_blocklisted", NULL},
};

/* reason of what is tried again. */
static const struct hook_word temporary[] = {
    {"generic", LATE, 0, SOFT, NULL, NULL},
    {"greylisted", LATE, 0, SOFT, "greylisted", NULL},
    {"blacklisted", LATE, 0, BLOCK, "ip_blocklisted", NULL},
    {"espblock", LATE, 0, BLOCK, "policy_rejected", NULL},
};

static const struct json *signature_of(const struct hook *hook)
{
    const struct json *own = json_get(hook->body, "signature");

    /* The older webhooks have its members beside all others. */
    return json_is(own, JSON_OBJECT) ? own : hook->body;
}

static enum hook_trust verify(struct hook *hook)
{
    const struct json *from = signature_of(hook);
    struct bounce_slice stamp = json_member(from, "timestamp");
    struct bounce_slice token = json_member(from, "token");
    struct bounce_slice mac = json_member(from, "signature");
    enum hook_trust trust;

    if (stamp.len == 0 || token.len == 0 || mac.len == 0)
        return hook_distrust(hook, HOOK_ABSENT, "the signature is missing");
    trust = hook_verify_hmac(
        hook, hook_concat(hook, (const struct bounce_slice[]){stamp, token}, 2),
        hook_from_hex(hook, mac), false);
    return trust == HOOK_SIGNED
               ? hook_verify_time(hook, hook_time(json_get(from, "timestamp")))
               : trust;
}

/* What kind of failure: severity and reason; and code 602, after which the
 * message was given up. */
static void take_reason(struct hook *hook, struct bounce_slice severity,
                        struct bounce_slice reason, struct hook_event *event)
{
    bool again = slice_eq_nocase(severity, SLICE("temporary"));
    const struct hook_word *word =
        again ? hook_word_find(temporary, HOOK_COUNT(temporary), reason)
              : hook_word_find(permanent, HOOK_COUNT(permanent), reason);

    if (word != NULL) {
        hook_event_take(event, word);
    } else if (again) {
        event->kind = LATE;
        event->permanent = 0;
        event->cls = SOFT;
    } else {
        event->permanent = 1;
    }
    event->expired = !again && slice_eq_nocase(reason, SLICE("old"));
    event->verdict = hook_join(hook, severity, "/", reason);
}

static unsigned small(const struct json *value)
{
    int64_t number = json_count(value, 100000);

    return number > 0 ? (unsigned)number : 0;
}

static void take_status(const struct json *status, struct hook_event *event)
{
    event->text = json_member(status, "message");
    if (event->text.len == 0 || slice_eq(event->text, SLICE("OK")))
        event->text = json_member(status, "description");
    event->reply_code = (int)small(json_get(status, "code"));
    event->status = json_member(status, "enhanced-code");
    event->remote_mta = json_member(status, "mx-host");
    event->tries = small(json_get(status, "attempt-no"));
}

static void take_message(const struct json *data, struct hook_event *event)
{
    const struct json *headers = json_path(data, SLICE("message.headers"));
    const struct json *envelope = json_get(data, "envelope");
    const struct json *campaign = json_path(data, SLICE("campaigns.0"));

    event->recipient = json_member(data, "recipient");
    event->report_id = json_member(data, "id");
    event->at = hook_time(json_get(data, "timestamp"));
    event->message_id = json_member(headers, "message-id");
    event->subject = json_member(headers, "subject");
    event->sender = json_member(envelope, "sender");
    event->ip = json_member(envelope, "sending-ip");
    event->tags = json_get(data, "tags");
    event->metadata = json_get(data, "user-variables");
    event->campaign = json_member(campaign, "name");
    if (event->campaign.len == 0)
        event->campaign = json_is(campaign, JSON_OBJECT)
                              ? json_member(campaign, "id")
                              : json_text(campaign);
}

static void read_event(struct hook *hook, const struct json *data)
{
    struct bounce_slice name = json_member(data, "event");
    struct hook_event event;

    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words), name))
        return;
    take_message(data, &event);
    take_status(json_get(data, "delivery-status"), &event);
    if (slice_eq_nocase(name, SLICE("failed"))) {
        take_reason(hook, json_member(data, "severity"),
                    json_member(data, "reason"), &event);
    } else if (slice_eq_nocase(name, SLICE("rejected"))) {
        const struct json *reject = json_get(data, "reject");

        event.text = json_member(reject, "description");
        if (event.text.len == 0)
            event.text = json_member(reject, "reason");
    } else if (event.kind == LEFT) {
        event.scope = json_text(json_path(data, SLICE("mailing-list.address")));
    }
    hook_add(hook, &event);
}

/* reason of the older webhooks: "hardfail" and "old"; why an address was
 * dropped stands in code and description. */
static void take_old_failure(struct hook *hook, const struct json *fields,
                             struct hook_event *event)
{
    struct bounce_slice code = json_member(fields, "code");

    event->text = json_member(fields, "error");
    if (event->text.len == 0)
        event->text = json_member(fields, "description");
    if (event->text.len == 0)
        event->text = json_member(fields, "notification");
    event->reply_code = (int)small(json_get(fields, "code"));
    event->status = code;
    if (slice_eq_nocase(event->verdict, SLICE("dropped")))
        take_reason(hook, SLICE("dropped"), json_member(fields, "reason"),
                    event);
    else
        event->verdict =
            hook_join(hook, event->verdict, "/", json_member(fields, "reason"));
}

static void read_fields(struct hook *hook, const struct json *fields)
{
    struct hook_event event;

    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words),
                          json_member(fields, "event")))
        return;
    event.recipient = json_member(fields, "recipient");
    event.at = hook_time(json_get(fields, "timestamp"));
    event.message_id = json_member(fields, "Message-Id");
    event.campaign = json_member(fields, "campaign-name");
    if (event.campaign.len == 0)
        event.campaign = json_member(fields, "campaign-id");
    event.tags = json_get(fields, "tag");
    if (event.tags == NULL)
        event.tags = json_get(fields, "X-Mailgun-Tag");
    event.metadata = fields;
    if (event.kind == FAIL || event.kind == LATE)
        take_old_failure(hook, fields, &event);
    else if (event.kind == LEFT)
        event.scope = json_member(fields, "mailing-list");
    hook_add(hook, &event);
}

static void read_item(struct hook *hook, const struct json *item)
{
    const struct json *data = json_get(item, "event-data");

    if (json_is(data, JSON_OBJECT))
        read_event(hook, data);
    else
        read_fields(hook, item);
}

static void read_body(struct hook *hook)
{
    hook_each(hook, hook->body, read_item);
}

const struct hook_service hook_mailgun = {
    .info = {"mailgun", true, "signature (HMAC, the webhook signing key)"},
    .form = true,
    .signed_body = true,
    .verify = verify,
    .read = read_body,
};
