/* SPDX-License-Identifier: MIT
 * KumoMTA: log records that a log hook posts, one or many, as an object, an
 * array or lines. The operator's own Lua sends them: it can add any header. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"Delivery", DONE, -1, NOCLS, NULL, NULL},
    {"Bounce", FAIL, 1, NOCLS, NULL, NULL},
    {"OOB", FAIL, -1, NOCLS, NULL, NULL},
    {"Expiration", FAIL, 0, NOCLS, NULL, NULL},
    /* The operator emptied the queue: nothing about the address. */
    {"AdminBounce", FAIL, -1, ADMIN, NULL, NULL},
    {"TransientFailure", LATE, 0, NOCLS, NULL, NULL},
    {"Feedback", SPAM, -1, EVENT, NULL, NULL},
    {"Reception", PASS, -1, NOCLS, NULL, NULL},
    {"Rejection", PASS, -1, NOCLS, NULL, NULL},
    {"Delayed", PASS, -1, NOCLS, NULL, NULL},
    {"AdminRebind", PASS, -1, NOCLS, NULL, NULL},
    {"DeferredInjectionRebind", PASS, -1, NOCLS, NULL, NULL},
    {"XferOut", PASS, -1, NOCLS, NULL, NULL},
    {"XferIn", PASS, -1, NOCLS, NULL, NULL},
};

/* {"class":5,"subject":1,"detail":1} */
static struct bounce_slice status_of(struct hook *hook, const struct json *code)
{
    struct bounce_slice status = hook_join(hook, json_member(code, "class"),
                                           ".", json_member(code, "subject"));

    return hook_join(hook, status, ".", json_member(code, "detail"));
}

static void take_response(struct hook *hook, const struct json *response,
                          struct hook_event *event)
{
    int64_t code = json_count(json_get(response, "code"), 699);

    event->text = json_member(response, "content");
    event->reply_code = code > 0 ? (int)code : 0;
    event->status = status_of(hook, json_get(response, "enhanced_code"));
}

/* "192.0.2.1:25", "[2001:db8::1]:25" without the port. */
static struct bounce_slice without_port(struct bounce_slice address)
{
    size_t colon = slice_rfind_byte(address, ':');

    if (address.len > 0 && address.ptr[0] == '[') {
        address = slice_from(address, 1);
        return slice_sub(address, 0, slice_find_byte(address, ']'));
    }
    if (colon != SLICE_NPOS && slice_find_byte(address, ':') == colon)
        return slice_sub(address, 0, colon);
    return address;
}

static struct bounce_slice header_of(const struct json *item, const char *name)
{
    const struct json *headers = json_get(item, "headers");

    if (!json_is(headers, JSON_OBJECT))
        return SLICE_NULL;
    for (const struct json *h = headers->first; h != NULL; h = h->next) {
        if (slice_eq_nocase(h->name, slice_cstr(name)))
            return hook_first_text(h);
    }
    return SLICE_NULL;
}

static void take_message(const struct json *item, struct hook_event *event)
{
    int64_t tries = json_count(json_get(item, "num_attempts"), 100000);

    event->recipient = hook_first_text(json_get(item, "recipient"));
    event->queue_id = json_member(item, "id");
    event->message_id = header_of(item, "Message-ID");
    event->subject = header_of(item, "Subject");
    event->sender = json_member(item, "sender");
    event->metadata = json_get(item, "meta");
    event->remote_mta = json_text(json_path(item, SLICE("peer_address.name")));
    event->ip = without_port(
        json_text(json_path(item, SLICE("source_address.address"))));
    event->at = hook_time(json_get(item, "timestamp"));
    if (event->at == BOUNCE_NO_TIME)
        event->at = hook_time(json_get(item, "event_time"));
    event->sent_at = hook_time(json_get(item, "created"));
    event->tries = tries > 0 ? (unsigned)tries : 0;
    if (event->at != BOUNCE_NO_TIME && event->sent_at != BOUNCE_NO_TIME &&
        event->at >= event->sent_at)
        event->waiting_s = event->at - event->sent_at;
}

/* A complaint comes to us, so the recipient of the record is our own address;
 * who complained stands in the report, or in what we wrote into the message. */
static void take_feedback(const struct json *item, struct hook_event *event)
{
    const struct json *report = json_get(item, "feedback_report");
    const struct json *rcpt = json_get(report, "original_rcpt_to");

    event->recipient =
        json_text(json_path(report, SLICE("supplemental_trace.recipient")));
    if (event->recipient.len == 0 &&
        (!json_is(rcpt, JSON_ARRAY) || rcpt->count == 1))
        event->recipient = hook_first_text(rcpt);
    event->no_recipient = event->recipient.len == 0;
    if (json_member(report, "feedback_type").len > 0)
        event->feedback_type = json_member(report, "feedback_type");
    event->sender = json_member(report, "original_mail_from");
    event->ip = json_member(report, "source_ip");
}

static void read_item(struct hook *hook, const struct json *item)
{
    struct bounce_slice said = json_member(item, "bounce_classification");
    struct hook_event event;

    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words),
                          json_member(item, "type")))
        return;
    take_message(item, &event);
    if (event.kind == SPAM) {
        take_feedback(item, &event);
    } else {
        take_response(hook, json_get(item, "response"), &event);
        event.expired = slice_eq_nocase(event.verdict, SLICE("Expiration"));
        if (event.kind != DONE) {
            hook_event_label(hook, &event, "kumomta", said);
            if (!slice_eq_nocase(said, SLICE("Uncategorized")))
                event.verdict = hook_join(hook, event.verdict, "/", said);
        }
    }
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    hook_each(hook, hook->body, read_item);
}

static enum hook_trust verify(struct hook *hook)
{
    return hook_verify_header(hook, "X-Signature");
}

const struct hook_service hook_kumomta = {
    .info = {"kumomta", true,
             "Basic authentication; bearer token; X-Signature (HMAC); secret "
             "in the URL"},
    .many = true,
    .verify = verify,
    .read = read_body,
};
