/* SPDX-License-Identifier: MIT */
#include "ingest/sent.h"

#include "ingest/times.h"

/* In the order of a file without titles. */
enum {
    MESSAGE_ID,
    RECIPIENT,
    SCOPE,
    CAMPAIGN,
    IP,
    SENDER_DOMAIN,
    TIME,
    FIELDS
};

static const char *const titles[FIELDS] = {
    "messageid msgid smtpid internetmessageid headersmessageid mid id",
    "recipient email rcptto rcpt to address emailaddress recipientemail",
    "scope list listid listname brand stream messagestream",
    "campaign campaignid campaignname mailing mailingid newsletter broadcast "
    "tag",
    "ip sendingip sendip sourceip localip outboundip",
    "senderdomain fromdomain sendingdomain domain from sender mailfrom "
    "envelopesender returnpath",
    "time sentat timestamp date datetime at senttime createdat eventtime",
};

/* "Ann <ann@example.org>" and "bounces@example.org" give the domain. */
static struct bounce_slice domain_of(struct bounce_slice text)
{
    size_t at = slice_rfind_byte(text, '@');

    if (at != SLICE_NPOS)
        text = slice_from(text, at + 1);
    text = slice_sub(text, 0, slice_find_byte(text, '>'));
    return slice_trim(text);
}

const char *sent_read(const struct row *row, int64_t now, struct sent *sent_out)
{
    struct bounce_slice values[FIELDS] = {0};

    for (size_t i = 0; i < FIELDS; i++) {
        if (row->titled)
            values[i] = row_first(row, titles[i]);
        else if (i < row->count && row->values[i].len > 0)
            values[i] = row->values[i];
    }
    if (values[MESSAGE_ID].len == 0)
        return "no message id";
    if (values[RECIPIENT].len == 0)
        return "no recipient";
    *sent_out = (struct sent){.message_id = values[MESSAGE_ID],
                              .recipient = values[RECIPIENT],
                              .scope = values[SCOPE],
                              .campaign = values[CAMPAIGN],
                              .ip = values[IP],
                              .at = now};
    if (values[SENDER_DOMAIN].len > 0)
        sent_out->sender_domain = domain_of(values[SENDER_DOMAIN]);
    if (values[TIME].len > 0)
        sent_out->at = times_parse(values[TIME]);
    return sent_out->at == BOUNCE_NO_TIME ? "the time cannot be read" : NULL;
}
