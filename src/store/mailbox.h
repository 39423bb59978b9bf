/* SPDX-License-Identifier: MIT
 * Which messages of a POP3 mailbox were read: their unique ids (RFC 1939 section
 * 7), as long as the mailbox has them. IMAP folders have a position (ledger.h). */
#ifndef BOUNCE_STORE_MAILBOX_H
#define BOUNCE_STORE_MAILBOX_H

#include "store/book.h"

/* Each id that is kept, in no order; false stops (STORE_E_STOPPED). */
typedef bool mailbox_uidl_fn(void *ctx, struct bounce_slice uidl);
enum store_err mailbox_uidl_read(struct book *book, struct bounce_slice source,
                                 mailbox_uidl_fn *take, void *ctx,
                                 struct store_error *error);
/* All of them or none, in a transaction of their own. Those of one call
 * differ. */
enum store_err mailbox_uidl_add(struct book *book, struct bounce_slice source,
                                const struct bounce_slice *uidls, size_t count,
                                struct store_error *error);
enum store_err mailbox_uidl_drop(struct book *book, struct bounce_slice source,
                                 const struct bounce_slice *uidls, size_t count,
                                 struct store_error *error);

#endif
