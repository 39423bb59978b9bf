/* SPDX-License-Identifier: MIT
 * bounce.conf(5): stanzas of a daemon. Read whole, checked whole, and handed
 * over only when nothing is wrong. */
#ifndef BOUNCE_SERVE_CONFIG_H
#define BOUNCE_SERVE_CONFIG_H

#include "base/arena.h"

/* "127.0.0.1:8025", "[::1]:8025", "unix:/run/bounce/http", "fd:http" (socket
 * activation, by the name in LISTEN_FDNAMES). */
struct config_listen {
    const char *text;
    struct config_listen *next;
};

struct config_hook { /* POST /v1/hooks/SERVICE/NAME */
    const char *name, *service;
    const char *secret_file; /* NULL: the service signs nothing */
    const char *basic_auth_file, *url_secret_file, *bearer_file;
    const char *url; /* as it was entered at the service: mandrill signs it */
    /* ses: the certificate, in place of fetching it. */
    const char *certificate_file, *certificate_url;
    const char *topics; /* SNS: allowed topics, by commas */
    const char *scope;
    const char *map_file; /* generic: which member is what */
    int64_t tolerance_s;  /* of a signed time; default 300 */
    struct config_hook *next;
};

struct config_log {
    const char *path, *format, *scope;
    struct config_log *next;
};

struct config_out { /* webhooks of ours */
    const char *name, *url, *secret_file;
    const char *events;  /* out_events(); NULL: all */
    const char *ca_file; /* PEM of who is trusted; NULL: the system's */
    const char *proxy;   /* NULL: none */
    bool allow_http;     /* beyond this machine */
    int64_t timeout_s;   /* of a request; default 15 */
    int64_t retry_s, retry_max_s; /* waits between attempts; 5 s, 1 h */
    int64_t give_up_s;            /* since the first attempt; 3 d */
    unsigned max_attempts;        /* default 100 */
    struct config_out *next;
};

struct config {
    struct arena arena; /* of everything here */
    const char *store, *policy, *rules, *address_key;
    bool hash_domains, require_signed_hooks, log_addresses;
    bool local_is_admin;   /* a peer of the same user on a unix socket */
    bool loopback_trusted; /* no token on loopback: only when asked */
    bool fail_closed;      /* policy service: when the store cannot answer */
    unsigned keep_raw_days, keep_events_days;
    unsigned http_threads, max_connections, readers;
    size_t max_body;   /* bytes; default 32 MiB */
    int64_t timeout_s; /* of an idle client; default 30 */
    struct config_listen *http, *lmtp, *policy_service;
    const char *tls_cert, *tls_key;
    const char *hostname;     /* LMTP greeting; default gethostname() */
    const char *holds_file;   /* written when holds change; NULL: none */
    const char *holds_format; /* holds_format_parse(); default "postfix" */
    /* What this host sends as, by commas: struct holds_choice. */
    const char *holds_ip, *holds_from, *holds_campaign;
    const char *verp_keys; /* files by commas */
    struct config_hook *hooks;
    struct config_log *logs;
    struct config_out *outs;
};

/* The len bytes of a file that name stands for in messages. NULL: error_out
 * has line and cause. The caller frees: config_free(). */
struct config *config_read(const char *name, const char *data, size_t len,
                           struct bounce_error *error_out);
void config_free(struct config *config);

#endif
