/* SPDX-License-Identifier: MIT */
#include "report/auto.h"

/* RFC 3834 section 5: auto-replied answers one message; auto-generated does
 * not, and "no" is written by people. Exim and those that learned from it write
 * auto-replied into bounces, too, beside a field that only bounces have. */
static bool is_answer(const struct collect *collect,
                      const struct text_report *text)
{
    const struct outer *o = &collect->outer;
    const struct format *other = text->found.other.format;

    if (slice_starts_nocase(o->auto_submitted, SLICE("auto-replied")) &&
        o->index.first[MIME_FIELD_X_FAILED_RECIPIENTS] == NULL)
        return true;
    return other != NULL && other->kind == FORMAT_CLASS_AUTO_REPLY;
}

/* Postmasters and daemons answer with bounces; only what vacation programs
 * write makes an answer of theirs. */
static bool is_from_daemon(const struct collect *collect,
                           const struct text_report *text)
{
    const struct format *other = text->found.other.format;

    return collect->outer.daemon &&
           (other == NULL || other->kind != FORMAT_CLASS_AUTO_REPLY);
}

static enum bounce_kind kind_of(const struct format *format)
{
    if (format != NULL && format->kind == FORMAT_CLASS_CHALLENGE)
        return BOUNCE_KIND_CHALLENGE;
    if (format != NULL && format->kind == FORMAT_CLASS_UNSUBSCRIBE)
        return BOUNCE_KIND_UNSUBSCRIBE;
    return BOUNCE_KIND_AUTO_REPLY;
}

bool auto_read(struct collect *collect, const struct text_report *text)
{
    const struct format *other = text->found.other.format;
    enum bounce_kind kind = kind_of(other);
    struct report_event *event;
    struct bounce_slice author = collect->outer.from_address;

    if (other != NULL && other->kind == FORMAT_CLASS_NONE)
        return true;
    if (kind == BOUNCE_KIND_AUTO_REPLY &&
        (!is_answer(collect, text) || is_from_daemon(collect, text)))
        /* RFC 8098: a receipt tells of reading, not of delivery. */
        return collect->parts.disposition != NULL;
    if (collect->parts.disposition != NULL)
        return true;
    event = collect_add(collect, author, NULL);
    if (event == NULL)
        return true;
    if (author.ptr != NULL)
        event->event.recipient_from = BOUNCE_FROM_AUTHOR;
    event->event.kind = kind;
    event->event.format = other != NULL ? format_text(other->id, other->id_len)
                                        : SLICE("rfc3834");
    event->event.message_id =
        mime_index_value(&collect->outer.index, MIME_FIELD_IN_REPLY_TO);
    if (event->event.message_id.len == 0)
        event->event.message_id = SLICE_NULL;
    event->context =
        slice_sub(text->body, 0, collect->message->options->max_diagnostic);
    event->event.diagnostic = collect_line(collect->message, event->context);
    if (event->event.diagnostic.len == 0)
        event->event.diagnostic = SLICE_NULL;
    event->event.sender = collect->outer.to_address;
    return true;
}
