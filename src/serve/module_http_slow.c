/* SPDX-License-Identifier: MIT */
#include "serve/module_http_slow.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define LEAST_RATE 1024 /* bytes a second */

struct peer {
    int fd;
    _Atomic int64_t since_ms; /* it owes us something */
    _Atomic size_t bytes;     /* that it sent, or has to read */
    atomic_bool waits;        /* it owes nothing */
    struct peer *next, **link;
};

static int64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void peers_init(struct peers *peers)
{
    peers->first = NULL;
    pthread_mutex_init(&peers->lock, NULL);
}

void peers_clear(struct peers *peers)
{
    pthread_mutex_destroy(&peers->lock);
}

void peers_drop_slow(struct peers *peers, unsigned timeout_s)
{
    const int64_t now = clock_ms();
    const int64_t grace = (int64_t)timeout_s * 2000;

    pthread_mutex_lock(&peers->lock);
    for (struct peer *peer = peers->first; peer != NULL; peer = peer->next) {
        int64_t due =
            grace + (int64_t)(atomic_load(&peer->bytes) * 1000 / LEAST_RATE);

        if (!atomic_load(&peer->waits) &&
            now - atomic_load(&peer->since_ms) > due)
            shutdown(peer->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&peers->lock);
}

struct peer *peer_add(struct peers *peers, int fd)
{
    struct peer *peer = calloc(1, sizeof(*peer));

    if (peer == NULL)
        return NULL;
    peer->fd = fd;
    atomic_store(&peer->since_ms, clock_ms());
    pthread_mutex_lock(&peers->lock);
    peer->next = peers->first;
    peer->link = &peers->first;
    if (peer->next != NULL)
        peer->next->link = &peer->next;
    peers->first = peer;
    pthread_mutex_unlock(&peers->lock);
    return peer;
}

void peer_remove(struct peers *peers, struct peer *peer)
{
    if (peer == NULL)
        return;
    pthread_mutex_lock(&peers->lock);
    *peer->link = peer->next;
    if (peer->next != NULL)
        peer->next->link = peer->link;
    pthread_mutex_unlock(&peers->lock);
    free(peer);
}

static void owe(struct peer *peer, size_t bytes, bool waits)
{
    if (peer == NULL)
        return;
    atomic_store(&peer->bytes, bytes);
    atomic_store(&peer->since_ms, clock_ms());
    atomic_store(&peer->waits, waits);
}

void peer_asks(struct peer *peer)
{
    owe(peer, 0, false);
}

void peer_sent(struct peer *peer, size_t len)
{
    if (peer != NULL)
        atomic_fetch_add(&peer->bytes, len);
}

void peer_waits(struct peer *peer)
{
    owe(peer, 0, true);
}

void peer_reads(struct peer *peer, size_t len)
{
    owe(peer, len, false);
}
