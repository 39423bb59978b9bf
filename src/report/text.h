/* SPDX-License-Identifier: MIT
 * Free-text bounces: one engine for all formats of data/formats. Reports of
 * RFC 3464 have such a text too, which often says more than their fields. */
#ifndef BOUNCE_REPORT_TEXT_H
#define BOUNCE_REPORT_TEXT_H

#include "base/buf.h"
#include "report/format.h"

/* What the text says of one recipient. */
struct text_entry {
    struct bounce_slice recipient; /* an address, or a name */
    struct bounce_slice original;  /* what it was expanded from */
    struct buf reply;              /* the lines about it */
    struct bounce_slice line;      /* the line that named it */
    struct bounce_slice host, ip, queue, status;
    int code;
    enum bounce_stage stage;
    enum bounce_action action;
    bool closed; /* a blank line ended its text */
};

struct text_report {
    struct format_found found;
    struct format_seen seen;     /* of a bounce, or of the fallback */
    const struct format *format; /* never NULL */
    bool known;                  /* a format was recognised */
    struct bounce_slice body;    /* the text without the returned message */
    struct text_entry *entries;
    size_t count, cap;
    enum bounce_action action; /* what marks say of all recipients */
    struct bounce_slice loose; /* lines about nobody, before and after */
};

/* Recognise the format of collect->human and cut the returned message off
 * (collect->original is filled from it). */
void text_recognize(struct collect *collect, struct text_report *report_out);

/* Find recipients and their replies by report->format. */
void text_extract(struct collect *collect, struct text_report *report);

/* Whether a text that no format fits looks like a bounce all the same. */
bool text_guess(struct collect *collect, const struct text_report *report);

/* Entries become events. false when there is nothing to say. */
bool text_events(struct collect *collect, struct text_report *report);

/* Complete the events of fields with what the text says of them. */
void text_improve(struct collect *collect, struct text_report *report);

/* A new entry, NULL when memory or the ceiling is reached. */
struct text_entry *text_add(struct collect *collect, struct text_report *report,
                            struct bounce_slice recipient);
void text_append(struct text_entry *entry, struct bounce_slice line);

#endif
