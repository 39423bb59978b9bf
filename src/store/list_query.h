/* SPDX-License-Identifier: MIT
 * SQL that is put together from fixed pieces, its values bound; filters and
 * cursors as lists know them. For list*.c and stats.c alone. */
#ifndef BOUNCE_STORE_LIST_QUERY_H
#define BOUNCE_STORE_LIST_QUERY_H

#include "base/arena.h"
#include "store/list.h"

#define WORDS_MAX    64 /* values of one field of a filter */
#define WORD_FIELDS  9  /* of which a query asks at most: list_events.c */
#define QUERY_VALUES (WORD_FIELDS * WORDS_MAX + 32)
#define QUERY_SQL    (4096 + QUERY_VALUES * 6) /* "$123, " */
#define LIST_PAGE    500                       /* rows that are read at once */

/* Whatever filter is allowed, every driver takes. */
_Static_assert(QUERY_VALUES <= STORE_VALUES_MAX, "a query is too long to run");

struct query {
    char sql[QUERY_SQL];
    size_t len;
    struct store_value values[QUERY_VALUES];
    size_t count;
    bool over; /* it did not fit */
};

void query_init(struct query *query, const char *sql);
/* Pieces of the program's own, never of a user's. */
void query_add(struct query *query, const char *sql);
/* "$7", bound to value. */
void query_value(struct query *query, struct store_value value);
/* Runs it; STORE_E_VALUE when it did not fit. */
enum store_err query_run(struct query *query, struct store *store,
                         store_row_fn *row, void *ctx,
                         struct store_error *error);

struct words {
    struct bounce_slice list[WORDS_MAX];
    size_t count;
    bool any; /* the filter does not ask for it */
};

/* The values of one field, between commas. */
enum store_err words_read(struct bounce_slice field, const char *name,
                          struct words *words_out, struct store_error *error);
bool words_have(const struct words *words, struct bounce_slice word);
/* " AND EXPRESSION IN ($1, $2)"; nothing where any will do. */
void query_words(struct query *query, const char *expression,
                 const struct words *words);
/* The words' numbers in 0 to count - 1, as name_of() names them. */
enum store_err words_number(const struct words *words, const char *name,
                            const char *(*name_of)(unsigned value),
                            unsigned count, bool wanted_out[],
                            struct store_error *error);
/* The categories that a filter's category and class come to. */
enum store_err words_categories(const struct bounce_engine *engine,
                                const struct list_filter *filter,
                                struct words *words_out,
                                struct store_error *error);
/* Domains as the store writes them; text in arena. */
enum store_err words_domains(const struct book *book, struct bounce_slice field,
                             struct arena *arena, struct words *words_out,
                             struct store_error *error);

/* The address of a filter, its key settled as book_state() does. */
enum store_err list_find_address(struct book *book, struct bounce_slice text,
                                 struct address *address_out,
                                 struct store_error *error);

/* How many rows a query reads of those that fit, and how many it looks at for
 * them: left are needed, *step were looked at before (0: none). */
size_t list_pace(const struct list_filter *filter, size_t left, size_t *step);

/* A decimal number, taken off *rest along with the "." behind it. */
bool cursor_number(struct bounce_slice *rest, int64_t *number_out);
enum store_err list_bad_cursor(struct bounce_slice cursor,
                               struct store_error *error);
enum store_err list_no_memory(struct store_error *error);
#endif
