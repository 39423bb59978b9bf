/* SPDX-License-Identifier: MIT
 * The constant words of a reply: what varies from one mail to the next is
 * masked, so that like replies give one template. */
#ifndef BOUNCE_CLASSIFY_MASK_H
#define BOUNCE_CLASSIFY_MASK_H

#include "base/slice.h"

/* Room that the template of a normalised text of len bytes may need. */
#define MASK_ROOM(len) ((len)*6 + 16)

/* Writes the template of a normalised text (classify/normalize.h) to out
 * (MASK_ROOM(len) bytes); its length. Addresses become {addr}, IP addresses
 * {ip}, links {url}, host names {host}, times {time}, numbers {n}, and what
 * looks made by a machine for one message {id}. Status codes and the short
 * codes of providers ("(s3140)", "ofr_416") stay. */
size_t mask(struct bounce_slice text, char *out);

#endif
