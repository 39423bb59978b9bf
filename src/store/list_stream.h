/* SPDX-License-Identifier: MIT
 * Rows of table state in the order of the list, along one index: for
 * list_addresses.c alone. */
#ifndef BOUNCE_STORE_LIST_STREAM_H
#define BOUNCE_STORE_LIST_STREAM_H

#include "store/list_query.h"

#define LIST_ARENA_MAX ((size_t)1 << 30)
#define MAX_STREAMS    (WORDS_MAX + 1)
#define STATE_COLUMNS                                                          \
    "since, key, scope, address, domain, provider, campaign, until, text"

/* Where a row stands in the list. since is 0 in a list by key. */
struct place {
    int64_t since, key;
    char scope[LIST_CURSOR / 3];
    size_t scope_len;
};

struct row {
    struct place place;
    struct bounce_slice address, domain, provider, campaign, text;
    int64_t until;
};

enum index {
    BY_STANDING,
    BY_CATEGORY,
    BY_PROVIDER,
    BY_DOMAIN,
    BY_CAMPAIGN,
    BY_SCOPE,
    BY_KEY,    /* the table itself: active rows too */
    BY_EXPIRED /* suppressions that ran out: another cause may speak now */
};

struct stream {
    enum index index;
    struct bounce_slice value;
    enum bounce_standing standing;
    struct place at;           /* all before it, and it, was looked at */
    bool begun, ended, looked; /* looked at once in this page */
    struct arena arena;
    struct row rows[LIST_PAGE];
    size_t count, next;
    size_t step;
};

struct search {
    struct book *book;
    const struct list_filter *filter;
    int64_t now;
    struct arena arena;
    bool standing[BOUNCE_SUPPRESSED + 1];
    struct words categories, providers, domains, campaigns, scopes, rules;
    enum index index;
    struct stream *streams[MAX_STREAMS];
    size_t stream_count;
    size_t looked; /* rows so far */
    enum { EXPIRED_UNKNOWN, EXPIRED_ARE_FEW, EXPIRED_ARE_MANY } expired;
    struct query query;
    char cause[40]; /* as the query asks for it */
    struct bounce_state state;
    bool no_memory;
};

/* Chooses the index with the fewest rows for the filter, and makes a stream for
 * each value that the filter names. */
enum store_err streams_begin(struct search *s, struct store_error *error);
void streams_drop(struct search *s);
/* Begins all of them behind a place. */
void streams_seek(struct search *s, const struct place *place);
/* Sees that it is known which row comes first, as long as work is left. wanted:
 * rows that are needed for the page. */
enum store_err streams_fill(struct search *s, size_t wanted,
                            struct store_error *error);
/* The stream whose next row comes first; NULL: none has rows. *bound_out: how
 * far all of them were looked at, NULL where all ended. */
struct stream *streams_first(struct search *s, const struct place **bound_out);

/* Order in the list. */
int place_compare(const struct search *s, const struct place *a,
                  const struct place *b);
/* From a row that has STATE_COLUMNS or begins like them. */
void place_read(const struct store_value *row, bool by_key,
                struct place *place_out);

#endif
