/* SPDX-License-Identifier: MIT
 * UTF-8 (RFC 3629): surrogates, overlong forms and > U+10FFFF are invalid. */
#ifndef BOUNCE_BASE_UTF8_H
#define BOUNCE_BASE_UTF8_H

#include "base/slice.h"

#define UTF8_REPLACEMENT 0xFFFDU

/* Decodes one character at s (not empty). Returns its length 1-4 and the code
 * point; for an invalid sequence 1 and UTF8_REPLACEMENT with *ok_out false. */
size_t utf8_decode(struct bounce_slice s, uint32_t *code_out, bool *ok_out);
/* Writes 1 to 4 bytes; the length. code must be a valid scalar value. */
size_t utf8_encode(uint32_t code, char out[4]);
/* Length of the longest prefix of s that is US-ASCII, or valid. */
size_t utf8_ascii_prefix(struct bounce_slice s);
size_t utf8_valid_prefix(struct bounce_slice s);
/* The largest length <= max that does not cut a character of s. */
size_t utf8_cut(struct bounce_slice s, size_t max);

#endif
