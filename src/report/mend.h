/* SPDX-License-Identifier: MIT
 * Multiparts whose boundary got lost: gateways drop or rewrite Content-Type and
 * leave the parts as they are. */
#ifndef BOUNCE_REPORT_MEND_H
#define BOUNCE_REPORT_MEND_H

#include "mime/mime.h"

/* The root with the parts that its body shows, or root itself where nothing is
 * to be mended. The headers are those of root; has_type: Content-Type is one
 * of them. */
const struct mime_part *mend_multipart(struct message *message,
                                       const struct mime_part *root,
                                       bool has_type);

#endif
