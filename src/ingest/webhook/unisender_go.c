/* SPDX-License-Identifier: MIT
 * Unisender Go (UniOne): batches by user. The body's "auth" is the MD5 of the
 * body with the API key in its place. */
#include "ingest/webhook/words.h"

static const struct hook_word words[] = {
    {"delivered", DONE, -1, NOCLS, NULL, NULL},
    {"hard_bounced", FAIL, 1, HARD, NULL, NULL},
    {"soft_bounced", FAIL, 0, SOFT, NULL, NULL},
    {"spam", SPAM, -1, EVENT, NULL, NULL},
    {"unsubscribed", LEFT, -1, EVENT, NULL, NULL},
    {"subscribed", PASS, -1, NOCLS, NULL, NULL},
    {"accepted", PASS, -1, NOCLS, NULL, NULL},
    {"sent", PASS, -1, NOCLS, NULL, NULL},
    {"opened", PASS, -1, NOCLS, NULL, NULL},
    {"clicked", PASS, -1, NOCLS, NULL, NULL},
};

/* delivery_status, where the reply says nothing. */
static const struct hook_word statuses[] = {
    {"err_user_unknown", FAIL, 1, HARD, "user_unknown", NULL},
    {"err_user_inactive", FAIL, 1, HARD, "mailbox_disabled", NULL},
    {"err_mailbox_discarded", FAIL, 1, HARD, "mailbox_disabled", NULL},
    {"err_mailbox_full", FAIL, 0, SOFT, "mailbox_full", NULL},
    {"err_domain_inactive", FAIL, 1, HARD, "domain_no_mail", NULL},
    {"err_no_dns", FAIL, 1, HARD, "domain_unknown", NULL},
    {"err_dest_invalid", FAIL, 1, HARD, "address_syntax", NULL},
    {"err_dest_misconfigured", FAIL, 0, SOFT, "routing_error", NULL},
    {"err_destination_misconfigured", FAIL, 0, SOFT, "routing_error", NULL},
    {"err_not_available", FAIL, 0, SOFT, "mailbox_unavailable", NULL},
    {"err_will_retry", LATE, 0, SOFT, NULL, NULL},
    {"err_delivery_failed", FAIL, -1, OPEN, NULL, NULL},
    {"err_too_large", FAIL, 1, SOFT, "message_too_large", NULL},
    {"err_spam_rejected", FAIL, -1, BLOCK, "spam_detected", NULL},
    {"err_spam_retry", LATE, 0, BLOCK, "spam_detected", NULL},
    {"err_blacklisted", FAIL, -1, BLOCK, "ip_blocklisted", NULL},
    {"err_src_invalid", FAIL, 1, ADMIN, "sender_rejected", NULL},
    {"err_not_allowed", FAIL, 1, ADMIN, "credentials_required", NULL},
    /* Not sent, because of what came before. */
    {"err_unsubscribed", FAIL, 1, ADMIN, "suppressed", "unsubscribe"},
    {"err_spam_skipped", FAIL, 1, ADMIN, "suppressed", "complaint"},
    {"err_skip_letter", FAIL, 1, ADMIN, "suppressed", NULL},
    {"err_lost", FAIL, -1, OPEN, NULL, NULL},
    {"err_internal", FAIL, -1, OPEN, NULL, NULL},
};

static enum hook_trust verify(struct hook *hook)
{
    const struct module_crypto *crypto = hook->config->crypto;
    struct bounce_slice auth = json_member(hook->body, "auth");
    struct bounce_slice body = hook->request->body, sum;
    size_t at = auth.len > 0 ? slice_find(body, auth) : SLICE_NPOS;
    bool fits = false;

    if (at == SLICE_NPOS)
        return hook_distrust(hook, HOOK_ABSENT, "auth is missing");
    if (crypto == NULL)
        return hook_distrust(hook, HOOK_NO_KEY,
                             "module crypto is not installed: signatures "
                             "cannot be checked");
    sum = hook_from_hex(hook, auth);
    for (size_t i = 0; i < hook->config->key_count; i++) {
        const struct bounce_slice pieces[] = {slice_sub(body, 0, at),
                                              slice_trim(hook->config->keys[i]),
                                              slice_from(body, at + auth.len)};
        unsigned char made[MODULE_MD5_LEN];

        if (!crypto->md5(hook_concat(hook, pieces, 3), made))
            return hook_distrust(hook, HOOK_NO_KEY,
                                 "the signature could not be computed");
        fits = hook_equal(sum, slice_make((const char *)made, sizeof(made))) ||
               fits;
    }
    return fits ? HOOK_SIGNED
                : hook_distrust(hook, HOOK_WRONG, "auth is wrong");
}

static void take_failure(struct hook *hook, const struct json *info,
                         struct hook_event *event)
{
    struct bounce_slice status = json_member(info, "delivery_status");
    const struct hook_word *word =
        hook_word_find(statuses, HOOK_COUNT(statuses), status);
    int code;

    event->text = json_member(info, "destination_response");
    event->verdict = hook_join(hook, event->verdict, "/", status);
    code = hook_reply_code(event->text);
    if (word != NULL) {
        if (event->kind == FAIL)
            event->kind = word->kind;
        event->category = slice_cstr(word->category);
        event->suppressed_for = slice_cstr(word->suppressed_for);
        if (word->cls == BLOCK || word->cls == ADMIN)
            event->cls = word->cls;
    }
    /* "soft" is "not yet" as long as the server said 4yz. */
    if (event->permanent == 0 && code / 100 == 4)
        event->kind = LATE;
}

static void read_item(struct hook *hook, const struct json *item)
{
    const struct json *data = json_get(item, "event_data");
    struct bounce_slice name = json_member(item, "event_name");
    struct hook_event event;

    if (!json_is(data, JSON_OBJECT))
        data = item;
    if (name.len > 0 &&
        !slice_eq_nocase(name, SLICE("transactional_email_status"))) {
        hook_pass(hook); /* a block of the whole domain, and the like */
        return;
    }
    if (!hook_event_begin(hook, &event, words, HOOK_COUNT(words),
                          json_member(data, "status")))
        return;
    event.recipient = json_member(data, "email");
    event.queue_id = json_member(data, "job_id");
    event.metadata = json_get(data, "metadata");
    event.tags = json_get(data, "tags");
    event.at = hook_time(json_get(data, "event_time"));
    if (event.kind == FAIL)
        take_failure(hook, json_get(data, "delivery_info"), &event);
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    const struct json *users = json_get(hook->body, "events_by_user");

    if (users == NULL) {
        hook_each(hook, hook->body, read_item);
        return;
    }
    if (!json_is(users, JSON_ARRAY)) {
        hook->result->flaw = "events_by_user is no array";
        return;
    }
    for (const struct json *user = users->first; user != NULL;
         user = user->next)
        hook_each(hook, json_get(user, "events"), read_item);
}

const struct hook_service hook_unisender_go = {
    .info = {"unisender_go", true, "auth in the body (MD5, the API key)"},
    .signed_body = true,
    .verify = verify,
    .read = read_body,
};
