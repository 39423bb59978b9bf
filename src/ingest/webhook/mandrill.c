/* SPDX-License-Identifier: MIT
 * Mandrill (Mailchimp Transactional): batches as JSON in a form field; signed
 * with the URL, so that must be known as it was entered there. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"hard_bounce", FAIL, 1, HARD, NULL, NULL},
    {"soft_bounce", FAIL, 0, SOFT, NULL, NULL},
    {"deferral", LATE, 0, SOFT, NULL, NULL},
    {"delivered", DONE, -1, NOCLS, NULL, NULL},
    {"spam", SPAM, -1, EVENT, NULL, NULL},
    {"unsub", LEFT, -1, EVENT, NULL, NULL},
    /* Not sent; why stands in bounce_description or diag, if anywhere. */
    {"reject", FAIL, 1, ADMIN, "suppressed", NULL},
    {"send", PASS, -1, NOCLS, NULL, NULL},
    {"open", PASS, -1, NOCLS, NULL, NULL},
    {"click", PASS, -1, NOCLS, NULL, NULL},
    {"inbound", PASS, -1, NOCLS, NULL, NULL},
};

/* bounce_description, which is read from the reply there. */
static const struct hook_word descriptions[] = {
    {"bad_mailbox", FAIL, 1, HARD, "user_unknown", NULL},
    {"invalid_domain", FAIL, 1, HARD, "domain_unknown", NULL},
    {"mailbox_full", FAIL, 0, SOFT, "mailbox_full", NULL},
    {"message_too_large", FAIL, 0, SOFT, "message_too_large", NULL},
    {"general", FAIL, -1, OPEN, NULL, NULL},
};

static int order(const struct json *a, const struct json *b)
{
    return slice_compare(a->name, b->name);
}

/* The fields in the order of their names, without space to sort in: a form has
 * one or two. NULL after the last. */
static const struct json *next_field(const struct json *form,
                                     const struct json *last)
{
    const struct json *best = NULL;

    for (const struct json *f = form->first; f != NULL; f = f->next) {
        if ((last == NULL || order(f, last) > 0) &&
            (best == NULL || order(f, best) < 0))
            best = f;
    }
    return best;
}

static enum hook_trust verify(struct hook *hook)
{
    struct bounce_slice mac = hook_header(hook, "X-Mandrill-Signature");
    struct bounce_slice pieces[1 + 2 * 16];
    size_t count = 0;

    if (mac.len == 0)
        return hook_distrust(hook, HOOK_ABSENT, "the signature is missing");
    pieces[count++] = slice_trim(hook->config->url);
    for (const struct json *f = next_field(hook->body, NULL); f != NULL;
         f = next_field(hook->body, f)) {
        if (count + 2 > HOOK_COUNT(pieces))
            return hook_distrust(hook, HOOK_WRONG, "too many fields");
        pieces[count++] = f->name;
        pieces[count++] = f->text;
    }
    return hook_verify_hmac(hook, hook_concat(hook, pieces, count),
                            hook_from_base64(hook, mac), true);
}

static void take_message(const struct json *msg, struct hook_event *event)
{
    event->recipient = json_member(msg, "email");
    event->queue_id = json_member(msg, "_id");
    event->subject = json_member(msg, "subject");
    event->sender = json_member(msg, "sender");
    event->tags = json_get(msg, "tags");
    event->metadata = json_get(msg, "metadata");
    event->sent_at = hook_time(json_get(msg, "ts"));
    event->scope = json_member(msg, "subaccount");
    event->text = json_member(msg, "diag");
}

/* Of a delay the newest reply stands in a list. */
static void take_reply(const struct json *msg, struct hook_event *event)
{
    const struct json *replies = json_get(msg, "smtp_events");

    if (event->text.len > 0 || !json_is(replies, JSON_ARRAY))
        return;
    for (const struct json *r = replies->first; r != NULL; r = r->next) {
        if (json_member(r, "diag").len > 0)
            event->text = json_member(r, "diag");
        if (json_member(r, "source_ip").len > 0)
            event->ip = json_member(r, "source_ip");
    }
}

static void take_failure(struct hook *hook, const struct json *msg,
                         struct hook_event *event)
{
    struct bounce_slice said = json_member(msg, "bounce_description");
    const struct hook_word *word =
        hook_word_find(descriptions, HOOK_COUNT(descriptions), said);

    event->verdict = hook_join(hook, event->verdict, "/", said);
    if (event->cls == ADMIN) {
        event->suppressed_for =
            hook_suppressed_for(hook_join(hook, event->text, " ", said));
        return;
    }
    if (word != NULL)
        event->category = slice_cstr(word->category);
}

/* The suppression list changed. What the bounce was comes as an event of its
 * own; what people entered there does not. */
static void read_list(struct hook *hook, const struct json *item)
{
    const struct json *reject = json_get(item, "reject");
    struct bounce_slice reason = json_member(reject, "reason");
    struct hook_event event;
    enum bounce_slot slot = BOUNCE_SLOT_MANUAL;

    if (!slice_eq_nocase(json_member(item, "type"), SLICE("blacklist")) ||
        !slice_eq_nocase(json_member(item, "action"), SLICE("add"))) {
        hook_pass(hook);
        return;
    }
    hook_event_init(&event);
    event.recipient = json_member(reject, "email");
    event.verdict = hook_join(hook, SLICE("blacklist"), "/", reason);
    event.at = hook_time(json_get(reject, "last_event_at"));
    if (event.at == BOUNCE_NO_TIME)
        event.at = hook_time(json_get(item, "ts"));
    event.scope = json_member(reject, "subaccount");
    if (slice_starts_nocase(reason, SLICE("hard")))
        slot = BOUNCE_SLOT_HARD;
    else if (slice_starts_nocase(reason, SLICE("soft")))
        slot = BOUNCE_SLOT_COUNTED;
    else if (slice_starts_nocase(reason, SLICE("spam")))
        slot = BOUNCE_SLOT_COMPLAINT;
    else if (slice_starts_nocase(reason, SLICE("unsub")))
        slot = BOUNCE_SLOT_UNSUBSCRIBE;
    hook_add_suppression(hook, &event, slot,
                         hook_time(json_get(reject, "expires_at")));
}

static void read_item(struct hook *hook, const struct json *item)
{
    const struct json *msg = json_get(item, "msg");
    struct hook_event event;

    if (json_get(item, "event") == NULL &&
        json_is(json_get(item, "reject"), JSON_OBJECT)) {
        read_list(hook, item);
        return;
    }
    if (json_get(item, "event") == NULL && json_get(item, "type") != NULL) {
        hook_pass(hook); /* the list of what may always be sent to */
        return;
    }
    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words),
                          json_member(item, "event")))
        return;
    take_message(msg, &event);
    take_reply(msg, &event);
    event.at = hook_time(json_get(item, "ts"));
    if (event.kind == FAIL || event.kind == LATE)
        take_failure(hook, msg, &event);
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    const struct json *field = json_get(hook->body, "mandrill_events");
    struct bounce_error error;
    struct json *events;
    enum bounce_err err;

    if (field == NULL) {
        hook_each(hook, hook->body, read_item);
        return;
    }
    err = json_parse(hook->arena, json_text(field), &json_limits_default, false,
                     &events, &error);
    if (err == BOUNCE_OK)
        hook_each(hook, events, read_item);
    else if (err == BOUNCE_E_NOMEM || hook->arena->over)
        hook->failed = err;
    else
        hook->result->flaw = "mandrill_events is no JSON";
}

const struct hook_service hook_mandrill = {
    .info = {"mandrill", true,
             "signature (HMAC over the URL and the form); Basic "
             "authentication; secret in the URL"},
    .form = true,
    .signed_body = true,
    .verify = verify,
    .read = read_body,
};
