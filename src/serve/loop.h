/* SPDX-License-Identifier: MIT
 * Many clients of line protocols in one thread: sockets, buffers, time-outs.
 * What is said is the protocol's; nothing in it may block. */
#ifndef BOUNCE_SERVE_LOOP_H
#define BOUNCE_SERVE_LOOP_H

#include "serve/bytes.h"

struct loop;
struct loop_client; /* lives until its protocol's closed() returns */

struct loop_protocol {
    const char *name;
    /* A client came: *state_out is the protocol's. false: no room, close. */
    bool (*opened)(void *ctx, struct loop_client *client, void **state_out);
    /* Takes what it can of what came and returns how much; the rest comes
     * again with more, or after loop_client_resume(). */
    size_t (*took)(void *state, struct loop_client *client,
                   struct bounce_slice input);
    /* The client is gone, or was closed. */
    void (*closed)(void *state);
    /* Whether all that was taken is still half of something; NULL: never. */
    bool (*owes)(void *state);
    void *ctx;
    const char *busy;    /* said to one client too many; may be NULL */
    const char *timeout; /* said to a client that is too slow; may be NULL */
    size_t max_input;    /* bytes that may wait to be taken */
};

struct loop_options {
    unsigned max_clients;
    /* Without a byte. What is begun has twice that, and a second for each KiB:
     * a byte now and then keeps no connection for ever. */
    int64_t timeout_ms;
};

/* NULL: errno says why. */
struct loop *loop_new(const struct loop_options *options);
/* Closes all clients; the thread must have ended. */
void loop_free(struct loop *loop);

/* Clients of fd, which listens and is the loop's from now on, speak protocol,
 * which must outlive the loop. Before loop_run(). false: errno. */
bool loop_listen(struct loop *loop, int fd,
                 const struct loop_protocol *protocol);

/* Serves until loop_stop(). In a thread of its own. */
void loop_run(struct loop *loop);
/* No new clients; returns at once, loop_run() when the clients that wait for
 * something are done or after grace_ms. From any thread. */
void loop_stop(struct loop *loop, int64_t grace_ms);
/* Has the loop's thread call fn(arg). From any thread. false: memory is out. */
bool loop_post(struct loop *loop, void (*fn)(void *arg), void *arg);

/* In the loop's thread only: */
bool loop_client_send(struct loop_client *client, struct bounce_slice text);
/* Closes once all is sent. */
void loop_client_close(struct loop_client *client);
/* No more input until resume: something is awaited. Time does not run out. */
void loop_client_pause(struct loop_client *client);
void loop_client_resume(struct loop_client *client);

#endif
