/* SPDX-License-Identifier: MIT
 * Logs of mail servers, line by line: deliveries, bounces, deferrals, expiries,
 * and what was sent. Memory does not grow with the log. */
#ifndef BOUNCE_INGEST_LOG_LOG_H
#define BOUNCE_INGEST_LOG_LOG_H

#include "store/ledger.h"

enum log_format {
    LOG_POSTFIX,
    LOG_EXIM,
    LOG_SENDMAIL,
    LOG_OPENSMTPD,
    LOG_POWERMTA, /* accounting files: CSV with a row of names */
    LOG_KUMOMTA,  /* delivery logs: an object a line */
    LOG_JOURNAL,  /* journalctl -o json: Postfix, Sendmail, OpenSMTPD in it */
    LOG_FORMATS
};

/* "postfix", ...; NULL beyond the last. Static. */
const char *log_format_name(enum log_format format);
/* The format that a word names; LOG_FORMATS when it names none. */
enum log_format log_format_parse(struct bounce_slice name);

struct log_options {
    enum log_format format;
    struct bounce_reader *reader; /* the log's own while it is read */
    struct bounce_slice scope;    /* of all events; NULL: unknown */
    int64_t now; /* syslog names no year: none of its times is later */
    /* Take what a line says; borrowed for the call. false: memory is out, and
     * log_line() fails. sent may be NULL. */
    bool (*take)(void *ctx, const struct record *record);
    bool (*sent)(void *ctx, const struct sent *sent);
    void *ctx;
};

struct log; /* one thread at a time */

/* NULL: memory is out. */
struct log *log_new(const struct log_options *options);
void log_free(struct log *log);

/* One line without its line end. Lines that tell nothing of a delivery are left
 * out. false: memory is out, or take() or sent() said so; the line may be given
 * again. */
bool log_line(struct log *log, struct bounce_slice line);

/* The same for a line that was read in an earlier run: what it says of messages
 * in the queue is remembered, nothing is handed over. */
bool log_recall(struct log *log, struct bounce_slice line);

struct log_counts {
    uint64_t lines, events, flawed; /* flawed: begin well, but break off */
};
struct log_counts log_counts(const struct log *log);

#endif
