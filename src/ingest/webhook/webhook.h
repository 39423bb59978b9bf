/* SPDX-License-Identifier: MIT
 * Webhooks of sending services: from one HTTP request to records. A pure
 * function: no socket, no clock, no file; keys, certificates, time and the
 * cryptographic module come in as arguments. docs/webhooks.md tells of each
 * service. */
#ifndef BOUNCE_INGEST_WEBHOOK_WEBHOOK_H
#define BOUNCE_INGEST_WEBHOOK_WEBHOOK_H

#include "store/module.h"
#include "store/record.h"

#define HOOK_TOLERANCE_S 300 /* how old a signed time may be */
#define HOOK_KEYS_MAX    8

struct hook_header {
    struct bounce_slice name, value; /* name in any case */
};

struct hook_request {
    const struct hook_header *headers;
    size_t header_count;
    /* The secret that stood in the URL; NULL: none did. Where it stands there
     * is the outer ring's to say. */
    struct bounce_slice url_secret;
    struct bounce_slice body; /* unpacked, else as it came: it was signed */
};

/* What is demanded of a request. All that is set must hold. With nothing set a
 * request is HOOK_OPEN. NULL slices are unset. */
struct hook_config {
    struct bounce_slice service; /* "ses", "sendgrid", ...; any case */
    /* Signing keys, of which one must fit, so that keys can be changed: a
     * secret, or a public key as module.h reads it. Not for ses, whose key is
     * a certificate that anybody may fetch. */
    struct bounce_slice keys[HOOK_KEYS_MAX];
    size_t key_count;
    /* ses: the envelope of SNS must be signed. */
    bool signed_only;
    struct bounce_slice topics; /* ses: allowed TopicArns, by commas */
    /* ses: the PEM that HOOK_FETCH_CERTIFICATE asked for, and its URL. */
    struct bounce_slice certificate, certificate_url;
    struct bounce_slice basic;      /* "user:password" */
    struct bounce_slice bearer;     /* token of "Authorization: Bearer" */
    struct bounce_slice url_secret; /* must be the request's */
    struct bounce_slice url; /* mandrill: as it was entered there; signed */
    /* generic: which member is what, see docs/webhooks.md. */
    struct bounce_slice map;
    struct bounce_slice scope; /* of all records; else what the item names */
    /* Names of the metadata, tag or variable that hold campaign and scope;
     * NULL: "campaign" and "scope". */
    struct bounce_slice campaign_name, scope_name;
    struct bounce_slice source;         /* kept as record.source */
    const struct module_crypto *crypto; /* NULL: not installed */
    int64_t now;                        /* Unix seconds */
    int64_t tolerance_s;                /* 0: HOOK_TOLERANCE_S */
    size_t max_body;                    /* bytes; 0: 8 MiB */
};

enum hook_trust {
    HOOK_SIGNED, /* what the configuration demands is there and right */
    HOOK_OPEN,   /* it demands nothing: anybody may have sent this */
    HOOK_ABSENT, /* signature, Basic authentication or secret is missing */
    HOOK_WRONG,  /* it is there and wrong */
    HOOK_OLD,    /* signed, but at a time too far from now */
    HOOK_NO_KEY  /* cannot be checked: a key, certificate or module is missing
                  * or unfit; result.why tells */
};

/* What the outer ring is asked to do. URLs are https, on a host that the
 * service alone answers for. */
enum hook_action {
    HOOK_NOTHING,
    HOOK_FETCH_CERTIFICATE, /* then call again with certificate (trust NO_KEY) */
    HOOK_CONFIRM            /* GET url: it confirms a subscription */
};

struct hook_bad {
    size_t index;      /* of the item in the body, from 0 */
    const char *cause; /* for people, static */
};

struct hook_result {
    enum hook_trust trust;
    const char *why;  /* for people, static; of trust */
    const char *flaw; /* the whole body is unreadable; NULL: it is not */
    size_t flaw_at;   /* its byte; BOUNCE_NO_OFFSET: none */
    bool too_large;   /* flaw is a limit, not an error of syntax */

    struct record *records;
    size_t count;
    struct hook_bad *bad;
    size_t bad_count;
    size_t items;   /* in the body */
    size_t passed;  /* that tell of no failure: opens, clicks, injections */
    size_t unknown; /* of a kind that this version does not know */

    enum hook_action action;
    struct bounce_slice action_url;
};

/* Reads a request. Unless trust is SIGNED or OPEN there are no records: answer
 * 401 or 403. Records point into arena, request and config, and into the
 * engine's knowledge; event_id is the same each time the service sends the same
 * event. event.verified is 1 when trust is SIGNED, else -1.
 * Errors: BOUNCE_E_NOMEM and BOUNCE_E_LIMIT (arena, reader); BOUNCE_E_ARG: no
 * such service, or a map that cannot be read (result->why tells). */
BOUNCE_CHECK enum bounce_err hook_read(const struct hook_request *request,
                                       const struct hook_config *config,
                                       struct bounce_reader *reader,
                                       struct arena *arena,
                                       struct hook_result *result_out);

/* The i-th service, NULL beyond the last. Static. */
struct hook_service_info {
    const char *name;
    bool signs;     /* keys make sense */
    const char *by; /* what it can be known by, for people */
};
const struct hook_service_info *hook_service_at(size_t i);
/* What is wrong with a configuration, for people, static: an unknown service,
 * keys for one that does not sign, a map that cannot be read. NULL: nothing.
 * scratch may be reset afterwards. */
const char *hook_config_flaw(const struct hook_config *config,
                             struct arena *scratch);
const char *hook_trust_name(enum hook_trust trust); /* "signed", ... */

#endif
