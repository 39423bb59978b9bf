/* SPDX-License-Identifier: MIT
 * refuse TABLE ADDRESS...: an SMTP server on port 25 of each address that
 * refuses mail with the words of TABLE. A line of it is
 *
 *     STAGE KEY REPLY
 *
 * with tabs between; "|" stands for a line break in REPLY. STAGE is connect
 * (KEY an address of ours), mail (KEY a sender's local part), rcpt or end (KEY
 * a recipient's local part; end answers the message). All else is accepted. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_ADDRESSES 8
#define MAX_LINE      2048

struct session {
    FILE *in, *out;
    const char *table;
    char end_reply[MAX_LINE]; /* for the message, when one is due */
};

/* The reply for stage and key, or NULL; static. */
static const char *look_up(const char *table, const char *stage,
                           const char *key)
{
    static char line[MAX_LINE];
    FILE *file = fopen(table, "r");
    const char *found = NULL;

    if (file == NULL)
        return NULL;
    while (found == NULL && fgets(line, sizeof(line), file) != NULL) {
        char *first = strchr(line, '\t');
        char *second = first != NULL ? strchr(first + 1, '\t') : NULL;

        if (line[0] == '#' || second == NULL)
            continue;
        *first = *second = '\0';
        second[1 + strcspn(second + 1, "\n")] = '\0';
        if (strcmp(line, stage) == 0 && strcmp(first + 1, key) == 0)
            found = second + 1;
    }
    fclose(file);
    return found;
}

static void say(struct session *session, const char *reply)
{
    for (; *reply != '\0'; reply++) {
        if (*reply == '|')
            fputs("\r\n", session->out);
        else
            fputc(*reply, session->out);
    }
    fputs("\r\n", session->out);
    fflush(session->out);
}

/* The local part of the path in "MAIL FROM:<a@b>". */
static void local_part(const char *line, char out[MAX_LINE])
{
    const char *start = strchr(line, '<');
    size_t len = start != NULL ? strcspn(start + 1, "@>") : 0;

    memcpy(out, start != NULL ? start + 1 : "", len);
    out[len] = '\0';
}

static void take_message(struct session *session)
{
    char line[MAX_LINE];

    say(session, "354 go on");
    while (fgets(line, sizeof(line), session->in) != NULL) {
        if (strcmp(line, ".\r\n") == 0)
            break;
    }
    say(session,
        session->end_reply[0] != '\0' ? session->end_reply : "250 2.0.0 taken");
}

static void answer(struct session *session, const char *line)
{
    char key[MAX_LINE];
    const char *reply;

    local_part(line, key);
    if (strncasecmp(line, "EHLO", 4) == 0) {
        session->end_reply[0] = '\0';
        say(session, "250-mx.example.org|250-SIZE 100000|250-8BITMIME|"
                     "250 ENHANCEDSTATUSCODES");
    } else if (strncasecmp(line, "MAIL", 4) == 0) {
        reply = look_up(session->table, "mail", key);
        session->end_reply[0] = '\0';
        say(session, reply != NULL ? reply : "250 2.1.0 fine");
    } else if (strncasecmp(line, "RCPT", 4) == 0) {
        reply = look_up(session->table, "end", key);
        if (reply != NULL)
            snprintf(session->end_reply, sizeof(session->end_reply), "%s",
                     reply);
        reply = look_up(session->table, "rcpt", key);
        say(session, reply != NULL ? reply : "250 2.1.5 fine");
    } else if (strncasecmp(line, "DATA", 4) == 0) {
        take_message(session);
    } else {
        say(session, "250 2.0.0 fine");
    }
}

static void serve(int fd, const char *table, const char *address)
{
    struct session session = {fdopen(fd, "r"), fdopen(dup(fd), "w"), table, ""};
    char line[MAX_LINE];
    const char *reply = look_up(table, "connect", address);

    if (session.in == NULL || session.out == NULL)
        exit(1);
    say(&session, reply != NULL ? reply : "220 mx.example.org ESMTP");
    while (fgets(line, sizeof(line), session.in) != NULL) {
        if (strncasecmp(line, "QUIT", 4) == 0) {
            say(&session, "221 2.0.0 bye");
            break;
        }
        answer(&session, line);
    }
    exit(0);
}

static int listen_at(const char *address)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(25)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (inet_pton(AF_INET, address, &name.sin_addr) != 1 ||
        bind(fd, (const struct sockaddr *)&name, sizeof(name)) != 0 ||
        listen(fd, 64) != 0) {
        perror(address);
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    struct pollfd fds[MAX_ADDRESSES];
    int count = argc - 2;

    if (count < 1 || count > MAX_ADDRESSES) {
        fprintf(stderr, "usage: refuse TABLE ADDRESS...\n");
        return 2;
    }
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < count; i++)
        fds[i] = (struct pollfd){listen_at(argv[2 + i]), POLLIN, 0};
    while (poll(fds, (nfds_t)count, -1) > 0) {
        for (int i = 0; i < count; i++) {
            int fd = fds[i].revents ? accept(fds[i].fd, NULL, NULL) : -1;

            if (fd >= 0 && fork() == 0)
                serve(fd, argv[1], argv[2 + i]);
            if (fd >= 0)
                close(fd);
        }
    }
    return 0;
}
