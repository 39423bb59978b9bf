/* SPDX-License-Identifier: MIT
 * The watch for incidents, for ledger_watch*.c and ledger_incident*.c alone.
 *
 * A group is one value of a dimension: a provider, an IP, a sender domain, a
 * campaign, all. Its hours and days are kept in memory while it is in use, and
 * in table pulse_dim, with what this batch adds to it.
 *
 * Time is that of the events: each minute is judged when an event of a later one
 * comes in, with what was told until then. So nothing depends on how a stream is
 * cut into batches. What comes later than its minute was judged still counts in
 * the windows and in the past, but is judged only with what comes after it. */
#ifndef BOUNCE_STORE_LEDGER_WATCH_H
#define BOUNCE_STORE_LEDGER_WATCH_H

#include "policy/incident.h"
#include "store/ledger_in.h"

enum watch_dim {
    WATCH_ALL,
    WATCH_PROVIDER,
    WATCH_IP,
    WATCH_SENDER_DOMAIN,
    WATCH_CAMPAIGN,
    WATCH_DIMS
};
/* The rows that an event counts in: one for each dimension, and for an IP, a
 * sender domain and a campaign one more, of the value "": all of which they are
 * known. Where deliveries tell no IP, say, that of the failures alone is no IP's
 * share. */
#define WATCH_ROWS (WATCH_DIMS + 3)

/* What is counted: results and their like, then the kinds of failures. */
enum watch_column {
    WATCH_DELIVERED,
    WATCH_BOUNCED,
    WATCH_DELAYED,
    WATCH_SENT,
    WATCH_FAILURES,
    WATCH_COLUMNS = WATCH_FAILURES + INCIDENT_SHARES
};

#define WATCH_HOURS 48 /* the longest window, and the day before it */
#define WATCH_DAYS  31

/* An hour's or a day's counts; stamp: which, as slots are used again. */
struct watch_slot {
    int64_t stamp;
    uint32_t n[WATCH_COLUMNS];
};

struct watch_sums {
    uint64_t n[WATCH_COLUMNS];
};

struct watch_group {
    struct watch_group *next; /* in its slot */
    enum watch_dim dim;
    uint32_t hash;
    char *value;
    struct watch_slot hours[WATCH_HOURS], days[WATCH_DAYS];
    int64_t past_day; /* of which past and week are; -1: none */
    struct watch_sums past, week;
    bool dirty; /* failures were told that nobody judged */
};

/* What a batch adds to a row of table pulse_dim. */
struct watch_delta {
    enum watch_dim dim;
    uint32_t hash;
    int64_t hour;
    struct bounce_slice value;
    struct watch_group *group; /* NULL: it is not in memory */
    uint32_t n[WATCH_COLUMNS];
};

#define INCIDENT_ID      17
#define INCIDENT_SAMPLES 5

struct incident {
    struct incident *next;
    char id[INCIDENT_ID];
    enum incident_what what;
    enum watch_dim dim;
    int64_t opened_at, updated_at, closed_at, until;
    const char *ended_by; /* "": it is open */
    char category[32], rule[96];
    int64_t share, usual, peak, opened_share; /* millionths; -1: none */
    uint64_t failures, results;
    unsigned hours, severity;
    char samples[INCIDENT_SAMPLES * 88]; /* "SEQ:ID,SEQ:ID" */
    char *value;                         /* its own */
    uint32_t hash;
    int64_t freed_at; /* a route of it was freed then; BOUNCE_NO_TIME: none */
    bool freed_by_hand;
    bool dirty;
};

struct watch {
    struct watch_group **slots;
    size_t slot_count, group_count;
    struct incident *incidents; /* those open, or ended within a day */
    bool loaded, foreign;
    int64_t loaded_at;       /* the ledger's now */
    int64_t seq, change_seq; /* the newest event and change that we know of */
    int64_t minute;          /* that is not judged yet; -1: none */
    /* The seq of those events with which it began. Those of its time among them,
     * and all that came later, wait to be judged; first 0: it is not known. */
    int64_t minute_first, minute_last;
    bool minute_changed; /* since it was stored */
    int64_t last_at;     /* of the newest event of that minute */

    /* the batch */
    struct watch_delta *deltas; /* in its arena, as the next ones */
    size_t delta_count, delta_cap;
    uint32_t *delta_slots;
    size_t delta_mask;
    struct watch_group **dirty;
    size_t dirty_count, dirty_cap; /* malloc'd: it outlives the batch */
};

extern const char *const watch_dims[WATCH_DIMS];

/* ledger_watch_group.c */
struct watch_group *watch_find(const struct watch *watch, enum watch_dim dim,
                               struct bounce_slice value);
/* The same, or an empty new one whose key is put to keys, for watch_read(). NULL:
 * memory is out. */
struct watch_group *watch_want(struct ledger *ledger, struct rows *keys,
                               enum watch_dim dim, struct bounce_slice value);
/* Fills the new ones. */
enum store_err watch_read(struct ledger *ledger, const struct rows *keys,
                          struct store_error *error);
/* The one in memory, else read from the store. */
enum store_err watch_need(struct ledger *ledger, enum watch_dim dim,
                          struct bounce_slice value,
                          struct watch_group **group_out,
                          struct store_error *error);
uint32_t watch_hash(enum watch_dim dim, struct bounce_slice value);
/* WATCH_DIMS: there is none of this name. */
enum watch_dim watch_dim_of(struct bounce_slice name);
/* The group that knows whether deliveries tell the values of a dimension. */
enum watch_dim watch_base(enum watch_dim dim);
void watch_group_add(struct watch_group *group, int64_t hour,
                     const uint32_t *n);
void watch_groups_forget(struct watch *watch);

/* ledger_watch.c */
/* Which kinds of failures it is: bits 1 << enum incident_what. */
unsigned watch_failures(const struct ledger *ledger, int kind,
                        enum bounce_class cls, struct bounce_slice category);
void watch_forget(struct watch *watch);

/* ledger_watch_judge.c */
/* Judges what waits, then hour by hour until now what is open. */
enum store_err watch_step(struct ledger *ledger, int64_t now, bool expire,
                          struct store_error *error);

/* ledger_incident.c */
void incidents_forget(struct watch *watch);
/* Those that are open, and those that ended so lately that they would go on. */
enum store_err incidents_load(struct ledger *ledger, struct store_error *error);
/* What makes two incidents one. category: of INCIDENT_HOLD only, else empty. */
struct incident_key {
    enum incident_what what;
    enum watch_dim dim;
    struct bounce_slice value, category;
};
/* The newest in memory, open or not; NULL: none. */
struct incident *incident_find(const struct watch *watch,
                               const struct incident_key *key);
/* Opens one, or goes on with one that ended less than a day ago. */
enum store_err incident_begin(struct ledger *ledger,
                              const struct incident_key *key, int64_t at,
                              struct incident **incident_out,
                              const char **outcome_out,
                              struct store_error *error);
/* A row of table change: "opened", "reopened", "worsened", "closed". */
enum store_err incident_tell(struct ledger *ledger,
                             const struct incident *incident,
                             const char *outcome, int64_t at,
                             struct store_error *error);
enum store_err incident_close(struct ledger *ledger, struct incident *incident,
                              const char *ended_by, int64_t at,
                              struct store_error *error);
/* Ends those whose time ran out. */
enum store_err incidents_expire(struct ledger *ledger, int64_t now,
                                struct store_error *error);
enum store_err incidents_put(struct ledger *ledger, struct store_error *error);

/* What opens an incident, or shows that it goes on, by happening. until: when it
 * is over unless it happens again. */
struct incident_touch {
    struct incident_key key;
    int64_t at, until;
    struct bounce_slice category, rule;
    int64_t seq; /* of the event; 0: unknown */
    struct bounce_slice event_id;
};
enum store_err incident_touch(struct ledger *ledger,
                              const struct incident_touch *touch,
                              struct store_error *error);

/* ledger_incident_cause.c: the category that most of the failures have, and some
 * of them. */
enum store_err incident_explain(struct ledger *ledger,
                                struct incident *incident, int64_t from,
                                int64_t to, struct store_error *error);

#endif
