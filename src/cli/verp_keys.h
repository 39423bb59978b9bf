/* SPDX-License-Identifier: MIT
 * Keys for tokens in envelope senders, from a file: a key a line, "NAME:SECRET".
 * The first one signs, all verify. */
#ifndef BOUNCE_CLI_VERP_KEYS_H
#define BOUNCE_CLI_VERP_KEYS_H

#include "store/verp.h"

#define VERP_KEYS 16

struct verp_keys {
    char *text; /* of the file */
    struct verp_key keys[VERP_KEYS];
    size_t count;
};

/* Returns -1 to go on, or the exit status: the flaw has been named. */
int verp_keys_read(struct verp_keys *keys, const char *path);
void verp_keys_clear(struct verp_keys *keys);

#endif
