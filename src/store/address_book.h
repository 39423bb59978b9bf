/* SPDX-License-Identifier: MIT
 * The inside of an address book, for address*.c alone. */
#ifndef BOUNCE_STORE_ADDRESS_BOOK_H
#define BOUNCE_STORE_ADDRESS_BOOK_H

#include "base/hash.h"
#include "store/address.h"

struct module_crypto;

struct address_book {
    struct hash128 seed;                /* fed with the salt */
    const struct module_crypto *crypto; /* NULL: addresses in clear */
    char *secret;
    size_t secret_len;
    char proof[16]; /* key of a hash's last digits */
    bool hash_domains;
};

/* Hex digits of a keyed hash. */
#define ADDRESS_HASH_LEN 32

/* The keyed hash of a text; false when memory is out. */
bool address_book_hash(const struct address_book *book,
                       struct bounce_slice text, char out[ADDRESS_HASH_LEN]);
/* Whether text is a keyed hash that this book's key made. */
bool address_book_is_hash(const struct address_book *book,
                          struct bounce_slice text);

/* RFC 5322 section 3.2.3; bytes above 0x7F by RFC 6531. */
bool address_is_atext(unsigned char c);

#endif
