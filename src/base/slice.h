/* SPDX-License-Identifier: MIT
 * Slices: borrowed bytes. See struct bounce_slice in bounce.h. */
#ifndef BOUNCE_BASE_SLICE_H
#define BOUNCE_BASE_SLICE_H

#include <string.h>

#include "bounce.h"

#define SLICE(literal) ((struct bounce_slice){(literal), sizeof(literal) - 1})
#define SLICE_NULL     ((struct bounce_slice){NULL, 0})
#define SLICE_NPOS     ((size_t)-1)

static inline struct bounce_slice slice_make(const char *ptr, size_t len)
{
    return (struct bounce_slice){ptr, len};
}

static inline struct bounce_slice slice_cstr(const char *text)
{
    return text != NULL ? slice_make(text, strlen(text)) : SLICE_NULL;
}

/* ASCII only, whatever the locale. */
static inline bool ascii_is_digit(unsigned char c)
{
    return (unsigned)c - '0' < 10U;
}

static inline bool ascii_is_alpha(unsigned char c)
{
    return (c | 0x20U) - 'a' < 26U;
}

static inline bool ascii_is_alnum(unsigned char c)
{
    return ascii_is_digit(c) || ascii_is_alpha(c);
}

/* Space, tab, CR, LF, VT, FF. */
static inline bool ascii_is_space(unsigned char c)
{
    return c == ' ' || (unsigned)c - '\t' < 5U;
}

static inline unsigned char ascii_lower(unsigned char c)
{
    return (unsigned)c - 'A' < 26U ? (unsigned char)(c | 0x20) : c;
}

static inline bool slice_eq(struct bounce_slice a, struct bounce_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The bytes from start on, at most len of them; clamped to s. */
static inline struct bounce_slice slice_sub(struct bounce_slice s, size_t start,
                                            size_t len)
{
    if (start > s.len)
        start = s.len;
    if (len > s.len - start)
        len = s.len - start;
    return slice_make(s.ptr != NULL ? s.ptr + start : NULL, len);
}

static inline struct bounce_slice slice_from(struct bounce_slice s,
                                             size_t start)
{
    return slice_sub(s, start, SIZE_MAX);
}

/* ASCII case is ignored by all *_nocase functions. */
bool slice_starts(struct bounce_slice s, struct bounce_slice prefix);
bool slice_ends_nocase(struct bounce_slice s, struct bounce_slice suffix);

/* prefix is not longer than s. */
bool slice_same_nocase(const char *s, struct bounce_slice prefix);

static inline bool slice_starts_nocase(struct bounce_slice s,
                                       struct bounce_slice prefix)
{
    /* Most texts differ in the first byte from what they are asked for. */
    return s.len >= prefix.len &&
           (prefix.len == 0 || (((s.ptr[0] ^ prefix.ptr[0]) & ~0x20) == 0 &&
                                slice_same_nocase(s.ptr, prefix)));
}

static inline bool slice_eq_nocase(struct bounce_slice a, struct bounce_slice b)
{
    return a.len == b.len && slice_starts_nocase(a, b);
}

/* Where needle (not empty) stands first in s; SLICE_NPOS if nowhere. */
size_t slice_find(struct bounce_slice s, struct bounce_slice needle);
size_t slice_find_nocase(struct bounce_slice s, struct bounce_slice needle);
static inline size_t slice_find_byte(struct bounce_slice s, char c)
{
    const char *hit = s.len > 0 ? (const char *)memchr(s.ptr, c, s.len) : NULL;

    return hit != NULL ? (size_t)(hit - s.ptr) : SLICE_NPOS;
}
size_t slice_rfind_byte(struct bounce_slice s, char c);

/* Whether s holds an ASCII letter or digit, or a byte beyond ASCII. */
bool slice_has_words(struct bounce_slice s);

/* Without ASCII white space at both ends. */
static inline struct bounce_slice slice_trim(struct bounce_slice s)
{
    while (s.len > 0 && ascii_is_space((unsigned char)s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && ascii_is_space((unsigned char)s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* Takes the next line off *rest, without its line end (LF, CRLF or CR).
 * false when nothing is left. */
bool slice_next_line(struct bounce_slice *rest, struct bounce_slice *line_out);

/* Takes the next piece before sep (or the whole rest) off *rest. A trailing
 * sep gives no empty piece. false when nothing is left. */
bool slice_next_piece(struct bounce_slice *rest, char sep,
                      struct bounce_slice *piece_out);

/* A decimal number of 1 to max_digits digits at the start of s; the digits
 * used, or 0 when there is none (or it is longer). max_digits <= 9. */
size_t slice_parse_uint(struct bounce_slice s, unsigned max_digits,
                        unsigned *value_out);

/* strcmp-like order of bytes. */
int slice_compare(struct bounce_slice a, struct bounce_slice b);
/* The same with ASCII letters in lower case. */
int slice_compare_nocase(struct bounce_slice a, struct bounce_slice b);

#endif
