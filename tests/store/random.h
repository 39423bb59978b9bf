/* SPDX-License-Identifier: MIT
 * Numbers that look random and come again with the same seed (splitmix64). */
#ifndef BOUNCE_TESTS_STORE_RANDOM_H
#define BOUNCE_TESTS_STORE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* 0 to below - 1. */
static inline uint64_t random_below(struct random *random, uint64_t below)
{
    return random_next(random) % below;
}

#endif
