/* SPDX-License-Identifier: MIT
 * imap[s]://USER@HOST[:PORT][/FOLDER] (RFC 5092) and pop3[s]://USER@HOST[:PORT]
 * (after RFC 2384). */
#ifndef BOUNCE_INGEST_MAIL_URL_H
#define BOUNCE_INGEST_MAIL_URL_H

#include "base/slice.h"

struct mail_url {
    bool imap;     /* else POP3 */
    bool tls;      /* from the first byte on */
    bool loopback; /* the host is this very machine */
    char user[256];
    char host[272];   /* in lower case, an IPv6 address in brackets; ":PORT" */
    char folder[512]; /* UTF-8; "INBOX" unless it is named */
    /* The mailbox's name wherever we speak of it: the same for both ways to
     * reach it. */
    char name[1152];
    char server[300]; /* what a connection is made to: SCHEME://HOST */
};

/* Whether text begins like one. */
bool mail_url_is(const char *text);
/* NULL: *url_out is filled; else what is wrong with it. */
const char *mail_url_parse(const char *text, struct mail_url *url_out);

#endif
