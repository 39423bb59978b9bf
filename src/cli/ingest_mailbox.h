/* SPDX-License-Identifier: MIT
 * bounce ingest of mailboxes: imap(s)://, pop3(s)://.
 *
 * Nothing is marked, moved or deleted but reports whose events are durable. How
 * far a folder was read is written after that, so that whatever interrupts a run
 * costs nothing but reading some messages again; they are known by their
 * ids. */
#ifndef BOUNCE_CLI_INGEST_MAILBOX_H
#define BOUNCE_CLI_INGEST_MAILBOX_H

#include "cli/ingest_run.h"
#include "ingest/mail_letter.h"
#include "ingest/mail_stream.h"
#include "ingest/mail_url.h"
#include "store/ledger.h"

/* Where sessions return an exit status, or one of: */
#define MAILBOX_DONE (-1)
#define MAILBOX_MORE (-2) /* there is more, for another connection */
#define MAILBOX_LOST (-3) /* the connection is gone; another may go on */

enum mailbox_after { AFTER_KEEP, AFTER_SEEN, AFTER_DELETE, AFTER_MOVE };

struct mailbox {
    struct ingest_run *run;
    const struct ingest_options *options;
    const struct mail_url *url;
    const char *position; /* the mailbox's name in the store */
    struct book *book;    /* a connection of our own: positions, ids */
    struct ledger *positions;
    enum mailbox_after after;
    struct bounce_slice folder; /* of AFTER_MOVE */

    struct mail_stream stream;
    struct mail_letter letter;
    struct bounce_slice source;
    uint64_t done, all; /* messages: those that are remembered, and in all */
    bool failed;        /* some message or some answer was bad; it was named */
    /* Where this run is in an IMAP folder; validity 0: it did not begin. */
    uint32_t validity, next;
    bool begun; /* this run has looked into a POP3 mailbox */

    /* A message that breaks connections shall not stop the run: how many are
     * taken at once goes down to where it stands alone, then it is left out. */
    size_t limit;
    char suspect[80]; /* its id */
    unsigned strikes;
    bool skip; /* leave the suspect out */
};

/* One mailbox into the run. Returns -1 to go on, or the exit status: the cause
 * has been named. *failed_out is set where mailbox->failed is. */
int ingest_mailbox(struct ingest_run *run, const char *url, bool *failed_out);

/* One connection's work; stream is logged in. */
int ingest_imap(struct mailbox *box);
int ingest_pop3(struct mailbox *box);

/* ---- For these two ---- */

/* Names a failure, said being the server's words or "", and returns the status;
 * MAILBOX_LOST for a connection that broke, MAILBOX_DONE when the run is to
 * stop. */
int mailbox_fail(struct mailbox *box, enum mail_result result, const char *what,
                 const char *said, bool for_now);
/* Complains of one message. */
void mailbox_complain(struct mailbox *box, const char *id, const char *what);
/* The connection broke when this message, the got-th from 0 on, was to come.
 * Returns MAILBOX_LOST. */
int mailbox_lost(struct mailbox *box, size_t got, const char *id);
/* Whether this message is to be left out; it is named then. */
bool mailbox_skips(struct mailbox *box, const char *id);
/* All went well: more at once the next time, up to most. */
void mailbox_went_well(struct mailbox *box, size_t most);
/* A message for the run. */
void mailbox_take(struct mailbox *box, int64_t number, char *data, size_t len,
                  size_t tail_len, enum ingest_fate *fate);
/* Whether a message with this fate is to be marked, moved, deleted. */
bool mailbox_wants(const struct mailbox *box, enum ingest_fate fate);

#endif
