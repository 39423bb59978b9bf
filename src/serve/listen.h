/* SPDX-License-Identifier: MIT
 * Sockets that listen, as bounce.conf(5) writes them. */
#ifndef BOUNCE_SERVE_LISTEN_H
#define BOUNCE_SERVE_LISTEN_H

#include "base/slice.h"

/* "127.0.0.1:8025", "[::1]:8025", "localhost:8025", "unix:/run/bounce/http"
 * (mode 0660; a stale socket gives way, a living one does not), "fd:http". -1:
 * why_out says why. */
int listen_open(const char *where, char why_out[200]);
/* Takes away what listen_open() left in the file system. */
void listen_close(const char *where);

#endif
