/* SPDX-License-Identifier: MIT
 * Pages of what is stored. All of them go by key: the cursor of a row says where
 * the next page begins, however much came in between. */
#ifndef BOUNCE_STORE_LIST_H
#define BOUNCE_STORE_LIST_H

#include "store/book.h"
#include "store/record.h"

/* NULL slices and BOUNCE_NO_TIME: any. Several values of one field are joined
 * by commas. */
struct list_filter {
    struct bounce_slice address, domain, state; /* state: active, suspended,
                                                 * suppressed */
    struct bounce_slice cls, category, provider, scope, campaign, ip;
    struct bounce_slice sender_domain, kind, rule;
    int64_t since, until; /* since <= time < until */
    struct bounce_slice cursor;
    size_t limit; /* rows; 0: all */
    bool newest_first;
    /* list_addresses, list_events, list_review: how many rows may be looked at
     * for a page; 0: any number. A page goes along the index that fits the
     * filter best; where few of its rows fit all of the filter, the page ends
     * here, short, and goes on at its end. */
    size_t work;
    /* LIST_CURSOR bytes (may be NULL): the cursor of the next page, empty when
     * there is none. */
    char *next_out;
};
#define LIST_CURSOR 512

/* An unknown word in a filter, a cursor that is none, a field that rows of this
 * kind do not have: STORE_E_VALUE, and the message says which. Everything is
 * read in one transaction: take must not write to the book's store, nor call
 * these functions. */

struct list_address {
    struct bounce_slice address, scope, domain;
    enum bounce_standing standing;    /* at now */
    const struct bounce_cause *cause; /* that speaks; NULL when active */
    enum bounce_slot slot;
    enum bounce_class cls;
    struct bounce_slice provider, campaign;
    const struct bounce_state *state; /* all of it */
    struct bounce_slice cursor;
};
/* By the time that the cause began, newest or oldest first; by key where active
 * ones are asked for too; those of one address by scope. A row whose cause ran
 * out is judged anew. ip, sender_domain and kind are no fields of addresses. */
enum store_err
list_addresses(struct book *book, const struct list_filter *filter, int64_t now,
               bool (*take)(void *ctx, const struct list_address *row),
               void *ctx, struct store_error *error);

struct list_event {
    int64_t seq, recorded_at;
    bool counts, review;
    const struct record *record; /* event whole; advice from the engine */
    const struct record_facts *facts;
    struct bounce_slice cursor;
};
enum store_err list_events(struct book *book, const struct list_filter *filter,
                           bool (*take)(void *ctx,
                                        const struct list_event *row),
                           void *ctx, struct store_error *error);
/* Reports without a safe recipient, breaker cases: the same rows. */
enum store_err list_review(struct book *book, const struct list_filter *filter,
                           bool (*take)(void *ctx,
                                        const struct list_event *row),
                           void *ctx, struct store_error *error);

#define CHANGE_INCIDENT 1U /* flags */
#define CHANGE_ALERT    2U
#define CHANGE_REVIEW   4U
#define CHANGE_OBSERVED 8U
struct list_change {
    int64_t seq, at, recorded_at, until;
    struct bounce_slice address, scope; /* NULL: a hold */
    struct bounce_slice what, was, becomes, outcome, reason, category, entry;
    struct bounce_slice rule, event_id, label, counter;
    unsigned count, needed, flags;
    struct bounce_slice cursor;
};
/* In the order in which they were written; cursor is the last one seen. kind:
 * state, hold; state: what it became. They have no domain, provider, campaign,
 * ip and sender_domain. */
enum store_err list_changes(struct book *book, const struct list_filter *filter,
                            bool (*take)(void *ctx,
                                         const struct list_change *row),
                            void *ctx, struct store_error *error);

/* Holds by the time they began; those that ended too when with_ended. They have
 * no address, state, scope or kind, and no cursor. */
enum store_err
list_holds(struct book *book, const struct list_filter *filter, bool with_ended,
           int64_t now, bool (*take)(void *ctx, const struct bounce_hold *hold),
           void *ctx, struct store_error *error);

/* The recipients of the filter's campaigns (one must be named) whose last word is
 * no delivery: whether the mail may be tried again now, when, or never, for the
 * address's sake, the route's, or the failure's own ("retry", "retry-after",
 * "gave-up", "permanent"). */
struct list_due {
    struct bounce_slice address;
    enum bounce_may may;
    int64_t when; /* BOUNCE_NO_TIME: unknown (LATER) or never */
    const char *reason;
    const struct record *record; /* the last event */
    struct bounce_slice cursor;
};
enum store_err list_due(struct book *book, const struct list_filter *filter,
                        int64_t now,
                        bool (*take)(void *ctx, const struct list_due *row),
                        void *ctx, struct store_error *error);

/* Advice and class of a stored event, which follow from its category and rule:
 * filled in by all of the above. */
void list_complete(const struct bounce_engine *engine,
                   struct bounce_event *event);

#endif
