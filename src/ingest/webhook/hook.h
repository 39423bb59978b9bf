/* SPDX-License-Identifier: MIT
 * What the services' files share: one request on its way to records. */
#ifndef BOUNCE_INGEST_WEBHOOK_HOOK_H
#define BOUNCE_INGEST_WEBHOOK_HOOK_H

#include "base/vec.h"
#include "ingest/json.h"
#include "ingest/webhook/webhook.h"

#define HOOK_COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct hook {
    const struct hook_request *request;
    const struct hook_config *config;
    const struct hook_service *service;
    struct bounce_reader *reader;
    struct arena *arena;
    struct hook_result *result;
    struct vec records, bad;
    enum bounce_err failed; /* memory or a limit; sticky */
    struct json *body;      /* of a form: an object of its fields */
    const struct json *item;
    size_t index;      /* of item */
    const void *notes; /* the service's own */
};

/* A service: one file each. */
struct hook_service {
    struct hook_service_info info;
    bool form;        /* bodies may be forms */
    bool many;        /* several values may follow one another (NDJSON) */
    bool signed_body; /* the signature stands in the body: parse before */
    /* Checks the signature that the configuration demands; NULL: it has none.
     * Says why through hook_distrust(). */
    enum hook_trust (*verify)(struct hook *hook);
    void (*read)(struct hook *hook); /* hook->body into records */
};

extern const struct hook_service hook_brevo, hook_generic, hook_kumomta,
    hook_mailchimp, hook_mailersend, hook_mailgun, hook_mailjet, hook_mailtrap,
    hook_mandrill, hook_postal, hook_postmark, hook_resend, hook_sendgrid,
    hook_ses, hook_sparkpost, hook_sweego, hook_unisender_go;

/* What a word of a service says. */
struct hook_word {
    const char *word;
    enum bounce_kind kind; /* NONE: nothing that matters here */
    int permanent;         /* 1, 0, or -1 unknown */
    enum bounce_class cls; /* the service's own */
    /* What it means where the reply says nothing; NULL: it stays open. Of class
     * admin the service itself is the source: no reply overrules it. */
    const char *category;
    const char *suppressed_for; /* of "suppressed"; NULL: unknown */
};

/* What one item says of one recipient. Unknown slices are NULL. */
struct hook_event {
    enum bounce_kind kind;
    enum bounce_class cls; /* the service's own */
    int permanent, reply_code;
    unsigned tries;
    bool expired;
    bool no_recipient; /* the service does not say which of several it was */
    /* text is the service's own sentence, so that no rule reads it; always so of
     * class admin. */
    bool told;
    struct bounce_slice recipient; /* may be "Name <a@b>" */
    struct bounce_slice text;      /* the server's reply, else what is told */
    struct bounce_slice status;
    struct bounce_slice verdict; /* the service's words */
    struct bounce_slice category, suppressed_for;
    struct bounce_slice feedback_type;
    struct bounce_slice report_id;  /* the service's id of this very event */
    struct bounce_slice message_id; /* Message-ID; <> are added */
    struct bounce_slice queue_id;   /* the service's id of the message */
    struct bounce_slice sender, subject, ip, remote_mta, reporting_mta;
    struct bounce_slice campaign, scope;
    const struct json *tags;     /* array, object of arrays, or string */
    const struct json *metadata; /* object */
    int64_t at, sent_at;         /* Unix seconds; BOUNCE_NO_TIME unknown */
    int64_t waiting_s;           /* -1 unknown */
};

void hook_event_init(struct hook_event *event);
/* The row of a word, in any case; NULL: not there. */
const struct hook_word *hook_word_find(const struct hook_word *words,
                                       size_t count, struct bounce_slice word);
/* Takes kind, permanent, class, category and suppressed_for of a word. */
void hook_event_take(struct hook_event *event, const struct hook_word *word);

/* Begins event with a word. false when that is all: the word is empty (the
 * item is bad), unknown, or tells of nothing that matters; that was counted. */
bool hook_event_begin(struct hook *hook, struct hook_event *event,
                      const struct hook_word *words, size_t count,
                      struct bounce_slice word);

/* Judges event and makes it a record of the current item. One without a
 * recipient names the item as bad. */
void hook_add(struct hook *hook, const struct hook_event *event);
/* The same for an entry of the service's own suppression list. */
void hook_add_suppression(struct hook *hook, const struct hook_event *event,
                          enum bounce_slot slot, int64_t until);
void hook_bad_item(struct hook *hook, const char *cause);
void hook_pass(struct hook *hook);
void hook_unknown(struct hook *hook);

/* Calls read for each element of list, or for list itself when it is an
 * object; what is no object, or names a member twice, is bad. */
void hook_each(struct hook *hook, const struct json *list,
               void (*read)(struct hook *hook, const struct json *item));

/* A time as services write it: Unix seconds or milliseconds, or a date. */
int64_t hook_time(const struct json *value);
/* The first text of a string, or of an array's first element. */
struct bounce_slice hook_first_text(const struct json *value);
/* Whether a word stands in text, in any case. */
bool hook_mentions(struct bounce_slice text, const char *word);
/* What a suppression list is about, from a service's words: "bounce",
 * "unsubscribe", "complaint", else NULL. */
struct bounce_slice hook_suppressed_for(struct bounce_slice text);
/* A class word of a taxonomy: "hard", "soft", "block", ...; NONE: another. */
enum bounce_class hook_class(struct bounce_slice word);
/* Category and class that a label of data/labels means. */
void hook_event_label(struct hook *hook, struct hook_event *event,
                      const char *taxonomy, struct bounce_slice label);
/* The reply code that text begins with, or 0. */
int hook_reply_code(struct bounce_slice text);
/* a, separator and b in the arena; only one of them when the other is empty. */
struct bounce_slice hook_join(struct hook *hook, struct bounce_slice a,
                              const char *separator, struct bounce_slice b);
/* Remembers a failure of the arena. */
void *hook_keep(struct hook *hook, void *ptr);

/* ---- sign.c ---------------------------------------------------------- */

/* trust, having said why (static). */
enum hook_trust hook_distrust(struct hook *hook, enum hook_trust trust,
                              const char *why);
/* The value of a header; NULL: it is not there. */
struct bounce_slice hook_header(const struct hook *hook, const char *name);
/* In a time that depends on the lengths alone. */
bool hook_equal(struct bounce_slice a, struct bounce_slice b);
/* Basic authentication, bearer token, secret of the URL. SIGNED: all that is
 * demanded is right, or nothing is. */
enum hook_trust hook_verify_access(struct hook *hook);
/* Whether a signed time (Unix seconds) is near enough to now. */
enum hook_trust hook_verify_time(struct hook *hook, int64_t at);
/* Whether mac is the HMAC-SHA-256 (or -SHA-1) of text under one of the keys. */
enum hook_trust hook_verify_hmac(struct hook *hook, struct bounce_slice text,
                                 struct bounce_slice mac, bool sha1);
/* A signature by a public key: any of the keys. */
enum hook_trust hook_verify_key(struct hook *hook, enum module_signature how,
                                struct bounce_slice text,
                                struct bounce_slice signature);
/* Standard Webhooks, and Svix before it: PREFIX-id, -timestamp, -signature. */
enum hook_trust hook_verify_standard(struct hook *hook, const char *prefix);
/* The HMAC of the body as hex or base64 in one header. */
enum hook_trust hook_verify_header(struct hook *hook, const char *header);
/* Decoded, in the arena; empty when it is neither. */
struct bounce_slice hook_from_hex(struct hook *hook, struct bounce_slice hex);
struct bounce_slice hook_from_base64(struct hook *hook,
                                     struct bounce_slice text);
/* Pieces one after the other, NUL-terminated, in the arena. */
struct bounce_slice
hook_concat(struct hook *hook, const struct bounce_slice *pieces, size_t count);

/* ---- form.c ---------------------------------------------------------- */

/* The fields of a form (application/x-www-form-urlencoded, or multipart/
 * form-data with that content_type) as an object of strings; of fields that
 * stand twice the first is found. NULL: it is none (*flaw_out says why), or
 * memory is out (*flaw_out is NULL). */
struct json *hook_form_read(struct arena *arena, struct bounce_slice body,
                            struct bounce_slice content_type,
                            const char **flaw_out);

#endif
