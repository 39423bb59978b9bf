/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* struct ucred */
#include "serve/module_http_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static enum http_peer unix_peer(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
                   peer.uid == geteuid()
               ? HTTP_PEER_SAME_USER
               : HTTP_PEER_REMOTE;
}

static enum http_peer peer_of(const struct sockaddr *address, char text[64])
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;

        inet_ntop(AF_INET, &in->sin_addr, text, 64);
        return (ntohl(in->sin_addr.s_addr) >> 24) == 127 ? HTTP_PEER_LOOPBACK
                                                         : HTTP_PEER_REMOTE;
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)address;

        inet_ntop(AF_INET6, &in6->sin6_addr, text, 64);
        return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ? HTTP_PEER_LOOPBACK
                                                     : HTTP_PEER_REMOTE;
    }
    return HTTP_PEER_REMOTE;
}

enum http_peer module_http_peer(int fd, char text_out[64])
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);

    snprintf(text_out, 64, "unknown");
    if (fd < 0 || getpeername(fd, (struct sockaddr *)&address, &len) != 0)
        return HTTP_PEER_REMOTE;
    if (address.ss_family != AF_UNIX)
        return peer_of((struct sockaddr *)&address, text_out);
    snprintf(text_out, 64, "unix");
    return unix_peer(fd);
}
