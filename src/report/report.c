/* SPDX-License-Identifier: MIT
 * What kind of message it is, by falling evidence: fields of RFC 3464, fields
 * of RFC 5965, a known format of a mail system, an automatic answer, and at
 * last what merely looks like a bounce. */
#include "report/report.h"

#include "report/address.h"
#include "report/arf.h"
#include "report/auto.h"
#include "report/collect.h"
#include "report/dsn.h"
#include "report/forward.h"
#include "report/sns.h"
#include "report/text.h"

static void add_none(struct collect *collect)
{
    struct report_event *event = collect_add(collect, SLICE_NULL, NULL);

    if (event == NULL)
        return;
    event->event.message_id = SLICE_NULL;
    event->event.report_id = collect->outer.message_id;
    event->event.subject = collect->outer.subject;
    event->event.occurred_at = collect->outer.date;
}

/* A recipient that no field named, from what is left. */
static void complete_recipients(struct collect *collect)
{
    for (size_t i = 0; i < collect->count; i++) {
        struct bounce_event *e = &collect->events[i].event;
        struct bounce_slice found;

        if (e->recipient.ptr != NULL || collect->count > 1)
            continue;
        found = address_find(mime_index_value(&collect->outer.index,
                                              MIME_FIELD_X_FAILED_RECIPIENTS),
                             NULL);
        e->recipient_from = BOUNCE_FROM_FAILED_HEADER;
        if (found.ptr == NULL) {
            found = address_verp(collect->message, collect->outer.to_address);
            e->recipient_from = BOUNCE_FROM_VERP;
        }
        if (found.ptr == NULL) {
            found = collect->original.recipient;
            e->recipient_from = BOUNCE_FROM_RETURNED_MESSAGE;
        }
        e->recipient = found;
        if (found.ptr == NULL)
            e->recipient_from = BOUNCE_FROM_NONE;
    }
}

/* A guess that names neither a recipient nor a reply stands on the envelope
 * alone: postmasters write ordinary mail as well, and statistics in which
 * replies are counted. An address that is mentioned in passing is no
 * recipient in the mail of a shop that could not deliver a parcel. */
static bool is_plausible(struct collect *collect,
                         const struct text_report *text)
{
    const struct bounce_event *e = &collect->events[0].event;
    bool subject = (text->seen.places & 1U << FORMAT_PLACE_SUBJECT) != 0;

    bool named = e->recipient.ptr != NULL &&
                 (text->count > 0 || e->recipient_from != BOUNCE_FROM_TEXT ||
                  (subject && collect->outer.daemon &&
                   (e->reply_code != 0 || collect->original.found)));

    if (collect->count != 1 || named ||
        (subject && (e->reply_code != 0 || e->status.len != 0)) ||
        collect->outer.null_sender)
        return true;
    collect->count = 0;
    return false;
}

static bool read_text(struct collect *collect, struct text_report *text)
{
    text_extract(collect, text);
    return text_events(collect, text) &&
           (text->known || is_plausible(collect, text));
}

/* Auto-Submitted alone makes an answer of it, and both its subject and its
 * text say that a message failed: programs that refuse write that field, too. */
static bool is_refusal(const struct collect *collect,
                       const struct text_report *text)
{
    return text->found.other.format == NULL &&
           collect->parts.disposition == NULL &&
           (text->seen.places & FORMAT_SAID_TWICE) == FORMAT_SAID_TWICE;
}

/* Fields first; then a known format; then an automatic answer, which must
 * come before any guess: vacation programs use the null sender too. */
static bool read_report(struct collect *collect)
{
    struct text_report text;
    bool fields = dsn_read(collect);

    text_recognize(collect, &text);
    collect->client = text.found.client;
    if (fields) {
        text_extract(collect, &text);
        text_improve(collect, &text);
        complete_recipients(collect);
        return true;
    }
    if (!text.known && arf_read_text(collect, &text))
        return true;
    if (!text.known && is_refusal(collect, &text) &&
        text_guess(collect, &text) && read_text(collect, &text))
        return true;
    if (!text.known &&
        (auto_read(collect, &text) || !text_guess(collect, &text)))
        return collect->count > 0;
    return read_text(collect, &text);
}

/* A gateway forwards the whole report inside its own notice. */
static const struct mime_part *inner_report(const struct collect *collect)
{
    const struct mime_part *part = collect->parts.returned;

    if (part == NULL || part->type != MIME_TYPE_MESSAGE ||
        part->child == NULL || part->child->child == NULL ||
        !(collect->outer.daemon || collect->outer.null_sender) ||
        !slice_starts_nocase(part->child->media_type,
                             SLICE("multipart/report")))
        return NULL;
    return part->child;
}

static bool read_kinds(struct collect *collect)
{
    return arf_read(collect) || sns_read(collect) || read_report(collect);
}

/* What people can write as well as a mail system can. */
static void distrust(struct collect *collect)
{
    for (size_t i = 0; i < collect->count; i++)
        collect->events[i].event.verified = 0;
}

static void finish(struct collect *collect)
{
    const struct bounce_event *e = &collect->events[0].event;

    collect_finish(collect);
    if (collect->client &&
        (e->kind == BOUNCE_KIND_BOUNCE || e->kind == BOUNCE_KIND_DELAY ||
         e->kind == BOUNCE_KIND_DELIVERY))
        distrust(collect);
}

static bool named_anybody(const struct collect *collect)
{
    for (size_t i = 0; i < collect->count; i++)
        if (collect->events[i].event.recipient_from < BOUNCE_FROM_DIAGNOSTIC &&
            collect->events[i].event.recipient.ptr != NULL)
            return true;
    return false;
}

static void take_events(struct collect *all, const struct collect *nested)
{
    for (size_t i = 0; i < nested->count; i++) {
        struct report_event *event = collect_add(all, SLICE_NULL, NULL);
        if (event == NULL)
            return;
        *event = nested->events[i];
    }
}

/* Messages that somebody attached whole: one bounce that is forwarded, several,
 * a digest of a list. Each is read for itself. */
static void read_attached(struct collect *all, const struct mime_part *part)
{
    for (const struct mime_part *p = part->child; p != NULL; p = p->next) {
        struct collect nested;

        if (p->type != MIME_TYPE_MESSAGE || p->child == NULL) {
            read_attached(all, p);
        } else if (collect_init(&nested, all->message, p->child) &&
                   forward_may_attach(all, p, &nested) && read_kinds(&nested) &&
                   forward_is_bounce(&nested)) {
            if (nested.outer.message_id.ptr == NULL)
                nested.outer.message_id = all->outer.message_id;
            finish(&nested);
            distrust(&nested);
            take_events(all, &nested);
        }
    }
}

bool report_read(struct message *message, const struct mime_part *root,
                 struct report *report_out)
{
    struct collect collect;
    const struct mime_part *inner;

    memset(report_out, 0, sizeof(*report_out));
    if (!collect_init(&collect, message, root))
        return false;
    inner = inner_report(&collect);
    if (!read_kinds(&collect) || (inner != NULL && !named_anybody(&collect))) {
        struct collect nested;
        if (inner != NULL && collect_init(&nested, message, inner) &&
            read_kinds(&nested)) {
            nested.outer.message_id = collect.outer.message_id;
            collect = nested;
        }
    }
    if (collect.count == 0 && forward_is(&collect)) {
        struct collect nested;
        const struct mime_part *part = forward_parse(&collect);
        if (part != NULL && collect_init(&nested, message, part) &&
            read_kinds(&nested) && forward_is_bounce(&nested)) {
            distrust(&nested);
            nested.outer.message_id = collect.outer.message_id;
            collect = nested;
        }
    }
    if (collect.count > 0)
        finish(&collect);
    else
        read_attached(&collect, collect.root);
    if (collect.count == 0)
        add_none(&collect);
    report_out->events = collect.events;
    report_out->count = collect.count;
    return message->failed == BOUNCE_OK && collect.count > 0;
}
