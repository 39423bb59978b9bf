/* SPDX-License-Identifier: MIT
 * Strict JSON (RFC 8259 in UTF-8) as a tree in an arena, for bodies whose
 * members are wanted in no order: webhooks. json_scan.h does the reading. */
#ifndef BOUNCE_INGEST_JSON_H
#define BOUNCE_INGEST_JSON_H

#include "base/arena.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* A value. Functions take NULL for one that is not there. */
struct json {
    enum json_type type;
    bool doubled;             /* in it or below it a name stands twice */
    size_t count;             /* members or elements */
    struct bounce_slice name; /* of a member, decoded */
    /* A string decoded (U+0000 is a byte like others); anything else as it
     * stands in the input, so that large numbers stay whole. */
    struct bounce_slice text;
    struct json *first; /* member or element, in the input's order */
    struct json *next;
};

struct json_limits {
    size_t max_bytes, max_values;
    unsigned max_depth; /* nested arrays and objects; at most JSON_DEPTH_MAX */
};
#define JSON_DEPTH_MAX 64
/* 8 MiB, 500,000 values, 32 deep. */
extern const struct json_limits json_limits_default;

/* One value, or with many all values that follow one another, as an array of
 * them (NDJSON). text stays unchanged and must live as long as the tree.
 * Errors: BOUNCE_E_ARG, it is no JSON (also bad UTF-8, something behind the
 * value): error_out has cause and offset; BOUNCE_E_LIMIT; BOUNCE_E_NOMEM.
 * error_out may be NULL. Time: linear in text. */
BOUNCE_CHECK enum bounce_err json_parse(struct arena *arena,
                                        struct bounce_slice text,
                                        const struct json_limits *limits,
                                        bool many, struct json **root_out,
                                        struct bounce_error *error_out);

/* The member of an object with just that name; of several the first. */
const struct json *json_get(const struct json *value, const char *name);
/* The value at "a.b.0.c": members by name, elements by number. */
const struct json *json_path(const struct json *value,
                             struct bounce_slice path);
/* A string or a number as text; NULL for anything else. */
struct bounce_slice json_text(const struct json *value);
/* json_text() of json_get(). */
struct bounce_slice json_member(const struct json *value, const char *name);
bool json_is(const struct json *value, enum json_type type);
/* A number, or a string of one, that is a whole number in 0..max; else -1. */
int64_t json_count(const struct json *value, int64_t max);

/* An object made by hand, and a string that becomes its last member; *last is
 * NULL before the first. NULL and false: memory is out. */
struct json *json_object_new(struct arena *arena);
bool json_object_add(struct json *object, struct json **last,
                     struct arena *arena, struct bounce_slice name,
                     struct bounce_slice text);

#endif
