/* SPDX-License-Identifier: MIT
 * A store with what is needed to understand it: the policy, how addresses are
 * named, the knowledge. Every verb and the daemon work through one of these;
 * one thread at a time. */
#ifndef BOUNCE_STORE_BOOK_H
#define BOUNCE_STORE_BOOK_H

#include "store/address.h"
#include "store/store.h"

struct book_options {
    const char *store;                  /* as store_open() */
    const struct bounce_policy *policy; /* shared, outlives the book */
    const struct bounce_engine *engine; /* the same */
    struct bounce_slice address_key;    /* --hash-addresses; NULL: clear */
    bool hash_domains;
    unsigned keep_raw_days; /* 0: reports are not kept */
    bool create;
    unsigned wait_ms; /* 0: 5000 */
};

#define BOOK_SALT 32

struct book {
    struct store *store;
    const struct bounce_policy *policy;
    const struct bounce_engine *engine;
    struct address_book *addresses;
    char salt[BOOK_SALT + 1]; /* the store's own, hex digits */
    unsigned keep_raw_days;
};

/* Opens, migrates, reads the salt, and sees that the store is hashed with this
 * very key or not at all (STORE_E_VERSION says which). */
enum store_err book_open(const struct book_options *options,
                         struct book **book_out, struct store_error *error);
void book_close(struct book *book);

/* The row of table state with this address and scope, "" being the store's;
 * sees to keys that two addresses share. Fills address->key for good. found_out
 * false: nothing is known. */
struct book_state {
    struct bounce_state state;
    bool found;
    int64_t newest_at; /* when the state last changed; else its first event */
    int64_t base_at;   /* of the newest event that was folded */
    char category[32], provider[64], campaign[128];
};
enum store_err book_state(struct book *book, struct address *address,
                          struct bounce_slice scope,
                          struct book_state *state_out,
                          struct store_error *error);

/* Whether text, the address of a row with this very key, is this address. If
 * not, two addresses share the key: address_rekey(), look again. */
bool book_same_address(const struct book *book, struct bounce_slice text,
                       const struct address *address);

/* What table forgotten knows an address by: an HMAC of its folded text, the
 * salt being the key. false: libcrypto is missing. */
bool book_digest(const struct book *book, const struct address *address,
                 char out[65]);

/* A row of table meta; *found_out false and value_out empty when there is
 * none. value_out is NUL-terminated. */
enum store_err book_meta(struct book *book, const char *name, char *value_out,
                         size_t cap, bool *found_out,
                         struct store_error *error);
enum store_err book_meta_set(struct book *book, const char *name,
                             const char *value, struct store_error *error);

#endif
