/* SPDX-License-Identifier: MIT
 * A message as a tree of parts (RFC 5322, 2045, 2046). Nothing is copied:
 * slices point into the input. Malformed mail gives warnings, never errors. */
#ifndef BOUNCE_MIME_MIME_H
#define BOUNCE_MIME_MIME_H

#include "base/message.h"
#include "mime/field.h"

struct mime_header {
    struct bounce_slice name;  /* without the colon and blanks before it */
    struct bounce_slice value; /* raw: folded, encoded; ends trimmed */
    struct mime_header *next;
    uint32_t hash;         /* mime_name_hash() of the name */
    enum mime_field field; /* the name as a number */
};

/* The first header of each field that has a number; NULL where there is none.
 * Cheaper than mime_find() for whoever asks for several. */
struct mime_index {
    const struct mime_header *first[MIME_FIELD_COUNT];
};

/* The media types that matter, so that nobody compares strings twice. */
enum mime_type {
    MIME_TYPE_OTHER = 0,
    MIME_TYPE_TEXT_PLAIN, /* also text/anything that has no value below */
    MIME_TYPE_TEXT_HTML,
    MIME_TYPE_TEXT_HEADERS,    /* text/rfc822-headers, message/global-headers */
    MIME_TYPE_MULTIPART,       /* any */
    MIME_TYPE_MESSAGE,         /* message/rfc822, message/global, news */
    MIME_TYPE_DELIVERY_STATUS, /* message/(global-)delivery-status */
    MIME_TYPE_FEEDBACK_REPORT, /* message/feedback-report */
    MIME_TYPE_DISPOSITION      /* message/(global-)disposition-notification */
};

enum mime_encoding {
    MIME_ENCODING_IDENTITY = 0, /* 7bit, 8bit, binary, unknown */
    MIME_ENCODING_QUOTED_PRINTABLE,
    MIME_ENCODING_BASE64,
    MIME_ENCODING_UUENCODE
};

struct mime_part {
    struct mime_part *parent, *child, *next; /* first child, next sibling */
    struct mime_header *headers;             /* in order */
    struct bounce_slice head;                /* raw bytes of the headers */
    struct bounce_slice body;                /* raw bytes below them */
    enum mime_type type;
    enum mime_encoding encoding;
    struct bounce_slice media_type; /* "text/plain", as written, no params */
    struct bounce_slice charset;    /* as written; NULL when none */
    unsigned depth;                 /* 0 is the message itself */
};

/* Parse a whole message (an mbox "From " line before it is skipped). A part of
 * type MIME_TYPE_MESSAGE has the enclosed message as its only child (decoded
 * first when it is encoded). A multipart without any usable boundary has no
 * children: its body serves as text. Returns NULL only when message->failed
 * was set (memory). */
struct mime_part *mime_parse(struct message *message,
                             struct bounce_slice input);

/* Parse a header block alone, such as the body of text/rfc822-headers or one
 * group of fields of message/delivery-status: stops at the first empty line,
 * *rest_out (may be NULL) is what follows it. Folded lines are joined to
 * their field; lines without a colon are skipped with a warning. */
struct mime_header *mime_parse_fields(struct message *message,
                                      struct bounce_slice text,
                                      struct bounce_slice *rest_out);

void mime_index_headers(const struct mime_header *list,
                        struct mime_index *index_out);

/* The raw value of a field; NULL slice when absent. */
static inline struct bounce_slice
mime_index_value(const struct mime_index *index, enum mime_field field)
{
    const struct mime_header *header = index->first[field];

    return header != NULL ? header->value : SLICE_NULL;
}

/* First header of that name (any case) from list on, or NULL. */
const struct mime_header *mime_find(const struct mime_header *list,
                                    struct bounce_slice name);
/* Its raw value; NULL slice when absent. */
struct bounce_slice mime_value(const struct mime_header *list,
                               struct bounce_slice name);

/* A raw value for people: unfolded, RFC 2047 words decoded, UTF-8, raw 8-bit
 * bytes read as UTF-8 or else as Windows-1252. Points into the input when
 * nothing had to change. */
struct bounce_slice mime_decode_header(struct message *message,
                                       struct bounce_slice value);

/* A parameter of a structured value such as Content-Type: quotes, comments
 * and RFC 2231 continuations and charsets undone. NULL slice when absent. */
struct bounce_slice mime_param(struct message *message,
                               struct bounce_slice value,
                               struct bounce_slice name);

/* The body with its transfer encoding undone; the input itself when there is
 * nothing to undo. At most max bytes (a warning tells when it was cut). */
struct bounce_slice mime_decode_body(struct message *message,
                                     const struct mime_part *part, size_t max);

/* The body as UTF-8 text with LF line ends: decoded, converted from its
 * charset, HTML turned into text (block elements make lines, entities are
 * resolved, script and style are left out). At most max bytes. Points into
 * the input when nothing had to change. */
struct bounce_slice mime_text(struct message *message,
                              const struct mime_part *part, size_t max);

/* HTML to plain text, UTF-8 in and out. */
struct bounce_slice mime_html_text(struct message *message,
                                   struct bounce_slice html, size_t max);

/* First address of a header value such as From or To ("Name <a@b>",
 * "a@b (Name)", groups, quoted local parts): the bare addr-spec, source routes
 * ("@a,@b:c@d") taken off. NULL slice when there is none. *rest_out (may be
 * NULL) is what stands behind it, for the next call. The value may be raw. */
struct bounce_slice mime_address(struct message *message,
                                 struct bounce_slice value,
                                 struct bounce_slice *rest_out);

/* Words of header comments are not values: "5.1.1 (bad)" -> "5.1.1". Nested
 * comments and quoted strings are honoured; white space at the ends goes. */
struct bounce_slice mime_strip_comments(struct message *message,
                                        struct bounce_slice value);

#endif
