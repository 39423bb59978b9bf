/* SPDX-License-Identifier: MIT
 * What a call brought, to the writer; the answer comes once it is durable. */
#ifndef BOUNCE_SERVE_HTTP_DELIVER_H
#define BOUNCE_SERVE_HTTP_DELIVER_H

#include "serve/http.h"

struct http_delivery; /* one call's; ends with http_delivery_end() */

/* NULL: memory is out, which was answered. */
struct http_delivery *http_delivery_new(const struct http_call *call);

/* Instead of all that follows: the call was answered otherwise. */
void http_delivery_drop(struct http_delivery *delivery);

/* For the answer: items that came, of no failure, of a kind that is unknown. */
void http_delivery_count(struct http_delivery *delivery, size_t items,
                         size_t passed, size_t unknown);
/* An item that cannot be taken; cause is copied. */
void http_delivery_bad(struct http_delivery *delivery, size_t item,
                       const char *cause);
/* Tell of each record what became of it, under these names for outcomes; NULL:
 * the outcome's own. Otherwise counts alone. */
void http_delivery_tell(struct http_delivery *delivery, const char *changed,
                        const char *unchanged);
/* Bad items are no reason to refuse the call: who sent it cannot mend them, and
 * would send them again. */
void http_delivery_lenient(struct http_delivery *delivery);

/* Hands records on, of which records[i] came of item items[i] (NULL: i). They
 * are copied, so that a large body can come in portions. What the token's scope
 * or the address forbids is left out, the array being changed. false: no more
 * can be taken; http_delivery_end() answers why. */
bool http_delivery_add(struct http_delivery *delivery, struct record *records,
                       const size_t *items, size_t count);
bool http_delivery_add_sent(struct http_delivery *delivery, struct sent *lines,
                            const size_t *items, size_t count);
/* Memory ran out over what came. */
void http_delivery_no_memory(struct http_delivery *delivery);
/* Nothing more comes: the call is answered once all of it is durable. */
void http_delivery_end(struct http_delivery *delivery);

/* Before a change: who does what. false: it cannot be noted; the call was
 * answered. */
bool http_audit(struct http_call *call, const char *action, const char *format,
                ...) __attribute__((format(printf, 3, 4)));

#endif
