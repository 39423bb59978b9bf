/* SPDX-License-Identifier: MIT
 * The options that all verbs with a store share, and what they open. */
#ifndef BOUNCE_CLI_STORE_OPEN_H
#define BOUNCE_CLI_STORE_OPEN_H

#include "cli/args.h"
#include "store/book.h"

/* What the options say; NULL where they are silent. */
struct session_choice {
    const char *store, *policy, *address_key, *now;
    const char *rules; /* verbs that classify have --rules DIR */
    bool hash_addresses, hash_domains;
    bool
        or_empty; /* no option: where there is no store, one that stays empty */
};

/* Entries of an arg_option table; choice is a struct session_choice *. */
/* clang-format off */
#define SESSION_OPTIONS(choice)                                               \
    {"store", ARG_TEXT, &(choice)->store, "STORE",                            \
     "a file, or postgresql://...; else BOUNCE_STORE"},                       \
    {"policy", ARG_TEXT, &(choice)->policy, "POLICY",                         \
     "a preset, a file, or PRESET,FILE; else BOUNCE_POLICY"},                 \
    {"address-key", ARG_TEXT, &(choice)->address_key, "FILE",                 \
     "store hashes of addresses under this key; else BOUNCE_ADDRESS_KEY"},    \
    {"hash-addresses", ARG_FLAG, &(choice)->hash_addresses, NULL,             \
     "insist on hashes: not without that key"},                               \
    {"hash-domains", ARG_FLAG, &(choice)->hash_domains, NULL,                 \
     "hash domains of addresses too"}
/* Of the verbs that decide by time. */
#define SESSION_NOW(choice)                                                   \
    {"now", ARG_TEXT, &(choice)->now, "TIME",                                 \
     "in place of the clock: RFC 3339, or Unix seconds"}
/* clang-format on */

/* Everything that a verb with a store works with. */
struct session {
    struct bounce_engine *engine;
    struct bounce_policy *policy;
    struct book *book;
    int64_t now; /* Unix seconds: --now, else when it was opened */
    bool now_given;
};

/* Opens the store that choice, environment and default name, with engine and
 * policy. create: make it, and the folders of the default file, when it is not
 * there, and bring its schema up to date. keep_raw_days as in book_options.
 * Returns -1 to go on, or the exit status: the cause has been named, and there
 * is nothing to close. */
int session_open(const char *verb, const struct session_choice *choice,
                 bool create, unsigned keep_raw_days,
                 struct session *session_out);
void session_close(struct session *session);
/* Another connection to the store of an open session, which must outlive it:
 * book_close(). Returns -1, or the exit status. */
int session_open_book(const char *verb, const struct session_choice *choice,
                      const struct session *session, bool create,
                      unsigned keep_raw_days, struct book **book_out);

/* Names a failure of the store and returns the exit status for it. */
int session_complain(const struct store_error *error);

/* The policy that text names (NULL: BOUNCE_POLICY, else the default): a preset,
 * a file, or PRESET,FILE. NULL: the cause has been named, and *status_out is
 * the exit status. */
struct bounce_policy *session_policy(const char *text, int *status_out);

/* The key for hashed addresses from the file at path (NULL: BOUNCE_ADDRESS_KEY;
 * without either *key_out is NULL). Returns -1, or the exit status: the cause
 * has been named. The caller frees. */
int session_read_key(const char *path, char **key_out, size_t *len_out);

/* The store when no option names one: BOUNCE_STORE, else the default file, whose
 * folders are made with create. NULL: the cause has been named, and *status_out
 * is the exit status. The caller frees. */
char *session_store(bool create, int *status_out);

/* "2026-11-22", "2026-11-22T10:00:00Z" or Unix seconds, as Unix seconds. Without
 * a zone UTC. BOUNCE_NO_TIME: it is none of them. */
int64_t session_parse_time(const char *text);
/* "90s", "15m", "12h", "30d", "8w" as seconds; -1: it is none of them. */
int64_t session_parse_span(const char *text);
/* The value of --since and its like: a time, or a span back from now; NULL is
 * BOUNCE_NO_TIME. Returns -1 to go on, or CLI_USAGE: the flaw has been named. */
int session_parse_since(const char *verb, const char *option, const char *text,
                        int64_t now, int64_t *time_out);

/* A file whole, "-" being standard input, and a NUL. NULL: the cause has been
 * named. More than max bytes is a failure. The caller frees. */
char *session_read_file(const char *path, size_t max, size_t *len_out);

#endif
