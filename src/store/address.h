/* SPDX-License-Identifier: MIT
 * Addresses as the store knows them: one spelling for all of one mailbox, a
 * number to find it by, and, with hashed addresses, a name that says nothing. */
#ifndef BOUNCE_STORE_ADDRESS_H
#define BOUNCE_STORE_ADDRESS_H

#include "base/slice.h"

#define ADDRESS_MAX 512 /* bytes of an address; RFC 5321 allows 320 */

struct address_book; /* how this store names addresses; read-only, shared */

struct address_options {
    struct bounce_slice salt; /* of the store's meta: keys differ per store */
    struct bounce_slice key;  /* --hash-addresses: HMAC-SHA-256; NULL: clear */
    bool hash_domains;        /* domains too */
};

/* NULL when memory is out, or when the key cannot be used: shorter than 16
 * bytes, no libcrypto (error says why). */
struct address_book *address_book_new(const struct address_options *options,
                                      char error[160]);
void address_book_free(struct address_book *book);

struct address {
    char text[ADDRESS_MAX]; /* to show: domain in lower case as A-labels (IDNA
                               * 2008, libidn2), local part as it came, quotes
                               * only where needed; or the keyed hash */
    size_t len;
    char folded[ADDRESS_MAX]; /* to compare: the local part without case too */
    size_t folded_len;
    struct bounce_slice domain; /* in text; hashed with hash_domains */
    int64_t key;                /* of folded, positive; see address_rekey() */
};

enum address_flaw {
    ADDRESS_FINE = 0,
    ADDRESS_EMPTY,
    ADDRESS_NO_DOMAIN,
    ADDRESS_TOO_LONG,
    ADDRESS_SYNTAX, /* RFC 5321 section 4.1.2, RFC 6531 */
    ADDRESS_DOMAIN, /* no name that a domain can have (RFC 1035, IDNA) */
    ADDRESS_NO_IDN, /* an international name, and libidn2 is missing */
    ADDRESS_NO_HASH /* memory was out while it was hashed */
};

/* Takes "a@b", "<a@b>", "mailto:a@b". A text that this book's key made from an
 * address (a keyed hash) stays as it is, so that what was exported can be
 * asked for. text must not lie in *address_out. */
enum address_flaw address_read(const struct address_book *book,
                               struct bounce_slice text,
                               struct address *address_out);
/* For people: "no domain". Static. */
const char *address_flaw_text(enum address_flaw flaw);

/* Another key for the same address, for the rare case that a different address
 * already has this one. */
void address_rekey(const struct address_book *book, struct address *address,
                   unsigned attempt);

/* Text in which no address stands in clear any more, for diagnostics, subjects
 * and ids: each address becomes its keyed hash, whether its "@" is written so,
 * as %40, =40, +40 (RFC 3461), &#64; or as "=" in a variable return path; and so
 * does each mention of the local part of recipient (may be NULL), whole and
 * without its "+detail". What says nothing of a person stays: local parts of
 * one or two letters or up to three digits, and words that replies are made of
 * ("user", "mailbox"), unless they stand in quotes or brackets. Without a key
 * the text itself. Writes at most cap bytes, whole characters; returns the
 * length (never more than cap). */
size_t address_hide(const struct address_book *book, struct bounce_slice text,
                    const struct bounce_slice *recipient, char *buf,
                    size_t cap);
bool address_hidden(const struct address_book *book); /* has it a key? */

/* HMAC-SHA-256 of text under key, as 64 hex digits and NUL; libcrypto is loaded
 * on first use. false when it is missing. */
bool address_hmac(struct bounce_slice key, struct bounce_slice text,
                  char out[65]);

#endif
