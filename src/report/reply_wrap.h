/* SPDX-License-Identifier: MIT
 * The words that mail systems put around a reply they quote. */
#ifndef BOUNCE_REPORT_REPLY_WRAP_H
#define BOUNCE_REPORT_REPLY_WRAP_H

#include "base/slice.h"

enum {
    WRAP_OPEN = 1 << 0,        /* the quoted reply begins behind it */
    WRAP_TAIL = 1 << 1,        /* the quoted reply ended before it */
    WRAP_STAGE = 1 << 2,       /* an SMTP command is named behind it */
    WRAP_HOST = 1 << 3,        /* the host is named behind it */
    WRAP_HOST_BEFORE = 1 << 4, /* ... before it */
    WRAP_EXPIRED = 1 << 5,     /* it tells that retries ended */
    WRAP_COLON = 1 << 6,       /* the reply begins behind the next ":" */
    WRAP_PREFIX = 1 << 7,      /* only words in front, never a reply alone */
    WRAP_LAST = 1 << 8,        /* counts where no word stands behind it */
    WRAP_ASKED = 1 << 9,       /* what a relay made of the reply behind it */
    WRAP_ASIDE = 1 << 10       /* the reply behind it is of something else */
};

struct reply_wrap {
    const char *text; /* lower case, one blank where there is white space */
    size_t len;
    unsigned flags;
    enum bounce_stage stage;
};

/* The longest wrapper at the start of s (lower case), or NULL. *len_out are
 * the bytes it takes. */
const struct reply_wrap *reply_wrap_match(struct bounce_slice s,
                                          size_t *len_out);

/* The stage that SMTP words at the start of s name ("RCPT TO:<...>",
 * "pipelined MAIL FROM", "end of data"); NONE when they name none. */
enum bounce_stage reply_stage(struct bounce_slice s);

/* A host name and address as in "mx.example.org[192.0.2.1]:25",
 * "mx.example.org (192.0.2.1)", "[192.0.2.1]" at the start or end of s. Parts
 * that are absent become NULL slices. */
void reply_host_after(struct bounce_slice s, struct bounce_slice *host_out,
                      struct bounce_slice *ip_out);
void reply_host_before(struct bounce_slice s, struct bounce_slice *host_out,
                       struct bounce_slice *ip_out);

/* Whether s is an IPv4 or IPv6 address and nothing else. */
bool reply_is_ip(struct bounce_slice s);

#endif
