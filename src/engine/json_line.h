/* SPDX-License-Identifier: MIT
 * JSON text into a buffer that has room in plenty, as it nearly always has: each
 * call takes where to write and returns where to go on, which stays in a
 * register, and keys are copied with all that stands around them. Once room is
 * short, what follows goes through struct json_writer, which looks at each byte
 * and counts what does not fit. */
#ifndef BOUNCE_ENGINE_JSON_LINE_H
#define BOUNCE_ENGINE_JSON_LINE_H

#include "engine/json_write.h"
#include "engine/names.h"

struct json_line {
    struct json_writer w; /* ptr and cap; len from the moment room was short */
    char *end;            /* of the buffer */
    bool counting;        /* room was short */
    char nowhere[1];      /* what a buffer of no bytes is */
};

/* Where to begin. buf may be NULL when cap is 0. */
char *json_line_begin(struct json_line *line, char *buf, size_t cap);
/* The bytes needed; those that fit were written. */
size_t json_line_end(const struct json_line *line, const char *at);

/* What the functions below do when room is short at `at`. */
char *json_line_count(struct json_line *line, const char *at, const char *text,
                      size_t len);
char *json_line_count_string(struct json_line *line, const char *at,
                             const char *key, size_t key_len,
                             struct bounce_slice s);

/* Bytes as they are. */
static inline char *json_line_raw(struct json_line *line, char *at,
                                  const char *text, size_t len)
{
    if ((size_t)(line->end - at) < len)
        return json_line_count(line, at, text, len);
    memcpy(at, text, len);
    return at + len;
}

/* A key with its quotes, comma and colon; s as json_string() writes it. */
static inline char *json_line_string(struct json_line *line, char *at,
                                     const char *key, size_t key_len,
                                     struct bounce_slice s)
{
    /* More than JSON_ESCAPED_ROOM(), and free of overflow. */
    if ((size_t)(line->end - at) / 8 < s.len + key_len + 4)
        return json_line_count_string(line, at, key, key_len, s);
    memcpy(at, key, key_len);
    at += key_len;
    if (s.ptr != NULL)
        return json_escape(at, s);
    memcpy(at, "null", 4);
    return at + 4;
}

/* The same for one of our own words. */
static inline char *json_line_word(struct json_line *line, char *at,
                                   const char *key, size_t key_len,
                                   const struct names *names, size_t value)
{
    const struct name *name = names_find(names, value);

    if ((size_t)(line->end - at) < key_len + sizeof(*name) + 2)
        return json_line_count_string(
            line, at, key, key_len,
            name != NULL ? slice_make(name->text, name->len) : SLICE_NULL);
    memcpy(at, key, key_len);
    at += key_len;
    if (name == NULL) {
        memcpy(at, "null", 4);
        return at + 4;
    }
    *at++ = '"';
    memcpy(at, name->text, sizeof(name->text)); /* a constant length is quick */
    at += name->len;
    *at = '"';
    return at + 1;
}

#define JSON_LINE_RAW(line, at, literal)                                       \
    json_line_raw(line, at, literal, sizeof(literal) - 1)
#define JSON_LINE_STRING(line, at, key, s)                                     \
    json_line_string(line, at, ",\"" key "\":", sizeof(",\"" key "\":") - 1, s)
#define JSON_LINE_WORD(line, at, key, names, value)                            \
    json_line_word(line, at, ",\"" key "\":", sizeof(",\"" key "\":") - 1,     \
                   names, value)

#endif
