/* SPDX-License-Identifier: MIT
 * A keyed token in the envelope sender (VERP), so that a bounce proves that it
 * answers mail that was sent: "bounces+ann=example.org+k1-2n9x-....@sender". */
#ifndef BOUNCE_STORE_VERP_H
#define BOUNCE_STORE_VERP_H

#include "base/slice.h"

enum verp_verdict {
    VERP_FINE = 0,
    VERP_NONE,    /* no token of ours in it */
    VERP_FORGED,  /* the token does not fit address, id and time */
    VERP_EXPIRED, /* genuine, but too old */
    VERP_FOREIGN  /* made with a key that is not among ours */
};

struct verp_key {
    struct bounce_slice name;   /* 1 to 8 of [a-z0-9]: keys can be changed */
    struct bounce_slice secret; /* 16 bytes or more */
};

/* sender: "bounces@example.com". id: what the caller knows the message by, may
 * be NULL. The local part stays within 64 bytes (RFC 5321 section 4.5.3.1.1)
 * where the recipient is short enough, else the recipient is left to the id.
 * Writes the address and NUL to out; false: it does not fit, or bad input. */
bool verp_sign(const struct verp_key *key, struct bounce_slice sender,
               struct bounce_slice recipient, struct bounce_slice id,
               int64_t now, char out[321]);

struct verp_seen {
    char recipient[321]; /* empty: the address has only the id */
    char id[128];        /* empty: none */
    char key[9];
    int64_t signed_at;
};
/* seen_out is filled in as far as it can be read, unless VERP_NONE. */
enum verp_verdict verp_verify(const struct verp_key *keys, size_t count,
                              struct bounce_slice address, int64_t now,
                              int64_t max_age_s, struct verp_seen *seen_out);
const char *verp_verdict_text(enum verp_verdict verdict); /* static */

#endif
