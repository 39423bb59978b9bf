/* SPDX-License-Identifier: MIT
 * Sendmail, as logged to syslog:
 *
 *     sendmail[1]: 4AM1: from=<a@example.org>, size=900, class=0, nrcpts=1,
 *         msgid=<x@example.org>, proto=ESMTP, daemon=MTA, relay=...
 *     sendmail[1]: 4AM1: to=<b@example.net>,<c@example.net>, delay=00:00:01,
 *         xdelay=00:00:01, mailer=esmtp, pri=1, relay=mx.example.net. [192.0.2.1],
 *         dsn=5.1.1, reply=550 5.1.1 ..., stat=User unknown */
#include "ingest/log/part.h"

static bool take_queue_id(struct bounce_slice *text,
                          struct bounce_slice *id_out)
{
    size_t end = slice_find(*text, SLICE(": "));

    if (end == SLICE_NPOS || end < 7 || end > 20)
        return false;
    for (size_t i = 0; i < end; i++) {
        if (!ascii_is_alnum((unsigned char)text->ptr[i]))
            return false;
    }
    *id_out = slice_sub(*text, 0, end);
    *text = slice_from(*text, end + 2);
    return true;
}

static bool note_message(struct log *log, const struct log_syslog *syslog,
                         struct bounce_slice id, struct bounce_slice text)
{
    struct bounce_slice message_id = log_value(text, "msgid=");
    struct log_queued *queued = log_queue_make(log->queue, syslog->host, id);

    return queued != NULL &&
           log_queued_set(&queued->sender,
                          log_address(log_value(text, "from="))) &&
           (message_id.len == 0 ||
            log_queued_set(&queued->message_id, message_id));
}

/* "Sent (...)", "Deferred: ...", "User unknown", "queued": the last field. */
static struct bounce_slice stat_of(struct bounce_slice text)
{
    size_t at = slice_find(text, SLICE(", stat="));

    return at == SLICE_NPOS ? SLICE_NULL : slice_from(text, at + 7);
}

/* What the server said, when it is logged; else sendmail's word for it. */
static struct bounce_slice reply_of(struct bounce_slice text,
                                    struct bounce_slice stat)
{
    size_t at = slice_find(text, SLICE(", reply=")), end;
    struct bounce_slice reply;

    if (at == SLICE_NPOS)
        return slice_starts(stat, SLICE("Deferred: ")) ? slice_from(stat, 10)
                                                       : stat;
    reply = slice_from(text, at + 8);
    end = slice_find(reply, SLICE(", stat="));
    return slice_sub(reply, 0, end);
}

static bool set_kind(struct log_delivery *delivery, struct bounce_slice stat)
{
    if (slice_starts(stat, SLICE("Sent")))
        delivery->kind = BOUNCE_KIND_DELIVERY;
    else if (slice_starts(stat, SLICE("Deferred")) ||
             (delivery->status.len > 0 && delivery->status.ptr[0] == '4'))
        delivery->kind = BOUNCE_KIND_DELAY;
    else if (stat.len == 0 || slice_starts(stat, SLICE("queued")) ||
             (delivery->status.len > 0 && delivery->status.ptr[0] == '2'))
        return false;
    return true;
}

static bool deliver(struct log *log, const struct log_syslog *syslog,
                    struct bounce_slice id, struct bounce_slice text)
{
    const struct log_queued *queued =
        log_queue_find(log->queue, syslog->host, id);
    const struct bounce_slice stat = stat_of(text);
    struct bounce_slice all = log_value(text, "to="), one;
    struct log_delivery delivery;

    log_delivery_init(&delivery, syslog->at);
    delivery.written_by = SLICE("sendmail");
    delivery.host = syslog->host;
    delivery.queue_id = id;
    if (queued != NULL) {
        delivery.sender = slice_cstr(queued->sender);
        delivery.message_id = slice_cstr(queued->message_id);
    }
    delivery.status = log_value(text, "dsn=");
    delivery.remote = log_host(log_value(text, "relay="));
    delivery.waiting_s = log_span(log_value(text, "delay="));
    delivery.reply = reply_of(text, stat);
    if (!set_kind(&delivery, stat))
        return true;
    while (slice_next_piece(&all, ',', &one)) {
        delivery.recipient = log_address(one);
        if (!log_emit(log, &delivery))
            return false;
    }
    return true;
}

bool log_sendmail(struct log *log, const struct log_syslog *syslog)
{
    struct bounce_slice text = syslog->text, id;

    if (!slice_starts(syslog->program, SLICE("sendmail")) &&
        !slice_starts(syslog->program, SLICE("sm-mta")))
        return true;
    if (!take_queue_id(&text, &id))
        return true;
    if (slice_starts(text, SLICE("from=")))
        return note_message(log, syslog, id, text);
    if (slice_starts(text, SLICE("to=")))
        return deliver(log, syslog, id, text);
    return true;
}
