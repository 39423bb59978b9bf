/* SPDX-License-Identifier: MIT
 * A fresh store for each test, of the driver that BOUNCE_TEST_STORE names:
 * "sqlite" (the default), "null", or the URL of a PostgreSQL database. */
#ifndef BOUNCE_TESTS_STORE_FIXTURE_H
#define BOUNCE_TESTS_STORE_FIXTURE_H

#include "store/store.h"

struct fixture {
    char folder[64]; /* a new one, for whatever the test wants to keep */
    char where[512]; /* for store_open(); nobody made this store yet */
};

/* Fail the test when something is wrong. */
void fixture_init(struct fixture *fixture);
/* Removes store and folder with all that lies there. */
void fixture_clear(struct fixture *fixture);

bool fixture_keeps(void); /* false: the null driver, which is always empty */
bool fixture_is_sqlite(void);

/* Must succeed. */
struct store *fixture_open(const struct fixture *fixture);

/* All rows of a statement as text, one a line, values separated by "|": 5,
 * 1.5, 'text', x'00ff', NULL. The caller's; free(). Must succeed. */
char *fixture_query(struct store *store, const char *sql,
                    const struct store_value *values, size_t count);
/* The row as such a line goes to the end of *text, which grows. */
void fixture_add_row(char **text, const struct store_value *row,
                     size_t columns);
/* Asserts that the store answers so, or nothing when it keeps nothing. */
void fixture_expect(struct store *store, const char *sql, const char *rows);

#endif
