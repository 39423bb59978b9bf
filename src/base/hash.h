/* SPDX-License-Identifier: MIT */
#ifndef BOUNCE_BASE_HASH_H
#define BOUNCE_BASE_HASH_H

#include "base/slice.h"

/* SipHash-2-4 with 128 bits of output (Aumasson, Bernstein 2012), fed in
 * pieces. The key is fixed: ids must be the same in every process. */
struct hash128 {
    uint64_t v[4];
    uint64_t tail; /* bytes not yet mixed in */
    size_t length; /* of all pieces */
};

void hash128_init(struct hash128 *hash);
void hash128_add(struct hash128 *hash, struct bounce_slice s);
/* The same with a NUL behind it, which tells where the part ends. */
void hash128_add_part(struct hash128 *hash, struct bounce_slice part);
/* Ends the hash: its 128 bits. hash cannot be used any more. */
void hash128_words(struct hash128 *hash, uint64_t out[2]);
/* The same as 32 hex digits and a NUL. */
void hash128_hex(struct hash128 *hash, char out[33]);

/* For tables in memory: FNV-1a. */
uint32_t hash_bytes(struct bounce_slice s);

#endif
