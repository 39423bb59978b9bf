/* SPDX-License-Identifier: MIT
 * Header fields that somebody asks for, as numbers: each field's name is looked
 * up once, when it is read, and nobody compares names again. */
#ifndef BOUNCE_MIME_FIELD_H
#define BOUNCE_MIME_FIELD_H

#include "base/bits.h"

/* X(the end of MIME_FIELD_, the name). */
#define MIME_FIELDS(X)                                                         \
    /* RFC 5322, 2045, 3834, 2369, 2919 and lists' own */                      \
    X(RECEIVED, "Received")                                                    \
    X(RETURN_PATH, "Return-Path")                                              \
    X(DELIVERED_TO, "Delivered-To")                                            \
    X(FROM, "From")                                                            \
    X(TO, "To")                                                                \
    X(SUBJECT, "Subject")                                                      \
    X(DATE, "Date")                                                            \
    X(MESSAGE_ID, "Message-ID")                                                \
    X(IN_REPLY_TO, "In-Reply-To")                                              \
    X(REFERENCES, "References")                                                \
    X(MIME_VERSION, "MIME-Version")                                            \
    X(CONTENT_TYPE, "Content-Type")                                            \
    X(CONTENT_TRANSFER_ENCODING, "Content-Transfer-Encoding")                  \
    X(AUTO_SUBMITTED, "Auto-Submitted")                                        \
    X(LIST_ID, "List-ID")                                                      \
    X(LIST_POST, "List-Post")                                                  \
    X(LIST_UNSUBSCRIBE, "List-Unsubscribe")                                    \
    X(MAILING_LIST, "Mailing-List")                                            \
    X(X_BEENTHERE, "X-BeenThere")                                              \
    X(X_MAILMAN_VERSION, "X-Mailman-Version")                                  \
    X(FEEDBACK_ID, "Feedback-ID")                                              \
    /* what returned messages begin with */                                    \
    X(X_RECEIVED, "X-Received")                                                \
    X(X_MAILER, "X-Mailer")                                                    \
    X(USER_AGENT, "User-Agent")                                                \
    X(DKIM_SIGNATURE, "DKIM-Signature")                                        \
    X(DOMAINKEY_SIGNATURE, "DomainKey-Signature")                              \
    X(ARC_SEAL, "ARC-Seal")                                                    \
    X(AUTHENTICATION_RESULTS, "Authentication-Results")                        \
    X(X_GOOGLE_SMTP_SOURCE, "X-Google-SMTP-Source")                            \
    X(X_CTCH_REFID, "X-CTCH-RefID")                                            \
    /* who a report is about, without RFC 3464 */                              \
    X(X_FAILED_RECIPIENTS, "X-Failed-Recipients")                              \
    X(X_HMXMR_ORIGINAL_RECIPIENT, "X-HmXmrOriginalRecipient")                  \
    X(X_AMZ_SNS_MESSAGE_ID, "X-Amz-Sns-Message-Id")                            \
    /* RFC 3464, and beside it */                                              \
    X(REPORTING_MTA, "Reporting-MTA")                                          \
    X(ARRIVAL_DATE, "Arrival-Date")                                            \
    X(ORIGINAL_ENVELOPE_ID, "Original-Envelope-ID")                            \
    X(FINAL_RECIPIENT, "Final-Recipient")                                      \
    X(ORIGINAL_RECIPIENT, "Original-Recipient")                                \
    X(ACTION, "Action")                                                        \
    X(ACTION_CUT, "ction")                                                     \
    X(STATUS, "Status")                                                        \
    X(REMOTE_MTA, "Remote-MTA")                                                \
    X(DIAGNOSTIC_CODE, "Diagnostic-Code")                                      \
    X(LAST_ATTEMPT_DATE, "Last-Attempt-Date")                                  \
    X(FINAL_LOG_ID, "Final-Log-ID")                                            \
    X(X_ACTUAL_RECIPIENT, "X-Actual-Recipient")                                \
    X(X_SUPPLEMENTARY_INFO, "X-Supplementary-Info")                            \
    /* RFC 5965, RFC 6591 */                                                   \
    X(FEEDBACK_TYPE, "Feedback-Type")                                          \
    X(SOURCE_IP, "Source-IP")                                                  \
    X(ORIGINAL_MAIL_FROM, "Original-Mail-From")                                \
    X(ORIGINAL_RCPT_TO, "Original-Rcpt-To")                                    \
    X(REMOVAL_RECIPIENT, "Removal-Recipient")                                  \
    X(REDACTED_ADDRESS, "Redacted-Address")                                    \
    X(RECEIVED_DATE, "Received-Date")                                          \
    /* how senders and their services name a campaign: kept together */        \
    X(X_CAMPAIGN_ID, "X-Campaign-ID")                                          \
    X(X_CAMPAIGNID, "X-CampaignID")                                            \
    X(X_CAMPAIGN, "X-Campaign")                                                \
    X(X_MAILGUN_TAG, "X-Mailgun-Tag")                                          \
    X(X_MC_TAGS, "X-MC-Tags")                                                  \
    X(X_MC_METADATA_CAMPAIGN, "X-MC-Metadata-Campaign")                        \
    X(X_PM_TAG, "X-PM-Tag")                                                    \
    X(X_SMTPAPI_CATEGORY, "X-SMTPAPI-Category")                                \
    X(X_SES_MESSAGE_TAGS, "X-SES-Message-Tags")                                \
    X(X_SES_CONFIGURATION_SET, "X-SES-Configuration-Set")                      \
    X(X_MSYS_CAMPAIGN, "X-MSYS-Campaign")                                      \
    X(X_MAILJET_CAMPAIGN, "X-Mailjet-Campaign")                                \
    X(X_CSA_CAMPAIGN, "X-CSA-Campaign")                                        \
    X(X_NEWSLETTER_ID, "X-Newsletter-ID")                                      \
    X(X_MAILING_ID, "X-Mailing-ID")                                            \
    X(X_MAILINGID, "X-MailingID")                                              \
    X(X_JOB, "X-Job")                                                          \
    X(X_JOBID, "X-JobID")                                                      \
    X(X_RPCAMPAIGN, "X-rpcampaign")                                            \
    X(X_TAG, "X-Tag")                                                          \
    X(X_MAILER_CAMPAIGN, "X-Mailer-Campaign")                                  \
    X(CAMPAIGN_ID, "Campaign-ID")                                              \
    X(CAMPAIGN_TOKEN, "Campaign_Token")

#define MIME_FIELD_NUMBER(id, name) MIME_FIELD_##id,
enum mime_field {
    MIME_FIELD_OTHER = 0,
    MIME_FIELDS(MIME_FIELD_NUMBER) MIME_FIELD_COUNT
};
#undef MIME_FIELD_NUMBER

/* By number; that of MIME_FIELD_OTHER is empty. */
extern const struct bounce_slice MIME_FIELD_NAMES[MIME_FIELD_COUNT];

/* Made by tools/genfields.c. By mime_field_slot(): the only field whose name may
 * have that hash, or MIME_FIELD_OTHER. */
enum { MIME_FIELD_SLOT_BITS = 9 };
extern const uint32_t MIME_FIELD_FACTOR;
extern const uint8_t MIME_FIELD_SLOTS[1 << MIME_FIELD_SLOT_BITS];

static inline size_t mime_field_slot(uint32_t hash, uint32_t factor)
{
    return hash * factor >> (32 - MIME_FIELD_SLOT_BITS);
}

/* A hash of a field name, its first and its last eight bytes whatever their
 * case: names that differ only between share it. */
static inline uint32_t mime_name_hash(struct bounce_slice name)
{
    const uint64_t lower = 0x2020202020202020U;
    uint64_t head = 0, tail = 0;

    if (name.len >= 8) {
        head = bits_load64(name.ptr);
        tail = bits_load64(name.ptr + name.len - 8);
    } else if (name.len >= 4) {
        head = bits_load32(name.ptr);
        tail = bits_load32(name.ptr + name.len - 4);
    } else {
        for (size_t i = 0; i < name.len; i++)
            head = head << 8 | (unsigned char)name.ptr[i];
    }
    tail = ((tail | lower) + name.len) * 0x9E3779B97F4A7C15U;
    return (uint32_t)((((head | lower) ^ tail) * 0xC2B2AE3D27D4EB4FU) >> 32);
}

/* The field of that name; hash is its mime_name_hash(). */
static inline enum mime_field mime_field_of_hash(struct bounce_slice name,
                                                 uint32_t hash)
{
    enum mime_field field =
        MIME_FIELD_SLOTS[mime_field_slot(hash, MIME_FIELD_FACTOR)];

    return slice_eq_nocase(name, MIME_FIELD_NAMES[field]) ? field
                                                          : MIME_FIELD_OTHER;
}

static inline enum mime_field mime_field_of(struct bounce_slice name)
{
    return mime_field_of_hash(name, mime_name_hash(name));
}

/* The name of the field that a line of running text seems to be: letters,
 * digits, "-" and "_" right before a colon. Empty: it is none. */
static inline struct bounce_slice mime_field_name(struct bounce_slice line)
{
    enum { LONGEST = 60 };
    size_t len = 0;

    while (len < line.len && len <= LONGEST &&
           (ascii_is_alnum((unsigned char)line.ptr[len]) ||
            line.ptr[len] == '-' || line.ptr[len] == '_'))
        len++;
    if (len == line.len || len > LONGEST || line.ptr[len] != ':')
        len = 0;
    return slice_sub(line, 0, len);
}

#endif
