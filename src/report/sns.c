/* SPDX-License-Identifier: MIT */
#include "report/sns.h"

#include "base/buf.h"
#include "base/date.h"
#include "base/utf8.h"
#include "report/address.h"

/* The mailer of the service folds long lines as "!" LF blank, or LF blank. */
static struct bounce_slice unfold(struct message *message,
                                  struct bounce_slice text)
{
    char *out = message_alloc(message, text.len + 1);
    size_t n = 0;

    if (out == NULL)
        return SLICE_NULL;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '!' && i + 2 < text.len && text.ptr[i + 1] == '\n' &&
            text.ptr[i + 2] == ' ')
            i += 2;
        else if (text.ptr[i] == '\n' && i + 1 < text.len &&
                 text.ptr[i + 1] == ' ')
            i += 1;
        else
            out[n++] = text.ptr[i];
    }
    return slice_make(out, n);
}

static uint32_t hex4(struct bounce_slice s)
{
    uint32_t code = 0;

    for (size_t i = 0; i < 4 && i < s.len; i++) {
        unsigned char c = ascii_lower((unsigned char)s.ptr[i]);
        code = code * 16 + (ascii_is_digit(c)      ? (uint32_t)(c - '0')
                            : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                                                   : 0U);
    }
    return code;
}

/* The JSON string (RFC 8259 section 7) whose opening quote is before s. */
static struct bounce_slice read_string(struct message *message,
                                       struct bounce_slice s)
{
    struct buf out;
    size_t i;

    buf_init(&out, message->arena, message->options->max_diagnostic);
    for (i = 0; i < s.len && s.ptr[i] != '"'; i++) {
        char utf8[4];
        uint32_t code;
        if (s.ptr[i] != '\\' || i + 1 >= s.len) {
            buf_add_byte(&out, s.ptr[i]);
            continue;
        }
        i++;
        switch (s.ptr[i]) {
        case 'n':
        case 'r':
        case 't':
            buf_add_byte(&out, ' ');
            break;
        case 'u':
            code = hex4(slice_from(s, i + 1));
            if (code < 0x20 || (code >= 0xD800 && code <= 0xDFFF))
                code = '?';
            buf_add(&out, slice_make(utf8, utf8_encode(code, utf8)));
            i += i + 4 < s.len ? 4 : s.len - 1 - i;
            break;
        default:
            buf_add_byte(&out, s.ptr[i]);
        }
    }
    if (out.failed)
        message->failed = arena_error(message->arena);
    return buf_slice(&out);
}

/* The string that belongs to the next key of that name. The service writes
 * its JSON without blanks or with one behind the colon. */
static struct bounce_slice find_value(struct message *message,
                                      struct bounce_slice s, const char *key,
                                      size_t *end_out)
{
    struct bounce_slice k = slice_cstr(key);
    size_t at = slice_find(s, k);

    *end_out = s.len;
    if (at == SLICE_NPOS)
        return SLICE_NULL;
    at += k.len;
    while (at < s.len &&
           (s.ptr[at] == ' ' || s.ptr[at] == ':' || s.ptr[at] == '['))
        at++;
    if (at >= s.len || s.ptr[at] != '"')
        return SLICE_NULL;
    *end_out = at + 1;
    return read_string(message, slice_from(s, at + 1));
}

static struct bounce_slice value_of(struct message *message,
                                    struct bounce_slice s, const char *key)
{
    size_t end;

    return find_value(message, s, key, &end);
}

static void fill_event(struct collect *collect, struct report_event *event,
                       struct bounce_slice item, enum bounce_action action)
{
    struct message *m = collect->message;
    struct bounce_event *e = &event->event;
    struct bounce_slice s = value_of(m, item, "\"status\"");
    struct reply reply;

    e->action = action;
    e->status = slice_sub(s, 0, reply_match_status(s));
    event->field_status = e->status;
    s = value_of(m, item,
                 action == BOUNCE_ACTION_DELIVERED ? "\"smtpResponse\""
                                                   : "\"diagnosticCode\"");
    if (s.len == 0)
        return;
    if (slice_starts_nocase(s, SLICE("smtp;")))
        s = slice_trim(slice_from(s, 5));
    e->diagnostic = s;
    reply_parse(m, s, &reply);
    collect_reply(event, &reply);
}

/* Everything that one kind of notification lists under its own key. */
static void read_items(struct collect *collect, struct bounce_slice json,
                       const char *list, const char *key,
                       enum bounce_action action, enum bounce_kind kind)
{
    struct message *m = collect->message;
    struct bounce_slice l = slice_cstr(list), date;
    size_t at = slice_find(json, l), end;

    date = value_of(m, json, "\"timestamp\"");
    json = slice_from(json, at == SLICE_NPOS ? json.len : at + l.len);
    for (;;) {
        struct bounce_slice address = find_value(m, json, key, &end), item;
        struct report_event *event;
        size_t next;

        if (address.ptr == NULL || m->failed != BOUNCE_OK)
            return;
        item = slice_from(json, end);
        next = slice_find(item, SLICE("\"emailAddress\""));
        if (next != SLICE_NPOS && kind == BOUNCE_KIND_BOUNCE)
            item = slice_sub(item, 0, next);
        event = collect_add(collect, address, NULL);
        if (event != NULL) {
            event->event.recipient_from = BOUNCE_FROM_FINAL_RECIPIENT;
            event->event.kind = kind;
            event->event.format = SLICE("ses-notification");
            event->event.written_by = SLICE("amazonses");
            event->event.occurred_at = date_parse(date);
            fill_event(collect, event, item, action);
        }
        if (kind == BOUNCE_KIND_DELIVERY)
            return;
        json = slice_from(json, end);
    }
}

static void read_mail(struct collect *collect, struct bounce_slice json)
{
    struct message *m = collect->message;
    size_t at = slice_find(json, SLICE("\"mail\":"));
    struct bounce_slice s;

    if (at == SLICE_NPOS)
        return;
    json = slice_from(json, at);
    collect->original.found = true;
    collect->original.sender = value_of(m, json, "\"source\"");
    s = value_of(m, json, "\"subject\"");
    if (s.len > 0)
        collect->original.subject = s;
    collect->original.date = date_parse(value_of(m, json, "\"timestamp\""));
}

bool sns_read(struct collect *collect)
{
    struct message *m = collect->message;
    struct bounce_slice json = slice_trim(collect->human), type;

    if (collect->outer.index.first[MIME_FIELD_X_AMZ_SNS_MESSAGE_ID] == NULL ||
        json.len == 0 || json.ptr[0] != '{')
        return false;
    json = unfold(m, json);
    type = value_of(m, json, "\"notificationType\"");
    if (type.ptr == NULL)
        type = value_of(m, json, "\"eventType\"");
    read_mail(collect, json);
    if (slice_eq(type, SLICE("Bounce"))) {
        bool soft =
            slice_eq(value_of(m, json, "\"bounceType\""), SLICE("Transient"));
        read_items(collect, json, "\"bouncedRecipients\"", "\"emailAddress\"",
                   BOUNCE_ACTION_FAILED, BOUNCE_KIND_BOUNCE);
        for (size_t i = 0; i < collect->count; i++)
            collect->events[i].event.permanent = soft ? 0 : 1;
    } else if (slice_eq(type, SLICE("Complaint"))) {
        struct bounce_slice why =
            value_of(m, json, "\"complaintFeedbackType\"");
        read_items(collect, json, "\"complainedRecipients\"",
                   "\"emailAddress\"", BOUNCE_ACTION_NONE,
                   BOUNCE_KIND_FEEDBACK);
        for (size_t i = 0; i < collect->count; i++)
            collect->events[i].event.feedback_type =
                why.len > 0 ? why : SLICE("abuse");
    } else if (slice_eq(type, SLICE("Delivery"))) {
        read_items(collect, json, "\"delivery\":", "\"recipients\"",
                   BOUNCE_ACTION_DELIVERED, BOUNCE_KIND_DELIVERY);
    }
    return collect->count > 0;
}
