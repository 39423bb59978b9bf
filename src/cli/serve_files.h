/* SPDX-License-Identifier: MIT
 * What the daemon's configuration names, read from its files. */
#ifndef BOUNCE_CLI_SERVE_FILES_H
#define BOUNCE_CLI_SERVE_FILES_H

#include "serve/config.h"
#include "serve/serve.h"

#define SERVE_VERP_KEYS 32

/* The file at path; "" without one (NULL). NULL: it is missing or wrong, which
 * was named; *status_out is the exit status. */
struct config *serve_files_config(const char *path, int *status_out);

/* Engine and policy as config names them. false: the cause was named. */
bool serve_files_mind(const struct config *config, struct serve_mind *mind_out);

struct serve_keys {
    char *address_key; /* NULL: addresses in clear */
    size_t address_key_len;
    struct verp_key verp[SERVE_VERP_KEYS];
    size_t verp_count;
    char *texts[SERVE_VERP_KEYS]; /* that verp points into */
    size_t text_count;
};
/* Returns -1 to go on, or the exit status: the cause was named. */
int serve_files_keys(const struct config *config, struct serve_keys *keys_out);
void serve_keys_clear(struct serve_keys *keys);

#endif
