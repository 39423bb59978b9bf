/* SPDX-License-Identifier: MIT
 * What a reply says beside its category: addresses, limits, times, links. */
#ifndef BOUNCE_CLASSIFY_SIGNALS_H
#define BOUNCE_CLASSIFY_SIGNALS_H

#include "report/reply.h"
#include "report/report.h"

/* Fills url, sender_ip, new_address, limit_* of the event's signals where they
 * are unknown; category steers which limit and whether an address is a new
 * one. Slices point into reply. */
void signals_read(const struct reply *reply, struct bounce_event *event);

/* Seconds after which the reply asks to try again, or -1. */
int64_t signals_retry_after(const struct reply *reply);

/* What depends on numbers and addresses of the reply, whatever they are. */
enum signals_again {
    SIGNALS_LIMIT = 1,
    SIGNALS_NEW_ADDRESS = 2,
    SIGNALS_RETRY_AFTER = 4
};
/* Bits of these, for a reply of that category. */
unsigned signals_vary(const struct reply *reply,
                      const struct bounce_event *event);
/* Reads these alone; text is that of struct reply. */
void signals_read_again(struct bounce_slice text, unsigned again,
                        struct bounce_event *event);

/* ---- Parts of a text, for the outline -------------------------------- */

/* Four numbers up to 255 with dots between at the start of text: the length,
 * or 0. */
size_t signals_ipv4(struct bounce_slice text, unsigned octets[4]);
/* Not an address that mail is sent from to strangers. */
bool signals_is_private(const unsigned octets[4]);
/* A number from here on, and of so many digits, may be a size without a unit. */
#define SIGNALS_LARGE        10000
#define SIGNALS_LARGE_DIGITS 5

/* Whether letters behind a number may make it an amount, of time, size or
 * things counted. goes_on: a digit follows. */
bool signals_unit(struct bounce_slice word, bool goes_on);

#endif
