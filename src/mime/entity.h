/* SPDX-License-Identifier: MIT
 * Character references of HTML. */
#ifndef BOUNCE_MIME_ENTITY_H
#define BOUNCE_MIME_ENTITY_H

#include "base/slice.h"

/* The reference at the start of s, which begins with "&": its length and its
 * code point, a valid one. 0 when it is none. */
size_t entity_parse(struct bounce_slice s, uint32_t *code_out);

#endif
