/* SPDX-License-Identifier: MIT
 * A sender that talks to the daemon until it is gone. crash.sh calls it.
 *
 * mixed hook|lmtp SOCKET PREFIX    events of our own making, one after another
 * mixed hook|lmtp SOCKET -         those whose ids stand on standard input;
 *                                  exit status 1 unless all are acknowledged
 * mixed log FILE PREFIX            lines of Postfix, some each millisecond
 *
 * Prints "tried ID" before and "acked ID" behind. The recipient of ID is
 * uID@example.org, and ID is PREFIX, "x" and a number. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BATCH 3 /* events of a webhook */
#define ROOM  8192

struct ids {
    const char *prefix; /* NULL: standard input */
    unsigned number;
};

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(2);
}

static bool next_id(struct ids *ids, char out[64])
{
    if (ids->prefix != NULL) {
        snprintf(out, 64, "%sx%u", ids->prefix, ids->number++);
        return true;
    }
    if (fgets(out, 64, stdin) == NULL)
        return false;
    out[strcspn(out, "\n")] = '\0';
    return true;
}

/* At once: this process may be killed like the daemon. */
static void note(const char *what, const char *id)
{
    printf("%s %s\n", what, id);
    fflush(stdout);
}

static int connect_to(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (strlen(path) >= sizeof(to.sun_path))
        die(path);
    memcpy(to.sun_path, path, strlen(path) + 1);
    if (fd < 0)
        die("socket");
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
        exit(1); /* it is gone already */
    return fd;
}

/* false: it is gone. */
static bool say(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* What came until end stands in it. false: it is gone. */
static bool hear(int fd, char buf[ROOM], const char *end)
{
    size_t len = 0;

    buf[0] = '\0';
    while (strstr(buf, end) == NULL) {
        ssize_t n = recv(fd, buf + len, ROOM - 1 - len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        len += (size_t)n;
        buf[len] = '\0';
        if (len == ROOM - 1)
            return false;
    }
    return true;
}

/* ---- Webhooks ---------------------------------------------------------- */

static bool post(int fd, char ids[BATCH][64], unsigned count)
{
    char body[ROOM] = "[", request[ROOM + 256], answer[ROOM];
    size_t len = 1;
    int head;

    for (unsigned i = 0; i < count; i++)
        len += (size_t)snprintf(
            body + len, sizeof(body) - len,
            "%s{\"email\":\"u%s@example.org\",\"event\":\"bounce\",\"type\":"
            "\"bounce\",\"status\":\"5.1.1\",\"reason\":\"550 5.1.1 no such "
            "user\",\"sg_event_id\":\"%s\",\"sg_message_id\":\"%s\","
            "\"timestamp\":%lld}",
            i > 0 ? "," : "", ids[i], ids[i], ids[i], (long long)time(NULL));
    len += (size_t)snprintf(body + len, sizeof(body) - len, "]");
    head = snprintf(request, sizeof(request),
                    "POST /v1/hooks/sendgrid/main?secret=sesame HTTP/1.1\r\n"
                    "Host: localhost\r\nContent-Type: application/json\r\n"
                    "Content-Length: %zu\r\n\r\n%s",
                    len, body);
    return say(fd, request, (size_t)head) && hear(fd, answer, "]}\n") &&
           strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

static bool send_hooks(const char *path, struct ids *ids)
{
    const int fd = connect_to(path);
    char list[BATCH][64];
    unsigned count;

    do {
        for (count = 0; count < BATCH && next_id(ids, list[count]); count++)
            note("tried", list[count]);
        if (count > 0 && !post(fd, list, count))
            return false;
        for (unsigned i = 0; i < count; i++)
            note("acked", list[i]);
    } while (count == BATCH);
    return true;
}

/* ---- LMTP -------------------------------------------------------------- */

static bool deliver(int fd, const char *id)
{
    char text[ROOM], answer[ROOM];
    int len = snprintf(
        text, sizeof(text),
        "MAIL FROM:<>\r\nRCPT TO:<bounces@example.com>\r\nDATA\r\n"
        "From: MAILER-DAEMON@mx.example.net\r\nMessage-ID: <r%s@mx>\r\n"
        "Subject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; "
        "boundary=b\r\n\r\n--b\r\n\r\nIt failed.\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.net\r\n\r\n"
        "Final-Recipient: rfc822; u%s@example.org\r\nAction: failed\r\n"
        "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
        "\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        "Message-ID: <o%s@shop>\r\n\r\n--b--\r\n.\r\n",
        id, id, id);

    return say(fd, text, (size_t)len) && hear(fd, answer, "354 ") &&
           (strstr(strstr(answer, "354 "), "\r\n2") != NULL ||
            (hear(fd, answer, "\r\n") && answer[0] == '2'));
}

static bool send_mail(const char *path, struct ids *ids)
{
    const int fd = connect_to(path);
    char id[64], answer[ROOM];

    if (!hear(fd, answer, "220 ") || !say(fd, "LHLO client\r\n", 13) ||
        !hear(fd, answer, "250 "))
        return false;
    while (next_id(ids, id)) {
        note("tried", id);
        if (!deliver(fd, id))
            return false;
        note("acked", id);
    }
    return true;
}

/* ---- The log ----------------------------------------------------------- */

static void write_log(const char *path, struct ids *ids)
{
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    const struct timespec pause = {.tv_nsec = 1000000L};
    char id[64], at[32], line[1024];
    const time_t now = time(NULL);

    if (fd < 0)
        die(path);
    strftime(at, sizeof(at), "%b %e %H:%M:%S", gmtime(&now));
    while (next_id(ids, id)) {
        int len = snprintf(
            line, sizeof(line),
            "%s mx postfix/smtp[77]: A000%s: to=<u%s@example.org>, "
            "relay=mx.example.org[192.0.2.1]:25, delay=1, delays=0/0/1/0, "
            "dsn=5.1.1, status=bounced (host mx.example.org[192.0.2.1] said: "
            "550 5.1.1 no such user (in reply to RCPT TO command))\n",
            at, id, id);

        if (write(fd, line, (size_t)len) != len)
            die(path);
        nanosleep(&pause, NULL);
    }
}

int main(int argc, char **argv)
{
    struct ids ids = {NULL, 1};

    if (argc != 4) {
        fprintf(stderr, "usage: mixed hook|lmtp|log WHERE PREFIX\n");
        return 2;
    }
    if (strcmp(argv[3], "-") != 0)
        ids.prefix = argv[3];
    if (strcmp(argv[1], "hook") == 0)
        return !send_hooks(argv[2], &ids);
    if (strcmp(argv[1], "lmtp") == 0)
        return !send_mail(argv[2], &ids);
    write_log(argv[2], &ids);
    return 0;
}
