/* SPDX-License-Identifier: MIT
 * Whether a phrase stands around its anchor. */
#ifndef BOUNCE_CLASSIFY_VERIFY_H
#define BOUNCE_CLASSIFY_VERIFY_H

#include "classify/matcher.h"

/* The longest number, and the longest address of a host, in bytes. */
#define VERIFY_NUMBER 20
#define VERIFY_IP     45

/* Where a phrase stands. */
struct verify_match {
    size_t start, end;
    size_t literal; /* bytes that are no gap */
};

/* The anchor of the pattern stands at [start, end): do the other elements stand
 * around it? Works backwards and forwards from there; sets match
 * their longest member that lets the rest match, gaps end as soon as they can.
 * Every element tried takes one of *steps; at 0 the answer is no. */
bool verify_around(const struct tables *tables, const struct matcher_text *text,
                   const struct tab_pattern *pattern, size_t start, size_t end,
                   size_t *steps, struct verify_match *match_out);

#endif
