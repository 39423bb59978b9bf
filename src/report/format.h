/* SPDX-License-Identifier: MIT
 * Report formats of mail systems, compiled from data/formats by
 * tools/genformats.c. data/formats/README.md tells what the fields mean. */
#ifndef BOUNCE_REPORT_FORMAT_H
#define BOUNCE_REPORT_FORMAT_H

#include "base/bits.h"
#include "report/collect.h"

enum format_place {
    FORMAT_PLACE_LINE = 0,
    FORMAT_PLACE_SUBJECT,
    FORMAT_PLACE_FROM,
    FORMAT_PLACE_TO,
    FORMAT_PLACE_HEADER /* any other field, by its name */
};
/* Bits of places: both the subject and the text say it. */
#define FORMAT_SAID_TWICE (1U << FORMAT_PLACE_SUBJECT | 1U << FORMAT_PLACE_LINE)

enum format_test {
    FORMAT_TEST_IS = 0,
    FORMAT_TEST_BEGINS,
    FORMAT_TEST_CONTAINS,
    FORMAT_TEST_PRESENT /* of a header field */
};

enum format_role {
    FORMAT_ROLE_SURE = 0, /* recognises and beats those who share words */
    FORMAT_ROLE_SIGN,     /* recognises */
    FORMAT_ROLE_HINT,     /* helps */
    FORMAT_ROLE_PREFER,   /* decides between formats that are recognised */
    FORMAT_ROLE_NOT,      /* excludes */
    FORMAT_ROLE_BEGIN,    /* recipients come behind this line */
    FORMAT_ROLE_END,      /* nothing comes behind this line */
    FORMAT_ROLE_RETURNED, /* the returned message comes behind it */
    FORMAT_ROLE_DELAYED,
    FORMAT_ROLE_DELIVERED,
    FORMAT_ROLE_FAILED,
    FORMAT_ROLE_EXPIRED
};

/* All texts are offsets into FORMAT_STRINGS: nothing is relocated when the
 * library is loaded. Texts of marks are normalised as format_normalize does. */
struct format_mark {
    uint32_t text, name;
    uint16_t text_len, name_len;
    uint16_t format;
    uint8_t place, test, role;
    /* Of what stands anywhere in another header field: only every step-th
     * position of the field needs to be looked at. 0: it has no anchor. */
    uint8_t step;
};

enum format_kind {
    FORMAT_KIND_RECIPIENT = 0,
    FORMAT_KIND_REPLY,
    FORMAT_KIND_FACT,
    FORMAT_KIND_SKIP,
    FORMAT_KIND_SECTION_FAILED,
    FORMAT_KIND_SECTION_DELAYED,
    FORMAT_KIND_SECTION_DELIVERED
};

struct format_line {
    uint32_t text; /* a compiled pattern, see pattern.h */
    uint16_t text_len;
    uint8_t kind;
    uint8_t first;     /* the only byte that a line may begin with; 0: any */
    uint8_t addresses; /* so many from here on, at least, want an address */
};

enum format_until {
    FORMAT_UNTIL_BLANK = 0,
    FORMAT_UNTIL_RECIPIENT,
    FORMAT_UNTIL_LINE
};

enum format_reader {
    FORMAT_READER_LINES = 0,
    FORMAT_READER_SENDMAIL /* report/sendmail.c */
};

/* What messages of a format are. */
enum format_class {
    FORMAT_CLASS_BOUNCE = 0,
    FORMAT_CLASS_AUTO_REPLY,
    FORMAT_CLASS_CHALLENGE,
    FORMAT_CLASS_FEEDBACK,
    FORMAT_CLASS_UNSUBSCRIBE, /* the author asks to be taken off a list */
    FORMAT_CLASS_NONE,        /* looks like a report and is none */
    FORMAT_CLASS_CLIENT /* a program that people read mail with: it may fake
                           bounces, and writes none that are true */
};

enum {
    FORMAT_FLAG_REPLY_FIRST = 1 << 0, /* the reason stands before recipients */
    FORMAT_FLAG_JOIN = 1 << 1,        /* wrapped lines of a paragraph joined */
    FORMAT_FLAG_ALONE = 1 << 2,       /* body lines alone recognise it */
    FORMAT_FLAG_FALLBACK = 1 << 3,    /* for what no format fits */
    FORMAT_FLAG_ENDS = 1 << 4         /* has marks of FORMAT_ROLE_END */
};

struct format {
    uint32_t id, system;
    uint16_t id_len, system_len;
    uint16_t first_mark, marks;
    uint16_t first_line, lines;
    uint8_t until, reader, flags, kind;
};

/* ---- Generated ------------------------------------------------------- */

enum { FORMAT_NAME_BITS = 9 };

/* Bytes of a mark by which it is found. */
struct format_anchor {
    uint32_t check; /* four bytes of the text at check_at: most differ here */
    uint16_t check_at, len; /* len: of the text */
    uint16_t mark;
    uint16_t offset : 15; /* of the anchor in the text */
    uint16_t same : 1;    /* the text of the anchor before it once more */
};

/* Marks by the hash of their anchors: those of the bucket b are
 * anchors[first[b]] to anchors[first[b + 1] - 1]. */
struct format_index {
    const uint32_t *filter; /* bits of hashes that occur */
    const uint16_t *first;
    const struct format_anchor *anchors;
    /* What is left of a hash behind that shift numbers bits, or buckets. */
    uint8_t filter_shift, bucket_shift;
    /* A mark that may stand anywhere has an anchor for each remainder of
     * offsets divided by step, its rarest: so only every step-th position of a
     * line needs to be looked at. */
    size_t step;
};

/* Marks of one place. */
struct format_indexes {
    struct format_index beginnings; /* that a line begins with, by 16 bytes */
    struct format_index short_beginnings; /* by 8 bytes */
    struct format_index contents;         /* all others, by 4 bytes */
};

extern const char FORMAT_STRINGS[];
extern const struct format FORMATS[];
extern const size_t FORMAT_COUNT;
extern const size_t FORMAT_FALLBACK; /* which of them is for the rest */
extern const struct format_mark FORMAT_MARKS[];
extern const size_t FORMAT_MARK_COUNT;
extern const struct format_line FORMAT_LINES[];
extern const struct format_indexes FORMAT_IN_LINE, FORMAT_IN_SUBJECT;
extern const struct format_indexes FORMAT_IN_SENDER; /* From and To */
/* Of other header fields those with a step: their anchors hold no blank and are
 * found in raw values, by format_hash_raw(). */
extern const struct format_index FORMAT_IN_HEADER;
/* All marks of other header fields, sorted by name; those with a step last. */
extern const uint16_t FORMAT_HEADERS[];
extern const size_t FORMAT_HEADER_COUNT;
/* By format_name_slot() of mime_name_hash(): 1 + the first of FORMAT_HEADERS
 * whose name may have that hash, or 0. */
extern const uint32_t FORMAT_NAME_FACTOR;
extern const uint16_t FORMAT_NAME_SLOTS[1 << FORMAT_NAME_BITS];

static inline uint32_t format_hash4(const char *four)
{
    return bits_load32(four) * 2654435761U;
}

/* The same whatever the case of its letters. */
static inline uint32_t format_hash_raw(const char *four)
{
    return (bits_load32(four) | 0x20202020U) * 2654435761U;
}

static inline uint32_t format_hash8(const char *eight)
{
    return (uint32_t)((bits_load64(eight) * 0x9E3779B97F4A7C15U) >> 32);
}

static inline uint32_t format_hash16(const char *sixteen)
{
    return format_hash8(sixteen) ^ format_hash8(sixteen + 8) * 2654435761U;
}

static inline size_t format_name_slot(uint32_t hash)
{
    return hash * FORMAT_NAME_FACTOR >> (32 - FORMAT_NAME_BITS);
}

static inline struct bounce_slice format_text(uint32_t at, size_t len)
{
    return slice_make(FORMAT_STRINGS + at, len);
}

/* ---- Recognition ----------------------------------------------------- */

/* What one format was seen of. Lines count from 0; SIZE_MAX: not seen. */
struct format_seen {
    const struct format *format;
    unsigned points, prefer, weight;
    unsigned places; /* bits of enum format_place that spoke for it */
    size_t begin, returned;
    bool excluded, delayed, delivered, failed, expired;
};

/* The formats that are seen best: of bounces, of anything else, and the
 * fallback for bounces that nobody announced; format is NULL where none is
 * seen (never of the fallback). */
struct format_found {
    struct format_seen bounce, other, fallback;
    bool client; /* one of FORMAT_CLASS_CLIENT is seen */
};

/* text is the report's text for people. One pass over headers and text. */
void format_recognize(struct collect *collect, struct bounce_slice text,
                      struct format_found *found_out);

/* Whether a line passes a mark; both normalised. */
bool format_mark_hits(const struct format_mark *mark, struct bounce_slice line);

/* ASCII letters lowered, white space collapsed, line ends kept: one line for
 * each line of text. */
struct bounce_slice format_normalize(struct message *message,
                                     struct bounce_slice text);
/* The same of one value, whose line ends are white space as well. */
struct bounce_slice format_normalize_value(struct message *message,
                                           struct bounce_slice value);

#endif
