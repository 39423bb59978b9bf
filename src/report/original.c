/* SPDX-License-Identifier: MIT */
#include "report/original.h"

#include "base/block.h"
#include "base/date.h"
#include "report/address.h"

static void keep(struct bounce_slice *slot, struct bounce_slice value)
{
    if (slot->ptr == NULL && value.len > 0)
        *slot = value;
}

/* Fields in which senders and their services name the campaign; the first
 * that is there counts. */
static bool is_campaign_field(enum mime_field field)
{
    return field >= MIME_FIELD_X_CAMPAIGN_ID &&
           field <= MIME_FIELD_CAMPAIGN_TOKEN;
}

static struct bounce_slice with_brackets(struct bounce_slice value)
{
    size_t open = slice_find_byte(value, '<');
    size_t close = slice_find_byte(value, '>');

    if (open != SLICE_NPOS && close != SLICE_NPOS && close > open)
        return slice_sub(value, open, close - open + 1);
    return slice_trim(value);
}

/* RFC 2919: a description, then the list's identifier in angle brackets. */
static struct bounce_slice list_id(struct bounce_slice value)
{
    size_t open = slice_rfind_byte(value, '<');
    size_t close = slice_rfind_byte(value, '>');

    if (open == SLICE_NPOS || close == SLICE_NPOS || close <= open + 1)
        return slice_trim(value);
    return slice_trim(slice_sub(value, open + 1, close - open - 1));
}

/* Takes the address of the field unless an earlier one told it. */
static void take_address(struct collect *collect,
                         const struct mime_index *index, enum mime_field field,
                         struct bounce_slice *slot)
{
    if (slot->ptr == NULL && index->first[field] != NULL)
        keep(slot,
             mime_address(collect->message, index->first[field]->value, NULL));
}

void original_from_headers(struct collect *collect,
                           const struct mime_header *headers)
{
    struct original *o = &collect->original;
    struct message *m = collect->message;
    struct bounce_slice value, list = SLICE_NULL;
    struct mime_index index;

    if (headers == NULL)
        return;
    o->found = true;
    mime_index_headers(headers, &index);
    value = mime_index_value(&index, MIME_FIELD_MESSAGE_ID);
    if (value.ptr != NULL)
        keep(&o->message_id, with_brackets(value));
    value = mime_index_value(&index, MIME_FIELD_SUBJECT);
    if (value.ptr != NULL && o->subject.ptr == NULL)
        o->subject = mime_decode_header(m, value);
    /* The envelope sender before the author: the report went to it. */
    take_address(collect, &index, MIME_FIELD_RETURN_PATH, &o->sender);
    take_address(collect, &index, MIME_FIELD_FROM, &o->sender);
    take_address(collect, &index, MIME_FIELD_X_HMXMR_ORIGINAL_RECIPIENT,
                 &o->recipient);
    take_address(collect, &index, MIME_FIELD_TO, &o->recipient);
    take_address(collect, &index, MIME_FIELD_DELIVERED_TO, &o->recipient);
    keep(&o->feedback_id, mime_index_value(&index, MIME_FIELD_FEEDBACK_ID));
    for (const struct mime_header *h = headers; h != NULL; h = h->next) {
        if (is_campaign_field(h->field) && o->campaign.ptr == NULL)
            keep(&o->campaign, mime_decode_header(m, h->value));
        else if (h->field == MIME_FIELD_LIST_ID && list.ptr == NULL)
            keep(&list, list_id(mime_decode_header(m, h->value)));
    }
    keep(&o->campaign, list);
    if (o->date == BOUNCE_NO_TIME)
        o->date = date_parse(mime_index_value(&index, MIME_FIELD_DATE));
}

/* Fields that nobody writes into prose. */
static bool is_strong(enum mime_field field)
{
    switch (field) {
    case MIME_FIELD_RECEIVED:
    case MIME_FIELD_RETURN_PATH:
    case MIME_FIELD_MESSAGE_ID:
    case MIME_FIELD_X_RECEIVED:
    case MIME_FIELD_DKIM_SIGNATURE:
    case MIME_FIELD_DOMAINKEY_SIGNATURE:
    case MIME_FIELD_ARC_SEAL:
    case MIME_FIELD_DELIVERED_TO:
    case MIME_FIELD_AUTHENTICATION_RESULTS:
    case MIME_FIELD_X_MAILER:
    case MIME_FIELD_REFERENCES:
    case MIME_FIELD_X_GOOGLE_SMTP_SOURCE:
    case MIME_FIELD_USER_AGENT:
    case MIME_FIELD_X_CTCH_REFID:
        return true;
    default:
        return false;
    }
}

/* A line such as "Received: from ..." or "Message-Id:<...>". Names that prose
 * uses too ("Subject:", "To:", "Date:") do not begin a returned message but
 * count within one. */
static bool is_header_line(struct bounce_slice line, bool *strong_out)
{
    struct bounce_slice name = mime_field_name(line);

    *strong_out = name.len > 0 && is_strong(mime_field_of(name));
    return name.len > 0;
}

/* Whether count colons stand anywhere. */
static bool has_colons(struct bounce_slice s, unsigned count)
{
    for (size_t at = 0; at < s.len; at += 64) {
        struct block b;
        uint64_t colons;

        block_load(&b, s.ptr + at, s.len - at);
        for (colons = block_equal(&b, ':'); colons != 0; colons &= colons - 1) {
            if (--count == 0)
                return true;
        }
    }
    return false;
}

size_t original_find(struct bounce_slice s)
{
    enum { FIELDS_NEEDED = 3 };
    struct bounce_slice rest = s, line;
    size_t start = 0, fields = 0;
    bool strong = false, open = false;

    if (!has_colons(s, FIELDS_NEEDED))
        return s.len;

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
        if (strong && fields >= FIELDS_NEEDED)
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
