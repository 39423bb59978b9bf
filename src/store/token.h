/* SPDX-License-Identifier: MIT
 * Tokens of the API. The store keeps digests; a token itself is shown once. */
#ifndef BOUNCE_STORE_TOKEN_H
#define BOUNCE_STORE_TOKEN_H

#include "store/book.h"

#define TOKEN_CHECK  1U /* ask about addresses */
#define TOKEN_INGEST 2U /* bring events */
#define TOKEN_READ   4U /* see everything that is stored */
#define TOKEN_ADMIN  8U /* all of it, and suppress and release */

#define TOKEN_SIZE 48 /* of a token with its NUL */

struct token {
    char name[64], scope[128]; /* scope empty: any */
    unsigned roles;
    int64_t created_at, expires_at; /* BOUNCE_NO_TIME: never */
};

/* "check,read" as roles; 0: a word is none of them. */
unsigned token_roles(struct bounce_slice words);
/* The way back, NUL-terminated. */
void token_roles_text(unsigned roles, char out[40]);

/* Makes a token, kept under token->name; the audit gets a line of who did it.
 * STORE_E_VALUE: the name is taken or empty. STORE_E_OPEN: the crypto module is
 * missing. */
enum store_err token_make(struct book *book, const struct token *token,
                          const char *who, char token_out[TOKEN_SIZE],
                          struct store_error *error);
/* *found_out: there was one of that name; then the audit gets a line. */
enum store_err token_revoke(struct book *book, const char *name, int64_t now,
                            const char *who, bool *found_out,
                            struct store_error *error);
/* By name. */
enum store_err token_list(struct book *book,
                          bool (*take)(void *ctx, const struct token *token),
                          void *ctx, struct store_error *error);
/* Whose text it is; *found_out false: nobody's, or it has expired. */
enum store_err token_find(struct book *book, struct bounce_slice text,
                          int64_t now, struct token *token_out, bool *found_out,
                          struct store_error *error);
/* A line of the audit: who did what. With hashed addresses those in detail are
 * hidden. */
enum store_err token_audit(struct book *book, int64_t now, const char *who,
                           const char *action, const char *detail,
                           struct store_error *error);

#endif
