/* SPDX-License-Identifier: MIT
 * HTTP by libmicrohttpd: a thread pool on epoll; an exchange that waits is
 * suspended and holds no thread. */
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "serve/http_module.h"
#include "serve/module_http_cast.h"
#include "serve/module_http_gzip.h"
#include "serve/module_http_peer.h"
#include "serve/module_http_slow.h"
#include "store/module.h"

#define TICK_MS      250 /* streams are looked at so often */
#define STREAM_BLOCK 4096
#define BODIES       16   /* of the largest size, in all; answers too */
#define PACK_FROM    1024 /* bytes: shorter answers are not packed */

enum stage { COMING, HANDED, ANSWERED };

struct http_exchange {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct peer *peer; /* NULL: memory was out */
    char *path, *method;
    char address[64];
    struct http_request request;
    char *body;
    size_t len, cap;
    size_t came; /* bytes of the body, kept or not */
    size_t owed; /* bytes of the answer */
    enum stage stage;
    unsigned refused; /* status, once it was refused */
    bool packs;       /* the peer takes gzip */
    /* Under lock: the answer may come from another thread. */
    pthread_mutex_t lock;
    bool suspended;
    struct MHD_Response *response;
    unsigned status;
    /* A stream. */
    http_pull_fn *pull;
    void (*pull_done)(void *ctx);
    void *pull_ctx;
    bool asleep;                       /* suspended until the next tick */
    struct http_exchange *next_stream; /* under server->lock */
};

struct http_server {
    struct http_server_options options;
    struct MHD_Daemon *daemon;
    pthread_t ticker;
    pthread_mutex_t lock;
    struct http_exchange *streams;
    struct peers peers;
    char *cert, *key;            /* NULL: without TLS */
    unsigned exchanges, waiting; /* waiting: handed over, not answered */
    bool stopping, ticking;
    int quiesced;          /* the socket that listened; -1: it still does */
    _Atomic size_t bodies; /* bytes that all of them hold */
};

static struct http_exchange *exchange_new(struct http_server *server,
                                          struct MHD_Connection *connection,
                                          const char *path, const char *method);

static void set_peer(struct http_exchange *exchange)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    exchange->request.peer = module_http_peer(
        info != NULL ? info->connect_fd : -1, exchange->address);
}

/* ---- Answers ----------------------------------------------------------- */

static void answer(struct http_exchange *exchange, unsigned status,
                   struct MHD_Response *response)
{
    struct http_server *server = exchange->server;
    bool resume, handed;

    pthread_mutex_lock(&exchange->lock);
    handed = exchange->stage == HANDED;
    exchange->status = status;
    exchange->response = response;
    exchange->stage = ANSWERED;
    resume = exchange->suspended;
    exchange->suspended = false;
    pthread_mutex_unlock(&exchange->lock);
    /* Resumed first: who stops counts on nothing being suspended then. */
    if (resume)
        MHD_resume_connection(exchange->connection);
    if (!handed)
        return;
    pthread_mutex_lock(&server->lock);
    server->waiting--;
    pthread_mutex_unlock(&server->lock);
}

static void add_headers(struct MHD_Response *response, const char *type,
                        const struct http_header_pair *pairs)
{
    if (type != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    for (; pairs != NULL && pairs->name != NULL; pairs++)
        MHD_add_response_header(response, pairs->name, pairs->value);
}

/* NULL: it is not packed, or would not be shorter. */
static struct MHD_Response *packed_response(struct bounce_slice body)
{
    struct MHD_Response *response;
    size_t len;
    char *packed = gzip_pack(body, &len);

    if (packed == NULL)
        return NULL;
    response =
        MHD_create_response_from_buffer(len, packed, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(packed);
    else
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING,
                                "gzip");
    return response;
}

static void http_reply(struct http_exchange *exchange, unsigned status,
                       const char *type, struct bounce_slice body,
                       const struct http_header_pair *pairs)
{
    struct MHD_Response *response = NULL;

    if (exchange->packs && body.len >= PACK_FROM)
        response = packed_response(body);
    if (response == NULL)
        response = MHD_create_response_from_buffer(
            body.len, only_read(body.len > 0 ? body.ptr : ""),
            MHD_RESPMEM_MUST_COPY);
    if (response != NULL) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_VARY,
                                "Accept-Encoding");
        add_headers(response, type, pairs);
        exchange->owed = body.len;
        atomic_fetch_add(&exchange->server->bodies, body.len);
    }
    answer(exchange, status, response);
}

static ssize_t pull(void *ctx, uint64_t position, char *buf, size_t cap)
{
    struct http_exchange *exchange = ctx;
    struct http_server *server = exchange->server;
    long n;

    (void)position;
    pthread_mutex_lock(&server->lock);
    if (server->stopping) {
        pthread_mutex_unlock(&server->lock);
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    pthread_mutex_unlock(&server->lock);
    n = exchange->pull(exchange->pull_ctx, buf, cap);
    if (n != 0)
        return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
    pthread_mutex_lock(&server->lock);
    if (!exchange->asleep && !server->stopping) {
        exchange->asleep = true;
        exchange->next_stream = server->streams;
        server->streams = exchange;
        MHD_suspend_connection(exchange->connection);
    }
    pthread_mutex_unlock(&server->lock);
    return 0;
}

static void http_stream(struct http_exchange *exchange, unsigned status,
                        const char *type, http_pull_fn *pull_fn,
                        void (*done)(void *ctx), void *ctx)
{
    static const struct http_header_pair pairs[] = {
        {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"}, {NULL, NULL}};
    struct MHD_Response *response;

    exchange->pull = pull_fn;
    exchange->pull_done = done;
    exchange->pull_ctx = ctx;
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK,
                                                 pull, exchange, NULL);
    if (response != NULL)
        add_headers(response, type, pairs);
    answer(exchange, status, response);
}

static void wake_streams(struct http_server *server)
{
    struct http_exchange *stream = server->streams;

    server->streams = NULL;
    while (stream != NULL) {
        struct http_exchange *next = stream->next_stream;

        stream->asleep = false;
        MHD_resume_connection(stream->connection);
        stream = next;
    }
}

static void *tick(void *arg)
{
    struct http_server *server = arg;
    const struct timespec pause = {.tv_nsec = TICK_MS * 1000000L};
    bool stopping;

    do {
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&server->lock);
        wake_streams(server);
        stopping = server->stopping;
        pthread_mutex_unlock(&server->lock);
        peers_drop_slow(&server->peers, server->options.timeout_s);
    } while (!stopping);
    return NULL;
}

/* ---- Connections ------------------------------------------------------- */

static void connection_changed(void *ctx, struct MHD_Connection *connection,
                               void **own,
                               enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = ctx;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(
            connection, MHD_CONNECTION_INFO_CONNECTION_FD);

        *own = peer_add(&server->peers, info != NULL ? info->connect_fd : -1);
    } else {
        /* The socket is still open: peers_drop_slow() never meets another
         * one's number. */
        peer_remove(&server->peers, *own);
    }
}

static struct peer *peer_at(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

/* ---- Requests ---------------------------------------------------------- */

static const char *http_header(const struct http_exchange *exchange,
                               const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
                                       name);
}

struct header_list {
    struct http_header_pair *list;
    size_t count, cap;
};

static enum MHD_Result take_header(void *ctx, enum MHD_ValueKind kind,
                                   const char *name, const char *value)
{
    struct header_list *headers = ctx;

    (void)kind;
    if (headers->count == headers->cap)
        return MHD_NO;
    headers->list[headers->count++] =
        (struct http_header_pair){name, value != NULL ? value : ""};
    return MHD_YES;
}

static size_t http_headers(const struct http_exchange *exchange,
                           struct http_header_pair *headers_out, size_t cap)
{
    struct header_list headers = {headers_out, 0, cap};

    MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND,
                              take_header, &headers);
    return headers.count;
}

static const char *http_query(const struct http_exchange *exchange,
                              const char *name)
{
    return MHD_lookup_connection_value(exchange->connection,
                                       MHD_GET_ARGUMENT_KIND, name);
}

static struct http_exchange *exchange_new(struct http_server *server,
                                          struct MHD_Connection *connection,
                                          const char *path, const char *method)
{
    struct http_exchange *exchange = calloc(1, sizeof(*exchange));

    if (exchange == NULL)
        return NULL;
    exchange->server = server;
    exchange->connection = connection;
    exchange->path = strdup(path);
    exchange->method = strdup(method);
    if (exchange->path == NULL || exchange->method == NULL) {
        free(exchange->path);
        free(exchange->method);
        free(exchange);
        return NULL;
    }
    pthread_mutex_init(&exchange->lock, NULL);
    exchange->request.method = exchange->method;
    exchange->request.path = exchange->path;
    exchange->request.address = exchange->address;
    exchange->request.tls = server->cert != NULL;
    exchange->peer = peer_at(connection);
    exchange->packs =
        gzip_accepted(http_header(exchange, MHD_HTTP_HEADER_ACCEPT_ENCODING));
    set_peer(exchange);
    pthread_mutex_lock(&server->lock);
    server->exchanges++;
    pthread_mutex_unlock(&server->lock);
    return exchange;
}

static bool keep_body(struct http_exchange *exchange, const char *data,
                      size_t len)
{
    if (exchange->cap - exchange->len < len) {
        size_t cap = exchange->cap > 0 ? exchange->cap : 4096;
        char *grown;

        while (cap - exchange->len < len)
            cap *= 2;
        grown = realloc(exchange->body, cap);
        if (grown == NULL)
            return false;
        exchange->body = grown;
        exchange->cap = cap;
    }
    memcpy(exchange->body + exchange->len, data, len);
    exchange->len += len;
    return true;
}

static void drop_body(struct http_exchange *exchange)
{
    atomic_fetch_sub(&exchange->server->bodies, exchange->cap);
    free(exchange->body);
    exchange->body = NULL;
    exchange->len = exchange->cap = 0;
}

/* Title and detail of a refusal. */
static const char *words_of(unsigned status, const char **detail_out)
{
    switch (status) {
    case MHD_HTTP_BAD_REQUEST:
        *detail_out = "the body is no gzip";
        return "Bad Request";
    case MHD_HTTP_CONTENT_TOO_LARGE:
        *detail_out = "the body is too large, as it is or unpacked";
        return "Content Too Large";
    case MHD_HTTP_UNSUPPORTED_MEDIA_TYPE:
        *detail_out = "a body comes as it is or in gzip";
        return "Unsupported Media Type";
    case MHD_HTTP_SERVICE_UNAVAILABLE:
        *detail_out = "memory for bodies is used up";
        return "Service Unavailable";
    default:
        *detail_out = "out of memory";
        return "Internal Server Error";
    }
}

static enum MHD_Result send_plain(const struct http_exchange *exchange,
                                  unsigned status)
{
    char text[256];
    const char *detail, *title = words_of(status, &detail);
    int len = snprintf(text, sizeof(text),
                       "{\"type\":\"about:blank\",\"title\":\"%s\","
                       "\"status\":%u,\"detail\":\"%s\"}\n",
                       title, status, detail);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        (size_t)len, text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            "application/problem+json");
    /* What is still to come of the body is not wanted. */
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    result = MHD_queue_response(exchange->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_answer(struct http_exchange *exchange)
{
    struct MHD_Response *response;
    unsigned status;
    enum MHD_Result result;

    pthread_mutex_lock(&exchange->lock);
    response = exchange->response;
    status = exchange->status;
    exchange->response = NULL;
    pthread_mutex_unlock(&exchange->lock);
    if (response == NULL) /* memory is out */
        return send_plain(exchange, MHD_HTTP_INTERNAL_SERVER_ERROR);
    if (exchange->pull == NULL)
        peer_reads(exchange->peer, exchange->owed);
    result = MHD_queue_response(exchange->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* The whole request is here: hand it over once; then send what was answered,
 * or wait for it. */
static enum MHD_Result hand_over(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    bool answered;

    if (exchange->stage == COMING) {
        exchange->stage = HANDED;
        peer_waits(exchange->peer);
        pthread_mutex_lock(&server->lock);
        server->waiting++;
        pthread_mutex_unlock(&server->lock);
        exchange->request.body = slice_make(
            exchange->body != NULL ? exchange->body : "", exchange->len);
        server->options.handle(server->options.ctx, exchange,
                               &exchange->request);
    }
    pthread_mutex_lock(&exchange->lock);
    answered = exchange->stage == ANSWERED;
    if (!answered) {
        exchange->suspended = true;
        MHD_suspend_connection(exchange->connection);
    }
    pthread_mutex_unlock(&exchange->lock);
    return answered ? send_answer(exchange) : MHD_YES;
}

/* Bodies and answers that are held for slow peers take too much memory. */
static bool is_full(struct http_server *server)
{
    return atomic_load(&server->bodies) > BODIES * server->options.max_body;
}

static bool declares_too_much(const struct http_exchange *exchange)
{
    const char *length = http_header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return length != NULL &&
           strtoull(length, NULL, 10) > exchange->server->options.max_body;
}

static enum MHD_Result begin(struct http_server *server,
                             struct MHD_Connection *connection,
                             const char *path, const char *method, void **own)
{
    struct http_exchange *exchange =
        exchange_new(server, connection, path, method);

    *own = exchange;
    if (exchange == NULL)
        return MHD_NO;
    if (declares_too_much(exchange))
        return send_plain(exchange, MHD_HTTP_CONTENT_TOO_LARGE);
    if (is_full(server))
        return send_plain(exchange, MHD_HTTP_SERVICE_UNAVAILABLE);
    if (server->options.accept == NULL ||
        server->options.accept(server->options.ctx, exchange,
                               &exchange->request))
        return MHD_YES;
    return send_answer(exchange);
}

/* A body in chunks names no length: it is dropped at the limit, and refused
 * once it is over. false: it goes on for too long to wait for that. */
static bool take_body(struct http_exchange *exchange, const char *data,
                      size_t len)
{
    struct http_server *server = exchange->server;
    const size_t held = exchange->cap;

    peer_sent(exchange->peer, len);
    exchange->came += len;
    if (exchange->refused == 0 && exchange->came > server->options.max_body)
        exchange->refused = MHD_HTTP_CONTENT_TOO_LARGE;
    if (exchange->refused == 0 &&
        (is_full(server) || !keep_body(exchange, data, len)))
        exchange->refused = MHD_HTTP_SERVICE_UNAVAILABLE;
    atomic_fetch_add(&server->bodies, exchange->cap - held);
    if (exchange->refused != 0)
        drop_body(exchange);
    return exchange->came / 2 <= server->options.max_body;
}

/* 0, or the status to refuse it with. */
static unsigned unpack_body(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    const char *how = http_header(exchange, MHD_HTTP_HEADER_CONTENT_ENCODING);
    char *plain;
    size_t len;
    enum gzip_outcome outcome;

    if (how == NULL || strcasecmp(how, "identity") == 0)
        return 0;
    if (strcasecmp(how, "gzip") != 0 && strcasecmp(how, "x-gzip") != 0)
        return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    outcome = gzip_unpack(slice_make(exchange->body, exchange->len),
                          server->options.max_body, &plain, &len);
    if (outcome == GZIP_TOO_LARGE)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    if (outcome != GZIP_FINE)
        return outcome == GZIP_BAD ? MHD_HTTP_BAD_REQUEST
                                   : MHD_HTTP_SERVICE_UNAVAILABLE;
    drop_body(exchange);
    exchange->body = plain;
    exchange->len = exchange->cap = len;
    atomic_fetch_add(&server->bodies, len);
    return 0;
}

static enum MHD_Result access_handler(void *ctx,
                                      struct MHD_Connection *connection,
                                      const char *path, const char *method,
                                      const char *version, const char *data,
                                      size_t *len, void **own)
{
    struct http_server *server = ctx;
    struct http_exchange *exchange = *own;

    (void)version;
    if (exchange == NULL)
        return begin(server, connection, path, method, own);
    if (*len > 0) {
        if (!take_body(exchange, data, *len))
            return MHD_NO;
        *len = 0;
        return MHD_YES;
    }
    if (exchange->stage == COMING && exchange->refused == 0)
        exchange->refused = unpack_body(exchange);
    if (exchange->refused != 0)
        return send_plain(exchange, exchange->refused);
    return hand_over(exchange);
}

static void completed(void *ctx, struct MHD_Connection *connection, void **own,
                      enum MHD_RequestTerminationCode code)
{
    struct http_server *server = ctx;
    struct http_exchange *exchange = *own;

    (void)connection;
    (void)code;
    if (exchange == NULL)
        return;
    if (exchange->response != NULL)
        MHD_destroy_response(exchange->response);
    if (exchange->pull_done != NULL)
        exchange->pull_done(exchange->pull_ctx);
    drop_body(exchange);
    atomic_fetch_sub(&server->bodies, exchange->owed);
    peer_asks(exchange->peer);
    free(exchange->path);
    free(exchange->method);
    pthread_mutex_destroy(&exchange->lock);
    free(exchange);
    pthread_mutex_lock(&server->lock);
    server->exchanges--;
    pthread_mutex_unlock(&server->lock);
    *own = NULL;
}

/* ---- Server ------------------------------------------------------------ */

static void quiet(void *ctx, const char *format, va_list args)
{
    (void)ctx; /* what clients do wrong is no news */
    (void)format;
    (void)args;
}

static struct MHD_Daemon *start_daemon(struct http_server *server)
{
    const struct http_server_options *o = &server->options;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ITC | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
                                   {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

    if (server->cert != NULL)
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, access_handler, server,
        MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL, MHD_OPTION_LISTEN_SOCKET,
        o->fd, MHD_OPTION_THREAD_POOL_SIZE, o->threads > 1 ? o->threads : 0,
        MHD_OPTION_CONNECTION_LIMIT, o->max_connections,
        MHD_OPTION_CONNECTION_TIMEOUT, o->timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->max_header,
        MHD_OPTION_NOTIFY_COMPLETED, completed, server,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, server,
        MHD_OPTION_ARRAY, server->cert != NULL ? tls : none, MHD_OPTION_END);
}

static unsigned http_connections(struct http_server *server)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(
        server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

    return info != NULL ? info->num_connections : 0;
}

/* The socket stays open until the threads have ended: libmicrohttpd's take it
 * off their lists only later, and give up the process if it is closed then. */
static void http_retire(struct http_server *server)
{
    MHD_socket fd = MHD_quiesce_daemon(server->daemon);

    if (fd != MHD_INVALID_SOCKET)
        server->quiesced = fd;
}

static void http_stop(struct http_server *server)
{
    bool left;

    if (server == NULL)
        return;
    if (server->daemon != NULL)
        http_retire(server);
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    pthread_mutex_unlock(&server->lock);
    if (server->ticking)
        pthread_join(server->ticker, NULL);
    /* Whatever was handed over is answered: the writer sees to it. Others have
     * a moment to end. */
    for (int i = 0;; i++) {
        const struct timespec pause = {.tv_nsec = 20000000L};

        pthread_mutex_lock(&server->lock);
        left = server->waiting > 0 || (server->exchanges > 0 && i < 100);
        wake_streams(server);
        pthread_mutex_unlock(&server->lock);
        if (!left)
            break;
        nanosleep(&pause, NULL);
    }
    if (server->daemon != NULL)
        MHD_stop_daemon(server->daemon);
    if (server->quiesced >= 0)
        close(server->quiesced);
    pthread_mutex_destroy(&server->lock);
    peers_clear(&server->peers);
    free(server->cert);
    free(server->key);
    free(server);
}

static bool copy_tls(struct http_server *server)
{
    const struct http_server_options *o = &server->options;

    if (o->tls_cert == NULL)
        return true;
    server->cert = strdup(o->tls_cert);
    server->key = strdup(o->tls_key);
    return server->cert != NULL && server->key != NULL;
}

static struct http_server *http_start(const struct http_server_options *options,
                                      char why_out[200])
{
    struct http_server *server = calloc(1, sizeof(*server));

    if (server == NULL) {
        snprintf(why_out, 200, "out of memory");
        return NULL;
    }
    server->options = *options;
    server->quiesced = -1;
    pthread_mutex_init(&server->lock, NULL);
    peers_init(&server->peers);
    if (copy_tls(server))
        server->daemon = start_daemon(server);
    if (server->daemon == NULL) {
        snprintf(why_out, 200, "%s",
                 options->tls_cert != NULL &&
                         MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES
                     ? "this libmicrohttpd has no TLS"
                 : options->tls_cert != NULL
                     ? "the certificate, the key or the socket cannot be used"
                     : "the socket cannot be used");
        http_stop(server);
        return NULL;
    }
    server->ticking = pthread_create(&server->ticker, NULL, tick, server) == 0;
    return server;
}

MODULE_EXPORT const struct module_http bounce_module_http = {
    MODULE_VERSION, http_start,   http_retire, http_stop,  http_connections,
    http_header,    http_headers, http_query,  http_reply, http_stream};
