/* SPDX-License-Identifier: MIT
 * Who is at the other end of a socket. */
#ifndef BOUNCE_SERVE_MODULE_HTTP_PEER_H
#define BOUNCE_SERVE_MODULE_HTTP_PEER_H

#include "serve/http_module.h"

/* fd may be -1. text_out is the address for people: "192.0.2.1", "unix". */
enum http_peer module_http_peer(int fd, char text_out[64]);

#endif
