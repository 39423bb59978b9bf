/* SPDX-License-Identifier: MIT */
#include "report/dsn.h"

#include "base/block.h"
#include "base/date.h"
#include "report/address.h"
#include "report/parts.h"
#include "report/text.h"

/* RFC 3464 section 2.2. */
struct per_message {
    struct bounce_slice reporting_mta, queue_id;
    int64_t arrival;
};

/* RFC 3464 section 2.3. */
struct per_recipient {
    struct bounce_slice final, original, actual;
    struct bounce_slice action, status, remote_mta, diagnostic, info;
    struct bounce_slice queue_id;
    int64_t attempt;
    bool used;
};

struct dsn {
    struct collect *collect;
    struct per_message message;
    struct per_recipient one;
    bool any; /* an event was made */
};

/* "dns; mx.example.org (192.0.2.1)": the type and what stands behind the name
 * are taken off. Gmail writes a sentence: "mx.example.org. (192.0.2.1, the
 * server for the domain example.org.)". */
static struct bounce_slice mta_name(struct message *message,
                                    struct bounce_slice value)
{
    struct bounce_slice s = collect_line(message, value);
    size_t semi = slice_find_byte(s, ';'), end;

    if (semi != SLICE_NPOS && semi < 40)
        s = slice_trim(slice_from(s, semi + 1));
    for (end = 0; end < s.len && s.ptr[end] != ' ' && s.ptr[end] != '('; end++)
        ;
    s = slice_sub(s, 0, end);
    if (s.len > 2 && s.ptr[0] == '<' && s.ptr[s.len - 1] == '>')
        s = slice_sub(s, 1, s.len - 2);
    while (s.len > 0 && (s.ptr[s.len - 1] == '.' || s.ptr[s.len - 1] == ':'))
        s.len--;
    return s.len > 0 ? s : SLICE_NULL;
}

/* RFC 3464 section 2.3.3, and words that systems write beside it. */
static enum bounce_action read_action(struct bounce_slice value,
                                      bool *expired_out)
{
    static const struct {
        struct bounce_slice word;
        enum bounce_action action;
    } words[] = {
        {{"failed", 6}, BOUNCE_ACTION_FAILED},
        {{"failure", 7}, BOUNCE_ACTION_FAILED},
        {{"delayed", 7}, BOUNCE_ACTION_DELAYED},
        {{"delivered", 9}, BOUNCE_ACTION_DELIVERED},
        {{"deliverable", 11}, BOUNCE_ACTION_DELIVERED},
        {{"relayed", 7}, BOUNCE_ACTION_RELAYED},
        {{"expanded", 8}, BOUNCE_ACTION_EXPANDED},
        {{"undeliver", 9}, BOUNCE_ACTION_FAILED},
        {{"expired", 7}, BOUNCE_ACTION_FAILED},
        {{"error", 5}, BOUNCE_ACTION_FAILED},
    };

    *expired_out = slice_starts_nocase(value, SLICE("expired"));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (slice_starts_nocase(value, words[i].word))
            return words[i].action;
    return BOUNCE_ACTION_NONE;
}

/* "smtp; 550 ..." without its type; Sendmail's X-Unix keeps only an exit
 * status behind it. */
static struct bounce_slice read_diagnostic(struct message *message,
                                           struct bounce_slice value)
{
    struct bounce_slice s;
    size_t semi, i;

    s = collect_line(message, mime_decode_header(message, value));
    semi = slice_find_byte(s, ';');
    if (semi == SLICE_NPOS || semi > 40)
        return s;
    for (i = 0; i < semi; i++)
        if (!ascii_is_alnum((unsigned char)s.ptr[i]) && s.ptr[i] != '-' &&
            s.ptr[i] != '_')
            return s; /* "550 Bad; ...", written without a type */
    return ascii_is_digit((unsigned char)s.ptr[0])
               ? s
               : slice_trim(slice_from(s, semi + 1));
}

/* Which address the event is about: the final recipient, unless a pipe, a
 * file or a name of another mail system stands there. */
static struct bounce_slice choose_recipient(struct dsn *dsn,
                                            enum bounce_recipient_from *from)
{
    struct message *m = dsn->collect->message;
    const struct per_recipient *r = &dsn->one;
    struct bounce_slice s = address_typed(m, r->final), first = s;
    size_t at = slice_rfind_byte(s, '@');

    *from = BOUNCE_FROM_FINAL_RECIPIENT;
    /* "user@server": the address of a store, made from the real one. */
    if (address_is(s) && slice_find_byte(slice_from(s, at), '.') != SLICE_NPOS)
        return s;
    s = address_typed(m, r->original);
    *from = BOUNCE_FROM_ORIGINAL_RECIPIENT;
    if (address_is(s))
        return s;
    s = address_is(first) ? first : address_typed(m, r->actual);
    if (address_is(s)) {
        *from = BOUNCE_FROM_FINAL_RECIPIENT;
        return s;
    }
    /* "|/usr/bin/prog user@example.org": what the pipe was called for. */
    s = address_find(r->final, NULL);
    *from = BOUNCE_FROM_FINAL_RECIPIENT;
    return s;
}

/* "X-Unix; 77": what a program returned is no reply. */
static bool is_exit_status(struct bounce_slice raw,
                           struct bounce_slice diagnostic)
{
    if (!slice_starts_nocase(slice_trim(raw), SLICE("x-unix")))
        return false;
    for (size_t i = 0; i < diagnostic.len; i++)
        if (!ascii_is_digit((unsigned char)diagnostic.ptr[i]))
            return false;
    return true;
}

static void fill_event(struct dsn *dsn, struct report_event *event)
{
    struct collect *collect = dsn->collect;
    struct message *m = collect->message;
    const struct per_recipient *r = &dsn->one;
    struct bounce_event *e = &event->event;
    struct bounce_slice s;
    struct reply reply;
    bool expired;

    e->action = read_action(slice_trim(r->action), &expired);
    e->expired = expired;
    s = mime_strip_comments(m, r->status);
    e->status = slice_sub(s, 0, reply_match_status(s));
    if (e->status.len == 0)
        e->status = SLICE_NULL;
    event->field_status = e->status;
    if (r->original.ptr != NULL) {
        s = address_typed(m, r->original);
        if (address_is(s))
            e->original_recipient = s;
    }
    e->remote_mta = mta_name(m, r->remote_mta);
    /* Exchange 2003 puts the reply into a field of its own. */
    e->diagnostic = read_diagnostic(
        m, slice_trim(r->diagnostic).len > 0 ? r->diagnostic : r->info);
    if (e->diagnostic.len == 0)
        e->diagnostic = SLICE_NULL;
    if (e->diagnostic.ptr != NULL &&
        !is_exit_status(r->diagnostic, e->diagnostic)) {
        reply_parse(m, e->diagnostic, &reply);
        collect_reply(event, &reply);
    }
    /* X.4.7: the message was too old, whatever the last reply was. */
    if (slice_ends_nocase(event->field_status, SLICE(".4.7")) &&
        e->action == BOUNCE_ACTION_FAILED)
        e->expired = true;
    e->occurred_at = r->attempt;
    e->reporting_mta = dsn->message.reporting_mta;
    e->queue_id = r->queue_id.ptr != NULL ? r->queue_id : dsn->message.queue_id;
    e->format = collect->parts.status != NULL ? SLICE("rfc3464")
                                              : SLICE("rfc3464-text");
}

static void end_recipient(struct dsn *dsn)
{
    enum bounce_recipient_from from;
    struct bounce_slice recipient;
    struct report_event *event;

    if (dsn->one.used) {
        recipient = choose_recipient(dsn, &from);
        event = collect_add(dsn->collect, recipient, NULL);
        if (event != NULL) {
            if (event->event.recipient.ptr != NULL)
                event->event.recipient_from = from;
            fill_event(dsn, event);
        }
        dsn->any = true;
    }
    memset(&dsn->one, 0, sizeof(dsn->one));
    dsn->one.attempt = BOUNCE_NO_TIME;
}

/* A field that stands once in a group begins the next group when it comes
 * again: some systems leave the blank lines out. */
static void set_once(struct dsn *dsn, struct bounce_slice *slot,
                     struct bounce_slice value)
{
    if (slot->ptr != NULL) {
        bool keep = slot == &dsn->one.final && dsn->one.action.ptr == NULL &&
                    dsn->one.status.ptr == NULL;
        if (!keep)
            end_recipient(dsn);
    }
    *slot = value;
    dsn->one.used = true;
}

static void keep(struct bounce_slice *slot, struct bounce_slice value)
{
    if (slot->ptr == NULL)
        *slot = value;
}

/* Fields that begin a recipient or go on with one. */
static bool take_recipient_field(struct dsn *dsn, const struct mime_header *h)
{
    struct per_recipient *r = &dsn->one;

    switch (h->field) {
    case MIME_FIELD_FINAL_RECIPIENT:
        set_once(dsn, &r->final, h->value);
        return true;
    case MIME_FIELD_ORIGINAL_RECIPIENT:
        set_once(dsn, &r->original, h->value);
        return true;
    case MIME_FIELD_ACTION:
    /* "ction: failed": the first letter is lost where a fold went wrong. */
    case MIME_FIELD_ACTION_CUT:
        set_once(dsn, &r->action, h->value);
        return true;
    case MIME_FIELD_STATUS:
        keep(&r->status, h->value);
        return true;
    case MIME_FIELD_DIAGNOSTIC_CODE:
        keep(&r->diagnostic, h->value);
        return true;
    case MIME_FIELD_REMOTE_MTA:
        keep(&r->remote_mta, h->value);
        return true;
    case MIME_FIELD_X_ACTUAL_RECIPIENT:
        r->actual = h->value;
        return true;
    case MIME_FIELD_X_SUPPLEMENTARY_INFO:
        r->info = h->value;
        return true;
    case MIME_FIELD_LAST_ATTEMPT_DATE:
        r->attempt = date_parse(h->value);
        return true;
    case MIME_FIELD_FINAL_LOG_ID:
        r->queue_id = slice_trim(h->value);
        return true;
    default:
        return false;
    }
}

static void take_field(struct dsn *dsn, const struct mime_header *h)
{
    struct per_message *m = &dsn->message;

    if (take_recipient_field(dsn, h))
        return;
    if (h->field == MIME_FIELD_REPORTING_MTA) {
        if (m->reporting_mta.ptr == NULL)
            m->reporting_mta = mta_name(dsn->collect->message, h->value);
    } else if (h->field == MIME_FIELD_ARRIVAL_DATE) {
        m->arrival = date_parse(h->value);
    } else if (slice_ends_nocase(h->name, SLICE("-Queue-ID")) ||
               slice_ends_nocase(h->name, SLICE("-QueueID"))) {
        m->queue_id = slice_trim(h->value);
    }
}

/* The headers of a returned message that follows in the same text. */
static bool is_foreign(const struct mime_header *h)
{
    return h->field == MIME_FIELD_RETURN_PATH ||
           h->field == MIME_FIELD_RECEIVED ||
           h->field == MIME_FIELD_CONTENT_TYPE ||
           h->field == MIME_FIELD_MIME_VERSION ||
           h->field == MIME_FIELD_MESSAGE_ID;
}

/* Returns what stands behind the fields: the returned message, or nothing. */
static struct bounce_slice read_groups(struct dsn *dsn,
                                       struct bounce_slice text)
{
    struct message *m = dsn->collect->message;
    size_t max = m->options->max_events;

    while (text.len > 0 && m->failed == BOUNCE_OK) {
        const struct mime_header *h;
        struct bounce_slice rest;

        h = mime_parse_fields(m, text, &rest);
        for (; h != NULL; h = h->next) {
            if (is_foreign(h) && dsn->any)
                return text;
            take_field(dsn, h);
        }
        /* One blank line too many between the fields of one recipient is
         * seen; a group that names nobody goes on with the next one. */
        if (dsn->one.final.ptr != NULL || dsn->one.original.ptr != NULL)
            end_recipient(dsn);
        if (rest.len >= text.len)
            break;
        text = rest;
        if (dsn->collect->count < max)
            continue;
        if (slice_trim(text).len > 0)
            collect_warn_full(dsn->collect);
        break;
    }
    return SLICE_NULL;
}

/* Whether "t:" stands anywhere: Final-Recipient and Original-Recipient end so. */
static bool may_name_recipient(struct bounce_slice s)
{
    for (size_t at = 0; at < s.len; at += 64) {
        struct block b;
        uint64_t colons;

        block_load(&b, s.ptr + at, s.len - at);
        for (colons = block_equal(&b, ':'); colons != 0; colons &= colons - 1) {
            size_t colon = at + bits_lowest(colons);

            if (colon > 0 && (s.ptr[colon - 1] | 0x20) == 't')
                return true;
        }
    }
    return false;
}

/* The offset of the first line that is a field of RFC 3464; s.len: none. */
static size_t find_fields(struct bounce_slice s)
{
    struct bounce_slice rest = s, line;
    size_t start = s.len;
    bool recipient = false, action = false;

    if (!may_name_recipient(s))
        return s.len;
    while (slice_next_line(&rest, &line)) {
        enum mime_field field = mime_field_of(mime_field_name(line));

        switch (field) {
        case MIME_FIELD_FINAL_RECIPIENT:
        case MIME_FIELD_ORIGINAL_RECIPIENT:
            recipient = true;
            break;
        case MIME_FIELD_ACTION:
        case MIME_FIELD_STATUS:
            action = true;
            break;
        case MIME_FIELD_REPORTING_MTA:
        case MIME_FIELD_ORIGINAL_ENVELOPE_ID:
            break;
        default:
            continue;
        }
        if (start == s.len && field != MIME_FIELD_STATUS)
            start = (size_t)(line.ptr - s.ptr);
        if (recipient && action)
            return start;
    }
    return s.len;
}

bool dsn_read(struct collect *collect)
{
    struct dsn dsn;
    struct bounce_slice text;
    size_t at;

    memset(&dsn, 0, sizeof(dsn));
    dsn.collect = collect;
    dsn.message.arrival = dsn.one.attempt = BOUNCE_NO_TIME;
    if (collect->parts.status != NULL) {
        text = mime_decode_body(collect->message, collect->parts.status,
                                collect->message->options->max_message);
        (void)read_groups(&dsn, text);
    }
    if (!dsn.any) {
        /* Amazon WorkMail and broken multiparts: the fields stand in text. */
        at = find_fields(collect->human);
        if (at == collect->human.len)
            return false;
        text = read_groups(&dsn, slice_from(collect->human, at));
        if (!dsn.any)
            return false;
        collect->tail = text.ptr != NULL ? text : slice_make("", 0);
        collect->human = slice_sub(collect->human, 0, at);
    }
    if (collect->count == 0) /* fields, but no address in any of them */
        (void)collect_add(collect, SLICE_NULL, NULL);
    /* A message fails some time after it arrived (RFC 3464 section 2.2.5): the
     * date of the report itself is nearer, where it has one. */
    for (size_t i = 0; i < collect->count; i++)
        if (collect->events[i].event.occurred_at == BOUNCE_NO_TIME &&
            collect->outer.date == BOUNCE_NO_TIME)
            collect->events[i].event.occurred_at = dsn.message.arrival;
    return true;
}
