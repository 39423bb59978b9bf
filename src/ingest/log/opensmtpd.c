/* SPDX-License-Identifier: MIT
 * OpenSMTPD, as logged to syslog (mta_delivery.c, mda.c):
 *
 *     smtpd[1]: 0123456789abcdef mta delivery evpid=0123456789abcdef
 *         from=<a@example.org> to=<b@example.net> rcpt=<-> source="192.0.2.9"
 *         relay="192.0.2.1 (mx.example.net)" delay=1s result="PermFail"
 *         stat="550 5.1.1 ..." */
#include "ingest/log/part.h"

/* What stands between quotes, with \" inside. */
static struct bounce_slice quoted(struct bounce_slice text)
{
    size_t end = 1;

    while (end < text.len && text.ptr[end] != '"')
        end += text.ptr[end] == '\\' ? 2 : 1;
    return slice_sub(text, 1, end - 1);
}

/* name=value or name="value", up to the next blank. */
static struct bounce_slice field(struct bounce_slice text, const char *name)
{
    const struct bounce_slice key = slice_cstr(name);
    size_t at = slice_find(text, key);

    if (at == SLICE_NPOS)
        return SLICE_NULL;
    text = slice_from(text, at + key.len);
    return text.len > 0 && text.ptr[0] == '"'
               ? quoted(text)
               : slice_sub(text, 0, slice_find_byte(text, ' '));
}

/* The last field; of local delivery it has no quotes. */
static struct bounce_slice stat_of(struct bounce_slice text)
{
    size_t at = slice_find(text, SLICE(" stat="));

    if (at == SLICE_NPOS)
        return SLICE_NULL;
    text = slice_from(text, at + 6);
    return text.len > 0 && text.ptr[0] == '"' ? quoted(text) : text;
}

/* "192.0.2.1 (mx.example.net)": the name, else the address. */
static struct bounce_slice relay_host(struct bounce_slice relay)
{
    size_t open = slice_find_byte(relay, '(');

    if (open == SLICE_NPOS)
        return relay.len > 0 ? relay : SLICE_NULL;
    relay = slice_from(relay, open + 1);
    return slice_sub(relay, 0, slice_find_byte(relay, ')'));
}

static bool set_kind(struct log_delivery *delivery, struct bounce_slice result)
{
    if (slice_eq(result, SLICE("Ok")))
        delivery->kind = BOUNCE_KIND_DELIVERY;
    else if (slice_eq(result, SLICE("TempFail")))
        delivery->kind = BOUNCE_KIND_DELAY;
    else
        return slice_eq(result, SLICE("PermFail"));
    return true;
}

bool log_opensmtpd(struct log *log, const struct log_syslog *syslog)
{
    struct log_delivery delivery;
    struct bounce_slice text = syslog->text, rcpt;
    const bool mta = slice_find(text, SLICE(" mta delivery ")) != SLICE_NPOS;
    const bool mda = slice_find(text, SLICE(" mda delivery ")) != SLICE_NPOS;

    if (!slice_starts(syslog->program, SLICE("smtpd")) || (!mta && !mda))
        return true;
    log_delivery_init(&delivery, syslog->at);
    delivery.written_by = SLICE("opensmtpd");
    delivery.host = syslog->host;
    /* The first half of the envelope's id is the message's. */
    delivery.queue_id = slice_sub(field(text, "evpid="), 0, 8);
    delivery.sender = log_address(field(text, " from="));
    delivery.recipient = log_address(field(text, " to="));
    rcpt = log_address(field(text, " rcpt="));
    if (rcpt.len > 0 && !slice_eq(rcpt, SLICE("-")))
        delivery.original_recipient = rcpt;
    delivery.ip = field(text, " source=");
    if (delivery.ip.len == 0 || slice_eq(delivery.ip, SLICE("-")))
        delivery.ip = SLICE_NULL;
    delivery.remote = relay_host(field(text, " relay="));
    delivery.waiting_s = log_span(field(text, " delay="));
    delivery.reply = stat_of(text);
    if (!set_kind(&delivery, field(text, " result="))) {
        log->counts.flawed++;
        return true;
    }
    return log_emit(log, &delivery);
}
