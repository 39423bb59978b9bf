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

/* suppressions_table.c: a table of a system that is not known, some column of which
 * tells whether an address is suppressed. */
void suppressions_read_table(struct reading *reading);
bool suppressions_is_table(const struct row *row);

/* A suppression with what most lists call alike. NULL: there is no room. */
struct suppression *suppressions_add(struct reading *reading,
                                     enum bounce_slot slot);
/* What programs and people write for "yes". */
bool suppressions_true(struct bounce_slice value);
/* "550 ...", "5.1.1 ...", "smtp; 550 ...": what a server said, or a service in
 * its manner. */
bool suppressions_is_reply(struct bounce_slice text);

/* The column with addresses. */
struct bounce_slice suppressions_address(const struct row *row);

#endif
