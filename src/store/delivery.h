/* SPDX-License-Identifier: MIT
 * How far webhooks of ours are in the feed of changes, and the batches that
 * were given up (dead letters). What goes out is kept nowhere but in the feed:
 * what was forgotten meanwhile is never sent. */
#ifndef BOUNCE_STORE_DELIVERY_H
#define BOUNCE_STORE_DELIVERY_H

#include "store/book.h"

struct delivery {
    char name[64], url[1024];
    int64_t cursor;    /* seq of the newest change that it is done with */
    int64_t batch;     /* seq of the last change it is at; 0: no batch begun */
    unsigned attempts; /* of this batch so far; all failed */
    int64_t begun_at;  /* the first of them; BOUNCE_NO_TIME: none */
    int64_t next_at;   /* not before; BOUNCE_NO_TIME: now */
    int64_t delivered_at; /* the newest; BOUNCE_NO_TIME: never */
    bool stopped;         /* the receiver said that it is gone */
    char error[200];      /* of the last attempt; empty: it went well */
    char holder[256];     /* who delivers */
    int64_t held_until;
};

/* The row of a webhook, which from now on is holder's until now + lease_s, made
 * when it is new: then it begins with what comes next. Where another url stands
 * it is stopped no more, nor does it wait. *ours_out false: another daemon
 * delivers. */
enum store_err delivery_take(struct book *book, const char *name,
                             const char *url, const char *holder, int64_t now,
                             int64_t lease_s, struct delivery *delivery_out,
                             bool *ours_out, struct store_error *error);
/* Keeps what became of it. STORE_E_BUSY: another daemon has taken it over. */
enum store_err delivery_save(struct book *book, const struct delivery *delivery,
                             struct store_error *error);
/* Another daemon may take it at once. */
enum store_err delivery_let_go(struct book *book,
                               const struct delivery *delivery,
                               struct store_error *error);
/* By name. */
enum store_err delivery_list(struct book *book,
                             bool (*take)(void *ctx,
                                          const struct delivery *delivery,
                                          int64_t behind),
                             void *ctx, struct store_error *error);
/* Begins again, at once, what was stopped or waits. name NULL: all of them. */
enum store_err delivery_resume(struct book *book, const char *name,
                               size_t *count_out, struct store_error *error);
/* Forgets a webhook that is no more, its dead letters too. */
enum store_err delivery_remove(struct book *book, const char *name,
                               bool *found_out, struct store_error *error);

struct dead_letter {
    int64_t seq;
    char name[64];
    int64_t first,
        last; /* seq of its changes; others of the feed lie between */
    unsigned changes, attempts;
    int64_t begun_at, at; /* when it was first tried, and given up */
    bool retry;           /* is to be tried once more */
    char error[200];
};

/* The batch of delivery is given up: first is the seq of its first change. It
 * goes on behind; delivery is as it is stored then. */
enum store_err delivery_bury(struct book *book, struct delivery *delivery,
                             int64_t first, unsigned changes, int64_t now,
                             struct store_error *error);
/* Oldest first; name NULL: of all. */
enum store_err dead_letter_list(struct book *book, const char *name,
                                bool (*take)(void *ctx,
                                             const struct dead_letter *letter),
                                void *ctx, struct store_error *error);
/* The oldest one of name that is to be tried once more. */
enum store_err dead_letter_next(struct book *book, const char *name,
                                struct dead_letter *letter_out, bool *found_out,
                                struct store_error *error);
/* It was tried: gone when error_text is NULL, else kept with it. */
enum store_err dead_letter_tried(struct book *book,
                                 const struct dead_letter *letter,
                                 const char *error_text,
                                 struct store_error *error);
/* What a person says of letters: seq 0: all of name; name NULL: of all.
 * *count_out: how many there were. */
enum store_err dead_letter_retry(struct book *book, int64_t seq,
                                 const char *name, size_t *count_out,
                                 struct store_error *error);
enum store_err dead_letter_drop(struct book *book, int64_t seq,
                                const char *name, size_t *count_out,
                                struct store_error *error);

#endif
