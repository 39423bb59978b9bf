/* SPDX-License-Identifier: MIT
 * The inside of the ledger, for ledger*.c alone.
 *
 * A batch is worked off by address. An entry is an event on its way in, or a
 * stored one that is replayed: both go to the policy through the same function,
 * so that a replay cannot but give what life gave. A person is an address with
 * its entries; a sheet is one of its states, for the store or a scope. */
#ifndef BOUNCE_STORE_LEDGER_IN_H
#define BOUNCE_STORE_LEDGER_IN_H

#include "base/arena.h"
#include "store/event_day.h"
#include "store/ledger.h"

#define HOUR_S 3600
#define DAY_S  (24 * HOUR_S)

struct person;

struct entry {
    struct person *person;
    const struct record *record;  /* NULL: stored before */
    struct ledger_result *result; /* NULL: nobody asks */
    size_t index;                 /* in the batch */
    int64_t rcpt, at, recorded_at, seq;
    int64_t id64, failure, mid, qid; /* mid, qid 0: unknown */
    int64_t own;     /* the failure that it tells of by itself */
    int64_t told_at; /* when any entry first told of the failure */
    int64_t offset;
    int kind; /* enum bounce_kind or enum record_act */
    enum bounce_class cls;
    int confidence; /* hundredths; -1: none */
    int permanent, verified;
    bool fresh, counts, review;
    bool routed; /* stored before, but its route was learned just now */
    struct bounce_slice address, folded; /* NULL: none */
    struct bounce_slice id, category, rule, provider, domain, scope, campaign;
    struct bounce_slice ip, sender_domain, source, body;
    struct record_facts facts;
};

/* A stored event as the index event_rcpt has it. */
struct known {
    int64_t at, seq, id64, failure, mid, qid;
    int kind;
    int64_t becomes; /* the failure that it is part of now */
    int64_t told_at; /* when that was first told of */
};

struct sheet {
    struct sheet *next;
    struct bounce_slice scope;      /* "" is the store */
    struct bounce_slice text, base; /* as stored; NULL: none */
    struct bounce_slice provider, campaign, category;
    int64_t since, base_at;
    bool stored;
    bool renewed;               /* base is new: the row must be written */
    struct bounce_state *state; /* NULL: not needed so far */
};

struct person {
    int64_t key;
    bool settled; /* the key is this address's for good */
    bool foreign; /* the key is another address's */
    bool nobody;  /* events without an address: one event, no state */
    struct bounce_slice address, folded, domain;
    struct entry **entries; /* by (at, index) */
    size_t entry_count;
    struct known *known;
    size_t known_count, known_cap;
    struct sheet *sheets;
    bool replay;
    struct entry **stored; /* when it is replayed: all of them */
    size_t stored_count, stored_cap;
};

/* Rows that will be put, column by column of their table. */
struct rows {
    struct store_value *values;
    size_t columns, count, cap;
};

/* Rows for one table: of what has a row there, and of what has none. */
struct row_pair {
    struct rows stored, fresh;
};

/* Text that grows, and is used for one thing after the other. */
struct scratch {
    char *ptr;
    size_t cap;
};

/* A batch's memory, of each thread that works on it. */
#define LEDGER_ARENA_MAX ((size_t)4 << 30)
/* Entries of a batch from which on a thread is worth its making. */
#define LEDGER_THREAD_MIN 500

/* One decision on its way into table change. */
struct change {
    size_t index, order; /* of the entry: as it came in; of the decision */
    const struct entry *entry;
    const char *what, *was, *becomes, *outcome, *reason;
    struct bounce_slice scope;
    struct bounce_cause cause;
    struct bounce_slice label;
    char counter[24];
    unsigned count, needed, flags;
    bool of_person;
};

/* A source's position that waits for its transaction. */
struct ledger_position {
    char *source, *mark;
    int64_t offset;
};

struct holds;    /* ledger_hold.c */
struct tally;    /* ledger_tally.c */
struct breaker;  /* ledger_breaker.c */
struct watch;    /* ledger_watch.c */
struct finisher; /* ledger_finish.c */

struct ledger {
    struct book *book;
    struct arena arena; /* of the batch */
    struct bounce_reader *reader;
    struct bounce_state **states; /* room for sheets, used again */
    size_t state_count, state_used;
    struct scratch scratch;
    const struct bounce_policy *policy; /* that judges */

    /* the batch */
    int64_t now;
    struct person *persons;
    size_t person_count;
    uint32_t *slots; /* hash table by key: a person's index + 1 */
    size_t slot_mask;
    struct row_pair state_rows;
    size_t change_from; /* the changes from here on are of this person */
    struct change **change_list;
    size_t change_count, change_cap;
    int64_t event_seq, change_seq; /* the last ones given out */
    struct tally *tally;
    struct holds *holds;
    struct breaker *breaker;
    struct watch *watch;
    struct finisher *finisher;
    struct event_days *days;

    int64_t fold_seq; /* ledger_fold() goes on behind this event */

    /* ledger_position_set() */
    struct ledger_position *positions;
    size_t position_count;
};

/* ledger.c: ends a transaction as err says. */
enum store_err ledger_transact(struct ledger *ledger, enum store_err err,
                               struct store_error *error);

/* ledger_batch.c: memory of the batch. */
void ledger_begin_batch(struct ledger *ledger, int64_t now);
enum store_err ledger_nomem(struct store_error *error);
bool rows_init(struct ledger *ledger, struct rows *rows, size_t columns,
               size_t expected);
/* Room for one more row, all NULL; NULL when memory is out. */
struct store_value *rows_add(struct ledger *ledger, struct rows *rows);
/* Puts what has come together for a table, if it is a portion or all there will
 * be, and begins anew: a large batch does not hold the rows of all of it. */
#define ROWS_PORTION 2000
enum store_err rows_put(struct ledger *ledger, struct rows *rows,
                        const struct store_put *put, bool all,
                        struct store_error *error);
bool row_pair_init(struct ledger *ledger, struct row_pair *pair,
                   size_t columns);
/* The stored ones by replace, the fresh ones by add, both of one table. */
enum store_err row_pair_put(struct ledger *ledger, const struct row_pair *pair,
                            const struct store_put *replace,
                            const struct store_put *add,
                            struct store_error *error);
/* An array in the arena that doubles: room for one more after count. */
void *ledger_grow(struct ledger *ledger, void *list, size_t count, size_t *cap,
                  size_t size);
struct bounce_state *ledger_take_state(struct ledger *ledger);
/* cap bytes at least, what they held is lost or not; NULL when memory is out. */
char *scratch_room(struct scratch *scratch, size_t cap);
/* 63 bits of a hash, never 0. */
int64_t ledger_hash(const struct ledger *ledger, const char *tag,
                    struct bounce_slice a, struct bounce_slice b);
/* Column text: valid UTF-8 without control characters, at most max bytes; an
 * empty one is NULL. */
struct bounce_slice ledger_clean(struct ledger *ledger, struct bounce_slice s,
                                 size_t max);
/* Reads which seq numbers were given out. */
enum store_err ledger_read_seqs(struct ledger *ledger,
                                struct store_error *error);
/* So that numbers of rows that are deleted are not given out again. */
enum store_err ledger_keep_seqs(struct ledger *ledger,
                                struct store_error *error);
enum store_err ledger_put_positions(struct ledger *ledger, int64_t now,
                                    struct store_error *error);
/* A copy in the batch's arena; a NULL stays NULL. *failed when memory is out. */
struct bounce_slice ledger_keep(struct ledger *ledger,
                                const struct store_value *value, bool *failed);

/* ledger_entry.c */
/* Fills in what follows from the record alone; the body and facts.reply_alone may
 * be missing as yet (entries_finish_begin()). STORE_E_VALUE: it is bad. */
enum store_err entry_make(struct ledger *ledger, const struct record *record,
                          size_t index, struct entry *entry,
                          struct store_error *error);
/* The failure that an entry tells of by itself. */
int64_t entry_own(const struct ledger *ledger, int kind, int64_t mid,
                  int64_t qid, int64_t otherwise);
void entry_input(const struct entry *entry, struct bounce_policy_input *input);

/* ledger_finish.c */
struct finisher *finisher_new(const struct book *book);
void finisher_free(struct finisher *finisher);
void finisher_begin(struct finisher *finisher);
/* The body and facts.reply_alone of one entry. false: memory is out. */
bool entry_finish(struct finisher *finisher, const struct record *r,
                  struct entry *e);
/* Of all entries of a batch, while other things are done with them; from begin to
 * end, which waits for it, nobody reads what is missing. false: memory is out. */
void entries_finish_begin(struct ledger *ledger, struct entry *entries,
                          size_t count);
bool entries_finish_end(struct ledger *ledger);

/* ledger_event.c: entries as rows of table event. */
enum store_err entries_put(struct ledger *ledger, const struct entry *entries,
                           size_t count, struct store_error *error);
/* All stored entries of the persons that are replayed, by (at, seq). */
enum store_err entries_load(struct ledger *ledger, struct store_error *error);
/* Writes what of a stored entry may change: failure, counts, route, verified
 * and verdict. */
enum store_err entry_update(struct ledger *ledger, const struct entry *entry,
                            struct store_error *error);

/* ledger_person.c: who the entries are about, and what is stored of them. */
struct person *person_find(const struct ledger *ledger, int64_t key);
enum store_err persons_make(struct ledger *ledger, struct entry *entries,
                            size_t count, struct store_error *error);
/* Room for count persons that persons_add() makes one by one. */
bool persons_begin(struct ledger *ledger, size_t count);
struct person *persons_add(struct ledger *ledger, int64_t key);
/* States, which settles the keys; then known events. */
enum store_err persons_load(struct ledger *ledger, struct store_error *error);
enum store_err persons_load_states(struct ledger *ledger,
                                   struct store_error *error);
enum store_err persons_load_known(struct ledger *ledger,
                                  struct store_error *error);
/* All that is stored of persons of whom only the key is known, so that they can
 * be judged again. */
enum store_err persons_load_judged(struct ledger *ledger,
                                   struct store_error *error);
/* Entries that are there already are no longer fresh. */
enum store_err persons_dedupe(struct ledger *ledger, struct store_error *error);
/* Made when it is not there; NULL when memory is out. */
struct sheet *person_sheet(struct ledger *ledger, struct person *person,
                           struct bounce_slice scope);

/* ledger_join.c: which entries tell of one failure; sets failure, told_at and
 * counts, and replay where a stored event's failure becomes another. false:
 * memory is out. */
bool person_join(struct ledger *ledger, struct person *person);

/* ledger_judge.c: the policy, over all persons. */
enum store_err persons_judge(struct ledger *ledger, struct store_error *error);
/* Everything of a person that is replayed, and what is fresh, into its sheets,
 * in the order of time. */
enum store_err person_judge(struct ledger *ledger, struct person *person,
                            struct store_error *error);
/* The state of a sheet; parsed from its text, or from its base. */
struct bounce_state *sheet_state(struct ledger *ledger,
                                 const struct person *person,
                                 struct sheet *sheet,
                                 struct store_error *error);

/* ledger_state.c: sheets as rows of table state. */
/* What a state comes to as text; what cannot matter any more is left out. In
 * scratch; NULL when memory is out. */
struct bounce_slice state_text(struct ledger *ledger,
                               struct bounce_state *state);
/* Notes the rows of a person whose sheets are no longer what is stored. */
enum store_err person_keep(struct ledger *ledger, struct person *person,
                           struct store_error *error);
bool states_begin(struct ledger *ledger);
enum store_err states_put(struct ledger *ledger, struct store_error *error);
/* Writes the base of a sheet into its row. */
enum store_err state_rebase(struct ledger *ledger, const struct person *person,
                            const struct sheet *sheet,
                            struct store_error *error);
/* Deletes a person's row of a scope; NULL: all of them. */
enum store_err state_drop(struct ledger *ledger, const struct person *person,
                          const struct bounce_slice *scope,
                          struct store_error *error);

/* ledger_change.c */
struct change *change_add(struct ledger *ledger, const struct entry *entry);
enum store_err changes_put(struct ledger *ledger, struct store_error *error);

/* ledger_hold.c */
struct holds *holds_new(void);
void holds_free(struct holds *holds);
void holds_begin(struct holds *holds);
/* What is in memory may not be what is stored: a transaction failed. */
void holds_drop(struct holds *holds);
/* Notes that a verdict asked for a hold, or that mail went through. false:
 * memory is out. */
bool holds_want(struct ledger *ledger, const struct entry *entry,
                const struct bounce_decision *decision);
bool holds_deliver(struct ledger *ledger, const struct entry *entry);
/* Before the entries of a batch are stored. */
enum store_err holds_look(struct ledger *ledger, struct store_error *error);
/* Does what was noted, in the order of time, when the entries are stored. */
enum store_err holds_settle(struct ledger *ledger, struct store_error *error);
/* Holds end by hand at a time; their rows are the caller's to write. */
enum store_err holds_end_by_hand(struct ledger *ledger,
                                 struct bounce_hold *holds, size_t count,
                                 int64_t at, struct store_error *error);
/* ledger_hold_log.c: what holds were made from before a time becomes one row
 * each. */
enum store_err holds_fold(struct ledger *ledger, int64_t before,
                          struct store_error *error);

/* ledger_tally.c */
struct tally *tally_new(void);
void tally_free(struct tally *tally);
void tally_begin(struct tally *tally);
/* Adds n in all dimensions that are known. false: memory is out. */
struct tally_what {
    int64_t at;
    const char *what;
    struct bounce_slice detail;
    struct bounce_slice provider, domain, campaign, scope, ip, sender_domain;
};
bool tally_add(struct ledger *ledger, const struct tally_what *what, int64_t n);
bool tally_entry(struct ledger *ledger, const struct entry *entry, int64_t n);
enum store_err tally_put(struct ledger *ledger, struct store_error *error);
/* Puts what was counted so far while other things are done; whoever uses the
 * store waits first, and learns whether that succeeded. */
void tally_put_begin(struct ledger *ledger, size_t entries);
enum store_err tally_put_wait(struct ledger *ledger, struct store_error *error);

/* ledger_breaker.c: table pulse, table domain, and what follows from them for
 * the facts of fresh entries. */
struct breaker *breaker_new(void);
void breaker_free(struct breaker *breaker);
enum store_err breaker_watch(struct ledger *ledger, struct entry *entries,
                             size_t count, struct store_error *error);

/* ledger_watch.c: table pulse_dim, and the incidents that are found by it. */
struct watch *watch_new(void);
void watch_free(struct watch *watch);
void watch_begin(struct watch *watch);
/* What is in memory may not be what is stored: a transaction failed. */
void watch_drop(struct watch *watch);
/* At the beginning of a transaction that goes on with any of these, when
 * event_seq is what is stored. */
enum store_err watch_open(struct ledger *ledger, struct store_error *error);
/* Counts fresh entries, which are stored by now, and judges the minutes that
 * are over. */
enum store_err watch_entries(struct ledger *ledger, const struct entry *entries,
                             size_t count, struct store_error *error);
/* Counts a line of the sent log. false: memory is out. */
bool watch_sent(struct ledger *ledger, const struct entry *entry);
/* ledger_incident.c: a hold began or grew; it ended, by hand or not. */
enum store_err watch_held(struct ledger *ledger, const struct entry *entry,
                          const struct bounce_hold *hold,
                          struct store_error *error);
void watch_freed(struct ledger *ledger, const struct bounce_hold *hold,
                 bool by_hand, int64_t at);
/* Ends the incidents whose last hold ended; table hold is written by then. */
enum store_err watch_settle(struct ledger *ledger, int64_t now,
                            struct store_error *error);
/* Writes what was counted and what became of incidents. */
enum store_err watch_put(struct ledger *ledger, struct store_error *error);

/* ledger_sent.c: routes of fresh entries from the sent log. */
enum store_err entries_route(struct ledger *ledger, struct store_error *error);

/* ledger_forget.c: suppressions that remained of forgotten addresses come back
 * as the base of their sheets. */
enum store_err persons_remember(struct ledger *ledger,
                                struct store_error *error);

#endif
