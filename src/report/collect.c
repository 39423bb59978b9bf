/* SPDX-License-Identifier: MIT */
#include "report/collect.h"

#include "base/block.h"
#include "base/date.h"
#include "base/hash.h"
#include "report/address.h"
#include "report/mend.h"
#include "report/original.h"
#include "report/parts.h"
#include "report/reply_code.h"

/* ---- The report's own headers ---------------------------------------- */

static bool is_list_mail(const struct mime_index *index)
{
    static const enum mime_field fields[] = {
        MIME_FIELD_LIST_ID,           MIME_FIELD_LIST_POST,
        MIME_FIELD_LIST_UNSUBSCRIBE,  MIME_FIELD_X_BEENTHERE,
        MIME_FIELD_X_MAILMAN_VERSION, MIME_FIELD_MAILING_LIST};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (index->first[fields[i]] != NULL)
            return true;
    return false;
}

/* "<>", "", "<MAILER-DAEMON>". */
static bool is_null_sender(struct message *message,
                           const struct mime_header *path)
{
    struct bounce_slice address;

    if (path == NULL)
        return false;
    address = mime_address(message, path->value, NULL);
    return address.len == 0 ||
           (address_is_daemon(address) &&
            !slice_starts_nocase(address, SLICE("postmaster")));
}

static void read_outer(struct collect *collect)
{
    struct outer *o = &collect->outer;
    struct message *m = collect->message;
    const struct mime_index *index = &o->index;
    struct bounce_slice from;

    o->headers = collect->root->headers;
    mime_index_headers(o->headers, &o->index);
    from = mime_index_value(index, MIME_FIELD_FROM);
    o->subject =
        mime_decode_header(m, mime_index_value(index, MIME_FIELD_SUBJECT));
    o->from = mime_decode_header(m, from);
    o->from_address = mime_address(m, from, NULL);
    o->to_address =
        mime_address(m, mime_index_value(index, MIME_FIELD_TO), NULL);
    o->message_id = mime_index_value(index, MIME_FIELD_MESSAGE_ID);
    o->auto_submitted = mime_strip_comments(
        m, mime_index_value(index, MIME_FIELD_AUTO_SUBMITTED));
    o->null_sender = is_null_sender(m, index->first[MIME_FIELD_RETURN_PATH]);
    o->daemon = address_is_daemon(o->from_address) ||
                slice_ends_nocase(slice_trim(o->from), SLICE("<>")) ||
                slice_starts_nocase(o->from, SLICE("mailer-daemon")) ||
                slice_starts_nocase(o->from, SLICE("mail delivery s")) ||
                slice_starts_nocase(o->from, SLICE("postmaster"));
    o->list = is_list_mail(index);
    o->date = date_parse(mime_index_value(index, MIME_FIELD_DATE));
}

bool collect_init(struct collect *collect, struct message *message,
                  const struct mime_part *root)
{
    memset(collect, 0, sizeof(*collect));
    collect->message = message;
    collect->root = root;
    collect->original.date = BOUNCE_NO_TIME;
    read_outer(collect);
    collect->root = mend_multipart(
        message, root,
        collect->outer.index.first[MIME_FIELD_CONTENT_TYPE] != NULL);
    parts_find(collect);
    if (collect->parts.returned != NULL)
        parts_read_returned(collect);
    return message->failed == BOUNCE_OK;
}

/* ---- Events ---------------------------------------------------------- */

static uint32_t hash_recipient(struct bounce_slice s)
{
    uint32_t hash = 2166136261U; /* FNV-1a, case ignored */

    for (size_t i = 0; i < s.len; i++) {
        hash ^= ascii_lower((unsigned char)s.ptr[i]);
        hash *= 16777619U;
    }
    return hash;
}

static uint32_t *find_slot(struct collect *collect,
                           struct bounce_slice recipient)
{
    size_t mask = collect->index_size - 1;
    size_t at = hash_recipient(recipient) & mask;

    while (collect->index[at] != 0) {
        const struct report_event *e = &collect->events[collect->index[at] - 1];
        if (slice_eq_nocase(e->event.recipient, recipient))
            break;
        at = (at + 1) & mask;
    }
    return &collect->index[at];
}

static bool grow(struct collect *collect)
{
    size_t cap = collect->cap == 0 ? 2 : 4 * collect->cap;
    struct report_event *events =
        message_calloc(collect->message, cap, sizeof(*events));

    if (events == NULL)
        return false;
    collect->index =
        message_calloc(collect->message, 2 * cap, sizeof(*collect->index));
    if (collect->index == NULL)
        return false;
    if (collect->count > 0)
        memcpy(events, collect->events, collect->count * sizeof(*events));
    collect->events = events;
    collect->cap = cap;
    collect->index_size = 2 * cap;
    for (size_t i = 0; i < collect->count; i++)
        if (events[i].event.recipient.len > 0)
            *find_slot(collect, events[i].event.recipient) = (uint32_t)i + 1;
    return true;
}

void collect_warn_full(struct collect *collect)
{
    message_warn(collect->message, "too-many-events",
                 "more recipients than the limit; the rest is left out", NULL);
}

struct report_event *collect_add(struct collect *collect,
                                 struct bounce_slice recipient,
                                 struct report_event **same_out)
{
    struct report_event *event;
    uint32_t *slot = NULL;

    if (same_out != NULL)
        *same_out = NULL;
    if (collect->count == collect->message->options->max_events) {
        collect_warn_full(collect);
        return NULL;
    }
    if (collect->count == collect->cap && !grow(collect))
        return NULL;
    if (recipient.len > 0) {
        slot = find_slot(collect, recipient);
        if (*slot != 0) {
            if (same_out != NULL)
                *same_out = &collect->events[*slot - 1];
            return NULL;
        }
        *slot = (uint32_t)collect->count + 1;
    }
    event = &collect->events[collect->count++];
    memset(event, 0, sizeof(*event)); /* a guess may have been taken back */
    event->event.recipient = recipient.len > 0 ? recipient : SLICE_NULL;
    event->event.permanent = -1;
    event->event.verified = -1;
    event->event.confidence = -1;
    event->event.signals.person_left = -1;
    event->event.advice.retry_after_s = -1;
    event->event.sent_at = BOUNCE_NO_TIME;
    event->event.occurred_at = BOUNCE_NO_TIME;
    return event;
}

void collect_reply(struct report_event *event, const struct reply *reply)
{
    struct bounce_event *e = &event->event;
    bool exact = reply->status.len != 0 && !reply_status_vague(reply->status);

    /* DESIGN, "Deciding a verdict" 2: an outer 5.0.0, 4.4.7 or 5.4.7 gives
     * way; so does every field to the reply that it sums up. */
    if (reply->status.len != 0 &&
        (exact || e->status.len == 0 || reply_status_vague(e->status)))
        e->status = reply->status;
    if (reply->code != 0)
        e->reply_code = reply->code;
    if (reply->stage != BOUNCE_STAGE_NONE)
        e->stage = reply->stage;
    if (reply->expired)
        e->expired = true;
    if (e->remote_mta.ptr == NULL)
        e->remote_mta = reply->host.ptr != NULL ? reply->host : reply->ip;
}

/* ---- What all events share ------------------------------------------- */

static void decide_action(struct bounce_event *e)
{
    if (e->action == BOUNCE_ACTION_NONE) {
        char first = e->status.len > 0      ? e->status.ptr[0]
                     : e->reply_code >= 400 ? (char)('0' + e->reply_code / 100)
                                            : '5';
        /* A report without an action tells of a failure; only a status of
         * success says otherwise. */
        e->action =
            first == '2' ? BOUNCE_ACTION_DELIVERED : BOUNCE_ACTION_FAILED;
    }
    if (e->action == BOUNCE_ACTION_FAILED)
        e->kind = BOUNCE_KIND_BOUNCE;
    else if (e->action == BOUNCE_ACTION_DELAYED)
        e->kind = BOUNCE_KIND_DELAY;
    else
        e->kind = BOUNCE_KIND_DELIVERY;
    if (e->kind != BOUNCE_KIND_BOUNCE || e->permanent != -1)
        return;
    if (e->status.len > 0 && e->status.ptr[0] != '2')
        e->permanent = e->status.ptr[0] == '5';
    else if (e->reply_code >= 400)
        e->permanent = e->reply_code >= 500;
    else
        e->permanent = 1; /* the report says that it gave up */
}

void collect_finish(struct collect *collect)
{
    const struct original *o = &collect->original;

    for (size_t i = 0; i < collect->count; i++) {
        struct bounce_event *e = &collect->events[i].event;
        if (e->kind == BOUNCE_KIND_NONE)
            decide_action(e);
        if (e->status.len == 0)
            e->status = SLICE_NULL;
        if (e->recipient.len == 0) {
            e->recipient = SLICE_NULL;
            e->recipient_from = BOUNCE_FROM_NONE;
        }
        e->report_id = collect->outer.message_id;
        if (e->message_id.ptr == NULL)
            e->message_id = o->message_id;
        if (e->subject.ptr == NULL)
            e->subject = o->subject;
        if (e->sender.ptr == NULL)
            e->sender = o->sender;
        if (e->campaign.ptr == NULL)
            e->campaign = o->campaign;
        if (e->feedback_id.ptr == NULL)
            e->feedback_id = o->feedback_id;
        if (e->sent_at == BOUNCE_NO_TIME)
            e->sent_at = o->date;
        if (e->occurred_at == BOUNCE_NO_TIME)
            e->occurred_at = collect->outer.date;
        if (slice_eq_nocase(e->original_recipient, e->recipient))
            e->original_recipient = SLICE_NULL;
    }
}

struct bounce_slice collect_line(struct message *message,
                                 struct bounce_slice text)
{
    bool blank = false;
    uint64_t other = 0;
    char *out;
    size_t n = 0;

    text = slice_trim(text);
    for (size_t at = 0; at < text.len; at += 64) {
        struct block b;

        block_load(&b, text.ptr + at, text.len - at);
        other |= block_between(&b, 0, '\t', '\r');
    }
    if (other == 0) /* no white space but blanks */
        return text;
    out = message_alloc(message, text.len);
    if (out == NULL)
        return text;
    for (size_t i = 0; i < text.len; i++) {
        if (ascii_is_space((unsigned char)text.ptr[i])) {
            blank = true;
            continue;
        }
        if (blank)
            out[n++] = ' ';
        blank = false;
        out[n++] = text.ptr[i];
    }
    return slice_make(out, n);
}
