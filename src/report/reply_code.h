/* SPDX-License-Identifier: MIT
 * Reply codes and statuses told from the other numbers of a text. */
#ifndef BOUNCE_REPORT_REPLY_CODE_H
#define BOUNCE_REPORT_REPLY_CODE_H

#include "report/reply.h"

/* A reply that begins somewhere: "550 5.1.1 ", "550-'5.1.1 ", "550", "5.1.1".
 */
struct reply_head {
    size_t len; /* bytes of code, status and what stands between; 0: none */
    int code;
    struct bounce_slice status;
};

/* Reads a head at the start of s. */
void reply_read_head(struct bounce_slice s, struct reply_head *head_out);

/* Whether the number at s.ptr[at] may be a code or status by what stands
 * before it: not part of a word, an address, a URL, a version, a date. */
bool reply_number_edge(struct bounce_slice s, size_t at);

/* Whether the three digits that end before s count something else: "500 MB",
 * "450 messages". Where a reply is expected only sizes are told from it: "554
 * Message refused". */
bool reply_is_amount(struct bounce_slice s, bool expected);

/* X.0.0, X.4.7 and the X.Y.3nn of Microsoft 365 tell less than any status
 * that a quoted reply holds. */
bool reply_status_vague(struct bounce_slice status);

#endif
