/* SPDX-License-Identifier: MIT
 * An HTTP server on loopback, for what asks others: module http. */
#ifndef TESTS_WEB_SERVER_H
#define TESTS_WEB_SERVER_H

#include "serve/http_module.h"

struct web_server;

/* One request in a thread of the server; calls module->reply or ->stream. */
typedef void web_server_fn(const struct module_http *module,
                           struct http_exchange *exchange,
                           const struct http_request *request);

/* With tls under a certificate made for 127.0.0.1, by nobody that a system
 * trusts. Fails the test when it cannot be. */
struct web_server *web_server_start(web_server_fn *handle, bool tls);
void web_server_stop(struct web_server *server);

#define WEB_SERVER_URL 512
/* "http://127.0.0.1:PORT" and path. */
void web_server_url(const struct web_server *server, const char *path,
                    char url[WEB_SERVER_URL]);
/* A file with the server's certificate, to be trusted. */
const char *web_server_ca(const struct web_server *server);

#endif
