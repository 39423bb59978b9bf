/* SPDX-License-Identifier: MIT
 * What ledger_hold*.c share. */
#ifndef BOUNCE_STORE_LEDGER_HOLD_IN_H
#define BOUNCE_STORE_LEDGER_HOLD_IN_H

#include "store/ledger_in.h"

/* A delivery matters to a hold in force, and to one that was so lately: another
 * failure would lengthen the next one. */
#define HOLD_LATELY_S (8 * (int64_t)DAY_S)
#define HOLD_PARTS    5

/* A hold that is asked for, or a delivery. */
struct wish {
    const struct entry *entry;
    const struct bounce_hold_request *request; /* NULL: a delivery */
    unsigned flags;
    struct held *held; /* of a request */
    bool put_off;      /* it may come too late, and is stored by the redo */
    bool took;         /* the hold is another since then; after says which */
    char after[160];
};

/* Something that came in late, or may have. */
struct hold_news {
    int64_t at;
    const struct wish *wish; /* NULL: an end by hand, whose row is stored */
};

struct held {
    struct held *next; /* in its slot */
    struct bounce_hold hold;
    int64_t newest_at; /* of its log, before this batch; BOUNCE_NO_TIME: none */
    const struct wish *late; /* something of this batch may come too late */
    struct hold_news *news;  /* all of it, when late; in the batch's arena */
    size_t news_count, news_cap;
    bool stored;  /* it has a row */
    bool dirty;   /* its row must be written */
    bool changed; /* the hold itself is another */
    bool was_open;
};

/* ---- Holds in memory, and table hold: ledger_hold_table.c --------------- */

struct hold_table {
    struct held **slots;
    size_t slot_count, count;
    unsigned masks[1U << HOLD_PARTS]; /* how many holds name just these parts */
    int64_t version, log_version;     /* of meta's rows; -1: nothing was read */
    int64_t cutoff;                   /* holds that ended before are not here */
};

/* Part i of a key, from provider to campaign, in the order of the columns. */
const char *hold_part(const struct bounce_hold_key *key, unsigned i);
/* All of them; text is borrowed. */
void hold_key_values(const struct bounce_hold_key *key,
                     struct store_value *values);

/* Nothing was read. The table must have been all zero once. */
void hold_table_clear(struct hold_table *table);
/* All holds whose parts are the delivery's, whatever the others are, until what
 * says false. */
bool hold_table_each(struct ledger *ledger, const struct hold_table *table,
                     const struct wish *delivery,
                     bool (*what)(struct ledger *ledger, const struct wish *w,
                                  struct held *held));
/* What is in memory is of the versions that are stored, or nothing is. */
enum store_err hold_table_agree(struct ledger *ledger, struct hold_table *table,
                                struct store_error *error);
/* Those to which deliveries from a time on matter. */
enum store_err hold_table_read_active(struct ledger *ledger,
                                      struct hold_table *table, int64_t oldest,
                                      struct store_error *error);
/* Those that are asked for; each wish that asks gets its hold. */
enum store_err hold_table_read_wanted(struct ledger *ledger,
                                      struct hold_table *table,
                                      struct wish *wishes, size_t count,
                                      struct store_error *error);
/* Writes the rows of those that are others now. */
enum store_err hold_table_put(struct ledger *ledger, struct hold_table *table,
                              struct store_error *error);
/* The log of a stored hold, not in memory, has a row of this time. */
enum store_err hold_table_note_newest(struct ledger *ledger,
                                      const struct bounce_hold_key *key,
                                      int64_t at, struct store_error *error);

/* ---- What they were made from: ledger_hold_log.c ------------------------ */

/* A hold as text for column after. */
void hold_log_write(const struct bounce_hold *hold, char *out, size_t cap);
/* Stores the requests among wishes that are not put off. */
enum store_err hold_log_put(struct ledger *ledger, const struct wish *wishes,
                            size_t count, struct store_error *error);
/* Rows of the log, of any number of holds, whose keys must live until they are
 * put: stored ones that are others now, and requests that were put off. */
enum store_err hold_log_begin(struct ledger *ledger, struct row_pair *rows,
                              struct store_error *error);
enum store_err hold_log_end(struct ledger *ledger, const struct row_pair *rows,
                            struct store_error *error);
/* Stores that a person ended the hold. */
enum store_err hold_log_put_end(struct ledger *ledger,
                                const struct bounce_hold *hold, int64_t at,
                                struct store_error *error);
/* ledger_hold_redo.c: what the hold comes to when something came in late, or
 * may have. news is all that came in, in order. From the time of each on it is
 * done again in the order of time, until it is what it was: of one second
 * requests first, then deliveries, then ends. */
enum store_err hold_log_redo(struct ledger *ledger, struct bounce_hold *hold,
                             const struct hold_news *news, size_t count,
                             struct row_pair *rows, struct store_error *error);

/* ---- Deliveries: ledger_hold_delivery.c --------------------------------- */

/* Does to a hold what the stored deliveries between two times do to it. */
enum store_err hold_log_deliver(struct ledger *ledger, struct bounce_hold *hold,
                                int64_t from, int64_t to,
                                struct store_error *error);
/* All deliveries from a time on, in the batch's arena; NULL: they are too many,
 * and will be asked for one by one. */
struct hold_nears;
enum store_err hold_log_near(struct ledger *ledger, int64_t from,
                             struct hold_nears **nears_out,
                             struct store_error *error);
/* ledger_hold.c: those of this batch; NULL: none were read. */
const struct hold_nears *holds_near(const struct holds *holds);
/* When the newest delivery that is stored happened; BOUNCE_NO_TIME: there is
 * none. */
enum store_err hold_log_newest(struct ledger *ledger, int64_t *newest_out,
                               struct store_error *error);

#endif
