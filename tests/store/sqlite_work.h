/* SPDX-License-Identifier: MIT
 * Random work for a store, and what must have come of it. */
#ifndef BOUNCE_TESTS_STORE_SQLITE_WORK_H
#define BOUNCE_TESTS_STORE_SQLITE_WORK_H

#include "random.h"
#include "store_fixture.h"

enum { WORK_STEPS = 24 };

struct work {
    uint64_t seed;
    char digests[WORK_STEPS + 1][33]; /* of the store after so many steps */
};

/* Does all the work once in memory to learn the digests. */
void work_init(struct work *work, uint64_t seed);
/* Transaction step (from 0) of the work; rolls back on failure. */
enum store_err work_step(const struct work *work, size_t step,
                         struct store *store, struct store_error *error);
/* All that the work may have written, as 32 hex digits; false when it cannot be
 * read. */
bool work_digest(struct store *store, char digest_out[33]);
/* SQLite finds nothing wrong with the file. */
void work_expect_sound(struct store *store);

/* How many rounds of a test: few, or many with BOUNCE_FULL. */
unsigned work_rounds(unsigned few, unsigned many);

#endif
