/* SPDX-License-Identifier: MIT
 * Amazon SES: notifications and event publishing, in the envelope of Amazon SNS
 * or raw. The envelope is signed under a certificate that anybody may fetch: so
 * the topic must be one of ours, and the certificate Amazon's. */
#include "ingest/webhook/words.h"

/* bounceType/bounceSubType. Amazon gave up in all cases, "Transient" too. */
static const struct hook_word bounces[] = {
    {"Undetermined/Undetermined", FAIL, -1, OPEN, NULL, NULL},
    {"Permanent/General", FAIL, 1, HARD, NULL, NULL},
    {"Permanent/NoEmail", FAIL, 1, HARD, NULL, NULL},
    /* On the list of addresses that bounced for any customer of late. */
    {"Permanent/Suppressed", FAIL, 1, ADMIN, "suppressed", "bounce"},
    /* The account's own list has bounces and complaints alike. */
    {"Permanent/OnAccountSuppressionList", FAIL, 1, ADMIN, "suppressed", NULL},
    {"Permanent/UnsubscribedRecipient", FAIL, 1, ADMIN, "suppressed",
     "unsubscribe"},
    /* Out-of-office replies arrive this way too. */
    {"Transient/General", FAIL, 0, SOFT, NULL, NULL},
    {"Transient/MailboxFull", FAIL, 0, SOFT, "mailbox_full", NULL},
    {"Transient/MessageTooLarge", FAIL, 0, SOFT, "message_too_large", NULL},
    {"Transient/CustomTimeoutExceeded", FAIL, 0, SOFT, "expired", NULL},
    {"Transient/ContentRejected", FAIL, 0, SOFT, "spam_detected", NULL},
    {"Transient/AttachmentRejected", FAIL, 0, SOFT, "attachment_prohibited",
     NULL},
};

static const struct hook_word delays[] = {
    {"InternalFailure", LATE, 0, SOFT, NULL, NULL},
    {"General", LATE, 0, SOFT, NULL, NULL},
    {"MailboxFull", LATE, 0, SOFT, "mailbox_full", NULL},
    {"SpamDetected", LATE, 0, SOFT, "spam_detected", NULL},
    {"RecipientServerError", LATE, 0, SOFT, "system_error", NULL},
    {"IPFailure", LATE, 0, BLOCK, "bad_reputation", NULL},
    {"TransientCommunicationFailure", LATE, 0, SOFT, "connection_failed", NULL},
    {"BYOIPHostNameLookupUnavailable", LATE, 0, SOFT, "rdns_helo", NULL},
    {"Undetermined", LATE, 0, OPEN, NULL, NULL},
    {"SendingDeferral", LATE, 0, SOFT, NULL, NULL},
};

/* ---- The envelope ---------------------------------------------------- */

/* Takes https://sns.REGION.amazonaws.com (.cn) off url. Any other host under
 * amazonaws.com may be a customer's: buckets have names there. */
static bool take_host(struct bounce_slice *url)
{
    struct bounce_slice rest = *url, host;
    size_t slash;

    if (!slice_starts(rest, SLICE("https://sns.")))
        return false;
    rest = slice_from(rest, 12);
    slash = slice_find_byte(rest, '/');
    if (slash == SLICE_NPOS)
        return false;
    host = slice_sub(rest, 0, slash);
    *url = slice_from(rest, slash);
    if (slice_ends_nocase(host, SLICE(".cn")))
        host.len -= 3;
    if (!slice_ends_nocase(host, SLICE(".amazonaws.com")))
        return false;
    host.len -= 14;
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.ptr[i];

        if (!ascii_is_alnum(c) && c != '-')
            return false;
    }
    return host.len > 0;
}

/* Nothing in it but what a URL has: no blank, no control character, no "\". */
static bool is_plain(struct bounce_slice url)
{
    for (size_t i = 0; i < url.len; i++) {
        if (url.ptr[i] <= ' ' || url.ptr[i] > '~' || url.ptr[i] == '\\' ||
            url.ptr[i] == '"' || url.ptr[i] == '\'')
            return false;
    }
    return url.len < 2048;
}

static bool is_certificate_url(struct bounce_slice url)
{
    return is_plain(url) && take_host(&url) &&
           slice_starts(url, SLICE("/SimpleNotificationService-")) &&
           slice_ends_nocase(url, SLICE(".pem")) &&
           slice_find_byte(slice_from(url, 1), '/') == SLICE_NPOS &&
           slice_find_byte(url, '?') == SLICE_NPOS &&
           slice_find_byte(url, '#') == SLICE_NPOS;
}

/* It confirms the topic that it names, whatever the envelope says. */
static bool is_confirmation_url(struct bounce_slice url,
                                struct bounce_slice topic)
{
    struct bounce_slice query, piece;
    size_t topics = 0, right = 0;

    if (!is_plain(url) || !take_host(&url) ||
        !slice_starts(url, SLICE("/?Action=ConfirmSubscription&")) ||
        slice_find_byte(url, '#') != SLICE_NPOS)
        return false;
    query = slice_from(url, 2);
    while (slice_next_piece(&query, '&', &piece)) {
        if (!slice_starts_nocase(piece, SLICE("TopicArn=")))
            continue;
        topics++;
        right += slice_eq(slice_from(piece, 9), topic) ? 1 : 0;
    }
    return topics == 1 && right == 1;
}

static bool is_envelope(const struct json *body)
{
    return json_member(body, "Type").len > 0 &&
           json_is(json_get(body, "Message"), JSON_STRING);
}

static bool is_topic(struct bounce_slice allowed, struct bounce_slice topic)
{
    struct bounce_slice piece;

    while (slice_next_piece(&allowed, ',', &piece)) {
        if (topic.len > 0 && slice_eq(slice_trim(piece), topic))
            return true;
    }
    return false;
}

/* What was signed: names and values of the members that count, a line each, in
 * the order of their names (SNS developer guide, "Verifying the signatures"). */
static struct bounce_slice signed_text(struct hook *hook)
{
    static const char *const notification[] = {
        "Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"};
    static const char *const subscription[] = {
        "Message", "MessageId", "SubscribeURL", "Timestamp",
        "Token",   "TopicArn",  "Type"};
    bool plain =
        slice_eq(json_member(hook->body, "Type"), SLICE("Notification"));
    const char *const *names = plain ? notification : subscription;
    size_t count = plain ? HOOK_COUNT(notification) : HOOK_COUNT(subscription);
    struct bounce_slice pieces[HOOK_COUNT(subscription) * 4];
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        const struct json *value = json_get(hook->body, names[i]);

        if (!json_is(value, JSON_STRING))
            continue;
        pieces[n++] = slice_cstr(names[i]);
        pieces[n++] = SLICE("\n");
        pieces[n++] = value->text;
        pieces[n++] = SLICE("\n");
    }
    return hook_concat(hook, pieces, n);
}

static enum hook_trust wants_certificate(struct hook *hook,
                                         struct bounce_slice url)
{
    if (!is_certificate_url(url))
        return hook_distrust(hook, HOOK_WRONG,
                             "the certificate is not on a host of Amazon SNS");
    hook->result->action = HOOK_FETCH_CERTIFICATE;
    hook->result->action_url = url;
    return hook_distrust(hook, HOOK_NO_KEY, "the certificate must be fetched");
}

static enum hook_trust verify_signature(struct hook *hook)
{
    const struct hook_config *config = hook->config;
    struct bounce_slice signature = json_member(hook->body, "Signature");
    struct bounce_slice url = json_member(hook->body, "SigningCertURL");
    struct bounce_slice version = json_member(hook->body, "SignatureVersion");
    enum module_signature how =
        slice_eq(version, SLICE("2")) ? MODULE_RSA_SHA256 : MODULE_RSA_SHA1;

    /* Before anything is fetched because of it. */
    if (config->topics.len > 0 &&
        !is_topic(config->topics, json_member(hook->body, "TopicArn")))
        return hook_distrust(hook, HOOK_WRONG, "not one of our topics");
    if (signature.len == 0 || url.len == 0)
        return hook_distrust(hook, HOOK_ABSENT, "the signature is missing");
    if (!slice_eq(version, SLICE("1")) && !slice_eq(version, SLICE("2")))
        return hook_distrust(hook, HOOK_WRONG, "no such signature version");
    if (config->certificate.len == 0 || !slice_eq(config->certificate_url, url))
        return wants_certificate(hook, url);
    if (!is_certificate_url(url))
        return wants_certificate(hook, url);
    if (config->crypto == NULL)
        return hook_distrust(hook, HOOK_NO_KEY,
                             "module crypto is not installed: signatures "
                             "cannot be checked");
    switch (config->crypto->verify(how, config->certificate, signed_text(hook),
                                   hook_from_base64(hook, signature),
                                   config->now)) {
    case MODULE_FINE:
        return hook_verify_time(hook,
                                hook_time(json_get(hook->body, "Timestamp")));
    case MODULE_WRONG:
        return hook_distrust(hook, HOOK_WRONG, "the signature is wrong");
    case MODULE_OUTDATED:
        return hook_distrust(hook, HOOK_NO_KEY,
                             "the certificate is not valid now");
    default:
        return hook_distrust(hook, HOOK_NO_KEY,
                             "the certificate cannot be read");
    }
}

static enum hook_trust verify(struct hook *hook)
{
    if (!is_envelope(hook->body))
        return hook_distrust(hook, HOOK_ABSENT,
                             "the signature is missing: raw delivery has none");
    return verify_signature(hook);
}

/* ---- Events ---------------------------------------------------------- */

static struct bounce_slice after(struct bounce_slice s,
                                 struct bounce_slice prefix)
{
    return slice_trim(slice_starts_nocase(s, prefix) ? slice_from(s, prefix.len)
                                                     : s);
}

/* The Message-ID as the message had it when it left. */
static struct bounce_slice header_of(const struct json *mail, const char *name)
{
    const struct json *headers = json_get(mail, "headers");

    if (!json_is(headers, JSON_ARRAY))
        return SLICE_NULL;
    for (const struct json *h = headers->first; h != NULL; h = h->next) {
        if (slice_eq_nocase(json_member(h, "name"), slice_cstr(name)))
            return json_member(h, "value");
    }
    return SLICE_NULL;
}

static void take_mail(const struct json *mail, struct hook_event *event)
{
    const struct json *common = json_get(mail, "commonHeaders");

    event->queue_id = json_member(mail, "messageId");
    event->message_id = header_of(mail, "Message-ID");
    if (event->message_id.len == 0)
        event->message_id = json_member(common, "messageId");
    event->sender = json_member(mail, "source");
    event->subject = json_member(common, "subject");
    event->ip = hook_first_text(json_path(mail, SLICE("tags.ses:outgoing-ip")));
    event->tags = json_get(mail, "tags");
    event->sent_at = hook_time(json_get(mail, "timestamp"));
}

static void take_recipient(struct hook_event *event, const struct json *entry)
{
    event->recipient = json_is(entry, JSON_OBJECT)
                           ? json_member(entry, "emailAddress")
                           : json_text(entry);
    event->status = json_member(entry, "status");
    event->text = json_member(entry, "diagnosticCode");
}

/* An event for each recipient of a list. */
static void add_all(struct hook *hook, struct hook_event *event,
                    const struct json *list)
{
    if (!json_is(list, JSON_ARRAY) || list->count == 0) {
        hook_bad_item(hook, "no recipient");
        return;
    }
    for (const struct json *entry = list->first; entry != NULL;
         entry = entry->next) {
        take_recipient(event, entry);
        hook_add(hook, event);
    }
}

static void read_bounce(struct hook *hook, const struct json *bounce,
                        struct hook_event *event)
{
    const struct json *list = json_get(bounce, "bouncedRecipients");
    const struct hook_word *word;

    event->verdict = hook_join(hook, json_member(bounce, "bounceType"), "/",
                               json_member(bounce, "bounceSubType"));
    word = hook_word_find(bounces, HOOK_COUNT(bounces), event->verdict);
    event->kind = BOUNCE_KIND_BOUNCE;
    if (word != NULL) {
        hook_event_take(event, word);
    } else if (slice_starts_nocase(event->verdict, SLICE("Permanent"))) {
        event->permanent = 1;
        event->cls = HARD;
    } else if (slice_starts_nocase(event->verdict, SLICE("Transient"))) {
        event->permanent = 0;
        event->cls = SOFT;
    }
    event->report_id = json_member(bounce, "feedbackId");
    event->reporting_mta =
        after(json_member(bounce, "reportingMTA"), SLICE("dsn;"));
    event->remote_mta = json_member(bounce, "remoteMtaIp");
    event->at = hook_time(json_get(bounce, "timestamp"));
    if (slice_eq_nocase(json_member(bounce, "bounceSubType"),
                        SLICE("NoEmail")) &&
        (list == NULL || list->count == 0)) {
        event->no_recipient = true;
        hook_add(hook, event);
        return;
    }
    add_all(hook, event, list);
}

static void read_complaint(struct hook *hook, const struct json *complaint,
                           struct hook_event *event)
{
    const struct json *list = json_get(complaint, "complainedRecipients");
    struct bounce_slice sub = json_member(complaint, "complaintSubType");

    event->report_id = json_member(complaint, "feedbackId");
    event->at = hook_time(json_get(complaint, "timestamp"));
    event->verdict = hook_join(hook, SLICE("Complaint"), "/", sub);
    if (slice_eq_nocase(sub, SLICE("OnAccountSuppressionList"))) {
        /* Not sent at all: somebody complained before. */
        event->kind = BOUNCE_KIND_BOUNCE;
        event->permanent = 1;
        event->cls = ADMIN;
        event->category = SLICE("suppressed");
        event->suppressed_for = SLICE("complaint");
        add_all(hook, event, list);
        return;
    }
    event->kind = BOUNCE_KIND_FEEDBACK;
    event->cls = BOUNCE_CLASS_EVENT;
    event->feedback_type = json_member(complaint, "complaintFeedbackType");
    if (event->feedback_type.len == 0)
        event->feedback_type = SLICE("abuse");
    /* Amazon lists everybody at the domain that complained when the report
     * hides who it was. */
    if (json_is(list, JSON_ARRAY) && list->count > 1) {
        event->no_recipient = true;
        hook_add(hook, event);
        return;
    }
    add_all(hook, event, list);
}

static void read_delivery(struct hook *hook, const struct json *delivery,
                          struct hook_event *event)
{
    const struct json *list = json_get(delivery, "recipients");

    event->kind = BOUNCE_KIND_DELIVERY;
    event->at = hook_time(json_get(delivery, "timestamp"));
    event->reporting_mta = json_member(delivery, "reportingMTA");
    event->remote_mta = json_member(delivery, "remoteMtaIp");
    event->verdict = SLICE("Delivery");
    if (!json_is(list, JSON_ARRAY) || list->count == 0) {
        hook_bad_item(hook, "no recipient");
        return;
    }
    for (const struct json *entry = list->first; entry != NULL;
         entry = entry->next) {
        take_recipient(event, entry);
        event->text = json_member(delivery, "smtpResponse");
        hook_add(hook, event);
    }
}

static void read_delay(struct hook *hook, const struct json *delay,
                       struct hook_event *event)
{
    struct bounce_slice type = json_member(delay, "delayType");
    const struct hook_word *word =
        hook_word_find(delays, HOOK_COUNT(delays), type);

    if (word != NULL)
        hook_event_take(event, word);
    event->kind = BOUNCE_KIND_DELAY;
    event->verdict = hook_join(hook, SLICE("DeliveryDelay"), "/", type);
    event->at = hook_time(json_get(delay, "timestamp"));
    event->reporting_mta = json_member(delay, "reportingMTA");
    if (event->at != BOUNCE_NO_TIME && event->sent_at != BOUNCE_NO_TIME &&
        event->at >= event->sent_at)
        event->waiting_s = event->at - event->sent_at;
    add_all(hook, event, json_get(delay, "delayedRecipients"));
}

/* Amazon did not send: a virus, or a template that could not be filled in. */
static void read_refusal(struct hook *hook, const struct json *item,
                         bool rendering, struct hook_event *event)
{
    const struct json *what = json_get(item, rendering ? "failure" : "reject");
    const struct json *list = json_path(item, SLICE("mail.destination"));

    event->kind = BOUNCE_KIND_BOUNCE;
    event->permanent = 1;
    event->cls = ADMIN;
    event->category =
        rendering ? SLICE("message_malformed") : SLICE("virus_detected");
    event->verdict = rendering ? SLICE("Rendering Failure") : SLICE("Reject");
    event->at = event->sent_at;
    if (!json_is(list, JSON_ARRAY) || list->count == 0) {
        hook_bad_item(hook, "no recipient");
        return;
    }
    for (const struct json *entry = list->first; entry != NULL;
         entry = entry->next) {
        event->recipient = json_text(entry);
        event->text = json_member(what, rendering ? "errorMessage" : "reason");
        hook_add(hook, event);
    }
}

/* A person changed what he wants to get, by the link that Amazon put in. */
static void read_subscription(struct hook *hook, const struct json *item,
                              struct hook_event *event)
{
    const struct json *what = json_get(item, "subscription");
    const struct json *wanted = json_get(what, "newTopicPreferences");
    const struct json *topics = json_get(wanted, "topicSubscriptionStatus");
    struct bounce_slice list = json_member(what, "contactList");
    size_t left = 0;

    event->kind = BOUNCE_KIND_UNSUBSCRIBE;
    event->cls = BOUNCE_CLASS_EVENT;
    event->verdict = SLICE("Subscription");
    event->at = hook_time(json_get(what, "timestamp"));
    event->recipient =
        hook_first_text(json_path(item, SLICE("mail.destination")));
    if (json_is(json_get(wanted, "unsubscribeAll"), JSON_TRUE)) {
        event->scope = list;
        hook_add(hook, event);
        return;
    }
    if (json_is(topics, JSON_ARRAY)) {
        for (const struct json *t = topics->first; t != NULL; t = t->next) {
            if (!slice_eq_nocase(json_member(t, "subscriptionStatus"),
                                 SLICE("OptOut")))
                continue;
            event->scope =
                hook_join(hook, list, "/", json_member(t, "topicName"));
            hook_add(hook, event);
            left++;
        }
    }
    if (left == 0)
        hook_pass(hook);
}

static void read_event(struct hook *hook, const struct json *item)
{
    struct bounce_slice type = json_member(item, "eventType");
    struct hook_event event;

    hook_event_init(&event);
    if (type.len == 0)
        type = json_member(item, "notificationType");
    take_mail(json_get(item, "mail"), &event);
    if (slice_eq(type, SLICE("Bounce")))
        read_bounce(hook, json_get(item, "bounce"), &event);
    else if (slice_eq(type, SLICE("Complaint")))
        read_complaint(hook, json_get(item, "complaint"), &event);
    else if (slice_eq(type, SLICE("Delivery")))
        read_delivery(hook, json_get(item, "delivery"), &event);
    else if (slice_eq(type, SLICE("DeliveryDelay")))
        read_delay(hook, json_get(item, "deliveryDelay"), &event);
    else if (slice_eq(type, SLICE("Reject")))
        read_refusal(hook, item, false, &event);
    else if (slice_eq(type, SLICE("Rendering Failure")))
        read_refusal(hook, item, true, &event);
    else if (slice_eq(type, SLICE("Subscription")))
        read_subscription(hook, item, &event);
    else if (slice_eq(type, SLICE("Send")) || slice_eq(type, SLICE("Open")) ||
             slice_eq(type, SLICE("Click")))
        hook_pass(hook);
    else if (type.len > 0)
        hook_unknown(hook);
    else
        hook_bad_item(hook, "no notification of Amazon SES");
}

/* Only for topics that the configuration names: whoever has a topic could have
 * us confirm it. */
static void confirm(struct hook *hook)
{
    struct bounce_slice url = json_member(hook->body, "SubscribeURL");
    struct bounce_slice topic = json_member(hook->body, "TopicArn");

    hook->result->items++;
    if (hook->config->topics.len == 0) {
        hook_bad_item(hook, "a subscription, but no topic is configured");
    } else if (!is_confirmation_url(url, topic)) {
        hook_bad_item(
            hook, "the confirmation is not one of Amazon SNS for this topic");
    } else {
        hook->result->action = HOOK_CONFIRM;
        hook->result->action_url = url;
        hook_pass(hook);
    }
}

/* What stands in the envelope is JSON in a string; some of what topics carry is
 * no JSON at all ("Successfully validated SNS topic for ..."). */
static void read_message(struct hook *hook)
{
    struct bounce_slice text = json_member(hook->body, "Message");
    struct bounce_error error;
    struct json *inner;
    enum bounce_err err;

    if (slice_starts(slice_trim(text), SLICE("Successfully validated"))) {
        hook->result->items++;
        hook_pass(hook);
        return;
    }
    err = json_parse(hook->arena, text, &json_limits_default, false, &inner,
                     &error);
    if (err == BOUNCE_OK) {
        hook_each(hook, inner, read_event);
    } else if (err == BOUNCE_E_NOMEM || hook->arena->over) {
        hook->failed = err;
    } else {
        hook->result->items++;
        hook_bad_item(hook, "the message in the envelope is no JSON");
    }
}

static void read_body(struct hook *hook)
{
    struct bounce_slice topic, type;
    bool envelope = is_envelope(hook->body);

    topic = envelope ? json_member(hook->body, "TopicArn")
                     : hook_header(hook, "x-amz-sns-topic-arn");
    if (hook->config->topics.len > 0 && topic.len > 0 &&
        !is_topic(hook->config->topics, topic)) {
        hook->result->trust =
            hook_distrust(hook, HOOK_WRONG, "not one of our topics");
        return;
    }
    if (hook->config->topics.len > 0 && topic.len == 0) {
        hook->result->trust =
            hook_distrust(hook, HOOK_ABSENT, "no topic is named");
        return;
    }
    if (!envelope) {
        hook_each(hook, hook->body, read_event);
        return;
    }
    type = json_member(hook->body, "Type");
    hook->item = hook->body;
    if (slice_eq(type, SLICE("Notification"))) {
        read_message(hook);
    } else if (slice_eq(type, SLICE("SubscriptionConfirmation"))) {
        confirm(hook);
    } else if (slice_eq(type, SLICE("UnsubscribeConfirmation"))) {
        hook->result->items++;
        hook_pass(hook);
    } else {
        hook->result->items++;
        hook_unknown(hook);
    }
}

const struct hook_service hook_ses = {
    .info = {"ses", false,
             "signature of SNS with named topics; Basic authentication; "
             "secret in the URL"},
    .signed_body = true,
    .verify = verify,
    .read = read_body,
};
