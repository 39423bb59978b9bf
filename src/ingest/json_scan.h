/* SPDX-License-Identifier: MIT
 * Strict JSON (RFC 8259 in UTF-8), a value at a time. Nothing is allocated:
 * strings are decoded in place. */
#ifndef BOUNCE_INGEST_JSON_SCAN_H
#define BOUNCE_INGEST_JSON_SCAN_H

#include "base/slice.h"

/* Nested arrays and objects in what is skipped. */
#define JSON_SCAN_DEPTH 64

struct json_scan {
    char *at, *end;
    const char *flaw; /* for people, static: the first; NULL: all is well */
};

/* text is changed; slices point into it. Text that is no UTF-8 is a flaw. */
void json_scan_init(struct json_scan *scan, char *text, size_t len);
/* Keeps the first flaw. */
void json_scan_fail(struct json_scan *scan, const char *flaw);
void json_scan_space(struct json_scan *scan);
/* Whether c comes next, behind white space; takes it. */
bool json_scan_take(struct json_scan *scan, char c);
/* Whether a word such as "null" comes next; takes it. */
bool json_scan_word(struct json_scan *scan, struct bounce_slice word);
/* A string behind its first quote, decoded. */
struct bounce_slice json_scan_string(struct json_scan *scan);
/* Any value; as it was written. */
struct bounce_slice json_scan_value(struct json_scan *scan);
/* The name of a member and its colon; the value comes next. */
struct bounce_slice json_scan_name(struct json_scan *scan);
/* Whether another member (close '}') or element (close ']') follows; first: the
 * bracket was just taken. Takes comma or bracket. */
bool json_scan_next(struct json_scan *scan, char close, bool first);
/* Sees that nothing but white space is left. */
void json_scan_end(struct json_scan *scan);

#endif
