/* SPDX-License-Identifier: MIT
 * What the kinds of bounce ingest share. */
#ifndef BOUNCE_CLI_INGEST_H
#define BOUNCE_CLI_INGEST_H

#include <signal.h>

#include "cli/store_open.h"
#include "cli/textbuf.h"
#include "cli/verp_keys.h"

/* bounce ingest sent; argv[0] is "sent". */
int ingest_sent(int argc, char **argv);
/* bounce ingest hook; argv[0] is "hook". */
int ingest_hook(int argc, char **argv);

/* bounce ingest log; argv[0] is "log". */
int ingest_log(int argc, char **argv);

/* How mailboxes are read (ingest_mailbox.h); NULL where nothing is said. */
struct mailbox_choice {
    const char *password_file, *token_file, *ca_file, *after;
    bool no_tls;      /* not even STARTTLS, wherever the host is */
    bool and_replies; /* after: for auto-replies and challenges too */
};

/* Reports from files, folders, mboxes, standard input. */
struct ingest_options {
    const struct session_choice *choice;
    struct bounce_slice scope, campaign, ip, sender_domain;
    int64_t since;      /* older events are passed over; BOUNCE_NO_TIME: none */
    int64_t engaged_at; /* newest open or click; BOUNCE_NO_TIME: unknown */
    struct verp_keys verp;
    int64_t verp_max_age_s;
    unsigned jobs, keep_raw_days, keep_event_days;
    struct mailbox_choice mailbox;
    bool pipe;  /* one message from standard input, and no summary */
    bool again; /* no position of an earlier run counts */
    bool json;
};
/* Reads all of paths into the store of session, which is open for writing.
 * Returns the exit status. */
int ingest_reports(struct session *session,
                   const struct ingest_options *options, char *const *paths,
                   int count);

/* Folds events older than event_days and drops reports older than raw_days (0: as
 * an earlier run said), unless that was done less than a day ago. Returns -1, or
 * the exit status. */
int ingest_fold(struct session *session, unsigned event_days,
                unsigned raw_days);

/* From now on SIGINT, SIGTERM and SIGHUP only set ingest_stopped: what was
 * taken is to be stored first. A second one ends the program. */
void ingest_catch_signals(void);
extern volatile sig_atomic_t ingest_stopped; /* the signal's number */
/* Ends the process by the signal that was caught, as the caller of the program
 * expects; returns when there was none. */
void ingest_die_of_signal(void);

/* path in full; as it is when that cannot be told. */
void ingest_full_path(struct textbuf *text, struct bounce_slice path);
/* A name as positions know it: with hashed addresses none in clear. */
void ingest_hide_name(const struct book *book, struct textbuf *text,
                      struct bounce_slice name);
/* The same of a path in full. */
void ingest_position_name(const struct book *book, struct textbuf *text,
                          struct bounce_slice path);

#endif
