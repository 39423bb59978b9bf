/* SPDX-License-Identifier: MIT
 * Suppression lists that other systems export: which system's and which list it
 * is, and what a row of it means here. */
#ifndef BOUNCE_INGEST_SUPPRESSIONS_H
#define BOUNCE_INGEST_SUPPRESSIONS_H

#include "ingest/rows.h"
#include "store/record.h"

/* A row can hold several: Marketo's both Email Invalid and Unsubscribed. */
#define SUPPRESSIONS_MAX 8

struct suppression {
    struct bounce_slice address;
    enum bounce_slot slot;
    struct bounce_slice scope; /* NULL: none is named */
    int64_t at, until; /* Unix seconds; BOUNCE_NO_TIME: unknown, no end */
    struct bounce_slice reason; /* in the system's words; may be NULL */
    struct bounce_slice code; /* reply code or status beside it; may be NULL */
    struct bounce_slice category, rule; /* of our own exports; may be NULL */
};

/* A list of a system: one entry of a table, static. */
struct suppression_list;

/* "mailgun", "bounces". Static. */
const char *suppression_system(const struct suppression_list *list);
const char *suppression_list_name(const struct suppression_list *list);
/* The i-th list, NULL beyond the last. */
const struct suppression_list *suppression_list_at(size_t i);

/* The list that a row is of: by its columns, and where several have those, by
 * the file's name (may be NULL). from (NULL: anything) is "mailgun" or
 * "mailgun/bounces" and narrows the choice; alone it decides where columns do
 * not tell. NULL: no column has addresses, or from is unknown. */
const struct suppression_list *suppression_list_find(const struct row *row,
                                                     const char *path,
                                                     const char *from);
/* Whether path and from leave open if a row is of a suppression or of a block
 * that stopped nobody: SendGrid writes both alike. Then the verdict on its
 * reason decides. */
bool suppression_unsure(const struct suppression_list *list, const char *path,
                        const char *from);
/* Whether from names a system or a list. */
bool suppression_from_known(const char *from);

/* What the row suppresses: out[0, *count_out). Where that is nothing, *passed_out
 * says why, such as "a block, not a suppression"; static. now: for what frees
 * itself. Returns a flaw of the row, static, or NULL. */
const char *suppression_read(const struct suppression_list *list,
                             const struct row *row, int64_t now,
                             struct suppression out[SUPPRESSIONS_MAX],
                             size_t *count_out, const char **passed_out);

/* As a record for the ledger: the reason classified where it is a reply, the
 * event's id made so that the same line gives the same one, whenever and
 * however often it is read. folded: the address as address_read() compares it.
 * Slices borrow from suppression, reader (until its next call), and id. */
void suppression_record(const struct suppression_list *list,
                        const struct suppression *suppression,
                        struct bounce_slice folded,
                        const struct bounce_engine *engine,
                        struct bounce_reader *reader, char id[33],
                        struct record *record_out);

#endif
