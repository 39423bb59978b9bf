/* SPDX-License-Identifier: MIT
 * sink TABLE STORE LOG: an SMTP server that refuses mail.
 *
 * Row i of TABLE listens at 192.0.2.(128 + i) and refuses at its stage with
 * its reply; whatever is not refused is accepted and thrown away. At
 * 192.0.2.127 everything is accepted, and a message to back-NAME@... becomes
 * the file STORE/NAME.1.eml, NAME.2.eml, ... Each refusal given is a line
 * "ID STAGE ADDRESS" in LOG. */
#include "table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_SESSIONS 200
#define MAX_COMMAND  4096

enum doing { COMMANDS, MESSAGE, SILENT, REFUSED };

struct session {
    int fd;
    const struct row *row; /* NULL: the store */
    enum doing doing;
    char in[MAX_COMMAND];
    size_t used;
    char address[MAX_COMMAND]; /* of the last MAIL or RCPT */
    char sender[MAX_COMMAND];
    int recipients;
    FILE *file; /* the message that comes in, at the store */
};

struct server {
    struct table table;
    struct session sessions[MAX_SESSIONS];
    const char *store;
    FILE *log;
};

static void end_session(struct session *session)
{
    if (session->file != NULL)
        fclose(session->file);
    close(session->fd);
    memset(session, 0, sizeof(*session));
    session->fd = -1;
}

static void say(struct session *session, const char *text)
{
    /* Replies are shorter than a socket's buffer. */
    (void)!send(session->fd, text, strlen(text), MSG_NOSIGNAL);
    (void)!send(session->fd, "\r\n", 2, MSG_NOSIGNAL);
}

/* The reply with "{address}" filled in. */
static void say_reply(struct session *session, const char *reply)
{
    static char text[2 * TABLE_REPLY + MAX_COMMAND];
    const char *mark = strstr(reply, "{address}");

    if (mark == NULL) {
        say(session, reply);
        return;
    }
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(mark - reply), reply,
             session->address, mark + strlen("{address}"));
    say(session, text);
}

/* Refuses, when the session's row does so at this stage. true: it did. The
 * session may be over then. */
static bool refuse(struct server *server, struct session *session,
                   const char *stage)
{
    const struct row *row = session->row;

    if (row == NULL || strcmp(row->stage, stage) != 0)
        return false;
    fprintf(server->log, "%s\t%s\t%s\n", row->id, stage, session->address);
    fflush(server->log);
    if (strcmp(row->reply, "drop") == 0) {
        end_session(session);
    } else if (strcmp(row->reply, "silence") == 0) {
        session->doing = SILENT;
    } else {
        say_reply(session, row->reply);
        if (strncmp(row->reply, "421", 3) == 0)
            end_session(session);
    }
    return true;
}

/* The path of "MAIL FROM:<a@b>". */
static void take_address(struct session *session, const char *line)
{
    const char *start = strchr(line, '<');
    size_t len = start != NULL ? strcspn(start + 1, ">") : 0;

    memcpy(session->address, start != NULL ? start + 1 : "", len);
    session->address[len] = '\0';
}

static void open_file(struct server *server, struct session *session)
{
    const char *name = session->address;
    char path[MAX_COMMAND * 2];
    int fd = -1;

    if (strncmp(name, "back-", 5) == 0)
        name += 5;
    for (int i = 1; fd < 0 && i < 100; i++) {
        snprintf(path, sizeof(path), "%s/%.*s.%d.eml", server->store,
                 (int)strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
                 name, i);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    }
    session->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (session->file != NULL)
        fprintf(session->file, "Return-Path: <%s>\n", session->sender);
}

static void greet(struct session *session)
{
    const struct row *row = session->row;

    session->recipients = 0;
    say(session, "250-mx.example.org");
    if (row != NULL && strcmp(row->stage, "size") == 0)
        say(session, "250-SIZE 300");
    if (row == NULL || strcmp(row->stage, "starttls") != 0)
        say(session, "250-SMTPUTF8");
    else
        say(session, "250-STARTTLS");
    say(session, "250-8BITMIME");
    say(session, "250 ENHANCEDSTATUSCODES");
}

static void start_message(struct server *server, struct session *session)
{
    if (session->recipients == 0) {
        say(session, "503 5.5.1 No valid recipients");
        return;
    }
    if (refuse(server, session, "data"))
        return;
    if (session->row == NULL)
        open_file(server, session);
    session->doing = MESSAGE;
    say(session, "354 Go ahead");
}

static void take_command(struct server *server, struct session *session,
                         const char *line)
{
    if (strncasecmp(line, "QUIT", 4) == 0) {
        say(session, "221 2.0.0 Bye");
        end_session(session);
    } else if (session->doing == REFUSED) {
        say(session, "503 5.5.1 Not welcome");
    } else if (strncasecmp(line, "EHLO", 4) == 0 ||
               strncasecmp(line, "HELO", 4) == 0) {
        if (!refuse(server, session, "helo"))
            greet(session);
    } else if (strncasecmp(line, "STARTTLS", 8) == 0) {
        if (!refuse(server, session, "starttls"))
            say(session, "502 5.5.1 No TLS here");
    } else if (strncasecmp(line, "MAIL", 4) == 0) {
        session->recipients = 0;
        take_address(session, line);
        memcpy(session->sender, session->address, sizeof(session->sender));
        if (!refuse(server, session, "mail") &&
            !refuse(server, session, "size"))
            say(session, "250 2.1.0 Fine");
    } else if (strncasecmp(line, "RCPT", 4) == 0) {
        take_address(session, line);
        if (!refuse(server, session, "rcpt")) {
            session->recipients++;
            say(session, "250 2.1.5 Fine");
        }
    } else if (strncasecmp(line, "DATA", 4) == 0) {
        start_message(server, session);
    } else {
        say(session, "250 2.0.0 Fine");
    }
}

static void take_message_line(struct server *server, struct session *session,
                              const char *line)
{
    if (strcmp(line, ".") != 0) {
        if (session->file != NULL)
            fprintf(session->file, "%s\n", line[0] == '.' ? line + 1 : line);
        return;
    }
    session->doing = COMMANDS;
    if (session->file != NULL)
        fclose(session->file);
    session->file = NULL;
    if (!refuse(server, session, "end"))
        say(session, "250 2.0.0 Taken");
}

/* Lines that are longer than the buffer come in pieces; nobody here cares. */
static void take_lines(struct server *server, struct session *session)
{
    char line[MAX_COMMAND];

    while (session->fd >= 0 && session->used > 0) {
        char *end = memchr(session->in, '\n', session->used);
        size_t len = end != NULL ? (size_t)(end - session->in) : session->used;

        if (end == NULL && session->used < sizeof(session->in) - 1)
            return;
        memcpy(line, session->in, len);
        line[len > 0 && line[len - 1] == '\r' ? len - 1 : len] = '\0';
        len += end != NULL;
        session->used -= len;
        memmove(session->in, session->in + len, session->used);
        if (session->doing == MESSAGE)
            take_message_line(server, session, line);
        else if (session->doing != SILENT)
            take_command(server, session, line);
    }
}

static void read_session(struct server *server, struct session *session)
{
    ssize_t got = recv(session->fd, session->in + session->used,
                       sizeof(session->in) - 1 - session->used, 0);

    if (got <= 0) {
        if (got == 0 || (errno != EINTR && errno != EAGAIN))
            end_session(session);
        return;
    }
    session->used += (size_t)got;
    take_lines(server, session);
}

static void accept_session(struct server *server, int listener,
                           const struct row *row)
{
    int fd = accept(listener, NULL, NULL);

    if (fd < 0)
        return;
    for (int i = 0; i < MAX_SESSIONS; i++) {
        struct session *session = &server->sessions[i];

        if (session->fd >= 0)
            continue;
        memset(session, 0, sizeof(*session));
        session->fd = fd;
        session->row = row;
        if (!refuse(server, session, "connect"))
            say(session, "220 mx.example.org ESMTP");
        else if (session->doing != SILENT)
            session->doing = REFUSED;
        return;
    }
    close(fd);
}

static int listen_at(int last_byte)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(25)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    name.sin_addr.s_addr = htonl(0xC0000200u + (unsigned)last_byte);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) != 0 ||
        listen(fd, 64) != 0) {
        perror("sink: listen");
        exit(1);
    }
    return fd;
}

static _Noreturn void serve(struct server *server)
{
    struct pollfd fds[TABLE_ROWS + 1 + MAX_SESSIONS];
    int rows = server->table.count;

    for (int i = 0; i < rows; i++)
        fds[i] = (struct pollfd){listen_at(TABLE_FIRST_IP + i), POLLIN, 0};
    fds[rows] = (struct pollfd){listen_at(TABLE_STORE_IP), POLLIN, 0};
    for (;;) {
        for (int i = 0; i < MAX_SESSIONS; i++)
            fds[rows + 1 + i] =
                (struct pollfd){server->sessions[i].fd, POLLIN, 0};
        if (poll(fds, (nfds_t)(rows + 1 + MAX_SESSIONS), -1) < 0)
            continue;
        for (int i = 0; i < MAX_SESSIONS; i++) {
            if (fds[rows + 1 + i].revents != 0)
                read_session(server, &server->sessions[i]);
        }
        for (int i = 0; i <= rows; i++) {
            if (fds[i].revents != 0)
                accept_session(server, fds[i].fd,
                               i < rows ? &server->table.rows[i] : NULL);
        }
    }
}

int main(int argc, char **argv)
{
    static struct server server;

    if (argc != 4) {
        fprintf(stderr, "usage: sink TABLE STORE LOG\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    table_read(&server.table, argv[1]);
    server.store = argv[2];
    server.log = fopen(argv[3], "a");
    if (server.log == NULL) {
        perror(argv[3]);
        return 1;
    }
    for (int i = 0; i < MAX_SESSIONS; i++)
        server.sessions[i].fd = -1;
    serve(&server);
}
