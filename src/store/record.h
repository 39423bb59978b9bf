/* SPDX-License-Identifier: MIT
 * One thing that was told of one recipient, or that a person did, on its way
 * into the store and out again. */
#ifndef BOUNCE_STORE_RECORD_H
#define BOUNCE_STORE_RECORD_H

#include "base/arena.h"

/* Kinds of a row of table event beyond enum bounce_kind: what people did.
 * They are kept among the events, so that a replay does them again. */
enum record_act {
    RECORD_EVENT = 0,      /* what bounce_event.kind says */
    RECORD_SUPPRESS = 100, /* by hand or by import */
    RECORD_RELEASE = 101,
    RECORD_FORGOTTEN = 102 /* what remained of a forgotten address */
};

/* Borrowed slices; NULL is unknown. The route's facts (ip, sender_domain,
 * scope and campaign of the event) are filled in from the sent log when they
 * are unknown and the Message-ID is there. */
struct record {
    enum record_act act;
    struct bounce_event event; /* its recipient names the address */
    struct bounce_slice source;
    int64_t offset;          /* in source; -1 unknown */
    struct bounce_slice raw; /* the report's bytes; kept with --keep-raw */

    struct bounce_slice ip, sender_domain; /* of what was sent */
    struct bounce_slice envelope_id;       /* RFC 3461 ENVID */
    enum bounce_class service_class;
    int dns_domain;     /* as in bounce_policy_input */
    int64_t engaged_at; /* as there */
    int64_t waiting_s;  /* as there; -1 unknown */
    unsigned tries;

    /* RECORD_SUPPRESS and RECORD_RELEASE */
    enum bounce_slot slot;
    int64_t until; /* BOUNCE_NO_TIME: without end */
    struct bounce_slice reason;
    bool consent; /* a release that also lifts complaint and unsubscribe */
};

/* Everything unknown, then a copy of *event (may be NULL). */
void record_init(struct record *record, const struct bounce_event *event);
/* A deep copy in arena. false when memory is out. */
bool record_copy(struct record *record_out, const struct record *record,
                 struct arena *arena);

/* What of an event stands in no column, as compact JSON: members named as in
 * bounce(1), unknown ones left out, advice and labels too, since they follow
 * from the rest. Writes at most cap bytes, returns the length it needs. */
size_t record_body_write(const struct record *record, char *buf, size_t cap);
/* The way back into event (fields the body does not have stay as they are);
 * text goes into arena. false: it is no body, or memory is out. */
bool record_body_read(struct bounce_slice body, struct arena *arena,
                      struct record *record);

/* The policy's facts of a record, "dns=1 waiting=30 tries=2 ..."; empty when
 * all are unknown. As bounce_policy_input has them, for replays. */
struct record_facts {
    enum bounce_class service_class;
    int dns_domain;
    int64_t domain_delivered_at, engaged_at, waiting_s, told_at;
    unsigned tries, breaker;
    char suppressed_for[24];
    enum bounce_slot slot; /* of RECORD_SUPPRESS */
    int64_t until;
    bool consent;
    bool reply_alone; /* the kept reply alone led to the verdict: what
                       * ledger_reclassify() may judge again */
};
void record_facts_init(struct record_facts *facts);
size_t record_facts_write(const struct record_facts *facts, char *buf,
                          size_t cap);
bool record_facts_read(struct bounce_slice text,
                       struct record_facts *facts_out);

#endif
