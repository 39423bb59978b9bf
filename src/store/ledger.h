/* SPDX-License-Identifier: MIT
 * Records into the store: each counts once, the policy speaks, states, holds
 * and changes are written. One transaction a batch.
 *
 * The state of an address is what the policy makes of all its events in the
 * order of their time, whenever they came in: an event that is older than the
 * newest one has the address replayed from its checkpoint. So a replay gives
 * the same as life did. */
#ifndef BOUNCE_STORE_LEDGER_H
#define BOUNCE_STORE_LEDGER_H

#include "store/book.h"
#include "store/record.h"

struct ledger_result {
    bool fresh;    /* false: this very event was there already */
    bool repeated; /* another event told of the same failure before */
    bool changed;  /* a state or a hold is no longer what it was */
    int64_t seq;   /* of its row; 0 when not fresh */
    enum bounce_outcome outcome;
    enum bounce_standing standing; /* of the address, at now */
    bool bad;                      /* the writer left this record out */
};

struct ledger;

struct ledger *ledger_new(struct book *book); /* NULL: memory is out */
void ledger_free(struct ledger *ledger);

/* All of the records, or none: on failure nothing was written, and a bad
 * record gives STORE_E_VALUE with its index in *bad_out (else count).
 * now: Unix seconds when they came in; an event without a time, or of a later
 * one, happens now. results may be NULL. */
enum store_err ledger_apply(struct ledger *ledger, const struct record *records,
                            size_t count, int64_t now,
                            struct ledger_result *results, size_t *bad_out,
                            struct store_error *error);

/* What columns mid of event and sent hold: a hash of the Message-ID, with or
 * without <>; 0: it is empty. */
int64_t ledger_message(const struct ledger *ledger, struct bounce_slice id);

/* One line of the sent log. */
struct sent {
    struct bounce_slice message_id, recipient, scope, campaign, ip;
    struct bounce_slice sender_domain;
    int64_t at;
};
/* The same for the sent log; *fresh_out counts the lines that were new. An
 * interval between two mails to one address is tallied with the later one:
 * detail n stands for 2^n to 2^(n+1) hours, 0 also for less. */
enum store_err ledger_sent(struct ledger *ledger, const struct sent *lines,
                           size_t count, size_t *fresh_out, size_t *bad_out,
                           struct store_error *error);

/* Whether ledger_apply() would take this record, and ledger_sent() this line: it
 * is not bad by itself. */
bool ledger_takes(struct ledger *ledger, const struct record *record,
                  struct store_error *error);
bool ledger_takes_sent(struct ledger *ledger, const struct sent *line,
                       struct store_error *error);

/* How far a source was read: stored by the next ledger_apply() or ledger_sent()
 * in its transaction, so that position and records never part; of each source
 * the newest. mark: what shows that it is still the same file (device, inode, a
 * hash of its beginning). */
bool ledger_position_set(struct ledger *ledger, struct bounce_slice source,
                         int64_t offset, struct bounce_slice mark);
/* Forgets those that wait. */
void ledger_position_clear(struct ledger *ledger);
enum store_err ledger_position_get(struct ledger *ledger,
                                   struct bounce_slice source,
                                   int64_t *offset_out, char *mark_out,
                                   size_t mark_cap, struct store_error *error);

/* Folds events recorded before a time into their address's checkpoint, drops
 * raw reports recorded before another, in steps of at most limit rows; call
 * again while *more_out. Counts of days stay. */
enum store_err ledger_fold(struct ledger *ledger, int64_t events_before,
                           int64_t raw_before, size_t limit, bool *more_out,
                           struct store_error *error);

/* Brings at most limit rows of table state up to date whose suspension or
 * suppression ended before now; call again while *more_out. Nothing that anybody
 * is told changes by that: lists have less to walk over. */
enum store_err ledger_expire(struct ledger *ledger, int64_t now, size_t limit,
                             bool *more_out, struct store_error *error);

/* Walks addresses that have events, replays each one's under another policy
 * (NULL: the book's own), and reports those whose state would differ: bounce
 * policy try, and the proof that replay equals life. Nothing is written.
 * differs returns false to stop. */
struct ledger_difference {
    struct bounce_slice address, scope;
    const struct bounce_state *before, *after;
};
enum store_err
ledger_try(struct ledger *ledger, const struct bounce_policy *policy,
           int64_t now,
           bool (*differs)(void *ctx, const struct ledger_difference *what),
           void *ctx, uint64_t *addresses_out, struct store_error *error);

/* Reads the kept reply of every event again with the book's engine: those whose
 * category would differ. With write the events and the states of their addresses
 * are brought up to date, in one transaction a thousand. */
struct ledger_reclassified {
    struct bounce_slice address, event_id, was, becomes, rule;
};
enum store_err ledger_reclassify(
    struct ledger *ledger, bool write, int64_t now,
    bool (*differs)(void *ctx, const struct ledger_reclassified *what),
    void *ctx, uint64_t *events_out, struct store_error *error);

/* Incidents as they are at now: what was told since the last minute is judged,
 * and those that nobody tells of any more end. ledger_apply() judges a minute
 * when an event of a later one comes; call this when none comes for a while. */
enum store_err ledger_watch(struct ledger *ledger, int64_t now,
                            struct store_error *error);
/* Drops what incidents were found by 35 days ago, at most limit rows; call again
 * while *more_out. */
enum store_err ledger_watch_prune(struct ledger *ledger, int64_t now,
                                  size_t limit, bool *more_out,
                                  struct store_error *error);

/* Everything known of an address is deleted; what suppresses it stays as a
 * keyed digest (table forgotten), which check, ledger_apply and release still
 * honour. *known_out: whether there was anything. */
enum store_err ledger_forget(struct ledger *ledger, struct bounce_slice address,
                             int64_t now, bool *known_out,
                             struct store_error *error);

#endif
