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

#endif
