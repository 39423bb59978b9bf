/* SPDX-License-Identifier: MIT */
#include "serve/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_SIZE  ((size_t)64 << 10)
#define EVENTS     64
#define OUTPUT_MAX ((size_t)4 << 20) /* that a client may leave unread */
#define LEAST_RATE 1024              /* bytes a second */

enum kind { LISTENER, CLIENT, WAKER };

struct source { /* what epoll knows; first member of all below */
    enum kind kind;
    int fd;
};

struct listener {
    struct source source;
    const struct loop_protocol *protocol;
    struct listener *next;
};

struct loop_client {
    struct source source;
    struct loop *loop;
    const struct loop_protocol *protocol;
    void *state;
    struct bytes in, out;
    int64_t deadline_ms;
    int64_t owes_since_ms; /* something was begun; 0: nothing was */
    uint64_t owed;         /* bytes that came since */
    uint32_t events;       /* that epoll watches */
    bool paused, closing, dead, eof;
    struct loop_client *next;
};

struct posted {
    void (*fn)(void *arg);
    void *arg;
    struct posted *next;
};

struct loop {
    struct loop_options options;
    int epoll;
    struct source waker;
    struct listener *listeners;
    struct loop_client *clients;
    unsigned count;
    char *buffer; /* READ_SIZE */
    pthread_mutex_t lock;
    struct posted *posted, **posted_end; /* under lock */
    atomic_bool stopping;
    _Atomic int64_t stop_at_ms;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool watch(struct loop *loop, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, source->fd, &event) == 0;
}

struct loop *loop_new(const struct loop_options *options)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL)
        return NULL;
    loop->options = *options;
    loop->posted_end = &loop->posted;
    pthread_mutex_init(&loop->lock, NULL);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->waker =
        (struct source){WAKER, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    loop->buffer = malloc(READ_SIZE);
    if (loop->epoll < 0 || loop->waker.fd < 0 || loop->buffer == NULL ||
        !watch(loop, &loop->waker, EPOLLIN)) {
        loop_free(loop);
        return NULL;
    }
    return loop;
}

bool loop_listen(struct loop *loop, int fd,
                 const struct loop_protocol *protocol)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    const int flags = fcntl(fd, F_GETFL);

    if (listener == NULL)
        return false;
    *listener = (struct listener){{LISTENER, fd}, protocol, loop->listeners};
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        !watch(loop, &listener->source, EPOLLIN)) {
        free(listener);
        return false;
    }
    loop->listeners = listener;
    return true;
}

static void close_listeners(struct loop *loop)
{
    while (loop->listeners != NULL) {
        struct listener *next = loop->listeners->next;

        close(loop->listeners->source.fd);
        free(loop->listeners);
        loop->listeners = next;
    }
}

/* ---- Clients ----------------------------------------------------------- */

static void set_events(struct loop_client *client)
{
    struct epoll_event event = {.data.ptr = client};

    if (!client->paused && !client->closing && !client->eof &&
        client->in.len < client->protocol->max_input)
        event.events |= EPOLLIN;
    if (client->out.len > 0)
        event.events |= EPOLLOUT;
    if (event.events == client->events)
        return;
    client->events = event.events;
    epoll_ctl(client->loop->epoll, EPOLL_CTL_MOD, client->source.fd, &event);
}

static void touch(struct loop_client *client)
{
    client->deadline_ms = now_ms() + client->loop->options.timeout_ms;
}

/* What was begun is over, or it was begun now. */
static void note_owing(struct loop_client *client)
{
    const struct loop_protocol *protocol = client->protocol;
    const bool owes = client->in.len > 0 || client->out.len > 0 ||
                      (protocol->owes != NULL && protocol->owes(client->state));

    if (!owes || client->paused) {
        client->owes_since_ms = 0;
        client->owed = 0;
    } else if (client->owes_since_ms == 0) {
        client->owes_since_ms = now_ms();
    }
}

static bool is_slow(const struct loop_client *client, int64_t now)
{
    const int64_t grace = 2 * client->loop->options.timeout_ms;

    return client->deadline_ms <= now ||
           (client->owes_since_ms > 0 &&
            now - client->owes_since_ms >
                grace + (int64_t)(client->owed * 1000 / LEAST_RATE));
}

/* The client is freed when the events at hand are done: more of them may name
 * it. */
static void bury(struct loop_client *client)
{
    if (client->dead)
        return;
    client->dead = true;
    close(client->source.fd);
    client->source.fd = -1;
}

static void free_dead(struct loop *loop)
{
    struct loop_client **at = &loop->clients;

    while (*at != NULL) {
        struct loop_client *client = *at;

        if (!client->dead || client->paused) {
            at = &client->next;
            continue;
        }
        *at = client->next;
        client->protocol->closed(client->state);
        bytes_free(&client->in);
        bytes_free(&client->out);
        free(client);
        loop->count--;
    }
}

static void flush(struct loop_client *client)
{
    while (!client->dead && client->out.len > 0) {
        ssize_t n = send(client->source.fd, client->out.ptr, client->out.len,
                         MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n < 0) {
            bury(client);
            return;
        }
        bytes_take(&client->out, (size_t)n);
        touch(client);
    }
    if (!client->dead && client->closing && client->out.len == 0)
        bury(client);
    if (!client->dead) {
        note_owing(client);
        set_events(client);
    }
}

bool loop_client_send(struct loop_client *client, struct bounce_slice text)
{
    if (client->dead || client->out.len + text.len > OUTPUT_MAX ||
        !bytes_add(&client->out, text)) {
        bury(client);
        return false;
    }
    return true;
}

void loop_client_close(struct loop_client *client)
{
    client->closing = true;
}

void loop_client_pause(struct loop_client *client)
{
    client->paused = true;
}

static void offer(struct loop_client *client)
{
    while (!client->dead && !client->paused && !client->closing &&
           client->in.len > 0) {
        size_t n = client->protocol->took(client->state, client,
                                          bytes_slice(&client->in));

        bytes_take(&client->in, n);
        if (n == 0)
            break;
    }
    if (!client->dead && client->eof && !client->paused)
        client->closing = true; /* what came last is half a line */
    if (!client->dead && !client->closing && !client->paused &&
        client->in.len >= client->protocol->max_input)
        client->closing = true; /* the protocol should have taken it */
    if (client->in.len == 0 && client->in.cap > READ_SIZE)
        bytes_free(&client->in);
    flush(client);
}

void loop_client_resume(struct loop_client *client)
{
    client->paused = false;
    touch(client);
    if (!client->dead)
        offer(client);
}

static void receive(struct loop_client *client)
{
    struct loop *loop = client->loop;
    ssize_t n;

    do
        n = recv(client->source.fd, loop->buffer, READ_SIZE, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            bury(client);
        return;
    }
    if (n == 0)
        client->eof = true;
    else if (!bytes_add(&client->in, slice_make(loop->buffer, (size_t)n)))
        bury(client);
    touch(client);
    client->owed += (uint64_t)n;
    if (!client->dead)
        offer(client);
}

static void say_and_close(int fd, const char *text)
{
    if (text != NULL)
        (void)!send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static void adopt(struct loop *loop, int fd,
                  const struct loop_protocol *protocol)
{
    struct loop_client *client = NULL;

    if (loop->count < loop->options.max_clients)
        client = calloc(1, sizeof(*client));
    if (client == NULL) {
        say_and_close(fd, protocol->busy);
        return;
    }
    *client = (struct loop_client){.source = {CLIENT, fd},
                                   .loop = loop,
                                   .protocol = protocol,
                                   .events = EPOLLIN};
    touch(client);
    if (!protocol->opened(protocol->ctx, client, &client->state)) {
        say_and_close(fd, protocol->busy);
        bytes_free(&client->out);
        free(client);
        return;
    }
    client->next = loop->clients;
    loop->clients = client;
    loop->count++;
    if (!watch(loop, &client->source, EPOLLIN))
        bury(client);
    flush(client);
}

static void welcome(struct loop *loop, const struct listener *listener)
{
    /* A few at a time, so that those who came before are served too. */
    for (int i = 0; i < 16; i++) {
        int fd = accept(listener->source.fd, NULL, NULL);

        if (fd < 0)
            return;
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
            fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
            close(fd);
            continue;
        }
        adopt(loop, fd, listener->protocol);
    }
}

/* ---- The loop ---------------------------------------------------------- */

bool loop_post(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    struct posted *posted = malloc(sizeof(*posted));
    const uint64_t one = 1;

    if (posted == NULL)
        return false;
    *posted = (struct posted){fn, arg, NULL};
    pthread_mutex_lock(&loop->lock);
    *loop->posted_end = posted;
    loop->posted_end = &posted->next;
    pthread_mutex_unlock(&loop->lock);
    (void)!write(loop->waker.fd, &one, sizeof(one));
    return true;
}

static void run_posted(struct loop *loop)
{
    struct posted *posted;
    uint64_t count;

    (void)!read(loop->waker.fd, &count, sizeof(count));
    pthread_mutex_lock(&loop->lock);
    posted = loop->posted;
    loop->posted = NULL;
    loop->posted_end = &loop->posted;
    pthread_mutex_unlock(&loop->lock);
    while (posted != NULL) {
        struct posted *next = posted->next;

        posted->fn(posted->arg);
        free(posted);
        posted = next;
    }
}

void loop_stop(struct loop *loop, int64_t grace_ms)
{
    const uint64_t one = 1;

    atomic_store(&loop->stop_at_ms, now_ms() + grace_ms);
    atomic_store(&loop->stopping, true);
    (void)!write(loop->waker.fd, &one, sizeof(one));
}

static void close_slow(struct loop *loop)
{
    const int64_t now = now_ms();

    for (struct loop_client *client = loop->clients; client != NULL;
         client = client->next) {
        if (client->dead || client->paused || !is_slow(client, now))
            continue;
        if (client->protocol->timeout != NULL)
            (void)!send(client->source.fd, client->protocol->timeout,
                        strlen(client->protocol->timeout),
                        MSG_NOSIGNAL | MSG_DONTWAIT);
        bury(client);
    }
}

/* While stopping: those who wait for nothing go. */
static bool all_gone(struct loop *loop)
{
    const bool late = now_ms() >= atomic_load(&loop->stop_at_ms);

    close_listeners(loop);
    for (struct loop_client *client = loop->clients; client != NULL;
         client = client->next) {
        if (client->paused && !late)
            continue;
        client->closing = true;
        flush(client);
        if (late)
            bury(client);
    }
    free_dead(loop);
    return loop->clients == NULL || late;
}

static void serve(struct loop *loop, const struct epoll_event *event)
{
    struct source *source = event->data.ptr;

    if (source->kind == WAKER) {
        run_posted(loop);
    } else if (source->kind == LISTENER) {
        welcome(loop, event->data.ptr);
    } else {
        struct loop_client *client = event->data.ptr;

        if (!client->dead && (event->events & EPOLLOUT) != 0)
            flush(client);
        if (!client->dead && (event->events & EPOLLIN) != 0)
            receive(client);
        else if (!client->dead && (event->events & (EPOLLHUP | EPOLLERR)) != 0)
            bury(client);
    }
}

void loop_run(struct loop *loop)
{
    struct epoll_event events[EVENTS];
    int64_t looked_ms = 0;

    for (;;) {
        int n = epoll_wait(loop->epoll, events, EVENTS, 500);
        int64_t now;

        for (int i = 0; i < n; i++)
            serve(loop, &events[i]);
        now = now_ms();
        if (now - looked_ms >= 500) {
            close_slow(loop);
            looked_ms = now;
        }
        free_dead(loop);
        if (atomic_load(&loop->stopping) && all_gone(loop))
            break;
    }
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    close_listeners(loop);
    if (loop->waker.fd >= 0)
        run_posted(loop); /* it may name clients */
    for (struct loop_client *client = loop->clients; client != NULL;
         client = client->next) {
        client->paused = false;
        bury(client);
    }
    free_dead(loop);
    if (loop->waker.fd >= 0)
        close(loop->waker.fd);
    if (loop->epoll >= 0)
        close(loop->epoll);
    free(loop->buffer);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}
