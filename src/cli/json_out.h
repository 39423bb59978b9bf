/* SPDX-License-Identifier: MIT
 * JSON objects of the verbs that list things. */
#ifndef BOUNCE_CLI_JSON_OUT_H
#define BOUNCE_CLI_JSON_OUT_H

#include "cli/textbuf.h"

/* s quoted, or null. */
void json_out_string(struct textbuf *text, struct bounce_slice s);
/* [s,s,...] */
void json_out_strings(struct textbuf *text, const struct bounce_slice *list,
                      size_t count);
/* A share; null when negative. */
void json_out_rate(struct textbuf *text, double value);
/* Members; before each but the first of an object stands a comma. */
void json_out_member(struct textbuf *text, const char *key,
                     struct bounce_slice s);
void json_out_number(struct textbuf *text, const char *key, int64_t value);
void json_out_bool(struct textbuf *text, const char *key, bool value);
/* RFC 3339 in UTC; null for BOUNCE_NO_TIME. */
void json_out_time(struct textbuf *text, const char *key, int64_t time);
/* value, or null when it is empty. */
void json_out_known(struct textbuf *text, const char *key, const char *value);
/* "key": and nothing more: the value follows. */
void json_out_key(struct textbuf *text, const char *key);

/* A code of the tables as an object. */
void json_out_code(struct textbuf *text, const struct bounce_code *code);

#endif
