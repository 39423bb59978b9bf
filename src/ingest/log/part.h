/* SPDX-License-Identifier: MIT
 * What the readers of the formats share. */
#ifndef BOUNCE_INGEST_LOG_PART_H
#define BOUNCE_INGEST_LOG_PART_H

#include "base/arena.h"
#include "ingest/log/log.h"
#include "ingest/log/queue.h"

struct log {
    struct log_options options;
    struct log_counts counts;
    struct arena arena; /* of a line */
    struct log_queue *queue;
    char *scratch; /* a line that may be changed */
    size_t scratch_cap;
    struct log_powermta *powermta; /* made by the first line of one */
    bool quiet;                    /* log_recall() */
};

/* A line of syslog: "Nov 22 01:02:03 host program[pid]: text", the time also
 * in RFC 3339. */
struct log_syslog {
    int64_t at;
    struct bounce_slice host, program, text;
};
/* now as in log_options. false: it is none. */
bool log_read_syslog(struct bounce_slice line, int64_t now,
                     struct log_syslog *syslog_out);

/* What a line says of one recipient. Unknown is NULL, BOUNCE_NO_TIME, -1. */
struct log_delivery {
    enum bounce_kind kind; /* BOUNCE, DELAY, DELIVERY */
    bool expired;
    struct bounce_slice written_by, host, queue_id, recipient;
    struct bounce_slice original_recipient, remote, status, reply;
    struct bounce_slice sender, message_id, ip, campaign, envelope_id;
    struct bounce_slice service_verdict;
    enum bounce_class service_class;
    enum bounce_stage stage;
    int64_t at, waiting_s;
    unsigned tries;
};
void log_delivery_init(struct log_delivery *delivery, int64_t at);
/* Hands a record over; a final one also as sent. */
bool log_hand_over(struct log *log, const struct record *record);
/* The same, judged first. */
bool log_emit(struct log *log, const struct log_delivery *delivery);

/* The value behind "name=" that stands at the beginning or behind ", " or a
 * blank; up to the next ", " (or blank when the log has no commas). NULL: not
 * there. */
struct bounce_slice log_value(struct bounce_slice text, const char *name);
/* "<a@b>" or "a@b" as "a@b"; "<>" is empty. */
struct bounce_slice log_address(struct bounce_slice text);
/* "host[1.2.3.4]:25" or "host [1.2.3.4]" as "host"; NULL for "none". */
struct bounce_slice log_host(struct bounce_slice relay);
/* "1.5", "1d2h3m4s", "00:01:30", "2+03:00:00" as seconds; -1: none of them. */
int64_t log_span(struct bounce_slice text);
/* The line in scratch, which may be changed; NULL: memory is out. */
char *log_scratch(struct log *log, struct bounce_slice line);

/* One line each; false as log_line(). */
bool log_postfix(struct log *log, const struct log_syslog *syslog);
bool log_sendmail(struct log *log, const struct log_syslog *syslog);
bool log_opensmtpd(struct log *log, const struct log_syslog *syslog);
bool log_exim(struct log *log, struct bounce_slice line);
/* Without date and time, as behind syslog. */
bool log_exim_entry(struct log *log, int64_t at, struct bounce_slice text);
bool log_powermta(struct log *log, struct bounce_slice line);
void log_powermta_free(struct log_powermta *powermta);
bool log_kumomta(struct log *log, struct bounce_slice line);
bool log_journal(struct log *log, struct bounce_slice line);

#endif
