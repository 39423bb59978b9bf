/* SPDX-License-Identifier: MIT
 * JSON text into a buffer of fixed size. What does not fit is only counted, so
 * that the caller can come back with a larger one. */
#ifndef BOUNCE_ENGINE_JSON_WRITE_H
#define BOUNCE_ENGINE_JSON_WRITE_H

#include "base/slice.h"

struct json_writer {
    char *ptr;
    size_t cap;
    size_t len; /* needed so far; may exceed cap */
};

/* Bytes as they are. */
static inline void json_raw(struct json_writer *w, const char *ptr, size_t len)
{
    if (len == 0)
        return;
    if (w->len <= w->cap && len <= w->cap - w->len)
        memcpy(w->ptr + w->len, ptr, len);
    else
        w->cap = w->len < w->cap ? w->len : w->cap; /* nothing behind a gap */
    w->len += len;
}

#define JSON_RAW(w, literal) json_raw(w, literal, sizeof(literal) - 1)

/* s in quotes and escaped: control characters (C1 and DEL too), U+2028/9;
 * bytes that are no UTF-8 become U+FFFD. */
void json_quoted(struct json_writer *w, struct bounce_slice s);
/* The same to `to`; where it ends. What that may take and touch of `to`. */
char *json_escape(char *to, struct bounce_slice s);
#define JSON_ESCAPED_ROOM(len) ((len)*6 + 18)
/* The same, or null for a NULL slice. */
void json_string(struct json_writer *w, struct bounce_slice s);
/* A word of ours, which needs no escaping, or null for NULL. */
void json_word(struct json_writer *w, const char *word);
void json_int(struct json_writer *w, int64_t value);
/* Two decimals, whatever the locale; with trim none when they are zero. null
 * for what is no number of a sensible size. */
void json_decimal(struct json_writer *w, double value, bool trim);
/* Six decimals: rates are small, two would not tell them apart. null when
 * negative, and for what is no number of a sensible size. */
void json_rate(struct json_writer *w, double value);
/* [s,s,...] */
void json_strings(struct json_writer *w, const struct bounce_slice *list,
                  size_t count);
/* true, false, or null when negative. */
void json_tristate(struct json_writer *w, int value);
/* RFC 3339 in UTC, or null for BOUNCE_NO_TIME. */
void json_time(struct json_writer *w, int64_t time);

#define JSON_KEY_STRING(w, key, s)                                             \
    (JSON_RAW(w, ",\"" key "\":"), json_string(w, s))
#define JSON_KEY_WORD(w, key, s) (JSON_RAW(w, ",\"" key "\":"), json_word(w, s))
#define JSON_KEY_TIME(w, key, t) (JSON_RAW(w, ",\"" key "\":"), json_time(w, t))

/* bounce_event_json() of an event that comes from no result, such as a stored
 * one. warnings may be NULL when there are none. */
size_t json_event(const struct bounce_engine *engine,
                  const struct bounce_event *event,
                  const struct bounce_warning *warnings, size_t warning_count,
                  const struct bounce_json_options *options, char *buf,
                  size_t cap);

#endif
