/* SPDX-License-Identifier: MIT
 * The HTTP API: what its groups of endpoints share. docs/api.md tells of it,
 * /v1/openapi.json says it to programs. */
#ifndef BOUNCE_SERVE_HTTP_H
#define BOUNCE_SERVE_HTTP_H

#include "serve/bytes.h"
#include "serve/http_module.h"
#include "serve/serve.h"

struct http_guard;

/* What a token, or a peer without one, may do. */
enum http_role {
    HTTP_ROLE_NONE = 0,
    HTTP_ROLE_CHECK = 1,  /* ask about addresses */
    HTTP_ROLE_INGEST = 2, /* bring events */
    HTTP_ROLE_READ = 4,   /* see everything that is stored */
    HTTP_ROLE_ADMIN = 8   /* all of it, and suppress and release */
};

struct http {
    struct serve *serve;
    const struct module_http *module;
    struct http_server **servers; /* one for each socket */
    size_t count;
    char *cert, *key; /* PEM, as long as the servers use them */
    struct http_guard *guard;
};

/* Tokens seen lately, and peers that guessed. */
struct http_guard *http_guard_new(void);
void http_guard_free(struct http_guard *guard);

/* A request on its way. */
struct http_call {
    struct http *http;
    struct http_exchange *exchange;
    const struct http_request *request;
    const char *rest; /* of the path, behind the route's; may be empty */
    unsigned roles;   /* HTTP_ROLE_* */
    char scope[128];  /* that the token is bound to; empty: any */
    char who[64];     /* name of the token, "local": for the audit */
    char request_id[40];
};

struct http_route {
    const char *method, *path; /* a path that ends with '/' has a rest */
    unsigned role;             /* one of them is needed; 0: anybody */
    void (*handle)(struct http_call *call);
};

/* Groups of endpoints, each ended by a NULL method. */
extern const struct http_route http_routes_knowledge[]; /* classify, explain */
extern const struct http_route http_routes_ingest[]; /* reports, events, ... */
extern const struct http_route http_routes_check[];
extern const struct http_route http_routes_store[]; /* lists, changes, acts */
extern const struct http_route http_routes_hooks[];
extern const struct http_route http_routes_health[]; /* metrics, healthz, ... */

const char *http_param(const struct http_call *call, const char *name);
const char *http_head(const struct http_call *call, const char *name);

void http_json(struct http_call *call, unsigned status,
               struct bounce_slice json);
void http_text(struct http_call *call, unsigned status, const char *type,
               struct bounce_slice text);
/* RFC 9457: type "about:blank", the status's title, and what and where. */
void http_problem(struct http_call *call, unsigned status, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));
/* A failure of the store: 503 with Retry-After where it may pass, else 500. */
void http_store_problem(struct http_call *call,
                        const struct store_error *error);

/* Who calls: fills roles, scope and who. false: it was refused with 401. */
bool http_authorize(struct http_call *call);

/* A call that is answered later, by another thread. */
struct http_call *http_call_keep(const struct http_call *call);
void http_call_free(struct http_call *call);

#endif
