/* SPDX-License-Identifier: MIT */
#include "report/original.h"

#include "base/date.h"
#include "report/address.h"

static void keep(struct bounce_slice *slot, struct bounce_slice value)
{
    if (slot->ptr == NULL && value.len > 0)
        *slot = value;
}

/* Fields in which senders and their services name the campaign; the first
 * that is there counts. */
static bool is_campaign_field(struct bounce_slice name)
{
    static const char *const names[] = {"X-Campaign-ID",
                                        "X-CampaignID",
                                        "X-Campaign",
                                        "X-Mailgun-Tag",
                                        "X-MC-Tags",
                                        "X-MC-Metadata-Campaign",
                                        "X-PM-Tag",
                                        "X-SMTPAPI-Category",
                                        "X-SES-Message-Tags",
                                        "X-SES-Configuration-Set",
                                        "X-MSYS-Campaign",
                                        "X-Mailjet-Campaign",
                                        "X-CSA-Campaign",
                                        "X-Newsletter-ID",
                                        "X-Mailing-ID",
                                        "X-MailingID",
                                        "X-Job",
                                        "X-JobID",
                                        "X-rpcampaign",
                                        "X-Tag",
                                        "X-Mailer-Campaign",
                                        "Campaign-ID",
                                        "Campaign_Token"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (slice_eq_nocase(name, slice_cstr(names[i])))
            return true;
    return false;
}

static struct bounce_slice with_brackets(struct bounce_slice value)
{
    size_t open = slice_find_byte(value, '<');
    size_t close = slice_find_byte(value, '>');

    if (open != SLICE_NPOS && close != SLICE_NPOS && close > open)
        return slice_sub(value, open, close - open + 1);
    return slice_trim(value);
}

static void take_sender(struct collect *collect, struct bounce_slice value)
{
    struct bounce_slice address = mime_address(collect->message, value, NULL);

    if (address.len > 0)
        keep(&collect->original.sender, address);
}

void original_from_headers(struct collect *collect,
                           const struct mime_header *headers)
{
    struct original *o = &collect->original;
    struct message *m = collect->message;
    struct bounce_slice value, list = SLICE_NULL;

    if (headers == NULL)
        return;
    o->found = true;
    value = mime_value(headers, SLICE("Message-ID"));
    if (value.ptr != NULL)
        keep(&o->message_id, with_brackets(value));
    value = mime_value(headers, SLICE("Subject"));
    if (value.ptr != NULL && o->subject.ptr == NULL)
        o->subject = mime_decode_header(m, value);
    /* The envelope sender before the author: the report went to it. */
    take_sender(collect, mime_value(headers, SLICE("Return-Path")));
    take_sender(collect, mime_value(headers, SLICE("From")));
    keep(&o->recipient,
         mime_address(m, mime_value(headers, SLICE("X-HmXmrOriginalRecipient")),
                      NULL));
    keep(&o->recipient,
         mime_address(m, mime_value(headers, SLICE("To")), NULL));
    keep(&o->recipient,
         mime_address(m, mime_value(headers, SLICE("Delivered-To")), NULL));
    keep(&o->feedback_id, mime_value(headers, SLICE("Feedback-ID")));
    for (const struct mime_header *h = headers; h != NULL; h = h->next) {
        if (is_campaign_field(h->name))
            keep(&o->campaign, mime_decode_header(m, h->value));
        else if (slice_eq_nocase(h->name, SLICE("List-ID")))
            keep(&list, mime_decode_header(m, h->value));
    }
    keep(&o->campaign, list);
    if (o->date == BOUNCE_NO_TIME)
        o->date = date_parse(mime_value(headers, SLICE("Date")));
}

/* A line such as "Received: from ..." or "Message-Id:<...>". Names that prose
 * uses too ("Subject:", "To:", "Date:") do not begin a returned message but
 * count within one. */
static bool is_header_line(struct bounce_slice line, bool *strong_out)
{
    static const char *const strong[] = {
        "received",   "return-path",    "message-id",
        "x-received", "dkim-signature", "domainkey-signature",
        "arc-seal",   "delivered-to",   "authentication-results",
        "x-mailer",   "references",     "x-google-smtp-source",
        "user-agent", "x-ctch-refid"};
    size_t colon = slice_find_byte(line, ':');
    struct bounce_slice name;

    *strong_out = false;
    if (colon == SLICE_NPOS || colon == 0 || colon > 60)
        return false;
    name = slice_sub(line, 0, colon);
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alnum((unsigned char)name.ptr[i]) && name.ptr[i] != '-' &&
            name.ptr[i] != '_')
            return false;
    for (size_t i = 0; i < sizeof(strong) / sizeof(strong[0]); i++)
        if (slice_eq_nocase(name, slice_cstr(strong[i])))
            *strong_out = true;
    return true;
}

size_t original_find(struct bounce_slice s)
{
    struct bounce_slice rest = s, line;
    size_t start = 0, fields = 0;
    bool strong = false, open = false;

    while (slice_next_line(&rest, &line)) {
        bool is_strong;
        bool blank = line.len > 0 && ascii_is_space((unsigned char)line.ptr[0]);

        if (open && blank && line.len > 1)
            continue; /* a folded field */
        if (!is_header_line(line, &is_strong)) {
            open = false;
            continue;
        }
        if (!open) {
            start = (size_t)(line.ptr - s.ptr);
            fields = 0;
            strong = false;
            open = true;
        }
        fields++;
        strong = strong || is_strong;
        if (strong && fields >= 3)
            return start;
    }
    return s.len;
}

/* Removes the same indent from all lines ("> " of quoting, blanks of fml). */
static struct bounce_slice outdent(struct message *message,
                                   struct bounce_slice text)
{
    struct bounce_slice rest = text, line;
    size_t indent = 0, n = 0;
    char *out;

    while (indent < text.len &&
           (text.ptr[indent] == ' ' || text.ptr[indent] == '\t' ||
            text.ptr[indent] == '>'))
        indent++;
    if (indent == 0)
        return text;
    out = message_alloc(message, text.len + 1);
    if (out == NULL)
        return text;
    while (slice_next_line(&rest, &line)) {
        line = slice_from(line, indent < line.len ? indent : line.len);
        if (line.len > 0)
            memcpy(out + n, line.ptr, line.len);
        n += line.len;
        out[n++] = '\n';
    }
    return slice_make(out, n > text.len ? text.len : n);
}

void original_from_text(struct collect *collect, struct bounce_slice text)
{
    struct bounce_slice rest = text, line;
    bool strong;

    /* Skip the divider and blank lines behind it. */
    for (;;) {
        struct bounce_slice before = rest, stripped;
        if (!slice_next_line(&rest, &line))
            return;
        stripped = slice_trim(line);
        while (stripped.len > 0 && stripped.ptr[0] == '>')
            stripped = slice_trim(slice_from(stripped, 1));
        if (is_header_line(stripped, &strong) &&
            stripped.ptr[stripped.len - 1] != ':') {
            text = before;
            break;
        }
    }
    text = outdent(collect->message, text);
    original_from_headers(collect,
                          mime_parse_fields(collect->message, text, NULL));
}
