/* SPDX-License-Identifier: MIT
 * Mailjet: events, single or grouped. It signs nothing: Basic authentication in
 * the URL. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"sent", DONE, -1, NOCLS, NULL, NULL},
    {"bounce", FAIL, 0, SOFT, NULL, NULL},
    /* Mailjet itself did not send. */
    {"blocked", FAIL, 1, ADMIN, NULL, NULL},
    {"spam", SPAM, -1, EVENT, NULL, NULL},
    {"unsub", LEFT, -1, EVENT, NULL, NULL},
    {"open", PASS, -1, NOCLS, NULL, NULL},
    {"click", PASS, -1, NOCLS, NULL, NULL},
};

/* Large numbers: MessageID has more digits than a double holds, but the tree
 * keeps them as they were written. */
static void take_message(const struct json *item, struct hook_event *event)
{
    struct bounce_slice id = json_member(item, "Message_GUID");

    event->recipient = json_member(item, "email");
    event->queue_id = json_member(item, "MessageID");
    if (event->queue_id.len == 0)
        event->queue_id = id;
    event->campaign = json_member(item, "customcampaign");
    if (event->campaign.len == 0 &&
        json_count(json_get(item, "mj_campaign_id"), INT64_MAX / 10) > 0)
        event->campaign = json_member(item, "mj_campaign_id");
    event->at = hook_time(json_get(item, "time"));
    event->text = json_member(item, "comment");
    if (event->text.len == 0)
        event->text = json_member(item, "smtp_reply");
}

/* What an address that is on Mailjet's own lists is there for. */
static void take_own(struct hook_event *event, struct bounce_slice error)
{
    if (!slice_eq(event->category, SLICE("suppressed")) &&
        !slice_eq(event->category, SLICE("complaint")))
        return;
    event->suppressed_for = slice_eq(event->category, SLICE("complaint"))
                                ? SLICE("complaint")
                                : hook_suppressed_for(error);
    event->category = SLICE("suppressed");
    event->cls = ADMIN;
}

static void take_failure(struct hook *hook, const struct json *item,
                         struct hook_event *event)
{
    struct bounce_slice related = json_member(item, "error_related_to");
    struct bounce_slice error = json_member(item, "error");
    struct bounce_slice label = hook_join(hook, related, "/", error);

    /* "preblocked" was a bounce, complaint or unsubscription before, and
     * Mailjet does not say which. */
    hook_event_label(hook, event, "mailjet", label);
    take_own(event, error);
    if (json_is(json_get(item, "hard_bounce"), JSON_TRUE)) {
        event->permanent = 1;
        event->cls = HARD;
    }
    /* "Delivery will be re-attempted", says Mailjet of this one. */
    if (slice_eq_nocase(error, SLICE("greylisted")))
        event->kind = LATE;
    event->verdict = hook_join(hook, event->verdict, "/", label);
}

static void read_item(struct hook *hook, const struct json *item)
{
    struct hook_event event;

    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words),
                          json_member(item, "event")))
        return;
    take_message(item, &event);
    if (event.kind == FAIL)
        take_failure(hook, item, &event);
    if (event.kind == LEFT)
        event.scope = json_member(item, "mj_list_id");
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    hook_each(hook, hook->body, read_item);
}

const struct hook_service hook_mailjet = {
    .info = {"mailjet", false, "Basic authentication; secret in the URL"},
    .read = read_body,
};
