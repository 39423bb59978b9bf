/* SPDX-License-Identifier: MIT
 * Tokens of what an IMAP server says (RFC 9051 section 9). */
#ifndef BOUNCE_INGEST_IMAP_SCAN_H
#define BOUNCE_INGEST_IMAP_SCAN_H

#include "ingest/mail_letter.h"
#include "ingest/mail_stream.h"

enum imap_token_type {
    IMAP_ATOM,    /* NIL and numbers too; "BODY[]<0>" is one */
    IMAP_QUOTED,  /* its contents come: imap_string_read() */
    IMAP_LITERAL, /* the same; len says how many bytes */
    IMAP_OPEN,
    IMAP_CLOSE,
    IMAP_END,   /* of the line */
    IMAP_BROKEN /* nothing more comes, or nonsense: the stream says which */
};

struct imap_token {
    enum imap_token_type type;
    char text[64]; /* of an atom, NUL-terminated, cut where it is longer */
    uint64_t len;
};

enum imap_token_type imap_scan(struct mail_stream *stream,
                               struct imap_token *token_out);
/* The contents of the quoted string or literal that token began, into letter
 * (NULL: nowhere). false: it does not come. */
bool imap_string_read(struct mail_stream *stream,
                      const struct imap_token *token,
                      struct mail_letter *letter);
/* What is left of a value that token began: a string, a list. */
bool imap_value_skip(struct mail_stream *stream,
                     const struct imap_token *token);
/* All up to the end of the line, literals too. */
bool imap_line_skip(struct mail_stream *stream);

/* The whole of text as a number of at most 20 digits. */
bool imap_number(const char *text, uint64_t max, uint64_t *number_out);

/* A folder's name in UTF-8 as it is said: in modified UTF-7 (RFC 3501 section
 * 5.1.3) and quoted. false: it is no UTF-8, has control characters, or does not
 * fit. */
bool imap_folder_quote(struct bounce_slice name, char *out, size_t cap);

#endif
