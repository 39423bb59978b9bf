/* SPDX-License-Identifier: MIT
 * Mailtrap: batches under "events"; the body is signed with HMAC. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"delivery", DONE, -1, NOCLS, NULL, NULL},
    {"bounce", FAIL, 1, HARD, NULL, NULL},
    {"soft bounce", FAIL, 0, SOFT, NULL, NULL},
    {"spam", SPAM, -1, EVENT, NULL, NULL},
    {"unsubscribe", LEFT, -1, EVENT, NULL, NULL},
    /* The account may not send for now: nothing about the address. */
    {"suspension", LATE, 0, ADMIN, "credentials_required", NULL},
    {"reject", FAIL, 1, ADMIN, NULL, NULL},
    {"open", PASS, -1, NOCLS, NULL, NULL},
    {"click", PASS, -1, NOCLS, NULL, NULL},
};

/* bounce_category, where the reply says nothing. */
static const struct hook_word categories[] = {
    {"spam", FAIL, -1, BLOCK, "spam_detected", NULL},
    {"unavailable", FAIL, -1, SOFT, "mailbox_unavailable", NULL},
    {"greylisting", FAIL, 0, SOFT, "greylisted", NULL},
    {"greylisted", FAIL, 0, SOFT, "greylisted", NULL},
    {"badmailbox", FAIL, 1, HARD, "user_unknown", NULL},
    {"baddomain", FAIL, 1, HARD, "domain_unknown", NULL},
    {"full", FAIL, -1, SOFT, "mailbox_full", NULL},
    {"quota", FAIL, -1, SOFT, "mailbox_full", NULL},
    {"blocklisted", FAIL, -1, BLOCK, "ip_blocklisted", NULL},
    {"throttled", FAIL, 0, SOFT, "rate_limited", NULL},
    {"tls", FAIL, -1, SOFT, "tls_failure", NULL},
};

static void take_failure(struct hook *hook, const struct json *item,
                         struct hook_event *event)
{
    struct bounce_slice said = json_member(item, "bounce_category");
    const struct hook_word *word =
        hook_word_find(categories, HOOK_COUNT(categories), said);
    int64_t code = json_count(json_get(item, "response_code"), 699);

    event->text = json_member(item, "response");
    event->reply_code = code > 0 ? (int)code : 0;
    event->verdict = hook_join(hook, event->verdict, "/", said);
    if (word != NULL) {
        event->category = slice_cstr(word->category);
        if (event->cls == HARD && word->cls == BLOCK)
            event->cls = BLOCK;
    }
    /* Mailtrap has one word for "not yet" and "given up": while the server said
     * 4yz it goes on trying. */
    if (event->permanent == 0 && event->reply_code / 100 == 4)
        event->kind = LATE;
}

static void take_refusal(struct hook *hook, const struct json *item,
                         struct hook_event *event)
{
    event->text = json_member(item, "reason");
    event->verdict = hook_join(hook, event->verdict, "/", event->text);
    if (event->kind == FAIL && hook_mentions(event->text, "suppression")) {
        event->category = SLICE("suppressed");
        event->suppressed_for = hook_suppressed_for(event->text);
    }
}

static void read_item(struct hook *hook, const struct json *item)
{
    struct bounce_slice name = json_member(item, "event");
    struct hook_event event;

    /* Older ones write soft_bounce. */
    if (slice_eq_nocase(name, SLICE("soft_bounce")))
        name = SLICE("soft bounce");
    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words), name))
        return;
    event.recipient = json_member(item, "email");
    event.report_id = json_member(item, "event_id");
    event.queue_id = json_member(item, "message_id");
    event.tags = json_get(item, "category");
    event.metadata = json_get(item, "custom_variables");
    event.ip = json_member(item, "sending_ip");
    event.at = hook_time(json_get(item, "timestamp"));
    if (json_get(item, "reason") != NULL)
        take_refusal(hook, item, &event);
    else if (event.kind == FAIL)
        take_failure(hook, item, &event);
    if (event.kind == LEFT)
        event.scope = json_member(item, "sending_domain_name");
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    const struct json *events = json_get(hook->body, "events");

    if (events == NULL)
        events = hook->body;
    hook_each(hook, events, read_item);
}

static enum hook_trust verify(struct hook *hook)
{
    return hook_verify_header(hook, "Mailtrap-Signature");
}

const struct hook_service hook_mailtrap = {
    .info = {"mailtrap", true, "signature (HMAC); secret in the URL"},
    .verify = verify,
    .read = read_body,
};
