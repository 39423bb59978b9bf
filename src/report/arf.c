/* SPDX-License-Identifier: MIT */
#include "report/arf.h"

#include "base/date.h"
#include "report/address.h"
#include "report/original.h"

struct feedback {
    struct bounce_slice type, source_ip, reporting_mta;
    struct bounce_slice sender; /* Original-Mail-From */
    int64_t date;
};

static void add_event(struct collect *collect, struct bounce_slice recipient,
                      enum bounce_recipient_from from)
{
    struct report_event *event = collect_add(collect, recipient, NULL);

    if (event != NULL && recipient.ptr != NULL)
        event->event.recipient_from = from;
}

static void take_field(struct collect *collect, struct feedback *f,
                       const struct mime_header *h)
{
    struct message *m = collect->message;
    struct bounce_slice value = slice_trim(h->value), address;
    size_t semi;

    switch (h->field) {
    case MIME_FIELD_FEEDBACK_TYPE:
        f->type = mime_strip_comments(m, value);
        break;
    case MIME_FIELD_SOURCE_IP:
        f->source_ip = mime_strip_comments(m, value);
        break;
    case MIME_FIELD_ORIGINAL_MAIL_FROM:
        f->sender = mime_address(m, value, NULL);
        break;
    case MIME_FIELD_ARRIVAL_DATE:
    case MIME_FIELD_RECEIVED_DATE:
        f->date = date_parse(value);
        break;
    case MIME_FIELD_REPORTING_MTA:
        semi = slice_find_byte(value, ';');
        f->reporting_mta =
            slice_trim(slice_from(value, semi == SLICE_NPOS ? 0 : semi + 1));
        break;
    /* RFC 5965 section 3.2 and RFC 6591: to whom it was sent. */
    case MIME_FIELD_ORIGINAL_RCPT_TO:
    case MIME_FIELD_REMOVAL_RECIPIENT:
    case MIME_FIELD_ORIGINAL_RECIPIENT:
    case MIME_FIELD_REDACTED_ADDRESS:
        address = address_typed(m, value);
        if (address_is(address))
            add_event(collect, address, BOUNCE_FROM_FEEDBACK);
        break;
    default:
        break;
    }
}

/* RFC 5965 section 7.3: opt-out asks to be taken off a list; it is no
 * complaint. */
static enum bounce_kind kind_of(struct bounce_slice type)
{
    return slice_starts_nocase(type, SLICE("opt-out")) ? BOUNCE_KIND_UNSUBSCRIBE
                                                       : BOUNCE_KIND_FEEDBACK;
}

static void finish(struct collect *collect, const struct feedback *f,
                   struct bounce_slice format)
{
    if (collect->count == 0)
        add_event(collect, collect->original.recipient,
                  BOUNCE_FROM_RETURNED_MESSAGE);
    for (size_t i = 0; i < collect->count; i++) {
        struct bounce_event *e = &collect->events[i].event;
        e->kind = kind_of(f->type);
        e->feedback_type = f->type.len > 0 ? f->type : SLICE("abuse");
        e->format = format;
        e->signals.sender_ip = f->source_ip;
        e->reporting_mta = f->reporting_mta;
        e->sender = f->sender.len > 0 ? f->sender : SLICE_NULL;
        e->occurred_at = f->date;
    }
}

bool arf_read(struct collect *collect)
{
    struct feedback f;
    struct bounce_slice body;

    if (collect->parts.feedback == NULL)
        return false;
    memset(&f, 0, sizeof(f));
    f.date = BOUNCE_NO_TIME;
    body = mime_decode_body(collect->message, collect->parts.feedback,
                            collect->message->options->max_message);
    /* Blank lines do not belong here but are written. */
    while (body.len > 0 && collect->message->failed == BOUNCE_OK) {
        struct bounce_slice rest;
        const struct mime_header *h =
            mime_parse_fields(collect->message, body, &rest);
        for (; h != NULL; h = h->next)
            take_field(collect, &f, h);
        if (rest.len >= body.len)
            break;
        body = rest;
    }
    finish(collect, &f, SLICE("rfc5965"));
    return true;
}

bool arf_read_text(struct collect *collect, struct text_report *text)
{
    const struct format *format = text->found.other.format;
    struct feedback f;

    if (format == NULL || format->kind != FORMAT_CLASS_FEEDBACK)
        return false;
    memset(&f, 0, sizeof(f));
    f.date = BOUNCE_NO_TIME;
    text->format = format;
    text_extract(collect, text);
    for (size_t i = 0; i < text->count; i++) {
        const struct text_entry *entry = &text->entries[i];
        if (address_is(entry->recipient))
            add_event(collect, entry->recipient, BOUNCE_FROM_TEXT);
        if (entry->ip.ptr != NULL)
            f.source_ip = entry->ip;
    }
    if (slice_find_nocase(collect->outer.subject, SLICE("dmarc")) !=
            SLICE_NPOS ||
        slice_find_nocase(collect->outer.subject, SLICE("auth")) != SLICE_NPOS)
        f.type = SLICE("auth-failure");
    finish(collect, &f, format_text(format->id, format->id_len));
    return true;
}
