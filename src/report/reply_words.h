/* SPDX-License-Identifier: MIT
 * Words beside a code, a status or an SMTP command that tell what it is. Each
 * list ends with an empty slice. */
#ifndef BOUNCE_REPORT_REPLY_WORDS_H
#define BOUNCE_REPORT_REPLY_WORDS_H

#include "base/slice.h"

/* Before a bare code they say that it is one. */
extern const struct bounce_slice REPLY_CODE_WORDS[];

/* Before the number of a version or of a document. */
extern const struct bounce_slice REPLY_PRODUCTS[];

/* Behind a number that counts something; the first REPLY_SIZES are of sizes. */
extern const struct bounce_slice REPLY_UNITS[];
#define REPLY_SIZES 9

struct reply_stage_word {
    struct bounce_slice word;
    enum bounce_stage stage;
};

/* SMTP commands and what they are called. */
extern const struct reply_stage_word REPLY_STAGE_WORDS[];

#endif
