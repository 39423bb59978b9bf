/* SPDX-License-Identifier: MIT
 * The HTTP API: what its groups of endpoints share. docs/api.md tells of it,
 * /v1/openapi.json says it to programs. */
#ifndef BOUNCE_SERVE_HTTP_H
#define BOUNCE_SERVE_HTTP_H

#include "engine/json_write.h"
#include "serve/bytes.h"
#include "serve/http_metrics.h"
#include "serve/http_module.h"
#include "serve/serve.h"

struct http_guard;
struct http_work;

/* What a token, or a peer without one, may do. */
enum http_role {
    HTTP_ROLE_NONE = 0,
    HTTP_ROLE_CHECK = 1,  /* ask about addresses */
    HTTP_ROLE_INGEST = 2, /* bring events */
    HTTP_ROLE_READ = 4,   /* see everything that is stored */
    HTTP_ROLE_ADMIN = 8   /* all of it, and suppress and release */
};
/* Knowledge alone, nothing that is stored. */
#define HTTP_ROLE_ANY                                                          \
    (HTTP_ROLE_CHECK | HTTP_ROLE_INGEST | HTTP_ROLE_READ | HTTP_ROLE_ADMIN)

#define HTTP_GROUPS  6
#define HTTP_RETIRED 8 /* servers that only wait for their clients to go */

struct http_socket {
    const char *where;
    int fd; /* listens; servers come and go */
    struct http_server *server;
};

struct http {
    struct serve *serve;
    const struct module_http *module;
    struct http_socket *sockets;
    size_t count;
    /* That had an older certificate, the oldest first; NULL: there are fewer. */
    struct http_server *retired[HTTP_RETIRED];
    char *cert, *key; /* PEM */
    struct http_guard *guard;
    struct http_jobs *jobs;
    struct sns *sns;
    struct http_jobs *fetching;  /* what waits for Amazon SNS */
    struct hook_accounts *hooks; /* under lock */
    pthread_mutex_t lock;   /* of idle, hooks, retired, each socket's server */
    struct http_work *idle; /* between calls */
    struct http_metrics metrics[HTTP_GROUPS + 1]; /* the last: no group */
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
    size_t group;       /* of the route */
    int64_t started_us; /* monotonic */
};

struct http_route {
    const char *method, *path; /* a path that ends with '/' has a rest */
    unsigned role;             /* some of them; one is needed; 0: anybody */
    bool slow;                 /* not in a thread of the server */
    void (*handle)(struct http_call *call);
};

/* Groups of endpoints, each ended by a NULL method. */
extern const struct http_route http_routes_knowledge[]; /* classify, explain */
extern const struct http_route http_routes_ingest[]; /* reports, events, ... */
extern const struct http_route http_routes_check[];
extern const struct http_route http_routes_store[]; /* lists, changes, acts */
extern const struct http_route http_routes_hooks[];
extern const struct http_route http_routes_health[]; /* metrics, healthz, ... */
/* The i-th group's name, NULL beyond the last. */
const char *http_group_name(size_t i);

/* For struct http_server_options; ctx is the struct http. A request is refused
 * before its body when it may not be made. */
bool http_may_send(void *ctx, struct http_exchange *exchange,
                   const struct http_request *request);
void http_handle(void *ctx, struct http_exchange *exchange,
                 const struct http_request *request);

const char *http_param(const struct http_call *call, const char *name);
const char *http_head(const struct http_call *call, const char *name);
/* Whether the body's type is this one, parameters aside: "text/plain". */
bool http_has_type(const struct http_call *call, const char *type);

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
/* 503: memory is out. */
void http_no_memory(struct http_call *call);

/* A stream of text; the call is answered by it. */
void http_stream(struct http_call *call, const char *type, http_pull_fn *pull,
                 void (*done)(void *ctx), void *ctx);

/* Who calls: fills roles, scope and who. false: it was refused with 401. */
bool http_authorize(struct http_call *call);
/* A secret that was wrong: counts as a wrong token. */
void http_guessed(struct http_call *call);

/* A call that is answered later, by another thread. NULL: memory is out. */
struct http_call *http_call_keep(const struct http_call *call);
void http_call_free(struct http_call *call);

/* ---- JSON ------------------------------------------------------------- */

/* Writes a row; is called again with more room when it did not fit. */
typedef void http_write_fn(struct json_writer *w, const void *row);
/* Adds what write writes. false: memory is out. */
bool http_put(struct bytes *out, http_write_fn *write, const void *row);

/* ,"key":"text" and its like, null for empty text. */
void http_known(struct json_writer *w, const char *key, const char *text);
void http_bool(struct json_writer *w, const char *key, bool value);
void http_number(struct json_writer *w, const char *key, int64_t value);
void http_real(struct json_writer *w, const char *key, double value);

/* ---- Memory and reader of a call -------------------------------------- */

struct http_work {
    struct http_work *next;
    struct arena arena; /* empty at first */
    const struct serve_mind *mind;
    struct bounce_reader *reader; /* of mind */
};
/* NULL: memory is out, which was answered. */
struct http_work *http_work_take(struct http_call *call);
void http_work_give(struct http *http, struct http_work *work);
/* Frees those that no call has. */
void http_work_clear(struct http *http);

#endif
