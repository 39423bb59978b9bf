/* SPDX-License-Identifier: MIT
 * Mail addresses where reports write them: in running text and in the typed
 * fields of RFC 3464. */
#ifndef BOUNCE_REPORT_ADDRESS_H
#define BOUNCE_REPORT_ADDRESS_H

#include "base/message.h"

/* The first address in s (RFC 5321 Mailbox, RFC 6531), without brackets and
 * quotes around it: NULL slice when there is none. *end_out (may be NULL) is
 * the offset behind it and its closing bracket. */
struct bounce_slice address_find(struct bounce_slice s, size_t *end_out);

/* An address at the very start of s, as "a@b", "<a@b>", "\"a@b\"" or
 * "'a@b'". */
struct bounce_slice address_at(struct bounce_slice s, size_t *end_out);

/* Whether s is one whole address. */
bool address_is(struct bounce_slice s);

/* "mailer-daemon", "postmaster" and what else reports are sent by. */
bool address_is_daemon(struct bounce_slice address);

/* The value of Final-Recipient and its like: the type taken off, xtext and
 * utf-8-addr-xtext decoded (RFC 3461 section 4, RFC 6533 section 3), brackets
 * and comments off, source routes off. What is left may be no address (a
 * pipe, a file, an X.400 name): see address_is(). */
struct bounce_slice address_typed(struct message *message,
                                  struct bounce_slice value);

/* The address that a variable envelope return path carries: "bounces+user=
 * example.org@example.net". NULL slice when it carries none. */
struct bounce_slice address_verp(struct message *message,
                                 struct bounce_slice address);

#endif
