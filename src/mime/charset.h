/* SPDX-License-Identifier: MIT
 * Charsets of mail to UTF-8. Single-byte ones by own tables; an allow-list of
 * the rest by iconv, whose converters the cache keeps open. */
#ifndef BOUNCE_MIME_CHARSET_H
#define BOUNCE_MIME_CHARSET_H

#include "base/message.h"

/* A cache of converters for one thread. NULL when memory is out. */
struct charset_cache *
charset_cache_new(const struct bounce_allocator *allocator);
void charset_cache_free(struct charset_cache *cache);

/* text in charset (any case, with the aliases that mail uses; NULL or empty:
 * unknown) as UTF-8, at most max bytes; the same slice when it is UTF-8
 * already. US-ASCII or no charset with 8-bit bytes: UTF-8 when valid, else
 * Windows-1252. Invalid input bytes become U+FFFD. An unknown charset keeps
 * the bytes (made valid UTF-8) and warns. */
struct bounce_slice charset_to_utf8(struct message *message,
                                    struct bounce_slice charset,
                                    struct bounce_slice text, size_t max);

/* Whether the charset is known: by table, or on the allow-list. */
bool charset_known(struct bounce_slice charset);

#endif
