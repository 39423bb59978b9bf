/* SPDX-License-Identifier: MIT
 * Delivery status notifications: RFC 3464 and its internationalised form, RFC
 * 6533. */
#ifndef BOUNCE_REPORT_DSN_H
#define BOUNCE_REPORT_DSN_H

#include "report/collect.h"

/* Events from the message/delivery-status part, or from such fields inside
 * plain text. false when there are none. */
bool dsn_read(struct collect *collect);

#endif
