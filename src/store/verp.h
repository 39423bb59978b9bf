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

/* sender: "bounces@example.com", its local part of letters, digits and "._-+".
 * id: what the caller knows the message by, at most 127 bytes, may be NULL. The
 * local part stays within 64 bytes (RFC 5321 section 4.5.3.1.1): where both do
 * not fit, the recipient is left to the id. The time is kept in hours. Writes
 * the address and NUL to out; false: it does not fit, bad input, or libcrypto
 * is missing. */
bool verp_sign(const struct verp_key *key, struct bounce_slice sender,
               struct bounce_slice recipient, struct bounce_slice id,
               int64_t now, char out[321]);

struct verp_seen {
    char recipient[321]; /* empty: the address has only the id */
    char id[128];        /* empty: none */
    char key[9];
    int64_t signed_at; /* beginning of its hour */
};
/* Whose token an envelope sender carries; case does not matter. Expired is what
 * was signed more than max_age_s before now, an hour more or less. seen_out is
 * filled in as it stands there, believable or not, unless VERP_NONE. */
enum verp_verdict verp_verify(const struct verp_key *keys, size_t count,
                              struct bounce_slice address, int64_t now,
                              int64_t max_age_s, struct verp_seen *seen_out);
const char *verp_verdict_text(enum verp_verdict verdict); /* static */

#endif
