/* SPDX-License-Identifier: MIT
 * The Hook stanzas of bounce.conf(5) with the secrets that their files hold. */
#ifndef BOUNCE_SERVE_HTTP_HOOK_KEYS_H
#define BOUNCE_SERVE_HTTP_HOOK_KEYS_H

#include <stdatomic.h>

#include "ingest/webhook/webhook.h"
#include "serve/config.h"

struct hook_account {
    const struct config_hook *config;
    struct hook_config hook; /* all but now, certificate and crypto's use */
    bool demands;            /* signature, password, token or secret */
    char *texts[6];          /* that hook points into */
    char source[160];        /* "hook SERVICE/NAME" */
};

/* All that a configuration names; shared by calls, freed with the last. */
struct hook_accounts {
    struct hook_account *list;
    size_t count;
    atomic_uint holders;
};

/* NULL: why_out names the file or the flaw. */
struct hook_accounts *hook_accounts_read(const struct config *config,
                                         char why_out[300]);
/* Gives up one hold on them. */
void hook_accounts_drop(struct hook_accounts *accounts);
/* The account at "SERVICE/NAME"; NULL: there is none. */
const struct hook_account *
hook_account_find(const struct hook_accounts *accounts,
                  struct bounce_slice path);

#endif
