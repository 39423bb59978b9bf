/* SPDX-License-Identifier: MIT
 * A book in a fresh store, and records for it. Everything must succeed, or the
 * test fails. */
#ifndef BOUNCE_TESTS_LEDGER_FIXTURE_H
#define BOUNCE_TESTS_LEDGER_FIXTURE_H

#include "store/ledger.h"
#include "store/stats.h"
#include "store_fixture.h"

#define LEDGER_HOUR ((int64_t)3600)
#define LEDGER_DAY  (24 * LEDGER_HOUR)
#define LEDGER_T0   ((int64_t)1700000000 / LEDGER_DAY * LEDGER_DAY)

struct desk {
    struct fixture fixture;
    struct bounce_engine *engine;
    struct bounce_policy *policy;
    struct book *book;
    struct ledger *ledger;
    struct store_error error;
    size_t bad;
};

/* policy_text: the user's own stanzas; NULL: none. key: of hashed addresses;
 * NULL: clear. */
void desk_init(struct desk *desk, const char *preset, const char *policy_text,
               const char *key);
void desk_clear(struct desk *desk);
/* For cmocka's groups: *state is a desk of its own, freed by the last one. */
int desk_set_up(void **state);
int desk_set_up_with(void **state, const char *policy_text, const char *key);
int desk_tear_down(void **state);
/* A second store, of SQLite, with engine and policy of the first, which must be
 * cleared later. */
void desk_init_sqlite(struct desk *desk, const struct desk *other);
void desk_clear_sqlite(struct desk *desk);
/* Book and ledger anew, as another process would have them. */
void desk_reopen(struct desk *desk);

/* A permanent and sure bounce, of google, over a known route. */
struct record desk_bounce(const char *id, const char *address,
                          const char *category, int64_t at);
/* A record of another kind, likewise. */
struct record desk_event(enum bounce_kind kind, const char *id,
                         const char *address, const char *category, int64_t at);
/* One at a time; now is the record's time unless it is given. */
struct ledger_result desk_apply(struct desk *desk, const struct record *record);
struct ledger_result desk_apply_at(struct desk *desk,
                                   const struct record *record, int64_t now);
/* All in one batch. */
void desk_apply_all(struct desk *desk, const struct record *records,
                    size_t count, int64_t now, struct ledger_result *results);
/* Asserts the rows that a query gives. */
void desk_expect(struct desk *desk, const char *sql, const char *rows);
/* The caller's; free(). */
char *desk_query(struct desk *desk, const char *sql);
/* Asserts that replaying everything gives what is stored. */
void desk_expect_replay(struct desk *desk);
/* Asserts that tally_month and tally_total say what the days of tally add up
 * to. */
void desk_expect_sums(struct desk *desk);

/* A page of stats as text, a row a line; free(text). */
struct stats_page {
    char *text;
    size_t len, cap, rows;
};
/* first, end: days since 1970. */
struct stats_page desk_stats_page(struct book *book, enum stats_by by,
                                  int64_t first, int64_t end, size_t limit);
/* Asserts that a page is the beginning of all rows, which are cut to it. */
void desk_expect_beginning(const struct stats_page *page,
                           struct stats_page *all, size_t limit);

#endif
