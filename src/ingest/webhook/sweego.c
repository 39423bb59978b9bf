/* SPDX-License-Identifier: MIT
 * Sweego: one event a request, signed as Standard Webhooks says. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"delivered", DONE, -1, NOCLS, NULL, NULL},
    {"hard_bounce", FAIL, 1, HARD, NULL, NULL},
    {"soft_bounce", FAIL, 0, SOFT, NULL, NULL},
    {"complaint", SPAM, -1, EVENT, NULL, NULL},
    {"list_unsub", LEFT, -1, EVENT, NULL, NULL},
    {"unsubscribe", LEFT, -1, EVENT, NULL, NULL},
    {"email_sent", PASS, -1, NOCLS, NULL, NULL},
    {"email_opened", PASS, -1, NOCLS, NULL, NULL},
    {"email_clicked", PASS, -1, NOCLS, NULL, NULL},
    {"sms_sent", PASS, -1, NOCLS, NULL, NULL},
};

/* "soft-bounce" is "soft_bounce". */
static struct bounce_slice with_bars(struct hook *hook,
                                     struct bounce_slice word)
{
    char *out = hook_keep(hook, arena_alloc(hook->arena, word.len + 1));

    if (out == NULL)
        return SLICE_NULL;
    for (size_t i = 0; i < word.len; i++)
        out[i] = word.ptr[i] == '-' ? '_' : word.ptr[i];
    return slice_make(out, word.len);
}

static void read_item(struct hook *hook, const struct json *item)
{
    static const char *const texts[] = {"details", "diagnostic", "reason",
                                        "smtp_response"};
    struct bounce_slice channel = json_member(item, "channel");
    struct hook_event event;

    if (channel.len > 0 && !slice_eq_nocase(channel, SLICE("email"))) {
        hook_pass(hook);
        return;
    }
    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words),
                          with_bars(hook, json_member(item, "event_type"))))
        return;
    event.recipient = json_member(item, "recipient");
    event.report_id = json_member(item, "event_id");
    event.queue_id = json_member(item, "swg_uid");
    event.message_id = json_text(json_path(item, SLICE("headers.message-id")));
    event.campaign = json_member(item, "campaign_id");
    event.tags = json_get(item, "campaign_tags");
    event.at = hook_time(json_get(item, "timestamp"));
    for (size_t i = 0; i < HOOK_COUNT(texts) && event.text.len == 0; i++)
        event.text = json_member(item, texts[i]);
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    hook_each(hook, hook->body, read_item);
}

static enum hook_trust verify(struct hook *hook)
{
    return hook_verify_standard(hook, "webhook");
}

const struct hook_service hook_sweego = {
    .info = {"sweego", true, "signature (Standard Webhooks)"},
    .verify = verify,
    .read = read_body,
};
