/* SPDX-License-Identifier: MIT
 * Postfix, as its processes log to syslog:
 *
 *     postfix/cleanup[1]: 4Bxyz: message-id=<x@example.org>
 *     postfix/qmgr[1]: 4Bxyz: from=<a@example.org>, size=9, nrcpt=1 (queue active)
 *     postfix/smtp[1]: 4Bxyz: to=<b@example.net>, relay=mx.example.net[192.0.2.1]:25,
 *         delay=1.2, delays=0/0/1/0.2, dsn=5.1.1, status=bounced (host ... said: ...)
 *     postfix/qmgr[1]: 4Bxyz: from=<a@example.org>, status=expired, returned to sender
 *     postfix/qmgr[1]: 4Bxyz: removed */
#include "ingest/log/part.h"

/* Queue ids are short (hex) or long (52 letters and digits): section
 * enable_long_queue_ids of postconf(5). */
static bool take_queue_id(struct bounce_slice *text,
                          struct bounce_slice *id_out)
{
    size_t end = slice_find_byte(*text, ':');

    if (end == SLICE_NPOS || end < 6 || end > 20 || end + 2 > text->len)
        return false;
    for (size_t i = 0; i < end; i++) {
        if (!ascii_is_alnum((unsigned char)text->ptr[i]))
            return false;
    }
    *id_out = slice_sub(*text, 0, end);
    *text = slice_trim(slice_from(*text, end + 1));
    return true;
}

static bool note_sender(struct log *log, const struct log_syslog *syslog,
                        struct bounce_slice id, struct bounce_slice text)
{
    struct log_queued *queued = log_queue_make(log->queue, syslog->host, id);

    return queued != NULL &&
           log_queued_set(&queued->sender,
                          log_address(log_value(text, "from=")));
}

static bool note_message_id(struct log *log, const struct log_syslog *syslog,
                            struct bounce_slice id, struct bounce_slice text)
{
    struct bounce_slice message_id = slice_from(text, 11);
    struct log_queued *queued;

    /* "message-id=<...>"; older ones add "resent-message-id=" likewise. */
    if (message_id.len == 0)
        return true;
    queued = log_queue_make(log->queue, syslog->host, id);
    return queued != NULL && log_queued_set(&queued->message_id, message_id);
}

/* "bounced (host ... said: ...)": the last field, which may have commas. */
static struct bounce_slice status_of(struct bounce_slice text)
{
    size_t at = slice_find(text, SLICE(" status="));

    return at == SLICE_NPOS ? SLICE_NULL : slice_from(text, at + 8);
}

/* What stands in the parentheses behind the status. */
static struct bounce_slice reason(struct bounce_slice text)
{
    size_t open = slice_find(text, SLICE(" ("));

    if (open == SLICE_NPOS)
        return SLICE_NULL;
    text = slice_from(text, open + 2);
    if (text.len > 0 && text.ptr[text.len - 1] == ')')
        text.len--;
    return text;
}

static void begin(struct log_delivery *delivery,
                  const struct log_syslog *syslog, struct bounce_slice id,
                  const struct log_queued *queued)
{
    log_delivery_init(delivery, syslog->at);
    delivery->written_by = SLICE("postfix");
    delivery->host = syslog->host;
    delivery->queue_id = id;
    if (queued == NULL)
        return;
    delivery->sender = slice_cstr(queued->sender);
    delivery->message_id = slice_cstr(queued->message_id);
}

/* All that still wait were given up. */
static bool expire(struct log *log, const struct log_syslog *syslog,
                   struct bounce_slice id)
{
    struct log_queued *queued = log_queue_find(log->queue, syslog->host, id);

    for (const struct log_deferred *at = queued != NULL ? queued->deferred
                                                        : NULL;
         at != NULL; at = at->next) {
        struct log_delivery delivery;

        begin(&delivery, syslog, id, queued);
        delivery.expired = true;
        delivery.recipient = at->recipient;
        delivery.remote = at->remote;
        delivery.status = at->status;
        delivery.reply = at->reply;
        if (!log_emit(log, &delivery))
            return false;
    }
    return true;
}

static bool set_kind(struct log_delivery *delivery, struct bounce_slice word)
{
    if (slice_eq(word, SLICE("sent")))
        delivery->kind = BOUNCE_KIND_DELIVERY;
    else if (slice_eq(word, SLICE("deferred")))
        delivery->kind = BOUNCE_KIND_DELAY;
    else if (slice_eq(word, SLICE("expired")))
        delivery->expired = true;
    else if (!slice_eq(word, SLICE("bounced")))
        return false; /* probes: deliverable, undeliverable; filtered, ... */
    return true;
}

static bool deliver(struct log *log, const struct log_syslog *syslog,
                    struct bounce_slice id, struct bounce_slice text)
{
    struct log_queued *queued = log_queue_find(log->queue, syslog->host, id);
    struct bounce_slice word = status_of(text);
    struct log_delivery delivery;
    struct log_deferred deferred = {0};
    bool fine;

    begin(&delivery, syslog, id, queued);
    delivery.reply = reason(word);
    word = slice_sub(word, 0, slice_find_byte(word, ' '));
    delivery.recipient = log_address(log_value(text, "to="));
    if (!set_kind(&delivery, word) || delivery.recipient.len == 0) {
        log->counts.flawed += word.len == 0;
        return true;
    }
    delivery.original_recipient = log_address(log_value(text, "orig_to="));
    delivery.remote = log_host(log_value(text, "relay="));
    delivery.status = log_value(text, "dsn=");
    delivery.waiting_s = log_span(log_value(text, "delay="));
    fine = log_emit(log, &delivery);
    if (!fine)
        return false;
    if (delivery.kind != BOUNCE_KIND_DELAY) {
        if (queued != NULL)
            log_queued_settle(queued, delivery.recipient);
        return true;
    }
    deferred.recipient = delivery.recipient;
    deferred.remote = delivery.remote;
    deferred.status = delivery.status;
    deferred.reply = delivery.reply;
    queued = log_queue_make(log->queue, syslog->host, id);
    return queued != NULL && log_queued_defer(queued, &deferred);
}

bool log_postfix(struct log *log, const struct log_syslog *syslog)
{
    struct bounce_slice text = syslog->text, id;
    struct log_queued *queued;

    if (slice_find_byte(syslog->program, '/') == SLICE_NPOS ||
        !take_queue_id(&text, &id))
        return true;
    if (slice_starts(text, SLICE("message-id=")))
        return note_message_id(log, syslog, id, text);
    if (slice_starts(text, SLICE("to=<")))
        return deliver(log, syslog, id, text);
    if (slice_starts(text, SLICE("from=<"))) {
        if (slice_find(text, SLICE("status=expired")) != SLICE_NPOS ||
            slice_find(text, SLICE("status=force-expired")) != SLICE_NPOS)
            return expire(log, syslog, id);
        return note_sender(log, syslog, id, text);
    }
    if (slice_eq(text, SLICE("removed"))) {
        queued = log_queue_find(log->queue, syslog->host, id);
        if (queued != NULL)
            log_queue_remove(queued);
    }
    return true;
}
