/* SPDX-License-Identifier: MIT
 * Amazon SES tells of bounces by a notification service that can mail them:
 * JSON in a plain text. */
#ifndef BOUNCE_REPORT_SNS_H
#define BOUNCE_REPORT_SNS_H

#include "report/collect.h"

bool sns_read(struct collect *collect);

#endif
