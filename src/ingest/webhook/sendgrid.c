/* SPDX-License-Identifier: MIT
 * SendGrid: the event webhook; and the rows of its bounces API, which people
 * post as they are. Signed with ECDSA over timestamp and body. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"bounce", FAIL, -1, HARD, NULL, NULL},
    {"deferred", LATE, 0, SOFT, NULL, NULL},
    {"delivered", DONE, -1, NOCLS, NULL, NULL},
    {"dropped", FAIL, 1, ADMIN, "suppressed", NULL},
    {"spamreport", SPAM, -1, EVENT, NULL, NULL},
    {"unsubscribe", LEFT, -1, EVENT, NULL, NULL},
    {"group_unsubscribe", LEFT, -1, EVENT, NULL, NULL},
    {"group_resubscribe", PASS, -1, NOCLS, NULL, NULL},
    {"processed", PASS, -1, NOCLS, NULL, NULL},
    {"open", PASS, -1, NOCLS, NULL, NULL},
    {"click", PASS, -1, NOCLS, NULL, NULL},
    {"account_status_change", PASS, -1, NOCLS, NULL, NULL},
};

/* bounce_classification: what SendGrid read in the reply. */
static const struct hook_word classifications[] = {
    {"Invalid Address", FAIL, 1, HARD, "user_unknown", NULL},
    {"Technical Failure", FAIL, -1, SOFT, NULL, NULL},
    {"Content", FAIL, -1, BLOCK, "spam_detected", NULL},
    {"Reputation", FAIL, -1, BLOCK, "bad_reputation", NULL},
    {"Frequency or Volume Too High", FAIL, -1, BLOCK, "rate_limited", NULL},
    {"Mailbox Unavailable", FAIL, -1, SOFT, "mailbox_unavailable", NULL},
    {"Unclassified", FAIL, -1, OPEN, NULL, NULL},
};

/* Why nothing was sent. */
static const struct hook_word drops[] = {
    {"Bounced Address", FAIL, 1, ADMIN, "suppressed", "bounce"},
    {"Unsubscribed Address", FAIL, 1, ADMIN, "suppressed", "unsubscribe"},
    {"Spam Reporting Address", FAIL, 1, ADMIN, "suppressed", "complaint"},
    {"Invalid", FAIL, 1, ADMIN, "address_syntax", NULL},
    {"Invalid SMTPAPI header", FAIL, 1, ADMIN, "message_malformed", NULL},
    {"Spam Content", FAIL, 1, ADMIN, "spam_detected", NULL},
    {"Recipient List over Package Quota", FAIL, 1, ADMIN, "rate_limited", NULL},
};

static enum hook_trust verify(struct hook *hook)
{
    struct bounce_slice signature =
        hook_header(hook, "X-Twilio-Email-Event-Webhook-Signature");
    struct bounce_slice stamp =
        hook_header(hook, "X-Twilio-Email-Event-Webhook-Timestamp");
    const struct json at = {.type = JSON_STRING, .text = stamp};
    enum hook_trust trust;

    if (signature.len == 0 || stamp.len == 0)
        return hook_distrust(hook, HOOK_ABSENT, "the signature is missing");
    trust = hook_verify_key(
        hook, MODULE_ECDSA_SHA256,
        hook_concat(
            hook, (const struct bounce_slice[]){stamp, hook->request->body}, 2),
        hook_from_base64(hook, signature));
    return trust == HOOK_SIGNED ? hook_verify_time(hook, hook_time(&at))
                                : trust;
}

/* sg_message_id goes on behind the id that the API gave with ".filter0001..."
 * or ".recvd-...", which differ from event to event. */
static struct bounce_slice message_of(struct bounce_slice id)
{
    static const char *const tails[] = {".filter", ".recv"};

    for (size_t i = 0; i < HOOK_COUNT(tails); i++) {
        size_t at = slice_find(id, slice_cstr(tails[i]));

        if (at != SLICE_NPOS && at > 0)
            return slice_sub(id, 0, at);
    }
    return id;
}

static void take_failure(struct hook *hook, const struct json *item,
                         struct hook_event *event)
{
    struct bounce_slice type = json_member(item, "type");
    struct bounce_slice class = json_member(item, "bounce_classification");
    const struct hook_word *word =
        hook_word_find(classifications, HOOK_COUNT(classifications), class);

    event->text = json_member(item, "reason");
    if (word != NULL) {
        event->cls = word->cls;
        event->category = slice_cstr(word->category);
    }
    /* "blocked": the receiver's filter, and no entry in the bounce list. */
    if (slice_eq_nocase(type, SLICE("blocked")))
        event->cls = BLOCK;
    event->verdict = hook_join(hook, event->verdict, "/", type);
    event->verdict = hook_join(hook, event->verdict, "/", class);
    /* A reply of class 4 means that the retries ran out. */
    event->permanent =
        slice_starts(json_member(item, "status"), SLICE("4")) ? 0 : 1;
}

static void take_drop(struct hook *hook, const struct json *item,
                      struct hook_event *event)
{
    struct bounce_slice reason = json_member(item, "reason");

    event->text = reason;
    event->verdict = hook_join(hook, event->verdict, "/", reason);
    for (size_t i = HOOK_COUNT(drops); i-- > 0;) {
        if (slice_starts_nocase(reason, slice_cstr(drops[i].word))) {
            hook_event_take(event, &drops[i]);
            return;
        }
    }
    event->suppressed_for = hook_suppressed_for(reason);
}

static void take_common(const struct json *item, struct hook_event *event)
{
    event->recipient = json_member(item, "email");
    event->report_id = json_member(item, "sg_event_id");
    event->queue_id = message_of(json_member(item, "sg_message_id"));
    event->message_id = json_member(item, "smtp-id");
    event->status = json_member(item, "status");
    event->at = hook_time(json_get(item, "timestamp"));
    event->campaign = json_member(item, "marketing_campaign_name");
    if (event->campaign.len == 0)
        event->campaign = json_member(item, "singlesend_name");
    if (event->campaign.len == 0)
        event->campaign = json_member(item, "singlesend_id");
    event->tags = json_get(item, "category");
    /* Custom arguments stand among the others. */
    event->metadata = item;
}

static void read_item(struct hook *hook, const struct json *item)
{
    struct bounce_slice name = json_member(item, "event");
    struct hook_event event;
    int64_t tries;

    /* A row of the bounces API: no event, but when it was made. */
    if (name.len == 0 && json_get(item, "created") != NULL &&
        json_get(item, "reason") != NULL)
        name = SLICE("bounce");
    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words), name))
        return;
    take_common(item, &event);
    if (event.at == BOUNCE_NO_TIME)
        event.at = hook_time(json_get(item, "created"));
    if (slice_eq_nocase(name, SLICE("bounce")))
        take_failure(hook, item, &event);
    else if (slice_eq_nocase(name, SLICE("dropped")))
        take_drop(hook, item, &event);
    else
        event.text = json_member(item, "response");
    if (event.kind == LATE && event.text.len == 0)
        event.text = json_member(item, "reason");
    if (event.kind == LEFT)
        event.scope = json_member(item, "asm_group_id");
    tries = json_count(json_get(item, "attempt"), 10000);
    event.tries = tries > 0 ? (unsigned)tries : 0;
    /* ip is where a delivery came from; with opens it would be the reader's. */
    event.ip = json_member(item, "ip");
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    hook_each(hook, hook->body, read_item);
}

const struct hook_service hook_sendgrid = {
    .info = {"sendgrid", true, "signature (ECDSA); OAuth; secret in the URL"},
    .verify = verify,
    .read = read_body,
};
