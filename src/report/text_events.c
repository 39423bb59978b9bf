/* SPDX-License-Identifier: MIT
 * From the entries of a text to events. */
#include "report/address.h"
#include "report/parts.h"
#include "report/reply_code.h"
#include "report/text.h"

static struct bounce_slice failed_header(const struct collect *collect)
{
    return mime_index_value(&collect->outer.index,
                            MIME_FIELD_X_FAILED_RECIPIENTS);
}

/* The address whose local part is name, among those that value lists. */
static struct bounce_slice complete(struct bounce_slice value,
                                    struct bounce_slice name)
{
    struct bounce_slice found, only = SLICE_NULL;
    size_t end, count = 0;

    while ((found = address_find(value, &end)).ptr != NULL) {
        if (found.len > name.len && found.ptr[name.len] == '@' &&
            slice_starts_nocase(found, name))
            return found;
        only = found;
        count++;
        value = slice_from(value, end);
    }
    return count == 1 ? only : SLICE_NULL;
}

/* "ann@store1" is what a system made of the address for itself. */
static bool is_public(struct bounce_slice address)
{
    size_t at = slice_rfind_byte(address, '@');

    return at != SLICE_NPOS &&
           slice_find_byte(slice_from(address, at), '.') != SLICE_NPOS;
}

/* An entry may name a mailbox, a pipe or a person only. */
static struct bounce_slice resolve(const struct collect *collect,
                                   const struct text_entry *entry,
                                   enum bounce_recipient_from *from)
{
    struct bounce_slice found, reply = buf_slice(&entry->reply);
    size_t at;

    *from = BOUNCE_FROM_TEXT;
    if (address_is(entry->recipient) &&
        (is_public(entry->recipient) || !is_public(entry->original)))
        return entry->recipient;
    if (address_is(entry->original))
        return entry->original;
    found = complete(failed_header(collect), entry->recipient);
    if (found.ptr != NULL) {
        *from = BOUNCE_FROM_FAILED_HEADER;
        return found;
    }
    at = slice_find_nocase(reply, SLICE("RCPT TO:"));
    if (at != SLICE_NPOS) {
        *from = BOUNCE_FROM_DIAGNOSTIC;
        return address_find(slice_from(reply, at), NULL);
    }
    found = complete(collect->original.recipient, entry->recipient);
    if (found.ptr != NULL) {
        *from = BOUNCE_FROM_RETURNED_MESSAGE;
        return found;
    }
    *from = BOUNCE_FROM_DIAGNOSTIC;
    return address_find(reply, NULL);
}

/* Facts that the format's patterns took count as the wrapper's own. */
static void read_entry(struct collect *collect, const struct text_entry *entry,
                       struct reply *reply_out)
{
    reply_parse(collect->message, buf_slice(&entry->reply), reply_out);
    if (entry->host.ptr != NULL)
        reply_out->host = entry->host;
    if (entry->ip.ptr != NULL)
        reply_out->ip = entry->ip;
    if (entry->stage != BOUNCE_STAGE_NONE)
        reply_out->stage = entry->stage;
    if (entry->code != 0)
        reply_out->code = entry->code;
    if (entry->status.ptr != NULL && reply_out->status.len == 0)
        reply_out->status = entry->status;
}

static void fill_event(struct collect *collect, struct text_report *report,
                       const struct text_entry *entry,
                       struct report_event *event)
{
    struct bounce_event *e = &event->event;
    struct reply reply;

    read_entry(collect, entry, &reply);
    collect_reply(event, &reply);
    if (entry->reply.len > 0) {
        e->diagnostic =
            collect_line(collect->message, buf_slice(&entry->reply));
        event->context = e->diagnostic;
    }
    if (event->context.ptr == NULL)
        event->context = report->loose;
    if (e->diagnostic.ptr == NULL && report->loose.len > 0)
        e->diagnostic = collect_line(collect->message, report->loose);
    e->action =
        entry->action != BOUNCE_ACTION_NONE ? entry->action : report->action;
    /* A format that gave up says so whatever the section before it was. */
    if (report->action == BOUNCE_ACTION_DELAYED)
        e->action = BOUNCE_ACTION_DELAYED;
    /* "delivery via mx.example.org: 250 2.1.5 Ok" was asked for. */
    if (e->action == BOUNCE_ACTION_NONE)
        e->action = reply.code >= 200 && reply.code < 300
                        ? BOUNCE_ACTION_DELIVERED
                        : BOUNCE_ACTION_FAILED;
    if (report->seen.expired)
        e->expired = true;
    if (e->action == BOUNCE_ACTION_DELAYED)
        e->expired = false;
    e->queue_id = entry->queue;
    if (address_is(entry->original))
        e->original_recipient = entry->original;
}

static void add_event(struct collect *collect, struct text_report *report,
                      const struct text_entry *entry,
                      struct bounce_slice recipient,
                      enum bounce_recipient_from from)
{
    struct report_event *event, *same;

    event = collect_add(collect, recipient, &same);
    if (event == NULL)
        return; /* told twice, in two languages */
    event->event.recipient_from =
        event->event.recipient.ptr != NULL ? from : BOUNCE_FROM_NONE;
    fill_event(collect, report, entry, event);
}

/* Texts that nobody announced name the sender as readily as the recipient. */
static bool is_sender(const struct collect *collect,
                      struct bounce_slice address)
{
    return slice_eq_nocase(address, collect->outer.to_address) ||
           slice_eq_nocase(address, collect->outer.from_address) ||
           slice_eq_nocase(address, collect->original.sender) ||
           address_is_daemon(address);
}

/* RFC 8098: who refused is named by the part for programs. */
static struct bounce_slice disposition_recipient(struct collect *collect)
{
    struct message *m = collect->message;
    struct bounce_slice text, found;

    if (collect->parts.disposition == NULL)
        return SLICE_NULL;
    text = parts_text(collect, collect->parts.disposition);
    found = address_typed(m, mime_value(mime_parse_fields(m, text, NULL),
                                        SLICE("Final-Recipient")));
    return address_is(found) ? found : SLICE_NULL;
}

/* Software of a list that refuses names the list in a field, and in the text
 * whom to ask. */
static struct bounce_slice list_address(const struct collect *collect)
{
    return address_find(
        mime_index_value(&collect->outer.index, MIME_FIELD_X_BEENTHERE), NULL);
}

/* "Contact help@example.org": who is asked for help is no recipient. */
static bool is_helper(struct bounce_slice address)
{
    static const char *const names[] = {"help",     "helpdesk",  "support",
                                        "abuse",    "admin",     "noc",
                                        "security", "webmaster", "hostmaster",
                                        "service",  "noreply",   "no-reply"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct bounce_slice name = slice_cstr(names[i]);
        if (slice_starts_nocase(address, name) && address.len > name.len &&
            address.ptr[name.len] == '@')
            return true;
    }
    return false;
}

/* An address that the text mentions: that of the returned message when it is
 * among them, else the first that is not the sender's. The envelope knows
 * better than a text that mentions somebody else. */
static struct bounce_slice passing_address(const struct collect *collect,
                                           struct bounce_slice text,
                                           struct bounce_slice verp)
{
    struct bounce_slice found, first = SLICE_NULL;
    bool known = collect->original.recipient.ptr != NULL;
    size_t end;

    while ((found = address_find(text, &end)).ptr != NULL) {
        if (slice_eq_nocase(found, collect->original.recipient) ||
            slice_eq_nocase(found, verp))
            return found;
        if (first.ptr == NULL && !is_sender(collect, found) &&
            !(known && is_helper(found)))
            first = found;
        text = slice_from(text, end);
    }
    return verp.ptr != NULL ? SLICE_NULL : first;
}

/* "To: ann@example.org" among the facts of the message that failed. Such lines
 * are no part of what is said of it. */
static struct bounce_slice find_to_line(struct bounce_slice body)
{
    struct bounce_slice line;

    while (slice_next_line(&body, &line))
        if (slice_starts_nocase(slice_trim(line), SLICE("to:")))
            return line;
    return SLICE_NULL;
}

/* No line names a recipient: headers do, or the text does in passing, or the
 * returned message. The whole text is what is said. */
static void add_unnamed(struct collect *collect, struct text_report *report)
{
    struct bounce_slice value = failed_header(collect), found, body, verp;
    enum bounce_recipient_from from = BOUNCE_FROM_FAILED_HEADER;
    struct text_entry entry;
    bool any = false;
    size_t end;

    memset(&entry, 0, sizeof(entry));
    buf_init(&entry.reply, collect->message->arena,
             collect->message->options->max_diagnostic);
    body = report->loose.len > 0 ? report->loose : slice_trim(report->body);
    buf_add(&entry.reply, body);
    while ((found = address_find(value, &end)).ptr != NULL) {
        add_event(collect, report, &entry, found, from);
        any = true;
        value = slice_from(value, end);
    }
    if (any)
        return;
    verp = address_verp(collect->message, collect->outer.to_address);
    from = BOUNCE_FROM_FINAL_RECIPIENT;
    found = disposition_recipient(collect);
    if (found.ptr == NULL && report->known) {
        found = list_address(collect);
        from = BOUNCE_FROM_FAILED_HEADER;
    }
    if (found.ptr == NULL) {
        found = passing_address(collect, body, verp);
        from = BOUNCE_FROM_TEXT;
    }
    if (found.ptr == NULL && verp.ptr == NULL) {
        found = passing_address(collect, find_to_line(report->body), verp);
        if (found.ptr == NULL)
            found = passing_address(collect, collect->outer.subject, verp);
        from = BOUNCE_FROM_TEXT;
    }
    if (found.ptr == NULL) {
        found = verp;
        from = BOUNCE_FROM_VERP;
    }
    if (found.ptr == NULL) {
        found = collect->original.recipient;
        from = BOUNCE_FROM_RETURNED_MESSAGE;
    }
    add_event(collect, report, &entry, found, from);
}

bool text_events(struct collect *collect, struct text_report *report)
{
    struct bounce_slice format = SLICE("text"), system = SLICE_NULL;
    size_t before = collect->count;

    for (size_t i = 0; i < report->count; i++) {
        const struct text_entry *entry = &report->entries[i];
        enum bounce_recipient_from from;
        struct bounce_slice recipient = resolve(collect, entry, &from);
        if (recipient.ptr != NULL &&
            (report->known || !is_sender(collect, recipient)))
            add_event(collect, report, entry, recipient, from);
    }
    if (collect->count == before)
        add_unnamed(collect, report);
    if (report->known) {
        format = format_text(report->format->id, report->format->id_len);
        system =
            format_text(report->format->system, report->format->system_len);
    }
    for (size_t i = before; i < collect->count; i++) {
        collect->events[i].event.format = format;
        collect->events[i].event.written_by = system;
    }
    return collect->count > before;
}

static const struct text_entry *entry_for(const struct text_report *report,
                                          const struct collect *collect,
                                          const struct bounce_event *event)
{
    for (size_t i = 0; i < report->count && i < 1000; i++) {
        const struct text_entry *e = &report->entries[i];
        if (e->recipient.len > 0 &&
            (slice_eq_nocase(e->recipient, event->recipient) ||
             slice_eq_nocase(e->recipient, event->original_recipient) ||
             slice_eq_nocase(e->original, event->recipient)))
            return e;
    }
    return report->count == 1 && collect->count == 1 ? &report->entries[0]
                                                     : NULL;
}

/* Sendmail's fields hold the first line of a reply, its transcript all. */
static bool is_first_line(struct bounce_slice diagnostic,
                          struct bounce_slice reply)
{
    int code;

    return reply_match_code(diagnostic, &code) == 3 && diagnostic.len > 3 &&
           diagnostic.ptr[3] == '-' && reply.len > diagnostic.len &&
           slice_starts(reply, diagnostic);
}

/* failed: the text says that the end has come, whatever the fields say. */
static void improve_event(struct collect *collect, struct report_event *event,
                          const struct text_entry *entry, bool failed)
{
    struct bounce_event *e = &event->event;
    struct reply reply;
    /* X.5.0 of a field is what Sendmail makes of a 554 without a status. */
    bool vague = e->status.len == 0 || reply_status_vague(e->status) ||
                 slice_eq(slice_from(e->status, 1), SLICE(".5.0"));

    read_entry(collect, entry, &reply);
    if (e->reply_code == 0) {
        /* The fields quoted no reply: the text's one is the real one. */
        collect_reply(event, &reply);
    } else if (vague && reply.status.len != 0 &&
               !reply_status_vague(reply.status)) {
        e->status = reply.status;
    }
    if (e->stage == BOUNCE_STAGE_NONE)
        e->stage = reply.stage;
    if (e->remote_mta.ptr == NULL)
        e->remote_mta = reply.host.ptr != NULL ? reply.host : reply.ip;
    if (failed && e->action == BOUNCE_ACTION_DELAYED)
        e->action = BOUNCE_ACTION_FAILED;
    if (reply.expired && e->action != BOUNCE_ACTION_DELAYED)
        e->expired = true;
    if (entry->reply.len > 0)
        event->context = buf_slice(&entry->reply);
    /* An exit status ("X-Unix; 77") is replaced by the words for it. */
    if (entry->reply.len > 0 &&
        (e->diagnostic.len < 4 ||
         is_first_line(e->diagnostic, buf_slice(&entry->reply))))
        e->diagnostic =
            collect_line(collect->message, buf_slice(&entry->reply));
    if (e->original_recipient.ptr == NULL && address_is(entry->original))
        e->original_recipient = entry->original;
}

void text_improve(struct collect *collect, struct text_report *report)
{
    struct bounce_slice human = slice_trim(
        slice_sub(report->body, 0, collect->message->options->max_diagnostic));
    struct bounce_slice system = SLICE_NULL;

    if (report->known)
        system =
            format_text(report->format->system, report->format->system_len);
    for (size_t i = 0; i < collect->count; i++) {
        struct report_event *event = &collect->events[i];
        const struct text_entry *entry =
            entry_for(report, collect, &event->event);

        if (event->event.written_by.ptr == NULL)
            event->event.written_by = system;
        if (event->event.recipient.ptr == NULL && entry != NULL) {
            enum bounce_recipient_from from;
            struct bounce_slice found = resolve(collect, entry, &from);
            if (found.ptr != NULL) {
                event->event.recipient = found;
                event->event.recipient_from = from;
            }
        }
        if (entry != NULL)
            improve_event(collect, event, entry,
                          report->known && report->seen.failed);
        if (event->context.ptr == NULL)
            event->context = human;
    }
}
