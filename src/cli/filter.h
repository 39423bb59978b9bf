/* SPDX-License-Identifier: MIT
 * Options that choose rows of the store, shared by the verbs that list. */
#ifndef BOUNCE_CLI_FILTER_H
#define BOUNCE_CLI_FILTER_H

#include "cli/args.h"
#include "cli/grid.h"
#include "store/list.h"

/* NULL and 0: not given. */
struct filter_choice {
    const char *address, *state, *cls, *category, *provider, *domain, *scope;
    const char *campaign, *ip, *from, *kind, *rule, *since, *until, *cursor;
    unsigned limit;
    bool newest_first;
};

/* Entries of an arg_option table; choice is a struct filter_choice *. */
/* clang-format off */
#define FILTER_VERDICT(choice)                                                \
    {"class", ARG_TEXT, &(choice)->cls, "A,B", "hard, soft, block, ..."},     \
    {"category", ARG_TEXT, &(choice)->category, "A,B", "of these categories"}, \
    {"provider", ARG_TEXT, &(choice)->provider, "A,B",                        \
     "at these mailbox providers"},                                           \
    {"domain", ARG_TEXT, &(choice)->domain, "A,B",                            \
     "of these recipient domains"},                                           \
    {"scope", ARG_TEXT, &(choice)->scope, "A,B", "in these lists, brands"},   \
    {"campaign", ARG_TEXT, &(choice)->campaign, "A,B", "of these campaigns"}
#define FILTER_TIME(choice)                                                   \
    {"since", ARG_TEXT, &(choice)->since, "TIME",                             \
     "from then on: a date, or a span back such as 30d"},                     \
    {"until", ARG_TEXT, &(choice)->until, "TIME", "before then"}
#define FILTER_PAGE(choice)                                                   \
    {"limit", ARG_NUMBER, &(choice)->limit, "N", "at most so many rows"},     \
    {"cursor", ARG_TEXT, &(choice)->cursor, "CURSOR",                         \
     "go on behind the row with this cursor"}
/* clang-format on */

/* The filter of choice, whose texts it borrows. Returns -1, or CLI_USAGE: the
 * flaw has been named. */
int filter_make(const char *verb, const struct filter_choice *choice,
                int64_t now, struct list_filter *filter_out);

/* "category=user_unknown,provider=google,since=2026-11-01" into choice; several
 * values of a field stand between bars: "class=hard|soft". text is taken
 * apart in place. Returns -1, or CLI_USAGE. */
int filter_where(const char *verb, char *text, struct filter_choice *choice);

/* Names a failure of a list: a word of the filter that means nothing is wrong
 * use, all else the store's failure. Returns the exit status. */
int filter_complain(const char *verb, const struct store_error *error);

/* In a table that the limit cut: how to go on. */
void filter_next_page(struct out *out, enum grid_format format,
                      const struct list_filter *filter, uint64_t rows,
                      struct bounce_slice cursor);

#endif
