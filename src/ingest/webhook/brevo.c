/* SPDX-License-Identifier: MIT
 * Brevo (Sendinblue): transactional and marketing webhooks, single or batched.
 * It signs nothing: Basic authentication or a bearer token. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"hard_bounce", FAIL, 1, HARD, NULL, NULL},
    /* Retries ran out: what is tried again is "deferred". */
    {"soft_bounce", FAIL, 0, SOFT, NULL, NULL},
    {"deferred", LATE, 0, SOFT, NULL, NULL},
    {"delivered", DONE, -1, NOCLS, NULL, NULL},
    {"blocked", FAIL, 1, ADMIN, "suppressed", NULL},
    {"invalid_email", FAIL, 1, HARD, "address_syntax", NULL},
    {"error", FAIL, -1, OPEN, NULL, NULL},
    {"spam", SPAM, -1, EVENT, NULL, NULL},
    {"unsubscribed", LEFT, -1, EVENT, NULL, NULL},
    {"unsubscribe", LEFT, -1, EVENT, NULL, NULL},
    {"request", PASS, -1, NOCLS, NULL, NULL},
    {"sent", PASS, -1, NOCLS, NULL, NULL},
    {"opened", PASS, -1, NOCLS, NULL, NULL},
    {"unique_opened", PASS, -1, NOCLS, NULL, NULL},
    {"proxy_open", PASS, -1, NOCLS, NULL, NULL},
    {"unique_proxy_open", PASS, -1, NOCLS, NULL, NULL},
    {"loaded_by_proxy", PASS, -1, NOCLS, NULL, NULL},
    {"click", PASS, -1, NOCLS, NULL, NULL},
    {"list_addition", PASS, -1, NOCLS, NULL, NULL},
    {"contact_updated", PASS, -1, NOCLS, NULL, NULL},
    {"contact_deleted", PASS, -1, NOCLS, NULL, NULL},
    {"inbound_email_processed", PASS, -1, NOCLS, NULL, NULL},
};

/* "date" is the account's local time: the last to ask. */
static int64_t time_of(const struct json *item)
{
    static const char *const names[] = {"ts_epoch",   "ts_event", "ts",
                                        "date_event", "date",     "date_sent"};

    for (size_t i = 0; i < HOOK_COUNT(names); i++) {
        int64_t at = hook_time(json_get(item, names[i]));

        if (at != BOUNCE_NO_TIME)
            return at;
    }
    return BOUNCE_NO_TIME;
}

static void read_item(struct hook *hook, const struct json *item)
{
    struct hook_event event;

    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words),
                          json_member(item, "event")))
        return;
    event.recipient = json_member(item, "email");
    event.text = json_member(item, "reason");
    event.message_id = json_member(item, "message-id");
    event.subject = json_member(item, "subject");
    event.ip = json_member(item, "sending_ip");
    event.sender = json_member(item, "sender_email");
    event.campaign = json_member(item, "campaign name");
    if (event.campaign.len == 0)
        event.campaign = json_member(item, "camp_id");
    event.tags = json_get(item, "tags");
    event.at = time_of(item);
    if (slice_eq(event.category, SLICE("suppressed"))) {
        event.suppressed_for = hook_suppressed_for(event.text);
        /* "blacklist" is what Brevo calls those who left or complained. */
        if (event.suppressed_for.ptr == NULL &&
            (hook_mentions(event.text, "blacklist") ||
             hook_mentions(event.text, "blocklist")))
            event.suppressed_for = SLICE("unsubscribe");
    }
    if (event.kind == LEFT && json_is(json_get(item, "list_id"), JSON_ARRAY))
        event.scope = hook_first_text(json_get(item, "list_id"));
    /* A delivery's reason is "sent". */
    if (event.kind == DONE)
        event.text = SLICE_NULL;
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    hook_each(hook, hook->body, read_item);
}

const struct hook_service hook_brevo = {
    .info = {"brevo", false,
             "Basic authentication; bearer token; secret in the URL"},
    .read = read_body,
};
