/* SPDX-License-Identifier: MIT
 * What we say to an IMAP server that we are logged into (RFC 3501, RFC 9051),
 * with UIDPLUS (RFC 4315) and MOVE (RFC 6851) where it has them. Nothing here
 * marks, moves or deletes a message but imap_mark(), imap_move() and
 * imap_delete(), and these only the ones they are given. */
#ifndef BOUNCE_INGEST_IMAP_H
#define BOUNCE_INGEST_IMAP_H

#include "ingest/mail_letter.h"
#include "ingest/mail_stream.h"

#define IMAP_MESSAGES_MAX 4000000 /* of one folder */

struct imap {
    struct mail_stream *stream;
    unsigned tag;
    bool uidplus, move; /* what the server can do */
    /* Of the folder that is selected. */
    uint32_t uidvalidity, exists; /* exists: messages in it */
    bool read_only;
    char said[256]; /* the server's words of its last NO, BAD or BYE */
    bool for_now;   /* they say that it may go well later */
};

/* Functions return MAIL_FINE; MAIL_REFUSED: the server said no, imap->said; else
 * the connection is of no more use. One thread at a time. */

/* stream must outlive imap. */
enum mail_result imap_begin(struct imap *imap, struct mail_stream *stream);
/* folder is UTF-8. Without write the server changes no flag of its own. */
enum mail_result imap_select(struct imap *imap, struct bounce_slice folder,
                             bool write);
/* Whether there is such a folder: else MAIL_REFUSED. */
enum mail_result imap_look_for(struct imap *imap, struct bounce_slice folder);

/* The UIDs from from on, rising. The caller frees *uids_out. */
enum mail_result imap_search(struct imap *imap, uint32_t from,
                             uint32_t **uids_out, size_t *count_out);
/* Sizes in bytes as the server tells them; 0 of what is gone. uids rise, for all
 * that follow too. */
enum mail_result imap_sizes(struct imap *imap, const uint32_t *uids,
                            size_t count, uint64_t *sizes_out);

/* Takes a message, which lives until it returns: index in uids. false ends what
 * is fetched with MAIL_STOPPED. */
typedef bool imap_letter_fn(void *ctx, size_t index, char *data, size_t len,
                            size_t tail_len);
/* Messages in the order that the server gives them, each at most once; what is
 * gone by now is left out. letter is where they are collected. */
enum mail_result imap_fetch(struct imap *imap, const uint32_t *uids,
                            size_t count, struct mail_letter *letter,
                            imap_letter_fn *take, void *ctx);
/* Of a large one only head and tail, as large as letter wants them; size as
 * imap_sizes() told. */
enum mail_result imap_fetch_ends(struct imap *imap, uint32_t uid, uint64_t size,
                                 struct mail_letter *letter,
                                 imap_letter_fn *take, void *ctx);

enum mail_result imap_mark(struct imap *imap, const uint32_t *uids,
                           size_t count);
enum mail_result imap_move(struct imap *imap, const uint32_t *uids,
                           size_t count, struct bounce_slice folder);
/* Without UIDPLUS they are only marked as deleted: a plain EXPUNGE would take
 * what others have marked so, too. */
enum mail_result imap_delete(struct imap *imap, const uint32_t *uids,
                             size_t count);
void imap_end(struct imap *imap);

#endif
