/* SPDX-License-Identifier: MIT
 * names TABLE: a name server on 127.0.0.1 for the made-up network.
 *
 * Row i of TABLE is the domain ID.example.org; its MX is mx.ID.example.org at
 * 192.0.2.(128 + i). A row whose stage is dns has no such host; its reply says
 * what is wrong with the domain:
 *
 *     nxdomain   it does not exist
 *     nodata     it exists and has neither MX nor address
 *     nullmx     it takes no mail (RFC 7505)
 *     deadmx     its MX does not exist
 *     servfail   nobody knows
 *     closed     its MX answers at no port
 *     far        its MX is in a network that cannot be reached
 *     self       its MX is the sending host
 *
 * back.example.com leads to the store, mail.example.com is the sending host. */
#include "table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { TYPE_A = 1, TYPE_PTR = 12, TYPE_MX = 15 };
enum { RCODE_FINE = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3 };

#define HEADER      12
#define MAX_PACKET  1500
#define OUR_NET     0xC0000200u /* 192.0.2.0 */
#define CLOSED_HOST 126         /* 192.0.2.126 */
#define FAR_HOST    0xC6336401u /* 198.51.100.1 */

struct answer {
    unsigned char bytes[MAX_PACKET];
    size_t len;
    int count;
};

static void put(struct answer *answer, const void *bytes, size_t len)
{
    if (answer->len + len > sizeof(answer->bytes))
        return;
    memcpy(answer->bytes + answer->len, bytes, len);
    answer->len += len;
}

static void put16(struct answer *answer, unsigned value)
{
    unsigned char bytes[2] = {(unsigned char)(value >> 8),
                              (unsigned char)value};

    put(answer, bytes, sizeof(bytes));
}

/* name in labels; "" is the root. */
static void put_name(struct answer *answer, const char *name)
{
    while (*name != '\0') {
        unsigned char len = (unsigned char)strcspn(name, ".");

        put(answer, &len, 1);
        put(answer, name, len);
        name += len;
        name += *name == '.';
    }
    put(answer, "", 1);
}

/* A record of the name that was asked for, up to its data of len bytes. */
static void put_record(struct answer *answer, unsigned type, size_t len)
{
    put16(answer, 0xC000u + HEADER);
    put16(answer, type);
    put16(answer, 1);
    put16(answer, 0);
    put16(answer, 60);
    put16(answer, (unsigned)len);
    answer->count++;
}

static int put_address(struct answer *answer, int type, uint32_t address)
{
    if (type == TYPE_A) {
        put_record(answer, TYPE_A, 4);
        put16(answer, address >> 16);
        put16(answer, address & 0xFFFFu);
    }
    return RCODE_FINE;
}

static int put_mx(struct answer *answer, int type, const char *host)
{
    if (type == TYPE_MX) {
        put_record(answer, TYPE_MX, 2 + (*host != '\0' ? strlen(host) + 2 : 1));
        put16(answer, *host != '\0' ? 10 : 0);
        put_name(answer, host);
    }
    return RCODE_FINE;
}

static int put_ptr(struct answer *answer, int type, const char *host)
{
    if (type == TYPE_PTR) {
        put_record(answer, TYPE_PTR, strlen(host) + 2);
        put_name(answer, host);
    }
    return RCODE_FINE;
}

/* The domain of a row. */
static int answer_domain(struct answer *answer, const struct row *row, int type)
{
    const char *what = strcmp(row->stage, "dns") == 0 ? row->reply : "";
    char host[64];

    if (strcmp(what, "nxdomain") == 0)
        return RCODE_NXDOMAIN;
    if (strcmp(what, "servfail") == 0)
        return RCODE_SERVFAIL;
    if (strcmp(what, "nodata") == 0)
        return RCODE_FINE;
    if (strcmp(what, "nullmx") == 0)
        return put_mx(answer, type, "");
    snprintf(host, sizeof(host), "mx.%s.example.org", row->id);
    return put_mx(answer, type,
                  strcmp(what, "self") == 0 ? "mail.example.com" : host);
}

/* The MX of a row. */
static int answer_host(struct answer *answer, const struct table *table, int i,
                       int type)
{
    const struct row *row = &table->rows[i];

    if (strcmp(row->stage, "dns") != 0)
        return put_address(answer, type,
                           OUR_NET + TABLE_FIRST_IP + (uint32_t)i);
    if (strcmp(row->reply, "closed") == 0)
        return put_address(answer, type, OUR_NET + CLOSED_HOST);
    if (strcmp(row->reply, "far") == 0)
        return put_address(answer, type, FAR_HOST);
    return RCODE_NXDOMAIN;
}

static int answer_reverse(struct answer *answer, const struct table *table,
                          const char *name, int type)
{
    char host[64];
    int last = atoi(name);

    if (last == 1)
        return put_ptr(answer, type, "mail.example.com");
    if (last < TABLE_FIRST_IP || last >= TABLE_FIRST_IP + table->count)
        return RCODE_NXDOMAIN;
    snprintf(host, sizeof(host), "mx.%s.example.org",
             table->rows[last - TABLE_FIRST_IP].id);
    return put_ptr(answer, type, host);
}

static bool ends_in(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);

    return len > end_len && strcasecmp(name + len - end_len, end) == 0;
}

/* Returns the response code. */
static int look_up(struct answer *answer, const struct table *table,
                   const char *name, int type)
{
    bool host = strncasecmp(name, "mx.", 3) == 0;
    int i;

    if (strcasecmp(name, "mail.example.com") == 0)
        return put_address(answer, type, OUR_NET + 1);
    if (strcasecmp(name, "mx.back.example.com") == 0)
        return put_address(answer, type, OUR_NET + TABLE_STORE_IP);
    if (strcasecmp(name, "back.example.com") == 0)
        return put_mx(answer, type, "mx.back.example.com");
    if (ends_in(name, ".2.0.192.in-addr.arpa"))
        return answer_reverse(answer, table, name, type);
    if (strcasecmp(name, "example.com") == 0 ||
        strcasecmp(name, "example.org") == 0)
        return RCODE_FINE;
    if (!ends_in(name, ".example.org"))
        return RCODE_NXDOMAIN;
    name += host ? 3 : 0;
    i = table_find(table, name, (int)(strlen(name) - strlen(".example.org")));
    if (i < 0)
        return RCODE_NXDOMAIN;
    return host ? answer_host(answer, table, i, type)
                : answer_domain(answer, &table->rows[i], type);
}

/* The name that query asks for, dotted; returns the bytes it takes, or 0. */
static size_t read_name(const unsigned char *query, size_t len, char out[256])
{
    size_t at = HEADER, used = 0;

    while (at < len && query[at] != 0) {
        size_t label = query[at];

        if (label > 63 || at + 1 + label >= len || used + label + 1 >= 256)
            return 0;
        memcpy(out + used, query + at + 1, label);
        used += label;
        out[used++] = '.';
        at += 1 + label;
    }
    out[used > 0 ? used - 1 : 0] = '\0';
    return at < len ? at + 1 - HEADER : 0;
}

static void make_answer(const struct table *table, const unsigned char *query,
                        size_t len, struct answer *answer)
{
    char name[256];
    size_t name_len = len > HEADER ? read_name(query, len, name) : 0;
    size_t question = HEADER + name_len;
    int code;

    answer->len = 0;
    answer->count = 0;
    if (name_len == 0 || question + 4 > len)
        return;
    put(answer, query, question + 4);
    code = look_up(answer, table, name,
                   query[question] * 256 + query[question + 1]);
    answer->bytes[2] = 0x84 | (query[2] & 0x01); /* an answer, final */
    answer->bytes[3] = (unsigned char)(0x80 | code);
    memcpy(answer->bytes + 4, "\0\1\0\0\0\0\0", 8);
    answer->bytes[7] = (unsigned char)answer->count;
}

int main(int argc, char **argv)
{
    static struct table table;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(53)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (argc != 2) {
        fprintf(stderr, "usage: names TABLE\n");
        return 2;
    }
    table_read(&table, argv[1]);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (const struct sockaddr *)&here, sizeof(here)) != 0) {
        perror("names: bind");
        return 1;
    }
    for (;;) {
        unsigned char query[MAX_PACKET];
        struct sockaddr_in from;
        socklen_t from_len = sizeof(from);
        struct answer answer;
        ssize_t len = recvfrom(fd, query, sizeof(query), 0,
                               (struct sockaddr *)&from, &from_len);

        if (len <= 0)
            continue;
        make_answer(&table, query, (size_t)len, &answer);
        if (answer.len > 0)
            sendto(fd, answer.bytes, answer.len, 0,
                   (const struct sockaddr *)&from, from_len);
    }
}
