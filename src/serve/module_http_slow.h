/* SPDX-License-Identifier: MIT
 * Connections and what they owe. libmicrohttpd's own time-out begins anew with
 * every byte: who sends, or reads, one now and then would keep a connection,
 * and what is held for it, for ever. */
#ifndef BOUNCE_SERVE_MODULE_HTTP_SLOW_H
#define BOUNCE_SERVE_MODULE_HTTP_SLOW_H

#include <pthread.h>
#include <stddef.h>

struct peer; /* from accept to close */

struct peers {
    pthread_mutex_t lock;
    struct peer *first;
};

void peers_init(struct peers *peers);
/* All are gone. */
void peers_clear(struct peers *peers);
/* Shuts those down that took longer than twice timeout_s and a second for each
 * KiB that they sent or have to read. From any thread. */
void peers_drop_slow(struct peers *peers, unsigned timeout_s);

/* It owes us a request. NULL: memory is out. */
struct peer *peer_add(struct peers *peers, int fd);
/* NULL is fine, here and below. */
void peer_remove(struct peers *peers, struct peer *peer);
void peer_asks(struct peer *peer);             /* the next request is due */
void peer_sent(struct peer *peer, size_t len); /* bytes of it */
void peer_waits(struct peer *peer);            /* we owe, or it is a stream */
void peer_reads(struct peer *peer, size_t len);

#endif
