/* SPDX-License-Identifier: MIT
 * SparkPost: batches of {"msys":{"message_event":{...}}}. It signs nothing;
 * Basic authentication, OAuth, or a token in a header. */
#include "ingest/webhook/words.h"

static const struct hook_word types[] = {
    {"bounce", FAIL, -1, NOCLS, NULL, NULL},
    {"out_of_band", FAIL, -1, NOCLS, NULL, NULL},
    {"policy_rejection", FAIL, 1, ADMIN, NULL, NULL},
    {"generation_failure", FAIL, 1, ADMIN, "message_malformed", NULL},
    {"generation_rejection", FAIL, 1, ADMIN, NULL, NULL},
    {"delay", LATE, 0, SOFT, NULL, NULL},
    {"delivery", DONE, -1, NOCLS, NULL, NULL},
    {"spam_complaint", SPAM, -1, EVENT, NULL, NULL},
    {"list_unsubscribe", LEFT, -1, EVENT, NULL, NULL},
    {"link_unsubscribe", LEFT, -1, EVENT, NULL, NULL},
    {"injection", PASS, -1, NOCLS, NULL, NULL},
    {"sms_status", PASS, -1, NOCLS, NULL, NULL},
    {"open", PASS, -1, NOCLS, NULL, NULL},
    {"initial_open", PASS, -1, NOCLS, NULL, NULL},
    {"click", PASS, -1, NOCLS, NULL, NULL},
    {"amp_open", PASS, -1, NOCLS, NULL, NULL},
    {"amp_initial_open", PASS, -1, NOCLS, NULL, NULL},
    {"amp_click", PASS, -1, NOCLS, NULL, NULL},
    {"relay_injection", PASS, -1, NOCLS, NULL, NULL},
    {"relay_rejection", PASS, -1, NOCLS, NULL, NULL},
    {"relay_delivery", PASS, -1, NOCLS, NULL, NULL},
    {"relay_tempfail", PASS, -1, NOCLS, NULL, NULL},
    {"relay_permfail", PASS, -1, NOCLS, NULL, NULL},
};

/* bounce_class. Messages that the server's reply explains better have no
 * category here. */
static const struct hook_word classes[] = {
    {"1", FAIL, -1, OPEN, NULL, NULL},
    {"10", FAIL, 1, HARD, "user_unknown", NULL},
    {"15", FAIL, 1, HARD, "user_unknown", NULL},
    {"20", FAIL, 0, SOFT, "mailbox_unavailable", NULL},
    {"21", FAIL, 0, SOFT, "dns_failure", NULL},
    {"22", FAIL, 0, SOFT, "mailbox_full", NULL},
    {"23", FAIL, 0, SOFT, "message_too_large", NULL},
    {"24", FAIL, 0, SOFT, "expired", NULL},
    {"25", FAIL, 1, ADMIN, "suppressed", NULL},
    {"26", FAIL, 1, ADMIN, "suppressed", NULL},
    {"30", FAIL, 1, HARD, NULL, NULL},
    {"40", FAIL, -1, SOFT, NULL, NULL},
    {"50", FAIL, -1, BLOCK, "policy_rejected", NULL},
    {"51", FAIL, -1, BLOCK, "ip_blocklisted", NULL},
    {"52", FAIL, -1, BLOCK, "spam_detected", NULL},
    {"53", FAIL, -1, BLOCK, "attachment_prohibited", NULL},
    {"54", FAIL, -1, BLOCK, "relay_denied", NULL},
    {"60", AUTO, -1, SOFT, NULL, NULL},
    {"70", LATE, 0, SOFT, NULL, NULL},
    {"80", PASS, -1, ADMIN, NULL, NULL},
    {"90", LEFT, -1, HARD, NULL, NULL},
    {"100", ASKS, -1, SOFT, NULL, NULL},
};

static void take_message(const struct json *item, struct hook_event *event)
{
    int64_t code = json_count(json_get(item, "error_code"), 699);
    int64_t tries = json_count(json_get(item, "num_retries"), 100000);
    int64_t queue_ms = json_count(json_get(item, "queue_time"), INT64_MAX / 10);

    event->recipient = json_member(item, "raw_rcpt_to");
    if (event->recipient.len == 0)
        event->recipient = json_member(item, "rcpt_to");
    event->report_id = json_member(item, "event_id");
    event->queue_id = json_member(item, "message_id");
    if (event->queue_id.len == 0)
        event->queue_id = json_member(item, "transmission_id");
    event->text = json_member(item, "raw_reason");
    if (event->text.len == 0)
        event->text = json_member(item, "reason");
    event->reply_code = code > 0 ? (int)code : 0;
    event->tries = tries > 0 ? (unsigned)tries : 0;
    event->waiting_s = queue_ms >= 0 ? queue_ms / 1000 : -1;
    event->sender = json_member(item, "msg_from");
    event->subject = json_member(item, "subject");
    event->ip = json_member(item, "sending_ip");
    event->remote_mta = json_member(item, "ip_address");
    event->campaign = json_member(item, "campaign_id");
    event->tags = json_get(item, "rcpt_tags");
    event->metadata = json_get(item, "rcpt_meta");
    event->at = hook_time(json_get(item, "timestamp"));
    event->sent_at = hook_time(json_get(item, "injection_time"));
}

/* What the reply was made of, in SparkPost's eyes. */
static void take_class(struct hook *hook, struct bounce_slice type,
                       const struct json *item, struct hook_event *event)
{
    struct bounce_slice class = json_member(item, "bounce_class");
    const struct hook_word *word =
        hook_word_find(classes, HOOK_COUNT(classes), class);
    enum bounce_kind kind = event->kind;

    event->verdict = hook_join(hook, type, "/", class);
    if (word == NULL)
        return;
    if (kind == LATE || slice_starts(type, SLICE("generation"))) {
        /* Not failed yet; or by SparkPost itself, whatever the class. */
        if (kind == LATE)
            event->cls = word->cls;
        if (kind == LATE && word->kind == FAIL)
            event->category = slice_cstr(word->category);
        return;
    }
    hook_event_take(event, word);
    if (slice_eq(event->category, SLICE("suppressed")))
        event->suppressed_for = hook_suppressed_for(event->text);
    event->expired = slice_eq(class, SLICE("24"));
}

static void read_event(struct hook *hook, const struct json *item)
{
    struct bounce_slice type = json_member(item, "type");
    struct hook_event event;

    if (!hook_event_begin(hook, &event, types, HOOK_COUNT(types), type))
        return;
    take_message(item, &event);
    if (event.kind == FAIL || event.kind == LATE)
        take_class(hook, type, item, &event);
    if (event.kind == PASS) {
        hook_pass(hook);
        return;
    }
    if (event.kind == SPAM && json_member(item, "fbtype").len > 0)
        event.feedback_type = json_member(item, "fbtype");
    hook_add(hook, &event);
}

static void read_item(struct hook *hook, const struct json *item)
{
    const struct json *msys = json_get(item, "msys");

    if (!json_is(msys, JSON_OBJECT))
        hook_bad_item(hook, "no event of SparkPost");
    else if (msys->first == NULL)
        hook_pass(hook); /* the test that it sends to a new address */
    else if (!json_is(msys->first, JSON_OBJECT))
        hook_bad_item(hook, "no event of SparkPost");
    else
        read_event(hook, msys->first);
}

static void read_body(struct hook *hook)
{
    hook_each(hook, hook->body, read_item);
}

/* The token of webhooks that were made with one. */
static enum hook_trust verify(struct hook *hook)
{
    struct bounce_slice token =
        hook_header(hook, "X-MessageSystems-Webhook-Token");
    bool fits = false;

    if (token.len == 0)
        return hook_distrust(hook, HOOK_ABSENT, "the token is missing");
    for (size_t i = 0; i < hook->config->key_count; i++)
        fits = hook_equal(token, slice_trim(hook->config->keys[i])) || fits;
    return fits ? HOOK_SIGNED
                : hook_distrust(hook, HOOK_WRONG, "the token is wrong");
}

const struct hook_service hook_sparkpost = {
    .info = {"sparkpost", true,
             "Basic authentication; bearer token; X-MessageSystems-Webhook-"
             "Token; secret in the URL"},
    .verify = verify,
    .read = read_body,
};
