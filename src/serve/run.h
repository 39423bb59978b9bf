/* SPDX-License-Identifier: MIT
 * The daemon as the program starts it. */
#ifndef BOUNCE_SERVE_RUN_H
#define BOUNCE_SERVE_RUN_H

#include "serve/serve.h"

struct serve_setup {
    struct config *config; /* the daemon's from now on */
    /* Engine (sealed) and policy as config names them. false: said why. Called
     * again at a reload. */
    bool (*load)(void *ctx, const struct config *config,
                 struct serve_mind *mind_out);
    /* The config file read again; NULL: it is wrong, which was said. */
    struct config *(*reread)(void *ctx);
    void *ctx;
    struct bounce_slice address_key; /* NULL: addresses in clear */
    const struct verp_key *verp_keys;
    size_t verp_key_count;
};

/* Serves until SIGTERM or SIGINT; SIGHUP reloads. Returns the exit status: 0, or
 * sysexits.h when it could not start. Logs to standard error. */
int serve_run(const struct serve_setup *setup);

#endif
