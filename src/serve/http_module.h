/* SPDX-License-Identifier: MIT
 * HTTP/1.1 as the module bounce-http.so (libmicrohttpd) serves it: connections,
 * TLS, limits, time-outs. What an exchange means is the program's. */
#ifndef BOUNCE_SERVE_HTTP_MODULE_H
#define BOUNCE_SERVE_HTTP_MODULE_H

#include "base/slice.h"

struct http_server;
struct http_exchange; /* one request and its reply */

enum http_peer {
    HTTP_PEER_REMOTE,
    HTTP_PEER_LOOPBACK,
    HTTP_PEER_SAME_USER /* on a unix socket, by its credentials */
};

struct http_request {
    const char *method, *path; /* the path decoded, without the query */
    struct bounce_slice body;  /* unpacked, when it came in gzip */
    enum http_peer peer;
    const char *address; /* of the peer, as text; "unix" */
    bool tls;
};

struct http_header_pair {
    const char *name, *value;
};

/* What comes of a pull: bytes written, 0 for nothing yet, -1 for the end. */
typedef long http_pull_fn(void *ctx, char *buf, size_t cap);

struct http_server_options {
    int fd; /* listens; the server's from now on */
    unsigned threads, max_connections, timeout_s;
    size_t max_body, max_header;    /* max_body also once it is unpacked */
    const char *tls_cert, *tls_key; /* PEM text, copied; NULL: without TLS */
    /* A whole request, in a thread of the server. It calls one of reply and
     * stream, once, now or later from any thread. */
    void (*handle)(void *ctx, struct http_exchange *exchange,
                   const struct http_request *request);
    /* The headers came, the body did not. false: it called reply, and the body
     * is not read. May be NULL. */
    bool (*accept)(void *ctx, struct http_exchange *exchange,
                   const struct http_request *request);
    void *ctx;
};

/* bounce_module_http */
struct module_http {
    unsigned version;
    /* NULL: why_out says why. */
    struct http_server *(*start)(const struct http_server_options *options,
                                 char why_out[200]);
    /* No new connections; those that are open go on. */
    void (*retire)(struct http_server *server);
    /* No new connections; waits for exchanges at hand, then frees. Whatever was
     * handed over must be answered for it to end. */
    void (*stop)(struct http_server *server);
    unsigned (*connections)(struct http_server *server); /* open now */
    const char *(*header)(const struct http_exchange *exchange,
                          const char *name);
    /* All headers, at most cap of them; returns how many. */
    size_t (*headers)(const struct http_exchange *exchange,
                      struct http_header_pair *headers_out, size_t cap);
    /* A parameter of the query, decoded; NULL: there is none. */
    const char *(*query)(const struct http_exchange *exchange,
                         const char *name);
    /* body is copied, and packed for who asks for gzip; pairs end with a NULL
     * name, NULL: none. */
    void (*reply)(struct http_exchange *exchange, unsigned status,
                  const char *type, struct bounce_slice body,
                  const struct http_header_pair *pairs);
    /* A body without a known end: pull is asked whenever the peer has room and
     * at least twice a second; done frees ctx. */
    void (*stream)(struct http_exchange *exchange, unsigned status,
                   const char *type, http_pull_fn *pull,
                   void (*done)(void *ctx), void *ctx);
};

#endif
