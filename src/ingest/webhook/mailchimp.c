/* SPDX-License-Identifier: MIT
 * Mailchimp: what became of a contact of an audience, as a form. It signs
 * nothing: a secret in the URL, as Mailchimp itself advises. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"cleaned", FAIL, 1, ADMIN, "suppressed", NULL},
    {"unsubscribe", LEFT, -1, EVENT, NULL, NULL},
    {"subscribe", PASS, -1, NOCLS, NULL, NULL},
    {"profile", PASS, -1, NOCLS, NULL, NULL},
    {"upemail", PASS, -1, NOCLS, NULL, NULL},
    {"campaign", PASS, -1, NOCLS, NULL, NULL},
};

/* Cleaned is the end of many bounces, none of which was told: Mailchimp will
 * not send there again, and neither should we. */
static void take_cleaned(struct hook *hook, struct bounce_slice reason,
                         struct hook_event *event)
{
    event->verdict = hook_join(hook, event->verdict, "/", reason);
    event->suppressed_for = slice_eq_nocase(reason, SLICE("abuse"))
                                ? SLICE("complaint")
                                : SLICE("bounce");
}

static void read_item(struct hook *hook, const struct json *item)
{
    struct bounce_slice reason = json_member(item, "data[reason]");
    struct hook_event event;

    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words),
                          json_member(item, "type")))
        return;
    /* The owner threw the contact away: nobody said no. */
    if (event.kind == LEFT &&
        slice_eq_nocase(json_member(item, "data[action]"), SLICE("delete"))) {
        hook_pass(hook);
        return;
    }
    event.recipient = json_member(item, "data[email]");
    event.campaign = json_member(item, "data[campaign_id]");
    event.at = hook_time(json_get(item, "fired_at"));
    if (event.kind == FAIL) {
        take_cleaned(hook, reason, &event);
    } else if (slice_eq_nocase(reason, SLICE("abuse"))) {
        event.kind = SPAM;
        event.feedback_type = SLICE("abuse");
        event.verdict = SLICE("unsubscribe/abuse");
    } else {
        event.scope = json_member(item, "data[list_id]");
    }
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    hook_each(hook, hook->body, read_item);
}

const struct hook_service hook_mailchimp = {
    .info = {"mailchimp", false, "secret in the URL"},
    .form = true,
    .read = read_body,
};
