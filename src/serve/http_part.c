/* SPDX-License-Identifier: MIT
 * The part with the HTTP servers: started, given new certificates, stopped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/file.h"
#include "serve/http.h"
#include "serve/http_hook_keys.h"
#include "serve/http_jobs.h"
#include "serve/listen.h"
#include "serve/parts.h"
#include "serve/sns.h"
#include "store/module.h"

#define SNS_THREADS 2
#define MAX_HEADER  ((size_t)32 << 10)
#define MAX_SECRETS ((size_t)1 << 20) /* bytes of a certificate's file */

/* Whoever can open a socket in the file system needs no TLS. */
static bool is_local(const char *where)
{
    return strncmp(where, "unix:", 5) == 0;
}

/* A server on a number of its own for the socket: a new certificate wants a new
 * server, and meanwhile nobody is turned away. */
static struct http_server *start_server(struct http *http, int fd,
                                        const char *where, char why_out[200])
{
    const struct config *config = serve_config(http->serve);
    struct http_server_options options = {
        .fd = dup(fd),
        .threads = config->http_threads,
        .max_connections = config->max_connections,
        .timeout_s = (unsigned)config->timeout_s,
        .max_body = config->max_body,
        .max_header = MAX_HEADER,
        .tls_cert = is_local(where) ? NULL : http->cert,
        .tls_key = is_local(where) ? NULL : http->key,
        .handle = http_handle,
        .accept = http_may_send,
        .ctx = http};
    struct http_server *server;

    if (options.fd < 0) {
        snprintf(why_out, 200, "too many open files");
        return NULL;
    }
    server = http->module->start(&options, why_out);
    if (server == NULL)
        close(options.fd);
    return server;
}

static bool start_at(struct http *http, const char *where)
{
    char why[200];
    struct http_socket *socket = &http->sockets[http->count];
    struct http_server *server = NULL;

    socket->where = where;
    socket->fd = listen_open(where, why);
    if (socket->fd >= 0)
        server = start_server(http, socket->fd, where, why);
    if (server != NULL) {
        /* Requests to those before already count connections. */
        pthread_mutex_lock(&http->lock);
        socket->server = server;
        http->count++;
        pthread_mutex_unlock(&http->lock);
        serve_log(http->serve, SERVE_INFO, "listen", "part", "http", "at",
                  where, NULL);
        return true;
    }
    if (socket->fd >= 0) {
        close(socket->fd);
        listen_close(where);
    }
    serve_log(http->serve, SERVE_ERROR, "listen", "part", "http", "at", where,
              "error", why, NULL);
    return false;
}

static void drop_retired(struct http *http, size_t i)
{
    struct http_server *server = http->retired[i];

    pthread_mutex_lock(&http->lock);
    for (; i + 1 < HTTP_RETIRED; i++)
        http->retired[i] = http->retired[i + 1];
    http->retired[HTTP_RETIRED - 1] = NULL;
    pthread_mutex_unlock(&http->lock);
    http->module->stop(server);
}

static void stop(struct serve *serve, void *part)
{
    struct http *http = part;

    (void)serve;
    while (http->retired[0] != NULL)
        drop_retired(http, 0);
    while (http->count > 0) {
        struct http_socket socket;

        /* Requests to the others still count connections. */
        pthread_mutex_lock(&http->lock);
        socket = http->sockets[--http->count];
        pthread_mutex_unlock(&http->lock);
        http->module->stop(socket.server);
        close(socket.fd);
        listen_close(socket.where);
    }
    http_jobs_free(http->jobs);
    http_jobs_free(http->fetching);
    sns_free(http->sns);
    http_work_clear(http);
    hook_accounts_drop(http->hooks);
    http_guard_free(http->guard);
    pthread_mutex_destroy(&http->lock);
    free(http->cert);
    free(http->key);
    free(http->sockets);
    free(http);
}

/* ---- Certificates ------------------------------------------------------ */

static bool read_tls(struct http *http, char **cert_out, char **key_out)
{
    const struct config *config = serve_config(http->serve);
    char why[200];

    *cert_out = *key_out = NULL;
    if (config->tls_cert == NULL)
        return true;
    *cert_out = file_read(config->tls_cert, MAX_SECRETS, NULL, why);
    if (*cert_out != NULL)
        *key_out = file_read(config->tls_key, MAX_SECRETS, NULL, why);
    if (*key_out != NULL)
        return true;
    free(*cert_out);
    serve_log(http->serve, SERVE_ERROR, "tls", "error", why, NULL);
    return false;
}

/* Connections that were made under an old certificate live on, a few
 * certificates long. */
static void add_retired(struct http *http, struct http_server *server)
{
    size_t i = 0;

    while (i < HTTP_RETIRED && http->retired[i] != NULL) {
        if (http->module->connections(http->retired[i]) == 0)
            drop_retired(http, i);
        else
            i++;
    }
    if (i == HTTP_RETIRED) {
        drop_retired(http, 0);
        i--;
    }
    pthread_mutex_lock(&http->lock);
    http->retired[i] = server;
    pthread_mutex_unlock(&http->lock);
}

static bool replace_server(struct http *http, struct http_socket *socket)
{
    char why[200];
    struct http_server *fresh =
        start_server(http, socket->fd, socket->where, why);
    struct http_server *old;

    if (fresh == NULL) {
        serve_log(http->serve, SERVE_ERROR, "tls", "at", socket->where, "error",
                  why, NULL);
        return false;
    }
    pthread_mutex_lock(&http->lock);
    old = socket->server;
    socket->server = fresh;
    pthread_mutex_unlock(&http->lock);
    http->module->retire(old);
    add_retired(http, old);
    return true;
}

/* New servers for new certificates; with bad ones the old go on. */
static void renew_tls(struct http *http)
{
    char *cert, *key, *old_cert = http->cert, *old_key = http->key;
    bool fine = true;

    if (!read_tls(http, &cert, &key) || cert == NULL)
        return;
    if (strcmp(cert, old_cert) == 0 && strcmp(key, old_key) == 0) {
        free(cert);
        free(key);
        return;
    }
    http->cert = cert;
    http->key = key;
    for (size_t i = 0; i < http->count && fine; i++) {
        if (!is_local(http->sockets[i].where))
            fine = replace_server(http, &http->sockets[i]);
    }
    if (fine) {
        free(old_cert);
        free(old_key);
        serve_log(http->serve, SERVE_INFO, "tls", "result", "renewed", NULL);
        return;
    }
    /* The first one failed, since what the others need is the same. */
    http->cert = old_cert;
    http->key = old_key;
    free(cert);
    free(key);
}

/* ---- Hooks ------------------------------------------------------------- */

static bool renew_hooks(struct http *http)
{
    struct hook_accounts *fresh, *old;
    char why[300];

    fresh = hook_accounts_read(serve_config(http->serve), why);
    if (fresh == NULL) {
        serve_log(http->serve, SERVE_ERROR, "hooks", "error", why, NULL);
        return false;
    }
    pthread_mutex_lock(&http->lock);
    old = http->hooks;
    http->hooks = fresh;
    pthread_mutex_unlock(&http->lock);
    hook_accounts_drop(old);
    return true;
}

static void reload(struct serve *serve, void *part)
{
    struct http *http = part;

    (void)serve;
    if (http == NULL)
        return;
    http_work_clear(http);
    (void)renew_hooks(http); /* else the old secrets stay */
    renew_tls(http);
}

/* ---- Start ------------------------------------------------------------- */

static bool start_all(struct http *http)
{
    const struct config *config = serve_config(http->serve);
    size_t count = 0;

    for (const struct config_listen *at = config->http; at != NULL;
         at = at->next)
        count++;
    http->sockets = calloc(count + 1, sizeof(*http->sockets));
    for (const struct config_listen *at = config->http; at != NULL;
         at = at->next) {
        if (http->sockets == NULL || !start_at(http, at->text))
            return false;
    }
    return true;
}

static bool is_stopping(void *ctx)
{
    return serve_stopping(ctx);
}

/* Threads of its own: however long Amazon takes, others are served. */
static bool start_sns(struct http *http)
{
    const struct sns_options options = {.stop = is_stopping,
                                        .ctx = http->serve};

    http->sns = sns_new(&options);
    http->fetching = http_jobs_new(SNS_THREADS);
    return http->sns != NULL && http->fetching != NULL;
}

static bool start(struct serve *serve, void **part_out)
{
    const struct config *config = serve_config(serve);
    struct http *http;
    char why[200];

    if (config->http == NULL)
        return true;
    http = calloc(1, sizeof(*http));
    if (http == NULL)
        return false;
    http->serve = serve;
    pthread_mutex_init(&http->lock, NULL);
    *part_out = http;
    http->module = module_load("http", why);
    if (http->module == NULL) {
        serve_log(serve, SERVE_ERROR, "http", "error", why, NULL);
        return false;
    }
    http->guard = http_guard_new();
    http->jobs = http_jobs_new(config->readers);
    return http->guard != NULL && http->jobs != NULL && start_sns(http) &&
           renew_hooks(http) && read_tls(http, &http->cert, &http->key) &&
           start_all(http);
}

const struct serve_part serve_http = {"http", start, reload, stop};
