/* SPDX-License-Identifier: MIT
 * A client that keeps a server busy: one thread, many connections, a request at
 * a time on each. bench/serve.sh calls it.
 *
 * load PORT CONNECTIONS SECONDS FILE [FIRST]: FILE holds one request as it goes
 * over the wire; "@@@@@@@@" in it becomes a number of eight digits, another one
 * each time, from FIRST on. Prints answers, answers a second, and how long they
 * took. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROOM  ((size_t)1 << 16)
#define MARK  "@@@@@@@@"
#define TIMES 200000 /* buckets of 10 microseconds */

struct client {
    int fd;
    int64_t began_us;
    size_t len, body; /* bytes read; length of the whole answer, 0 unknown */
    char head[ROOM];
};

static char *request;
static size_t request_len;
static unsigned times[TIMES];
static uint64_t answers, failures, number;

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void read_request(const char *path)
{
    FILE *file = fopen(path, "rb");

    request = malloc(64 << 20);
    if (file == NULL || request == NULL)
        die(path);
    request_len = fread(request, 1, (64 << 20) - 1, file);
    request[request_len] = '\0';
    fclose(file);
}

static void connect_to(struct client *client, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;

    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 ||
        connect(client->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        die("connect");
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* All numbers of a request differ. */
static void renew_marks(void)
{
    static char *marks[100000];
    static size_t count;
    static bool looked;
    char digits[9];

    if (!looked) {
        looked = true;
        for (char *at = request; (at = strstr(at, MARK)) != NULL;
             at += sizeof(MARK) - 1)
            if (count < sizeof(marks) / sizeof(marks[0]))
                marks[count++] = at;
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(digits, sizeof(digits), "%08u", (unsigned)(number + i));
        memcpy(marks[i], digits, 8);
    }
    number += count > 0 ? count : 1;
}

static void ask(struct client *client)
{
    size_t sent = 0;

    renew_marks();
    client->len = client->body = 0;
    client->began_us = clock_us();
    while (sent < request_len) {
        ssize_t n =
            send(client->fd, request + sent, request_len - sent, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR)
            die("send");
        sent += n > 0 ? (size_t)n : 0;
    }
}

static void note(struct client *client)
{
    int64_t took = (clock_us() - client->began_us) / 10;

    times[took < TIMES ? took : TIMES - 1]++;
    answers++;
    failures += strncmp(client->head, "HTTP/1.1 200", 12) != 0;
}

/* true: the answer is whole. Of long ones only the beginning is kept. */
static bool take(struct client *client)
{
    char sink[ROOM];
    const bool keep = client->len < ROOM - 1;
    ssize_t n = keep ? read(client->fd, client->head + client->len,
                            ROOM - 1 - client->len)
                     : read(client->fd, sink, sizeof(sink));

    if (n <= 0)
        die("read");
    client->len += (size_t)n;
    if (client->body == 0) {
        char *end, *length;

        client->head[client->len] = '\0';
        end = strstr(client->head, "\r\n\r\n");
        length = strstr(client->head, "Content-Length: ");
        if (end == NULL || length == NULL)
            return false;
        client->body =
            (size_t)(end + 4 - client->head) + strtoul(length + 16, NULL, 10);
    }
    return client->len >= client->body;
}

static void run(int poll, int64_t until)
{
    struct epoll_event events[256];

    while (clock_us() < until) {
        int count = epoll_wait(poll, events, 256, 100);

        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;

            if (!take(client))
                continue;
            note(client);
            ask(client);
        }
    }
}

static double part(double share)
{
    uint64_t wanted = (uint64_t)((double)answers * share), seen = 0;

    for (size_t i = 0; i < TIMES; i++) {
        seen += times[i];
        if (seen > wanted)
            return (double)i / 100;
    }
    return TIMES / 100.0;
}

int main(int argc, char **argv)
{
    int poll = epoll_create1(EPOLL_CLOEXEC), count, seconds;
    struct client *clients;
    int64_t began;

    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: load PORT CONNECTIONS SECONDS FILE [FIRST]\n");
        return 2;
    }
    if (argc == 6)
        number = strtoull(argv[5], NULL, 10);
    count = atoi(argv[2]);
    seconds = atoi(argv[3]);
    read_request(argv[4]);
    clients = calloc((size_t)count, sizeof(*clients));
    if (clients == NULL || poll < 0)
        die("load");
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};

        connect_to(&clients[i], atoi(argv[1]));
        if (epoll_ctl(poll, EPOLL_CTL_ADD, clients[i].fd, &event) != 0)
            die("epoll");
        ask(&clients[i]);
    }
    began = clock_us();
    run(poll, began + (int64_t)seconds * 1000000);
    printf("%llu answers, %.0f/s, p50 %.2f ms, p99 %.2f ms, %llu failed\n",
           (unsigned long long)answers,
           (double)answers / ((double)(clock_us() - began) / 1e6), part(0.5),
           part(0.99), (unsigned long long)failures);
    return failures > 0;
}
