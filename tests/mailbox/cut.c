/* SPDX-License-Identifier: MIT
 * Stands between a client and a server on loopback, and cuts connections.
 *
 * usage: cut PORT BYTES,BYTES,...   the first connection after so many bytes of
 *                                   the server, the second after so many, ...;
 *                                   the last number holds for all that follow,
 *                                   0 being none
 *        cut PORT =TEXT             each before the server says TEXT
 *
 * Prints the port that it listens on. Ends after two minutes.
 */
#define _GNU_SOURCE /* memmem() */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *text; /* NULL: by bytes */

static void loopback(struct sockaddr_in *address, unsigned port)
{
    memset(address, 0, sizeof(*address));
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address->sin_port = htons((unsigned short)port);
}

static int listen_here(void)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    loopback(&address, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
        listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        exit(1);
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static int connect_to(unsigned port)
{
    struct sockaddr_in address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    loopback(&address, port);
    if (fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        exit(1);
    return fd;
}

static bool pass(int to, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(to, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* How much of what the server says may pass. */
static size_t allowed(const char *data, size_t len, size_t *left, bool *cut)
{
    size_t n = len;

    if (text != NULL) {
        const char *hit = memmem(data, len, text, strlen(text));

        *cut = hit != NULL;
        return *cut ? (size_t)(hit - data) : len;
    }
    if (*left == 0) /* all of it */
        return len;
    *cut = len >= *left;
    n = *cut ? *left : len;
    *left -= *cut ? 0 : n;
    return n;
}

static void carry(int client, int server, size_t left)
{
    struct pollfd fds[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    char buf[65536];
    bool cut = false;

    while (!cut && poll(fds, 2, 120000) > 0) {
        for (int i = 0; i < 2 && !cut; i++) {
            ssize_t n;
            size_t len;

            if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0)
                continue;
            n = read(fds[i].fd, buf, sizeof(buf));
            if (n <= 0)
                return;
            len = (size_t)n;
            if (i == 1)
                len = allowed(buf, len, &left, &cut);
            if (!pass(fds[1 - i].fd, buf, len))
                return;
        }
    }
}

int main(int argc, char **argv)
{
    unsigned port = argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    const char *bytes = argc == 3 ? argv[2] : "";
    size_t left = 0;
    int fd;

    if (port == 0)
        return 2;
    if (bytes[0] == '=')
        text = bytes + 1;
    alarm(120);
    fd = listen_here();
    for (;;) {
        int client = accept(fd, NULL, NULL), server;

        if (client < 0)
            return 1;
        if (text == NULL && *bytes != '\0') {
            char *end;

            left = strtoul(bytes, &end, 10);
            bytes = *end == ',' ? end + 1 : end;
        }
        server = connect_to(port);
        carry(client, server, left);
        close(client);
        close(server);
    }
}
