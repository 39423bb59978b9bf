/* SPDX-License-Identifier: MIT */
#include "serve/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "serve/notify.h"

#define WHY     200
#define BACKLOG 1024

static int fail(char *why, const char *where, const char *cause)
{
    snprintf(why, WHY, "%s: %s", where, cause);
    return -1;
}

static bool set_address(struct sockaddr_un *address, const char *path)
{
    size_t len = strlen(path);

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (len >= sizeof(address->sun_path))
        return false;
    memcpy(address->sun_path, path, len);
    return true;
}

/* A socket that nobody answers on was left by one who was killed. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat info;
    int fd, got;

    if (lstat(address->sun_path, &info) != 0 || !S_ISSOCK(info.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return false;
    got = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    close(fd);
    return got != 0 && errno == ECONNREFUSED;
}

static int open_unix(const char *where, char *why)
{
    struct sockaddr_un address;
    int fd;

    if (!set_address(&address, where + 5))
        return fail(why, where, "the path is too long");
    if (is_stale(&address))
        unlink(address.sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(address.sun_path, 0660) != 0 || listen(fd, BACKLOG) != 0) {
        fail(why, where, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static int bind_one(const struct addrinfo *info)
{
    const int yes = 1;
    int fd = socket(info->ai_family, info->ai_socktype, info->ai_protocol);

    if (fd < 0)
        return -1;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(fd, info->ai_addr, info->ai_addrlen) != 0 ||
        listen(fd, BACKLOG) != 0) {
        int kept = errno;

        close(fd);
        errno = kept;
        return -1;
    }
    return fd;
}

static int open_tcp(const char *where, char *why)
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[256];
    const char *colon = strrchr(where, ':');
    size_t len;
    int fd = -1, err;

    if (colon == NULL)
        return fail(why, where, "HOST:PORT, unix:PATH or fd:NAME is wanted");
    len = (size_t)(colon - where);
    if (len >= 2 && where[0] == '[' && where[len - 1] == ']') {
        where++;
        len -= 2;
    }
    if (len >= sizeof(host))
        return fail(why, where, "the name is too long");
    memcpy(host, where, len);
    host[len] = '\0';
    err = getaddrinfo(len > 0 ? host : NULL, colon + 1, &hints, &found);
    if (err != 0)
        return fail(why, where, gai_strerror(err));
    for (const struct addrinfo *at = found; at != NULL && fd < 0;
         at = at->ai_next)
        fd = bind_one(at);
    if (fd < 0)
        fail(why, where, strerror(errno));
    freeaddrinfo(found);
    return fd;
}

int listen_open(const char *where, char why_out[200])
{
    int fd;

    if (strncmp(where, "unix:", 5) == 0)
        return open_unix(where, why_out);
    if (strncmp(where, "fd:", 3) != 0)
        return open_tcp(where, why_out);
    fd = notify_socket(where + 3);
    if (fd < 0)
        return fail(why_out, where, "the service manager gave no such socket");
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

void listen_close(const char *where)
{
    if (strncmp(where, "unix:", 5) == 0)
        unlink(where + 5);
}
