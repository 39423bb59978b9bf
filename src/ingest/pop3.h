/* SPDX-License-Identifier: MIT
 * What we say to a POP3 server that we are logged into (RFC 1939). Messages have
 * numbers from 1 on as long as the connection lasts. */
#ifndef BOUNCE_INGEST_POP3_H
#define BOUNCE_INGEST_POP3_H

#include "ingest/mail_letter.h"
#include "ingest/mail_stream.h"

#define POP3_MESSAGES_MAX 1000000 /* of one mailbox */
#define POP3_UIDL_CAP     72      /* RFC 1939 section 7: 1 to 70 characters */

struct pop3 {
    struct mail_stream *stream;
    char said[256]; /* the server's words of its last -ERR */
    bool for_now;   /* they say that it may go well later */
};

/* One message of the mailbox. */
struct pop3_entry {
    unsigned number;
    char uidl[POP3_UIDL_CAP]; /* NUL-terminated; empty: the server has none */
};

/* As in imap.h: MAIL_REFUSED is -ERR, all else but MAIL_FINE the end of the
 * connection. */

void pop3_begin(struct pop3 *pop3, struct mail_stream *stream);
/* All messages, in order. The caller frees *entries_out. */
enum mail_result pop3_list(struct pop3 *pop3, struct pop3_entry **entries_out,
                           size_t *count_out);
/* One message into letter: mail_letter_end() has it. */
enum mail_result pop3_retrieve(struct pop3 *pop3, unsigned number,
                               struct mail_letter *letter);
/* Gone once pop3_quit() went well. */
enum mail_result pop3_delete(struct pop3 *pop3, unsigned number);
enum mail_result pop3_quit(struct pop3 *pop3);

#endif
