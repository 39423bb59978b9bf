/* SPDX-License-Identifier: MIT
 * Webhooks of ours: each has a thread that goes along the feed of changes. */
#ifndef BOUNCE_SERVE_OUT_H
#define BOUNCE_SERVE_OUT_H

#include <pthread.h>

#include "ingest/curl.h"
#include "serve/bytes.h"
#include "serve/out_plan.h"
#include "serve/out_sign.h"
#include "serve/serve.h"
#include "store/delivery.h"

#define OUT_BATCH 100 /* changes of one request at most */

/* A webhook as it was configured; texts are its own. */
struct out_target {
    char *name, *url, *ca_file, *proxy; /* the latter two may be NULL */
    unsigned events;                    /* out_events() */
    struct out_pace pace;
    struct out_secrets secrets;
    unsigned timeout_ms;
    bool allow_http;
};

struct out_worker {
    struct serve *serve;
    struct out_target target;
    const struct module_crypto *crypto;
    const struct module_curl *curl;
    struct web_client *client;
    char holder[256];      /* this daemon */
    struct delivery state; /* as the store has it, when held */
    bool held;
    int64_t kept_cursor, passed_at; /* as it was last stored, and when */
    atomic_bool stop;
    pthread_t thread;
    bool running;
};

/* Whether it is to end: the daemon stops, or the webhook changes. */
bool out_stopping(const struct out_worker *worker);

/* One step: at most one request. true: there may be more to do at once. */
bool out_turn(struct out_worker *worker);
/* Another daemon may go on. */
void out_let_go(struct out_worker *worker);

/* Lines for /metrics. false: memory is out; a store that fails gives none. */
bool out_metrics_write(struct book *book, struct bytes *out);

#endif
