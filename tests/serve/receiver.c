/* SPDX-License-Identifier: MIT
 * receiver: takes webhooks on a port of loopback, one connection after the
 * other. Writes its port into the file "port"; of each request n the headers
 * into n.head and the body into n.body, then a line "n webhook-id" into
 * "requests", and only then answers, as the file "answer" says: "DELAY_MS STATUS
 * [HEADER: VALUE]", without it 200. Ends after 10 minutes at the latest. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX ((size_t)4 << 20)
#define LIFE_S      600

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void put_file(const char *name, const char *data, size_t len)
{
    FILE *file = fopen(name, "w");

    if (file == NULL || fwrite(data, 1, len, file) != len || fclose(file) != 0)
        die(name);
}

static int listen_somewhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char port[16];

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        die("listen");
    snprintf(port, sizeof(port), "%d\n", ntohs(at.sin_port));
    put_file("port.new", port, strlen(port));
    if (rename("port.new", "port") != 0)
        die("port");
    return fd;
}

/* A header's value up to its line end; NULL: it is not there. */
static const char *header(const char *head, const char *name)
{
    for (const char *line = head; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, name, strlen(name)) == 0)
            return line + strlen(name) + strspn(line + strlen(name), ": ");
    }
    return NULL;
}

/* The whole request in data, NUL-terminated; *body_out points behind its head.
 * false: the client went away. */
static int take_request(int fd, char *data, char **body_out, size_t *len_out)
{
    size_t len = 0, want = 0;

    *body_out = NULL;
    for (;;) {
        ssize_t got = read(fd, data + len, REQUEST_MAX - len);
        char *end;

        if (got <= 0)
            return 0;
        len += (size_t)got;
        data[len] = '\0';
        end = strstr(data, "\r\n\r\n");
        if (*body_out == NULL && end != NULL) {
            const char *length;

            end[2] = '\0';
            *body_out = end + 4;
            length = header(data, "content-length");
            want = length != NULL ? strtoul(length, NULL, 10) : 0;
        }
        if (*body_out != NULL && len - (size_t)(*body_out - data) >= want) {
            *len_out = want;
            return 1;
        }
    }
}

static void answer(int fd)
{
    char line[200] = "0 200", text[300], more[160] = "";
    unsigned delay_ms = 0, status = 200;
    FILE *file = fopen("answer", "r");
    struct timespec pause;

    if (file != NULL && fgets(line, sizeof(line), file) == NULL)
        line[0] = '\0';
    if (file != NULL)
        fclose(file);
    (void)sscanf(line, "%u %u %159[^\n]", &delay_ms, &status, more);
    pause.tv_sec = delay_ms / 1000;
    pause.tv_nsec = (long)(delay_ms % 1000) * 1000000L;
    nanosleep(&pause, NULL);
    snprintf(text, sizeof(text),
             "HTTP/1.1 %u Said\r\n%s%sContent-Length: 2\r\nConnection: "
             "close\r\n\r\nok",
             status, more, more[0] != '\0' ? "\r\n" : "");
    (void)!write(fd, text, strlen(text));
}

static void serve_one(int fd, unsigned n, char *data)
{
    char name[32];
    char *body;
    const char *id;
    size_t len;
    FILE *list;

    if (!take_request(fd, data, &body, &len))
        return;
    snprintf(name, sizeof(name), "%u.head", n);
    put_file(name, data, strlen(data));
    snprintf(name, sizeof(name), "%u.body", n);
    put_file(name, body, len);
    id = header(data, "webhook-id");
    list = fopen("requests", "a");
    if (list == NULL)
        die("requests");
    fprintf(list, "%u %.*s\n", n, id != NULL ? (int)strcspn(id, "\r\n") : 0,
            id != NULL ? id : "");
    if (fclose(list) != 0)
        die("requests");
    answer(fd);
}

int main(void)
{
    char *data = malloc(REQUEST_MAX + 1);
    int fd = listen_somewhere();
    unsigned n = 0;

    if (data == NULL)
        die("memory");
    signal(SIGPIPE, SIG_IGN);
    alarm(LIFE_S);
    for (;;) {
        int client = accept(fd, NULL, NULL);

        if (client < 0)
            continue;
        serve_one(client, ++n, data);
        close(client);
    }
}
