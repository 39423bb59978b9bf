/* SPDX-License-Identifier: MIT
 * The inside of suppressions*.c. */
#ifndef BOUNCE_INGEST_SUPPRESSIONS_IN_H
#define BOUNCE_INGEST_SUPPRESSIONS_IN_H

#include "ingest/suppressions.h"

/* A row on its way; add() fills one suppression. */
struct reading {
    const struct suppression_list *list;
    const struct row *row;
    int64_t now;
    struct suppression *out;
    size_t count;
    const char *passed, *flaw;
};

struct suppression_list {
    const char *system, *name;
    /* Columns that must all be there; words between blanks. */
    const char *columns;
    /* What a file's name must have in it; NULL: any. */
    const char *file;
    enum bounce_slot slot;
    void (*read)(struct reading *reading);
};

/* How each system writes a row. */
void suppressions_read_plain(struct reading *reading);
void suppressions_read_blocks(struct reading *reading);
void suppressions_read_bounce(struct reading *reading);
void suppressions_read_ses(struct reading *reading);
void suppressions_read_postmark(struct reading *reading);
void suppressions_read_postmark_bounces(struct reading *reading);
void suppressions_read_sparkpost(struct reading *reading);
void suppressions_read_mailchimp(struct reading *reading);
void suppressions_read_brevo(struct reading *reading);
void suppressions_read_marketo(struct reading *reading);
void suppressions_read_tagged(struct reading *reading);
void suppressions_read_group(struct reading *reading);

/* The column with addresses. */
struct bounce_slice suppressions_address(const struct row *row);

#endif
